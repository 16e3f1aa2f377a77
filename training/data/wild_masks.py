"""Masks on the faces of emotion_wild: in training on whole pictures, for figures on the device's squares."""

from __future__ import annotations

import numpy as np

from training.data import mask_dress, masks
from training.data.drawn import masked_crops
from training.data.emotion_wild import SIDE, WildFaces, squares
from training.data.face_points import FacePoints, locate
from training.data.landmark_detector import LandmarkDetector
from training.data.mask_shapes import NEEDED

SEED = 31  # of the masks that figures are taken with
MARGIN = 1.08  # of the squares in which the points are found


def with_masks(images: np.ndarray, index: np.ndarray) -> np.ndarray:
    """The squares uint8 (N, SIDE, SIDE), each with a mask drawn on: kind and colour by the row's number, all kinds.

    Where the landmarks are implausible the mean shape stands in, so that nothing is skipped.
    """
    landmarks = LandmarkDetector.open()
    found: FacePoints = locate(lambda some: landmarks.on_crops(some) / SIDE, images)
    drawn = []
    for image, points, good, number in zip(images, found.points, found.plausible, index.tolist(), strict=True):
        style = masks.random_mask(np.random.default_rng((SEED, number)), masks.KINDS)
        at = np.floor(points if good else found.mean())
        drawn.append(masks.draw(image, at, style.kind, style.colour, style.seed))
    return np.array(drawn, np.uint8).reshape(images.shape)


def drawings(images: np.ndarray, points: np.ndarray, seed: int, varied: bool) -> np.ndarray:
    """A random mask on each of the faces uint8 (N, S, S); `varied`: in the many looks of mask_dress."""
    if varied:
        return mask_dress.dressed(images, points[:, list(NEEDED)], seed)
    return masked_crops(images, points, seed)


def locate_in_pictures(faces: WildFaces, landmarks: LandmarkDetector) -> FacePoints:
    """The faces' points in pixels of their pictures, and whether they make sense."""
    found = locate(lambda some: landmarks.on_crops(some) / SIDE, squares(faces, MARGIN))
    points = []
    for row, seen in enumerate(found.points):
        square = faces.box(row).square(MARGIN)
        # As crop rounds it.
        left, top, right, bottom = (round(side) for side in square)
        points.append(seen / SIDE * (right - left, bottom - top) + (left, top))
    return FacePoints(np.array(points, np.float32).reshape(-1, 68, 2), found.plausible)
