"""The 68 landmarks of a face, found by the shipped landmark model through the device's own engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge import manifest
from edge.engines import open_engine
from edge.errors import ModelError
from edge.frame import Box
from edge.ports import Engine
from edge.vision.crop import crop

POINTS = 68


class LandmarkDetector:
    """Finds points with an engine of head "points".

    Raises:
        ModelError: the engine has another head.
    """

    def __init__(self, engine: Engine) -> None:
        if engine.spec.head != "points":
            raise ModelError(f"model {engine.spec.name}: expected head points, got {engine.spec.head}")
        self.engine = engine

    @classmethod
    def open(cls, models: Path | None = None) -> LandmarkDetector:
        """With the landmark model of a folder (default: the shipped one).

        Raises:
            ModelError: there is none, or it is broken.
        """
        return cls(open_engine(manifest.load(models), "landmarks", 1, "cpu"))

    def in_box(self, image: np.ndarray, box: Box) -> np.ndarray:
        """The points of the face in a box, float32 (68, 2), pixels of the picture uint8 (H, W, 3) or (H, W, 1)."""
        spec = self.engine.spec
        return self.in_square(image, box.square(spec.margin, spec.shift))

    def in_square(self, image: np.ndarray, square: Box) -> np.ndarray:
        """The points of the face that fills a square as FER2013's faces fill theirs, pixels of the picture."""
        spec = self.engine.spec
        (answer,) = self.engine.infer(crop(image, square, spec.width, spec.height, spec.channels))
        # crop rounds the square to whole pixels: so do the points.
        left, top = round(square.left), round(square.top)
        size = (max(round(square.right) - left, 1), max(round(square.bottom) - top, 1))
        return (answer.reshape(POINTS, 2) * np.array(size) + (left, top)).astype(np.float32)

    def on_crops(self, images: np.ndarray) -> np.ndarray:
        """The points of pictures uint8 (N, S, S) that are such squares, float32 (N, 68, 2) in their pixels."""
        side = images.shape[1]
        square = Box(0, 0, side, side)
        return np.stack([self.in_square(image[:, :, None], square) for image in images])
