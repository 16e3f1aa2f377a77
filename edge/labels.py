"""The labels and their order: written here and nowhere else."""

import re
from collections.abc import Iterable
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
EXTRA_LABELS = 9
"""At most so many further emotions may a model have, beside the seven."""
_EXTRA = re.compile(r"[a-z][a-z0-9_]{0,19}")
_TAKEN = ("unsure", "none", "background")  # what the journal and MQTT say where there is no emotion
MASKS: tuple[str, ...] = tuple(m.label for m in Mask)
GENDERS: tuple[str, ...] = ("female", "male")
"""What the optional gender model tells apart."""
BACKGROUND = "background"
"""The label of a mask model's third class, if it has one: the box does not hold a face."""
INCORRECT = "incorrect"
"""The label of a mask model's fourth class, if it has one: a mask below the nose or on the chin."""
MASK_LABELS: tuple[str, ...] = (*MASKS, BACKGROUND)
MASK_STATES: tuple[str, ...] = ("none", "worn", "incorrect")
"""What the journal and the API say of a mask."""
MASK_WORDS = {"none": "no mask", "worn": "mask", "incorrect": "mask not over nose and mouth"}
"""What people read for each of them."""


def extra_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """The labels of an emotion model that are none of the seven, such as "contempt", each once, in their order."""
    return tuple(dict.fromkeys(label for label in labels if label not in EMOTIONS))


def is_extra_label(label: str) -> bool:
    """Whether a further emotion may be called so: 1-20 of a-z, 0-9 and _, none of the words that mean "no emotion"."""
    return bool(_EXTRA.fullmatch(label)) and label not in (*EMOTIONS, *_TAKEN)
