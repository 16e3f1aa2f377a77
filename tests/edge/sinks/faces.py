"""Tracks as the pipeline reports them, for sinks."""

from __future__ import annotations

import numpy as np

from edge.face import Detection, Scene, Track
from edge.frame import Box
from edge.labels import EMOTIONS
from edge.ports import FrameReport

STAGES = {"pipeline": 0.02, "events": 0.001, "screen": 0.004}


def face(number=1, emotion="happy", share=0.9, mask="none", reason=None, refreshed=0.0):
    """A face that shows an emotion with this probability; None: it is too small to judge."""
    values = None
    if emotion is not None:
        values = np.full(len(EMOTIONS), (1 - share) / (len(EMOTIONS) - 1), np.float32)
        values[EMOTIONS.index(emotion)] = share
    return Track(
        number, Detection(Box(0, 0, 40, 40), 0.9), 0.0, mask_state=mask, worn=mask != "none",
        mask=0.9 if mask != "none" else 0.1, emotion=values, reason=reason if values is not None else "too-small",
        refreshed=refreshed,
    )  # fmt: skip


def report(*tracks, seconds=STAGES, frame=None):
    return FrameReport(Scene(tracks=tracks), seconds, frame)


def health(what, **fields):
    return {"time": "2026-01-31T12:00:00.000Z", "monotonic": 0.0, "event": "health", "what": what, **fields}


def event(kind, track=1, **fields):
    """An event of a face."""
    known = {"worn": False, "mask_state": "none", "emotion": "happy"}
    return {"time": "2026-01-31T12:00:00.000Z", "monotonic": 0.0, "event": kind, "track": track, **known, **fields}
