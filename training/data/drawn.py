"""Masks drawn on the faces of training pictures, by the points that the landmark model finds."""

from __future__ import annotations

import numpy as np

from edge.frame import Box
from training.data.boxes import Boxed
from training.data.landmark_detector import LandmarkDetector
from training.data.masks import MaskStyle, draw, plausible, random_mask

SMALLEST = 20.0  # px; the landmarks of narrower faces cannot be trusted


def face_points(image: np.ndarray, picture: Boxed, landmarks: LandmarkDetector) -> list[np.ndarray | None]:
    """For each box of a picture its points (68, 2), or None where the box is too small or they are implausible."""
    found: list[np.ndarray | None] = []
    for ltrb in picture.ltrb.tolist():
        box = Box(*ltrb) if ltrb[2] - ltrb[0] >= SMALLEST and ltrb[3] > ltrb[1] else None
        points = landmarks.in_box(image, box) if box else None
        found.append(points if box and points is not None and fits(points, box) else None)
    return found


def fits(points: np.ndarray, box: Box) -> bool:
    """Whether points (68, 2) can be those of the face in a box, pixels of the picture."""
    return plausible(points - (box.left, box.top), round(box.width), round(box.height))


def add_masks(
    image: np.ndarray, points: list[np.ndarray | None], share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A copy of a picture with masks on a share of its faces, and which of them wear one, bool (N,)."""
    worn = np.zeros(len(points), bool)
    for index, face in enumerate(points):
        if face is not None and rng.random() < share:
            image = _draw(image, face, random_mask(rng))
            worn[index] = True
    return image, worn


def masked_crops(images: np.ndarray, points: np.ndarray, seed: int) -> np.ndarray:
    """A random mask on each of the faces uint8 (N, S, S), whose points (N, 68, 2) are known; the same for one seed."""
    styles = [random_mask(np.random.default_rng((seed, index))) for index in range(len(images))]
    drawn = [_draw(image, at, style) for image, at, style in zip(images, points, styles, strict=True)]
    return np.array(drawn, np.uint8).reshape(images.shape)


def _draw(image: np.ndarray, points: np.ndarray, style: MaskStyle) -> np.ndarray:
    return draw(image, points, style.kind, style.colour, style.seed)
