"""Masks of any colour, print and gloss, worn right or wrong, and other things before the mouth, drawn on 68 points.

For training and for the figure of unusual colours. Unlike training/data/masks.py, whose pixels are frozen for
`masked-v1`, these may change from version to version.
"""

from __future__ import annotations

import colorsys
from typing import Any

import cv2
import numpy as np

from training.data import masks
from training.data.mask_cloth import texture
from training.data.mask_shapes import Shape, _Edges, _jaw, _mix, _straps, shape
from training.data.raster import FULL, UNIT, IntRng, fill, smooth

WORN_KINDS = ("surgical", "folded", "n95", "cloth", "pattern")
INCORRECT_KINDS = ("below-nose", "chin")
UNUSUAL = ("yellow", "pink", "orange", "skin", "own-skin", "print", "dark", "leather", "vivid")
USUAL = "usual"
# Hue (turns), saturation and value: from, to.
HUES: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "yellow": ((0.12, 0.18), (0.35, 1.0), (0.7, 1.0)),
    "pink": ((0.88, 0.99), (0.2, 0.75), (0.75, 1.0)),
    "orange": ((0.04, 0.11), (0.5, 1.0), (0.75, 1.0)),
    "skin": ((0.02, 0.09), (0.2, 0.6), (0.3, 0.95)),
    "dark": ((0.0, 1.0), (0.0, 0.5), (0.05, 0.25)),
    "leather": ((0.0, 0.09), (0.2, 0.8), (0.08, 0.5)),
    "vivid": ((0.0, 1.0), (0.3, 1.0), (0.35, 1.0)),
    "print": ((0.0, 1.0), (0.0, 1.0), (0.2, 1.0)),
}


def draw(image: np.ndarray, points: np.ndarray, kind: str, look: str, rng: np.random.Generator) -> np.ndarray:
    """A copy of a picture with a mask on the face; grey on a grey picture.

    Args:
        image: uint8 (H, W, 3) RGB.
        points: (68, 2), pixels (x, y).
        kind: one of WORN_KINDS or INCORRECT_KINDS.
        look: one of UNUSUAL, or USUAL.
        rng: chooses the rest.
    """
    whole = np.floor(points).astype(np.int64)
    dice = IntRng(int(rng.integers(1 << 62)))
    geometry = _chin(whole, dice) if kind == "chin" else shape(kind, whole, dice)
    window = masks._window(geometry, *image.shape[:2])
    if window is None:
        return image.copy()
    out = image.copy()
    top, left, height, width = window
    view = out[top : top + height, left : left + width]
    across, down = masks._axes(geometry, window)
    shade, paint = texture("surgical" if kind == "chin" else kind, across, down, dice)
    base, other = _colour(look, image, whole, rng), _colour("vivid", image, whole, rng)
    paint = paint.astype(np.float32) / 256
    if look == "print" or rng.random() < 0.08:
        paint = np.maximum(paint, _print(across, down, rng))
    cloth = base * (1 - paint[..., None]) + other * paint[..., None]
    bright = masks._light(out, whole)
    light = (bright[0] + (bright[1] - bright[0]) * (np.clip(across, -256, 256) + 256) / 512) / 256
    cover, inner = fill(geometry.outline, *window), fill(geometry.inner, *window)
    lit = cloth * ((shade + (cover - inner) * dice.within(-46, 26) / FULL) * light / 256)[..., None]
    if look == "leather" or rng.random() < 0.1:
        lit += _gloss(across, down, rng)[..., None]
    lit += rng.normal(0, rng.uniform(0, 4), (height, width, 1))
    if geometry.straps and rng.random() < 0.85:
        strap = np.maximum.reduce([fill(stroke, *window) for stroke in geometry.straps])
        band = base if rng.random() < 0.4 else np.full(3, rng.choice([30.0, 230.0]))
        _blend(view, np.broadcast_to(band * light[..., None] * 0.9, view.shape), strap * rng.uniform(0.5, 1))
    _blend(view, view * rng.uniform(0.55, 0.9), fill(geometry.outline + geometry.down // 24, *window))
    _blend(view, lit, cover)
    return as_grey(out) if is_grey(image) else out


def random_worn(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask worn right, two of three in an unusual colour."""
    look = str(rng.choice(UNUSUAL)) if rng.random() < 0.67 else USUAL
    return draw(image, points, str(rng.choice(WORN_KINDS)), look, rng)


def random_incorrect(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask below the nose or on the chin; colours as people wear them."""
    look = str(rng.choice(UNUSUAL)) if rng.random() < 0.3 else USUAL
    return draw(image, points, INCORRECT_KINDS[int(rng.random() < 0.4)], look, rng)


def _chin(points: np.ndarray, dice: IntRng) -> Shape:
    """A mask pulled down: below the lip, or over the lower lip."""
    face = points * UNIT + UNIT // 2
    under = _mix(face[57], face[8], dice.within(-6, 34))
    left, right = _mix(face[4], face[57], 3 + dice.within(0, 5)), _mix(face[12], face[57], 3 + dice.within(0, 5))
    upper = [left, _mix(left, under, 34), under, _mix(right, under, 34), right]
    edges = _Edges(upper, _jaw(face, 5, dice.within(0, 5), 6 + dice.within(0, 16)), 5)
    outline = smooth(np.array(edges.upper + edges.lower), 4)
    across, down = (face[12] - face[4]) // 2, (face[8] - face[57]) // 2
    origin = (under + face[8]) // 2
    inner = outline + (origin - outline) * edges.hem // 64
    return Shape(outline, inner, _straps(face, edges, dice), origin, across, down)


def _colour(look: str, image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """R, G, B of the cloth in full light, float64 (3,)."""
    if look == USUAL:
        colours = list(masks.COLOURS.values())
        return np.clip(np.array(colours[rng.integers(len(colours))]) + rng.uniform(-25, 25, 3), 0, 255)
    if look == "own-skin":
        return np.clip(skin(image, points) * rng.uniform(0.85, 1.2) * rng.uniform(0.95, 1.05, 3), 0, 255)
    hue, saturation, value = (rng.uniform(*span) for span in HUES[look])
    return np.array(colorsys.hsv_to_rgb(hue, saturation, value)) * 255


def skin(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The colour of the cheeks beside the nose, float64 (3,)."""
    height, width = image.shape[:2]
    colours = []
    for side, jaw in ((31, 2), (35, 14)):
        x, y = (points[side] * 2 + points[jaw]) // 3
        x, y = min(max(int(x), 0), width - 1), min(max(int(y), 0), height - 1)
        colours.append(image[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].reshape(-1, 3).mean(axis=0))
    return np.mean(colours, axis=0)


def is_grey(image: np.ndarray) -> bool:
    """Whether a picture has no colours."""
    return bool(np.abs(image - image.mean(axis=2, keepdims=True)).max() < 12)


def as_grey(image: np.ndarray) -> np.ndarray:
    """The picture uint8 (H, W, 3) without its colours."""
    return np.repeat(image.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)


def _print(across: np.ndarray, down: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Flowers, spots and camouflage: smooth random waves cut at a height; float (H, W), 0-1."""
    waves = np.zeros(across.shape)
    for _ in range(6):
        a, d = rng.normal(0, rng.uniform(0.006, 0.03), 2)
        waves += np.sin(a * across + d * down + rng.uniform(0, 6.3))
    return np.asarray(waves > rng.uniform(-0.6, 1.4), np.float64) * rng.uniform(0.4, 1)


def _gloss(across: np.ndarray, down: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A highlight as on leather or rubber, added to the picture."""
    x, y = across - rng.uniform(-140, 140), down - rng.uniform(-160, 60)
    spread = rng.uniform(25, 90, 2)
    return rng.uniform(20, 110) * np.exp(-((x / spread[0]) ** 2) - (y / spread[1]) ** 2)


def _blend(view: np.ndarray, colour: Any, cover: np.ndarray) -> None:
    part = (cover / FULL)[..., None]
    view[...] = np.clip(view * (1 - part) + np.clip(colour, 0, 255) * part, 0, 255).astype(np.uint8)


def blend(image: np.ndarray, colour: Any, cover: np.ndarray) -> np.ndarray:
    """A picture with a colour laid over it where `cover`, float (H, W), 0-1, says."""
    part = cover[..., None]
    mixed: np.ndarray = np.clip(image * (1 - part) + np.clip(colour, 0, 255) * part, 0, 255).astype(np.uint8)
    return mixed


def polygon(image: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """How much of each pixel a polygon (N, 2) covers, float64 (H, W), 0-1."""
    cover = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(cover, [np.round(corners * 16).astype(np.int32)], 255, lineType=cv2.LINE_AA, shift=4)
    return cover / 255
