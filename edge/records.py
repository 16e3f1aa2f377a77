"""Faces as JSON: what the journal, `image --json`, the page and the API say of a face. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from edge.face import Track
from edge.labels import EMOTIONS

DECIMALS = 4


def picture_record(name: str, image: np.ndarray, tracks: Iterable[Track]) -> dict[str, Any]:
    """What `edge-emotion image --json` says of one picture, uint8 (H, W, 3)."""
    height, width = image.shape[:2]
    faces = [face_record(track, width, height) for track in tracks]
    return {"image": name, "width": width, "height": height, "faces": faces}


def face_record(track: Track, width: int, height: int) -> dict[str, Any]:
    """What is said of one face, numbers to 4 decimals, the box clipped to a picture of that size.

    `emotion` is null where the face is too small or the answer unsure, and then there is a `reason`;
    `probabilities` and `intensity` are null only where it is too small.
    """
    box = track.face.box.clipped(width, height)
    record: dict[str, Any] = {
        "box": [round(side, DECIMALS) for side in box.ltrb] if box else None,
        "score": round(track.face.score, DECIMALS),
        "mask": round(track.mask, DECIMALS),
        "worn": track.worn,
        "emotion": track.label,
        "probabilities": None if track.emotion is None else probabilities(track.emotion),
        "intensity": None if track.intensity is None else round(track.intensity, DECIMALS),
    }
    if track.reason:
        record["reason"] = track.reason
    return record


def probabilities(emotion: np.ndarray) -> Mapping[str, float]:
    """Label to probability, float32 (7,), to 4 decimals."""
    return {label: round(float(p), DECIMALS) for label, p in zip(EMOTIONS, emotion, strict=True)}
