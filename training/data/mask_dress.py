"""Masks for training, drawn on grey faces in many more looks than masked-v1's: any brightness, prints, light, shadows.

The outlines and folds are those of training.data.mask_shapes and mask_cloth; kinds that masked-v1 keeps for evaluation
are never drawn.
"""

from __future__ import annotations

import numpy as np

from training.data import masks
from training.data.mask_cloth import texture
from training.data.mask_shapes import NEEDED, Shape, shape
from training.data.raster import FULL, IntRng, fill

SHARES = {"surgical": 0.34, "folded": 0.16, "n95": 0.12, "cloth": 0.18, "pattern": 0.12, "below-nose": 0.08}
DARK, MEDIUM = 0.24, 0.26  # shares of cloth so bright; the rest is light, as most real masks are


def dress(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A copy of a grey face uint8 (S, S) with a random mask; points (len(NEEDED), 2), in its pixels."""
    kinds = tuple(SHARES)
    kind = kinds[rng.choice(len(kinds), p=np.array(list(SHARES.values())))]
    dice = IntRng(int(rng.integers(1 << 31)))
    whole = np.zeros((68, 2), np.int64)
    whole[list(NEEDED)] = np.floor(_moved(points, rng))
    geometry = shape(kind, whole, dice)
    window = masks._window(geometry, *image.shape)
    if window is None:
        return image.copy()
    top, left, height, width = window
    pixels = image.copy()[:, :, None]
    view = pixels[top : top + height, left : left + width]
    across, down = masks._axes(geometry, window)
    shade, paint = texture(kind, across, down, dice)
    if kind in ("cloth", "folded") and rng.random() < 0.35:
        paint = _blotches(across, down, rng)
    cover, inner = fill(geometry.outline, *window), fill(geometry.inner, *window)
    light = _light(pixels, whole, across, down, rng)
    base, other = _brightness(rng), rng.uniform(10, 250)
    folds = 256 + (shade - 256) * rng.uniform(0.3, 1.5) + (cover - inner) * rng.uniform(-60, 40) / FULL
    cloth = base + (other - base) * paint / 256
    lit = cloth * folds / 256 * light + rng.normal(0, rng.uniform(0, 5), cloth.shape)
    _straps(view, geometry.straps, window, base, float(light.mean()), rng)
    _shadows(view, geometry, window, rng)
    masks._blend(view, lit.astype(np.int64)[:, :, None], cover)
    return pixels[:, :, 0]


def dressed(images: np.ndarray, points: np.ndarray, seed: int) -> np.ndarray:
    """A random mask on each face uint8 (N, S, S), points (N, len(NEEDED), 2); the same for one seed."""
    drawn = [dress(images[n], points[n], np.random.default_rng((seed, n))) for n in range(len(images))]
    return np.array(drawn, np.uint8).reshape(images.shape)


def _moved(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The points as if the mask were a little larger, higher or askew."""
    points = points.astype(np.float64)
    middle, size = points.mean(axis=0), np.ptp(points[:, 0])
    angle = rng.normal(0, 0.035)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    scale = rng.uniform((0.95, 0.95), (1.08, 1.08))
    return (points - middle) * scale @ turn + middle + rng.normal(0, (0.015, 0.03), 2) * size


def _brightness(rng: np.random.Generator) -> float:
    lot = rng.random()
    if lot < DARK:
        return float(rng.uniform(12, 85))
    return float(rng.uniform(85, 175) if lot < DARK + MEDIUM else rng.uniform(175, 262))


def _light(
    pixels: np.ndarray, points: np.ndarray, across: np.ndarray, down: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Light on the cloth, parts of full light, (h, w): the face's own, and a random slope and strength."""
    left, right = masks._light(pixels, points)
    middle, slope = (left + right) / 512, (right - left) / 256
    slope = slope * rng.uniform(0.5, 1.3) + rng.normal(0, 0.12)
    field = middle + slope * np.clip(across, -256, 256) / 512 + rng.normal(0, 0.12) * np.clip(down, -256, 256) / 256
    return field * rng.uniform(0.8, 1.25)


def _blotches(across: np.ndarray, down: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A print of soft waves cut at a level: flowers, letters or camouflage from afar; 0-256."""
    field = np.zeros(across.shape)
    for _ in range(4):
        a, d = rng.uniform(-0.07, 0.07, 2)
        field += np.sin(a * across + d * down + rng.uniform(0, 6.3))
    return np.where(field > rng.uniform(0, 1.5), 256, 0)


def _straps(
    view: np.ndarray,
    straps: tuple[np.ndarray, ...],
    window: tuple[int, int, int, int],
    base: float,
    light: float,
    rng: np.random.Generator,
) -> None:
    if not straps or rng.random() < 0.25:
        return
    strap = np.maximum.reduce([fill(stroke, *window) for stroke in straps])
    tone = np.full((1, 1, 1), int((base if rng.random() < 0.7 else 235) * light * rng.uniform(0.7, 1.1)), np.int64)
    masks._blend(view, np.broadcast_to(tone, view.shape), strap * int(rng.integers(5, 14)) >> 4)


def _shadows(view: np.ndarray, geometry: Shape, window: tuple[int, int, int, int], rng: np.random.Generator) -> None:
    """Darker skin below the mask, and sometimes above its upper edge or to one side."""
    pixels = view.astype(np.int64)
    masks._blend(view, pixels * int(rng.integers(8, 15)) >> 4, fill(geometry.outline + geometry.down // 24, *window))
    if rng.random() < 0.45:
        move = -geometry.down // int(rng.integers(14, 30)) + geometry.across * int(rng.integers(-1, 2)) // 24
        pixels = view.astype(np.int64)
        masks._blend(view, pixels * int(rng.integers(9, 19)) >> 4, fill(geometry.outline + move, *window))
