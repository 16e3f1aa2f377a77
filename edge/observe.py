"""The old name of edge.pipeline; importing it warns. It goes away in version 1.0."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from edge.face import Scene, Track
from edge.frame import Frame
from edge.pipeline import factory
from edge.pipeline.pipeline import EmotionPipeline

warnings.warn("edge.observe is now edge.pipeline; use edge.Recognizer", DeprecationWarning, stacklevel=2)


class Observer(EmotionPipeline):
    """The pipeline under its old name: `observe` is a call, `picture` is `detect`."""

    @classmethod
    def open(cls, models: str | Path = "", threads: int = 1) -> Observer:
        """As edge.pipeline.factory.open_models."""
        made = factory.open_models(models, threads)
        made.__class__ = cls
        return made  # type: ignore[return-value]

    def observe(self, before: Scene, frame: Frame) -> Scene:
        """As a call of the pipeline."""
        return self(before, frame)

    def picture(self, image: np.ndarray) -> tuple[Track, ...]:
        """As `detect`."""
        return self.detect(image)
