"""Faces as JSON: what the journal, `image --json`, the web page and the Python API say about a face. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from edge.face import Track
from edge.frame import Box
from edge.labels import EMOTIONS

DECIMALS = 4


def picture_record(name: str, image: np.ndarray, tracks: Iterable[Track]) -> dict[str, Any]:
    """What `edge-emotion image --json` says about one picture, uint8 (H, W, 3)."""
    height, width = image.shape[:2]
    faces = [face_record(track, width, height) for track in tracks]
    return {"image": name, "width": width, "height": height, "faces": faces}


def face_record(track: Track, width: int, height: int) -> dict[str, Any]:
    """One track as `record` describes it, its box clipped to a picture of that size."""
    told = record(
        box=track.face.box.clipped(width, height),
        score=track.face.score,
        mask=track.mask,
        worn=track.worn,
        mask_state=track.mask_state,
        emotion=track.label,
        probabilities=None if track.emotion is None else labelled(track.emotion, track.labels),
        intensity=track.intensity,
        reason=track.reason,
    )
    return told | track.extras.record(track.face.box)


def record(
    *,
    box: Box | None,
    score: float,
    mask: float,
    worn: bool,
    mask_state: str,
    emotion: str | None,
    probabilities: Mapping[str, float] | None,
    intensity: float | None,
    reason: str | None,
) -> dict[str, Any]:
    """One face, its numbers rounded to four decimals and of Python's own types, as JSON can hold them.

    `emotion` is null where the face is too small or the answer unsure, and then there is a `reason`;
    `probabilities` and `intensity` are null only where it is too small.
    """
    told: dict[str, Any] = {
        "box": [_rounded(side) for side in box.ltrb] if box else None,
        "score": _rounded(score),
        "mask": _rounded(mask),
        "worn": bool(worn),
        "mask_state": mask_state,
        "emotion": emotion,
        "probabilities": probabilities and {label: _rounded(p) for label, p in probabilities.items()},
        "intensity": None if intensity is None else _rounded(intensity),
    }
    if reason:
        told["reason"] = reason
    return told


def _rounded(value: float) -> float:
    return round(float(value), DECIMALS)


def labelled(emotion: np.ndarray, labels: Sequence[str] = EMOTIONS) -> dict[str, float]:
    """Label to probability, from an array (K,) in the order of `labels`."""
    return dict(zip(labels, map(float, emotion), strict=True))
