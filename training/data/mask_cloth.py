"""How the cloth of each kind of mask looks: shades, folds and patterns over the mask's own axes, in whole numbers."""

from __future__ import annotations

import numpy as np

from training.data.raster import IntRng

Texture = tuple[np.ndarray, np.ndarray]


def texture(kind: str, across: np.ndarray, down: np.ndarray, dice: IntRng) -> Texture:
    """Shade and paint of each pixel.

    Args:
        kind: one of training.data.mask_shapes.SHAPES.
        across, down: int64 (H, W), the pixel's place on the mask, -256 to 256 from edge to edge.
        dice: chooses folds and patterns.

    Returns:
        Shade int64 (H, W) in 256ths of full light, and paint int64 (H, W), 0-256: how much of a second colour shows.
    """
    bend = across * across >> 8
    shade = 262 - (bend * dice.within(56, 92) >> 8) - (np.maximum(down, 0) ** 2 * dice.within(20, 60) >> 16)
    paint = np.zeros_like(shade)
    if kind in ("surgical", "below-nose"):
        shade += _pleats(down - (bend * dice.within(10, 40) >> 8), dice)
    elif kind == "folded":
        shade += _panels(down, bend, dice)
    elif kind in ("n95", "valve"):
        shade += _cup(across, down, bend, dice)
    else:
        shade += _wrinkles(across, down, dice, 30 if kind == "gaiter" else 18)
        if kind == "cloth" and dice.within(0, 1):
            shade += _crease(across, 14, -40)  # the seam down the middle
    if kind == "pattern":
        paint = _pattern(across, down, bend, dice)
    if kind == "valve":
        shade, paint = _valve(shade, paint, across, down, dice)
    return np.clip(shade, 40, 330), paint


def _crease(distance: np.ndarray, width: int, depth: int) -> np.ndarray:
    """A line of `depth`, fading out at `width`."""
    return np.maximum(width - np.abs(distance), 0) * depth // width


def _pleats(down: np.ndarray, dice: IntRng) -> np.ndarray:
    """Three or four pleats: each a dark line with a light one above it."""
    count, depth = dice.within(3, 4), dice.within(26, 56)
    shade = np.zeros_like(down)
    for pleat in range(count):
        at = -150 + 330 * pleat // count + dice.within(-14, 14)
        shade += _crease(down - at, 34, -depth) + _crease(down - at + 44, 30, depth // 3)
    return shade


def _panels(down: np.ndarray, bend: np.ndarray, dice: IntRng) -> np.ndarray:
    """A flat-folded mask: an upper, a middle and a lower panel that stand at angles to the light."""
    upper = down + (bend * 40 >> 8) + 96 + dice.within(-20, 20)
    lower = down - (bend * 60 >> 8) - 110 + dice.within(-24, 24)
    tilt = dice.within(16, 34)
    shade = np.where(upper < 0, tilt >> 1, 0) - np.where(lower > 0, tilt * 2, 0)
    return shade + _crease(upper, 16, -30) + _crease(lower, 18, -34)


def _cup(across: np.ndarray, down: np.ndarray, bend: np.ndarray, dice: IntRng) -> np.ndarray:
    """A stiff dome: darker to the edge, a clip of metal over the nose, sometimes a rib."""
    radius = bend + (down * down >> 8)
    shade = 14 - (radius * dice.within(40, 70) >> 8)
    clip = (down < -176) & (np.abs(across) < 80)
    shade = shade - np.where(clip, dice.within(24, 60), 0)
    if dice.within(0, 1):
        shade = shade + _crease(down - (bend * 50 >> 8) - 40, 20, -24)
    return shade


def _wrinkles(across: np.ndarray, down: np.ndarray, dice: IntRng, depth: int) -> np.ndarray:
    """Soft folds: triangle waves in three directions."""
    shade = np.zeros_like(across)
    for _ in range(3):
        a, d, phase = dice.within(-3, 3), dice.within(-4, 4), dice.within(0, 1023)
        wave = np.abs((a * across + d * down + phase) % 1024 - 512) - 256
        shade += wave * depth >> 9
    return shade


def _pattern(across: np.ndarray, down: np.ndarray, bend: np.ndarray, dice: IntRng) -> np.ndarray:
    """Dots, stripes (three directions) or checks of a second colour."""
    choice, size = dice.within(0, 4), dice.within(84, 170)
    x, y = across + 8192, down - (bend * 20 >> 8) + 8192
    band = size * dice.within(24, 40) >> 6
    if choice == 0:
        row = y // size
        dx, dy = (x + row % 2 * size // 2) % size - size // 2, y % size - size // 2
        painted = dx * dx + dy * dy < size * size // 9
    elif choice == 4:
        painted = (x // size + y // size) % 2 == 0
    else:
        painted = (x, y, x + y)[choice - 1] % size < band
    return np.where(painted, 256, 0).astype(np.int64)


def _valve(shade: np.ndarray, paint: np.ndarray, across: np.ndarray, down: np.ndarray, dice: IntRng) -> Texture:
    """A round exhalation valve with a rim and slots, beside or under the nose."""
    dx, dy = across - dice.within(-110, 110), down - dice.within(20, 110)
    radius = dx * dx + dy * dy
    size = dice.within(70, 96)
    disc, rim = radius < size * size, (radius < size * size) & (radius > size * size * 5 // 9)
    slots = np.where(dy % 40 < 14, -40, 16)
    shade = np.where(disc, 236 + np.where(rim, -60, slots), shade)
    return shade, np.where(disc, 110, paint)
