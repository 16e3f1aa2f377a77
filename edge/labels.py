"""The labels and their order: written here and nowhere else."""

from enum import IntEnum


class Emotion(IntEnum):
    """The seven classes in the order of FER2013 (Goodfellow et al., 2013)."""

    ANGRY = 0
    DISGUST = 1
    FEAR = 2
    HAPPY = 3
    SAD = 4
    SURPRISE = 5
    NEUTRAL = 6

    @property
    def label(self) -> str:
        """The lower-case name used in files and on screens."""
        return self.name.lower()


class Mask(IntEnum):
    """Whether a face mask is worn; a mask below the nose counts as worn."""

    BARE = 0
    WORN = 1

    @property
    def label(self) -> str:
        """The lower-case name used in files and on screens."""
        return self.name.lower()


EMOTIONS: tuple[str, ...] = tuple(e.label for e in Emotion)
MASKS: tuple[str, ...] = tuple(m.label for m in Mask)
BACKGROUND = "background"
"""The label of a mask model's third class, if it has one: the box does not hold a face."""
INCORRECT = "incorrect"
"""The label of a mask model's fourth class, if it has one: a mask below the nose or on the chin."""
MASK_LABELS: tuple[str, ...] = (*MASKS, BACKGROUND)
MASK_STATES: tuple[str, ...] = ("none", "worn", "incorrect")
"""What the journal and the API say of a mask."""
MASK_WORDS = {"none": "no mask", "worn": "mask", "incorrect": "mask not over nose and mouth"}
"""What people read for each of them."""
