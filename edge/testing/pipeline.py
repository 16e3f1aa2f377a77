"""A pipeline without models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from edge.errors import EngineError
from edge.face import Detection, Scene
from edge.frame import Box, Frame
from edge.labels import EMOTIONS
from edge.testing.clock import FakeClock
from edge.vision import tracking

HAPPY = np.array([0.0, 0.0, 0.0, 0.9, 0.0, 0.0, 0.1], np.float32)
FACE = Detection(Box(1, 1, 30, 30), 0.9)


class FakePipeline:
    """Sees the same happy face, unmasked, in every picture that is not black.

    Args:
        clock: moves on with the work; None: work takes no time.
        takes: seconds that the work on a frame takes.
        fails: the calls, counted from 1, that raise EngineError.
        labels, emotion: what the face shows: names, and float32 (K,) that sums to 1.

    Attributes:
        takes, fails: as given; they may be changed.
        frames: the indices of the frames it was given, in order.
    """

    def __init__(
        self,
        clock: FakeClock | None = None,
        takes: float = 0.0,
        fails: Iterable[int] = (),
        labels: tuple[str, ...] = EMOTIONS,
        emotion: np.ndarray = HAPPY,
    ) -> None:
        self._clock, self.takes, self.fails = clock, takes, set(fails)
        self.labels, self.emotion = labels, emotion
        self.frames: list[int] = []

    def __call__(self, before: Scene, frame: Frame) -> Scene:
        """The scene after a frame.

        Raises:
            EngineError: this call is one of those that fail.
        """
        self.frames.append(frame.index)
        if self._clock is not None:
            self._clock.advance(self.takes)
        if len(self.frames) in self.fails:
            raise EngineError("fake-face: the model could not be run")
        after = tracking.update(before, [FACE] if frame.image.any() else [], frame.time, 0.3, 1.0)
        known = (
            replace(track, emotion=self.emotion, raw=self.emotion, labels=self.labels, refreshed=frame.time)
            for track in after.tracks
        )
        return replace(after, tracks=tuple(known))
