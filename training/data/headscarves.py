"""Cloth around a face that leaves it free: headscarves, hoods, shawls. Such a face is bare, with no mask at its chin.

Drawn on 68 points, for training; pixels may change from version to version.
"""

from __future__ import annotations

import cv2
import numpy as np

from training.data.mask_variety import as_grey, blend, is_grey, polygon

JAW, CHIN, LIP, BROWS = slice(0, 17), 8, 57, (19, 24)
SHADES = ((245, 245, 240), (15, 15, 18), (200, 60, 70), (90, 120, 170), (150, 190, 180), (225, 190, 150), (60, 40, 70))


def headscarf(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A copy of a picture with cloth around the face: over hair, ears and neck, now and then up to the chin's middle.

    Args:
        image: uint8 (H, W, 3) RGB.
        points: (68, 2), pixels (x, y).
        rng: chooses everything else.
    """
    points = np.asarray(points, np.float64)
    inner, outer = _opening(points, rng), _outline(points, rng)
    free = polygon(image, inner)
    cloth = np.maximum(polygon(image, outer[0]), polygon(image, outer[1])) * (1 - free)
    paint = _cloth(image, inner, points, rng)
    soft = cv2.GaussianBlur(1 - free, (0, 0), max(_size(points) * rng.uniform(0.01, 0.05), 0.3))
    out = blend(image, image * rng.uniform(0.5, 0.9), soft * free)  # its shadow on the face
    out = blend(out, paint, cloth)
    return as_grey(out) if is_grey(image) else out


def _size(points: np.ndarray) -> float:
    return float(np.linalg.norm(points[16] - points[0]))


def _axes(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The middle between the ears, and the directions to the face's right side and up."""
    side = (points[16] - points[0]) / max(_size(points), 1e-6)
    up = np.array([side[1], -side[0]])
    if up @ (points[list(BROWS)].mean(axis=0) - points[CHIN]) < 0:
        up = -up
    return (points[0] + points[16]) / 2, side, up


def _opening(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What stays free: the jaw, a little wider or narrower, and an arc over the forehead, (N, 2)."""
    middle, side, up = _axes(points)
    size = _size(points)
    jaw = points[JAW] + (points[JAW] - points[30]) * rng.uniform(-0.1, 0.12)
    low = np.clip(1 - np.abs(np.arange(17) - 8) / 5, 0, 1)[:, None]
    covered = rng.uniform(0, 0.6) if rng.random() < 0.5 else -rng.uniform(0, 0.2)  # of the way from chin to lip
    jaw = jaw + low * covered * (points[LIP] - points[CHIN])
    brow = float((points[list(BROWS)].mean(axis=0) - middle) @ up)
    high = brow + size * rng.uniform(0.05, 0.42)
    ends = (jaw[16] - middle) @ side, (jaw[0] - middle) @ side
    turn = np.linspace(0, np.pi, 15)[1:-1, None]
    across = (ends[0] + ends[1]) / 2 + (ends[0] - ends[1]) / 2 * np.cos(turn)
    return np.concatenate([jaw, middle + across * side + np.sin(turn) ** 0.8 * high * up])


def _outline(points: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The head in its cloth, and what falls on the shoulders, each (N, 2)."""
    middle, side, up = _axes(points)
    size = _size(points)
    turn = np.linspace(0, 2 * np.pi, 30)[:, None]
    wide, tall = size * rng.uniform(0.58, 0.85), size * rng.uniform(0.75, 1.05)
    head = middle - up * size * 0.12 + np.cos(turn) * wide * side + np.sin(turn) * tall * up
    slope, fall = size * rng.uniform(0.7, 1.6, 2), size * rng.uniform(1.0, 2.0)
    top = middle - up * size * rng.uniform(0.1, 0.4)
    bottom = points[CHIN] - up * fall
    shoulders = np.stack(
        [top + side * wide * 0.95, bottom + side * slope[0], bottom - side * slope[1], top - side * wide * 0.95]
    )
    return head, shoulders


def _cloth(image: np.ndarray, inner: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A plain or spotted colour with folds around the face, (H, W, 3)."""
    height, width = image.shape[:2]
    size, middle = _size(points), inner.mean(axis=0)
    colour = np.array(SHADES[rng.integers(len(SHADES))]) if rng.random() < 0.6 else rng.uniform(5, 250, 3)
    y, x = np.mgrid[0:height, 0:width] / max(height, width) - 0.5
    light = 1 + x * rng.uniform(-0.6, 0.6) + y * rng.uniform(-0.6, 0.6)
    fold = np.zeros((height, width), np.float32)
    for _ in range(rng.integers(2, 9)):
        line = middle + (inner - middle) * rng.uniform(1.02, 1.9) + rng.normal(0, 0.03, inner.shape) * size
        line = np.roll(line, rng.integers(len(line)), axis=0)[: rng.integers(6, len(line))]
        stroke = np.zeros_like(fold)
        thick = max(1, round(size * rng.uniform(0.01, 0.06)))
        cv2.polylines(stroke, [np.round(line).astype(np.int32)], False, float(rng.uniform(-0.5, 0.3)), thick)
        fold += stroke
    fold = cv2.GaussianBlur(fold, (0, 0), max(size * rng.uniform(0.008, 0.04), 0.3))
    grain = cv2.GaussianBlur(rng.normal(0, rng.uniform(1, 12), (height, width)), (0, 0), rng.uniform(0.4, 1.5))
    paint = np.broadcast_to(colour, image.shape).astype(np.float64)
    if rng.random() < 0.25:
        spots = cv2.GaussianBlur(rng.normal(0, 1, (height, width)), (0, 0), max(size * rng.uniform(0.01, 0.04), 0.5))
        paint = np.where((spots > spots.std())[..., None], rng.uniform(0, 255, 3), paint)
    answer: np.ndarray = paint * (light * np.clip(1 + fold, 0.3, 1.6))[..., None] + grain[..., None]
    return answer
