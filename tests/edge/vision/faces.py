"""Tracks to draw."""

from __future__ import annotations

import numpy as np

from edge.face import Detection, Track
from edge.frame import Box
from edge.labels import EMOTIONS, Emotion


def feeling(label: str = "happy", share: float = 0.7) -> np.ndarray:
    """P(emotion), float32 (7,), with `share` for one and the rest spread evenly."""
    emotion = np.full(len(EMOTIONS), (1 - share) / (len(EMOTIONS) - 1), np.float32)
    emotion[Emotion[label.upper()]] = share
    return emotion


def track(
    left: float = 200,
    top: float = 150,
    side: float = 120,
    emotion: np.ndarray | None = None,
    worn: bool = False,
    reason: str | None = None,
    number: int = 1,
    seen: float = 0.0,
    judged: bool = True,
) -> Track:
    """A face that is happy with 70 %, unless told otherwise; one that is not `judged` has no emotion."""
    face = Detection(Box(left, top, left + side, top + side), 0.9)
    known = (feeling() if emotion is None else emotion) if judged else None
    return Track(number, face, seen, mask=float(worn), worn=worn, emotion=known, reason=reason)


def crowd(count: int, width: int = 640, height: int = 480, columns: int = 10, share: float = 0.6) -> list[Track]:
    """So many faces in rows that fill the picture, each emotion in turn; a third with masks."""
    rows = max(1, -(-count // columns))
    across, down = width / columns, height / rows
    side = share * min(across, down)
    return [
        track(
            across * (n % columns) + (across - side) / 2,
            down * (n // columns) + (down - side) / 2,
            side,
            feeling(EMOTIONS[n % len(EMOTIONS)]),
            worn=n % 3 == 0,
            number=n + 1,
        )
        for n in range(count)
    ]
