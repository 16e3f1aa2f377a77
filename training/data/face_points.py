"""The 68 points of FER2013's faces, as a landmark network sees them, and which of them can be trusted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.data.landmarks68 import MIRROR, OUTER_EYES
from training.data.masks import plausible

# A face and its mirror image must get the same points: where they differ by more than this part of the eyes' distance
# the network is guessing. Chosen by looking at the faces around it.
AGREE = 0.14

# Grey squares uint8 (N, S, S) to points float32 (N, 68, 2), parts of the square.
Predict = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class FacePoints:
    """Points of many faces.

    Attributes:
        points: float32 (N, 68, 2), pixels (x, y) of the squares.
        plausible: bool (N,), whether they can be those of a face.
    """

    points: np.ndarray
    plausible: np.ndarray

    def mean(self) -> np.ndarray:
        """The mean shape of the plausible faces, float32 (68, 2); a plain face if there are none."""
        return self.points[self.plausible].mean(axis=0) if self.plausible.any() else self.points.mean(axis=0)


def locate(predict: Predict, images: np.ndarray) -> FacePoints:
    """Find the points of face squares uint8 (N, S, S): the mean of each picture's answer and its mirror image's."""
    size = images.shape[1]
    straight = predict(images)
    mirrored = predict(np.ascontiguousarray(images[:, :, ::-1]))[:, MIRROR] * [-1, 1] + [1, 0]
    points = ((straight + mirrored) / 2 * size).astype(np.float32)
    trusted = [
        plausible(face, size, size) and apart <= AGREE
        for face, apart in zip(points, disagreement(straight, mirrored), strict=True)
    ]
    return FacePoints(points, np.array(trusted, bool))


def disagreement(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mean distance of the points of two answers (N, 68, 2), in parts of the outer eyes' distance, (N,)."""
    middle = (first + second) / 2
    eyes = np.linalg.norm(middle[:, OUTER_EYES[0]] - middle[:, OUTER_EYES[1]], axis=1)
    return np.linalg.norm(first - second, axis=2).mean(axis=1) / np.maximum(eyes, 1e-6)
