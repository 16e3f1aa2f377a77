"""Face and Result: what `edge.Recognizer` returns. Frozen values that print, draw and serialize themselves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np

from edge.errors import InvalidValue
from edge.face import Track
from edge.frame import Box, Frame
from edge.labels import EMOTIONS, MASK_STATES, MASK_WORDS, Emotion
from edge.records import labelled, record
from edge.scalars import real, whole
from edge.setting import shown

REASONS = {"too-small": "too small", "unsure": "unsure"}


@dataclass(frozen=True, repr=False)
class Face:
    """One face of a picture or a frame.

    Attributes:
        box: in pixels of the picture, clipped to it; unpacks as left, top, right, bottom.
        score: how sure the detector is that this is a face, 0-1.
        mask: P(a mask is worn), 0-1.
        masked: whether the face was treated as masked.
        distribution: P(emotion) in the order of `labels`, numbers that sum to 1; None for a face that is too small to
            judge.
        reason: why there is no emotion: "too-small" or "unsure"; None where there is one.
        track: the number of the face while it is followed, from 1; None in a single picture. It identifies nobody:
            someone who comes back gets a new number.
        mask_state: "none", "worn", or "incorrect" for a mask below the nose or on the chin; as `masked` says if not
            given.
        named: the emotion that tracking holds on to; None: the most probable one.
        labels: the seven of `edge.labels.EMOTIONS`, then what else a model of your own tells apart.

    Raises:
        InvalidValue: a number is out of its range, a name is unknown, or `masked` and `mask_state` contradict each
            other.

    >>> from edge.frame import Box
    >>> face = Face(Box(47, 56, 116, 127), score=0.9, mask=0.1, masked=False,
    ...             distribution=(0.01, 0.01, 0.01, 0.92, 0.01, 0.02, 0.02))
    >>> face
    Face(happy 92 %, no mask, box=(47, 56, 116, 127))
    >>> face.emotion, face.probabilities["happy"], face.masked
    ('happy', 0.92, False)
    >>> left, top, right, bottom = face.box
    >>> right - left
    69
    """

    box: Box
    score: float
    mask: float
    masked: bool
    distribution: tuple[float, ...] | None = None
    reason: str | None = None
    track: int | None = None
    named: str | None = None
    mask_state: str = ""
    labels: tuple[str, ...] = EMOTIONS

    def __post_init__(self) -> None:
        if not isinstance(self.box, Box):
            raise InvalidValue(f"face box: expected an edge.frame.Box, got {type(self.box).__name__}")
        if self.track is not None:
            if (track := whole(self.track)) is None or track < 1:
                raise InvalidValue(f"face track: expected None or a whole number from 1, got {shown(self.track)}")
            object.__setattr__(self, "track", track)
        object.__setattr__(self, "labels", tuple(self.labels))
        for name in ("score", "mask"):
            value = real(getattr(self, name))
            if value is None or not 0.0 <= value <= 1.0:
                raise InvalidValue(f"face {name}: expected 0-1, got {shown(getattr(self, name))}")
            object.__setattr__(self, name, value)
        if self.distribution is not None:
            values = tuple(math.nan if (number := real(value)) is None else number for value in self.distribution)
            if len(values) != len(self.labels) or not min(values) >= 0.0 or not abs(sum(values) - 1.0) < 1e-3:
                raise InvalidValue(
                    f"face distribution: expected {len(self.labels)} numbers that sum to 1, got {shown(values)}"
                )
            object.__setattr__(self, "distribution", values)
        if not self.mask_state:
            object.__setattr__(self, "mask_state", "worn" if self.masked else "none")
        if self.mask_state not in MASK_STATES:
            raise InvalidValue(f"face mask_state: expected one of {', '.join(MASK_STATES)}, got {self.mask_state!r}")
        if self.masked and self.mask_state == "none":
            raise InvalidValue("face mask_state: expected worn or incorrect for a face that is masked, got 'none'")
        if self.named is not None and self.named not in self.labels:
            raise InvalidValue(f"face named: expected None or one of {', '.join(self.labels)}, got {self.named!r}")
        if self.reason not in (None, *REASONS):
            raise InvalidValue(f"face reason: expected None, {' or '.join(REASONS)}, got {self.reason!r}")

    @classmethod
    def of(cls, track: Track, width: int, height: int, followed: bool = False) -> Face:
        """The face of a track in a picture of `width` x `height` pixels, with its number if it is `followed`."""
        return cls(
            box=track.face.box.clipped(width, height) or track.face.box,
            score=track.face.score,
            mask=track.mask,
            masked=track.worn,
            mask_state=track.mask_state,
            distribution=None if track.emotion is None else tuple(track.emotion.tolist()),
            reason=track.reason,
            named=track.label,
            labels=track.labels,
            track=track.id if followed else None,
        )

    @property
    def emotion(self) -> str | None:
        """The emotion, such as "happy"; None where `reason` says why there is none.

        It is the most probable one; of a face that is followed, the one that is held until another is clearly ahead.
        """
        if self.distribution is None or self.reason is not None:
            return None
        if self.named is not None:
            return self.named
        return self.labels[max(range(len(self.labels)), key=self.distribution.__getitem__)]

    @property
    def probabilities(self) -> dict[str, float] | None:
        """P(emotion) by label, a new dictionary; None for a face that is too small to judge."""
        return None if self.distribution is None else labelled(np.array(self.distribution), self.labels)

    @property
    def intensity(self) -> float | None:
        """1 - P(neutral), 0-1; None for a face that is too small to judge."""
        if self.distribution is None:
            return None
        return float(np.float32(1.0) - np.float32(self.distribution[Emotion.NEUTRAL]))

    def to_dict(self) -> dict[str, Any]:
        """The face as `edge-emotion image --json` prints it; a followed one has its `track`, too. JSON can hold it."""
        told = record(
            box=self.box,
            score=self.score,
            mask=self.mask,
            worn=self.masked,
            mask_state=self.mask_state,
            emotion=self.emotion,
            probabilities=self.probabilities,
            intensity=self.intensity,
            reason=self.reason,
        )
        return told if self.track is None else {"track": self.track, **told}

    def __repr__(self) -> str:
        words = [] if self.track is None else [f"track {self.track}"]
        if self.emotion is None or self.distribution is None:
            words.append(REASONS.get(self.reason or "", "not judged yet"))
        else:
            share = self.distribution[self.labels.index(self.emotion)]
            words.append(f"{self.emotion} {share:.0%}".replace("%", " %"))
        words.append(MASK_WORDS[self.mask_state])
        sides = ", ".join(f"{side:.0f}" for side in self.box)
        return f"Face({', '.join(words)}, box=({sides}))"


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """The faces of one picture or frame, best first or in the order of their track numbers; iterates over them.

    Attributes:
        frame: the picture, uint8 (H, W, 3) RGB, read-only.
        faces: what was found in it.
        time: seconds on the source's own clock; 0 for a single picture.
        index: 0 for the first frame of the source; a live camera's dropped frames are counted.
        tracks: the same faces as the pipeline knows them, for `edge.vision.annotate`.

    >>> result = recognizer.detect("photo.jpg")
    >>> result
    Result(time 0.00 s, 1 face: Face(happy 96 %, no mask, box=(48, 32, 96, 80)))
    >>> len(result), result[0].emotion
    (1, 'happy')
    >>> result.annotate().shape == result.frame.shape
    True
    """

    frame: np.ndarray
    faces: tuple[Face, ...]
    time: float = 0.0
    index: int = 0
    tracks: tuple[Track, ...] = field(default=())

    @classmethod
    def of(cls, frame: Frame, tracks: tuple[Track, ...], followed: bool = False) -> Result:
        """The result for a frame and the tracks in it; faces have track numbers if they are `followed`."""
        faces = tuple(Face.of(track, frame.width, frame.height, followed) for track in tracks)
        return cls(frame.image, faces, frame.time, frame.index, tracks)

    def annotate(self, *, bgr: bool = False, enlarge: int = 1, style: str = "box") -> np.ndarray:
        """A copy of the frame with boxes, labels and bar charts drawn on, uint8 (H * enlarge, W * enlarge, 3).

        Args:
            bgr: BGR, as OpenCV writes and shows pictures, in place of RGB.
            enlarge: a whole factor, 1 or more, so that labels fit on small pictures.
            style: "box"; or "circle", with the emotion's name alone.

        Raises:
            InvalidValue: another style, or a factor that is not whole, below 1, or too large for this picture.
        """
        from edge.vision.annotate import STYLES, annotate

        if not isinstance(style, str) or style not in STYLES:
            raise InvalidValue(f"style: expected one of {', '.join(STYLES)}, got {shown(style)}")
        drawn = annotate(self.frame, self.tracks, enlarge, outline=style)
        return np.ascontiguousarray(drawn[:, :, ::-1]) if bgr else drawn

    def to_dict(self) -> dict[str, Any]:
        """Time, size and faces, as JSON can hold them."""
        height, width = self.frame.shape[:2]
        return {
            "time": float(self.time),
            "index": int(self.index),
            "width": width,
            "height": height,
            "faces": [face.to_dict() for face in self.faces],
        }

    def __iter__(self) -> Iterator[Face]:
        return iter(self.faces)

    def __len__(self) -> int:
        return len(self.faces)

    @overload
    def __getitem__(self, place: int) -> Face: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Face, ...]: ...

    def __getitem__(self, place: int | slice) -> Face | tuple[Face, ...]:
        return self.faces[place]

    def __repr__(self) -> str:
        count = {0: "no face", 1: "1 face: "}.get(len(self.faces), f"{len(self.faces)} faces: ")
        return f"Result(time {self.time:.2f} s, {count}{', '.join(map(repr, self.faces))})"
