"""Detection, Track and Scene: what was found in a frame and what is known so far."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from edge.errors import InvalidValue
from edge.extras import NOTHING, Extras
from edge.frame import Box
from edge.labels import EMOTIONS, MASK_STATES, Emotion


def _fraction(name: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise InvalidValue(f"{name}: expected 0-1, got {value}")


def _distribution(name: str, values: np.ndarray | None, size: int) -> np.ndarray | None:
    """A read-only float32 (size,) copy that sums to 1, or None."""
    if values is None:
        return None
    array = np.array(values, dtype=np.float32)
    if array.shape != (size,):
        raise InvalidValue(f"{name}: expected shape ({size},), got {array.shape}")
    numbers = array.tolist()  # for so few numbers Python is many times as quick as NumPy's reductions
    # The sum goes first: it is not a number where one of them is not, and then no comparison holds.
    if not (abs(sum(numbers) - 1.0) <= 1e-3 and min(numbers) >= 0.0 and max(numbers) <= 1.001):
        raise InvalidValue(f"{name}: expected probabilities that sum to 1, got {numbers}")
    array.flags.writeable = False
    return array


@dataclass(frozen=True)
class MaskResult:
    """What the mask model says of a box.

    Attributes:
        worn: P(a mask is worn), 0-1, given that the box holds a face; 0 where hardly anything speaks for a face.
        face: P(the box holds a face), 0-1; 1 from a model without the class "background".
        incorrect: P(a mask is worn below the nose or on the chin), 0-1, given that the box holds a face; a part of
            `worn`. 0 from a model without the class "incorrect".
    """

    worn: float
    face: float = 1.0
    incorrect: float = 0.0

    def __post_init__(self) -> None:
        _fraction("mask worn", self.worn)
        _fraction("mask face", self.face)
        _fraction("mask incorrect", self.incorrect)


@dataclass(frozen=True)
class Detection:
    """A face found in one frame.

    Attributes:
        box: in pixels of the frame; it may reach over the frame's edges.
        score: 0-1, the detector's, or the fused score of detector and verification.
        mask: what verification saw in the box, or None where the mask model was not run on it.
    """

    box: Box
    score: float
    mask: MaskResult | None = None

    def __post_init__(self) -> None:
        _fraction("detection score", self.score)


@dataclass(frozen=True, eq=False)
class Track:
    """One face followed over time.

    Attributes:
        id: counts up from 1 within a scene's history; never reused, never an identity.
        face: where it was seen last.
        seen: seconds; the time of the frame in which it was seen last.
        mask: smoothed P(a mask is worn), 0-1.
        incorrect: smoothed P(a mask is worn below the nose or on the chin), 0-1; a part of `mask`.
        mask_state: "none", "worn" or "incorrect", with hysteresis.
        worn: the route taken: True for the masked-face model.
        emotion: smoothed float32 (K,) that sums to 1, in the order of `labels`, or None while the face was too small
            to judge.
        raw: this frame's answer of the model, float32 (K,), or None.
        reason: why there is no emotion to show: None, "too-small" or "unsure".
        named: the place in `labels` of the emotion that is shown, held by hysteresis; None: the most probable one.
        since: seconds; the time of the frame in which it appeared.
        refreshed: seconds; when mask and emotion were last run for it, or None.
        extras: what optional models see in it: landmarks, gender.
        labels: the seven of EMOTIONS, then what else the emotion models tell apart, such as "contempt".
    """

    id: int
    face: Detection
    seen: float
    mask: float = 0.0
    incorrect: float = 0.0
    mask_state: str = "none"
    worn: bool = False
    emotion: np.ndarray | None = None
    raw: np.ndarray | None = None
    reason: str | None = None
    named: int | None = None
    since: float = 0.0
    refreshed: float | None = None
    extras: Extras = NOTHING
    labels: tuple[str, ...] = EMOTIONS

    def __post_init__(self) -> None:
        _fraction("track mask", self.mask)
        _fraction("track incorrect", self.incorrect)
        if self.mask_state not in MASK_STATES:
            raise InvalidValue(f"track mask_state: expected one of {', '.join(MASK_STATES)}, got {self.mask_state!r}")
        object.__setattr__(self, "emotion", _distribution("track emotion", self.emotion, len(self.labels)))
        object.__setattr__(self, "raw", _distribution("track raw", self.raw, len(self.labels)))
        if self.reason not in (None, "too-small", "unsure"):
            raise InvalidValue(f"track reason: expected None, 'too-small' or 'unsure', got {self.reason!r}")

    @property
    def intensity(self) -> float | None:
        """1 - smoothed P(neutral), 0-1; None while there is no emotion."""
        return None if self.emotion is None else float(1.0 - self.emotion[Emotion.NEUTRAL])

    @property
    def label(self) -> str | None:
        """The emotion that is shown, or None where the face is too small or the answer unsure."""
        if self.emotion is None or self.reason is not None:
            return None
        return self.labels[int(np.argmax(self.emotion)) if self.named is None else self.named]


@dataclass(frozen=True)
class TentativeTrack:
    """A possible face that was not yet found often enough to be reported.

    Attributes:
        face: where it was found last.
        since, seen: seconds; the times of the frames in which it was found first and last.
        found: the number of detections that found it.
        missed: the number of detections since the first that did not.
    """

    face: Detection
    since: float
    seen: float
    found: int = 1
    missed: int = 0


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything known at one time.

    Attributes:
        time: seconds, of the frame that was observed last.
        tracks: in the order of their ids.
        serial: the next free track id (there is no global counter).
        looked: index of the frame in which faces were last looked for, or None; between, tracks keep their place.
        looked_at: seconds, the time of that frame. A track with an older `seen` was not found in it.
        tentative: faces found too seldom so far to become tracks.
        thumbnail: of the last frame that had anything in it, to tell a cut by; see edge.vision.cuts.
    """

    time: float = 0.0
    tracks: tuple[Track, ...] = field(default=())
    serial: int = 1
    looked: int | None = None
    looked_at: float = 0.0
    tentative: tuple[TentativeTrack, ...] = field(default=())
    thumbnail: np.ndarray | None = None

    @property
    def visible(self) -> tuple[Track, ...]:
        """The tracks that were found in the last detection: the box of any other may mark a place without a face."""
        return tuple(track for track in self.tracks if track.seen >= self.looked_at)
