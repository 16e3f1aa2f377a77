"""Masks drawn on faces whose 68 points are known, with whole numbers alone: the same pixels on every machine.

A mask is drawn at the picture's own scale: outlines are filled at fractions of a pixel, the cloth is shaded by its own
two axes (across the face, down the face), lit as the uncovered upper half of the face is lit, and blended in. What lies
under the mask never shows in the mask's own light, so that a network cannot read the mouth there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from edge.errors import InvalidValue
from training.data.mask_cloth import texture
from training.data.mask_shapes import NEEDED, SHAPES, Shape, shape
from training.data.raster import FULL, UNIT, IntRng, fill

__all__ = ["COLOURS", "HELD_OUT", "KINDS", "NEEDED", "TRAINING_KINDS", "MaskStyle", "draw", "plausible", "random_mask"]

KINDS: tuple[str, ...] = tuple(SHAPES)
HELD_OUT: tuple[str, ...] = ("valve", "gaiter")  # never in training: scored apart
TRAINING_KINDS: tuple[str, ...] = tuple(kind for kind in KINDS if kind not in HELD_OUT)

# R, G, B of the cloth in full light.
COLOURS: dict[str, tuple[int, int, int]] = {
    "white": (236, 236, 232),
    "sky": (150, 196, 222),
    "blue": (74, 126, 186),
    "green": (120, 190, 160),
    "pink": (232, 168, 184),
    "grey": (140, 142, 146),
    "red": (176, 50, 54),
    "navy": (40, 52, 92),
    "beige": (206, 182, 152),
    "black": (34, 34, 36),
}
SHIFTED = 8  # shades and lights are 256ths


@dataclass(frozen=True)
class MaskStyle:
    """What to draw: a kind, a colour and the seed of everything else."""

    kind: str
    colour: str
    seed: int

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidValue(f"mask kind: expected one of {', '.join(KINDS)}, got {self.kind!r}")
        if self.colour not in COLOURS:
            raise InvalidValue(f"mask colour: expected one of {', '.join(COLOURS)}, got {self.colour!r}")


def random_mask(rng: np.random.Generator, kinds: tuple[str, ...] = TRAINING_KINDS) -> MaskStyle:
    """A look drawn at random; by default never of a kind that is kept for evaluation."""
    colours = tuple(COLOURS)
    return MaskStyle(kinds[rng.integers(len(kinds))], colours[rng.integers(len(colours))], int(rng.integers(1 << 31)))


def draw(image: np.ndarray, points: np.ndarray, kind: str, colour: str, seed: int) -> np.ndarray:
    """A copy of a picture with a mask on the face.

    Args:
        image: uint8 (H, W) or (H, W, 1) grey, or (H, W, 3) RGB.
        points: (68, 2), pixels (x, y) of the picture; only whole pixels count, and of the rows only NEEDED.
        kind: one of KINDS.
        colour: a key of COLOURS.
        seed: decides height, width, folds, pattern and noise.

    Raises:
        InvalidValue: another kind or colour, or arrays of another shape.
    """
    look = MaskStyle(kind, colour, seed)
    whole = np.floor(np.asarray(points)).astype(np.int64)
    if whole.shape != (68, 2):
        raise InvalidValue(f"mask points: expected shape (68, 2), got {whole.shape}")
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3)):
        raise InvalidValue(f"mask picture: expected uint8 grey or RGB, got {image.dtype} {image.shape}")
    pixels = image.reshape(*image.shape[:2], -1)
    dice = IntRng(look.seed)
    large = int(np.ptp(whole[list(NEEDED), 0])) > 96
    geometry = shape(kind, whole, dice, steps=12 if large else 4)
    window = _window(geometry, pixels.shape[0], pixels.shape[1])
    if window is None:
        return image.copy()
    out = pixels.copy()
    _dress(out, window, geometry, look, whole, dice)
    return out.reshape(image.shape)


def _window(geometry: Shape, height: int, width: int) -> tuple[int, int, int, int] | None:
    """The pixels that the mask may touch: top, left, height, width; None where all of it is outside."""
    everything = np.concatenate([geometry.outline, *geometry.straps])
    left, top = (max(int(v), 0) for v in everything.min(axis=0) // UNIT)
    right, bottom = (int(v) + 1 for v in everything.max(axis=0) // UNIT)
    right, bottom = min(right, width), min(bottom, height)
    return (top, left, bottom - top, right - left) if right > left and bottom > top else None


def _dress(
    pixels: np.ndarray,
    window: tuple[int, int, int, int],
    geometry: Shape,
    look: MaskStyle,
    points: np.ndarray,
    dice: IntRng,
) -> None:
    """Blend straps, shadow and cloth into pixels (H, W, C), in place."""
    top, left, height, width = window
    view = pixels[top : top + height, left : left + width]
    bright_left, bright_right = _light(pixels, points)
    across, down = _axes(geometry, window)
    light = (bright_left + bright_right) // 2 + (bright_right - bright_left) * np.clip(across, -256, 256) // 512
    cover = fill(geometry.outline, *window)
    inner = fill(geometry.inner, *window)
    shade, paint = texture(look.kind, across, down, dice)
    hem = (cover - inner) * (dice.within(-46, 26)) // FULL
    base = _colour(look.colour, view.shape[2])
    other = _colour(tuple(COLOURS)[dice.within(0, len(COLOURS) - 1)], view.shape[2])
    cloth = (base * (256 - paint[:, :, None]) + other * paint[:, :, None]) >> SHIFTED
    lit = cloth * (shade + hem)[:, :, None] * light[:, :, None] >> 2 * SHIFTED
    lit += dice.noise(height, width, 4)[:, :, None]
    if geometry.straps:
        strap = np.maximum.reduce([fill(stroke, *window) for stroke in geometry.straps])
        band = _colour("black" if look.colour == "black" else "white", view.shape[2]) * light[:, :, None] >> SHIFTED
        _blend(view, band * 7 >> 3, strap * 3 >> 2)
    shadow = fill(geometry.outline + geometry.down // 24, *window)
    _blend(view, view.astype(np.int64) * 5 >> 3, shadow)
    _blend(view, lit, cover)


def _blend(view: np.ndarray, colour: np.ndarray, cover: np.ndarray) -> None:
    part = cover[:, :, None]
    mixed = (view.astype(np.int64) * (FULL - part) + np.clip(colour, 0, 255) * part + FULL // 2) // FULL
    view[...] = np.clip(mixed, 0, 255).astype(np.uint8)


def _axes(geometry: Shape, window: tuple[int, int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Each pixel's place on the mask, int64 (h, w) twice: about -256 to 256 from side to side and from top to chin."""
    top, left, height, width = window
    x = (np.arange(width, dtype=np.int64) + left) * UNIT + UNIT // 2 - geometry.origin[0]
    y = (np.arange(height, dtype=np.int64) + top) * UNIT + UNIT // 2 - geometry.origin[1]
    (ax, ay), (dx, dy) = (tuple(int(v) for v in axis) for axis in (geometry.across, geometry.down))
    # Solve (x, y) = a * across + d * down by Cramer's rule; faces that have no area are drawn flat.
    area = ax * dy - ay * dx
    area = area if abs(area) > UNIT * UNIT else UNIT * UNIT
    across = (x[None, :] * dy - y[:, None] * dx) * 256 // area
    down = (y[:, None] * ax - x[None, :] * ay) * 256 // area
    return np.clip(across, -2048, 2048), np.clip(down, -2048, 2048)


def _light(pixels: np.ndarray, points: np.ndarray) -> tuple[int, int]:
    """Light on the left and on the right of the face, 256ths, from the strip between the brows and the cheeks."""
    height, width = pixels.shape[:2]
    eyes, bridge = int(points[[36, 39, 42, 45], 1].min()), int(points[[28, 40, 46], 1].max())
    rise = max(bridge - eyes, 2)
    top, bottom = np.clip([eyes - rise, bridge], 0, height)
    left, middle, right = np.clip([int(points[0, 0]), int(points[27, 0]), int(points[16, 0])], 0, width)
    sides = []
    for start, end in ((left, middle), (middle, right)):
        part = pixels[top:bottom, start:end]
        mean = int(part.sum(dtype=np.int64)) // part.size if part.size else 128
        sides.append(min(max((mean + 70) * 256 // 210, 110), 296))
    return sides[0], sides[1]


def _colour(name: str, channels: int) -> np.ndarray:
    red, green, blue = COLOURS[name]
    if channels == 1:
        return np.array([(red * 77 + green * 150 + blue * 29) >> SHIFTED], np.int64)
    return np.array([red, green, blue], np.int64)


def plausible(points: np.ndarray, width: int, height: int) -> bool:
    """Could these points be a face in a picture of that size? Order and size of its parts, and most of it inside.

    Args:
        points: (68, 2), pixels (x, y).
        width, height: of the picture, in pixels.
    """
    points = np.asarray(points, np.float64)
    if points.shape != (68, 2) or not np.isfinite(points).all():
        return False
    left, right = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    eyes, span = right - left, float(np.linalg.norm(right - left))
    face = float(np.linalg.norm(points[8] - points[27]))
    if span < 0.12 * width or face < 0.25 * height or not 0.9 < face / span < 4.0 or abs(eyes[1]) > 1.2 * eyes[0]:
        return False
    down = np.array([-eyes[1], eyes[0]]) / span
    levels = [float((point - (left + right) / 2) @ down) for point in (points[30], points[51], points[57], points[8])]
    if levels[0] < 0.1 * span or any(low >= high for low, high in pairwise(levels)):
        return False
    size = np.array([width, height])
    inside = ((points > -0.08 * size) & (points < 1.08 * size)).all(axis=1)
    return bool(inside.mean() >= 0.85)
