"""Training pictures for the detector: one random zoom, shift, mirror and change of light per picture and epoch."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.data.hard_negatives import HardNegative

VISIBLE = 0.5  # part of a face that must be on the canvas for it to be learned
TRACE = 0.1  # with less of it there, a face is no more than background; in between its points are ignored
OVER = 0.12  # part of a face that may lie beyond the canvas's edge
AGAIN = 1.5  # by how much larger or smaller a hard negative is shown again
SMALLEST = 8.0  # faces below this many canvas pixels are not learned: their points are ignored


@dataclass(frozen=True)
class Zoom:
    """How a picture is placed on the canvas.

    Attributes:
        whole: chance that the picture is shown as the daemon would: letterboxed, scaled by up to `jitter`.
        jitter: part by which that scale changes.
        sizes: otherwise one face gets a width drawn log-uniformly between these canvas pixels
            (data-anchor-sampling, Tang et al., PyramidBox, 2018).
        scales: limits of the scale that this may take: of the whole picture's scale, and absolute.
        background: chance that a picture is instead shown around a random place, mostly one without a face.
        hard_negatives: chance that a tile instead shows one of the detector's false detections.
        degrade: chance that a canvas is degraded (see degrade).
        copy_paste: chance that a canvas of one picture gets a large head pasted on.
        mosaic: chance that a canvas holds two or four pictures (Bochkovskiy et al., YOLOv4, 2020).
    """

    whole: float = 0.4
    jitter: float = 0.3
    sizes: tuple[float, float] = (12.0, 190.0)
    scales: tuple[float, float] = (0.7, 3.0)
    background: float = 0.04
    hard_negatives: float = 0.0
    degrade: float = 0.0
    copy_paste: float = 0.0
    mosaic: float = 0.4


def place(
    image: np.ndarray,
    ltrb: np.ndarray,
    width: int,
    height: int,
    zoom: Zoom,
    rng: np.random.Generator,
    fit: float | None = None,
    negative: HardNegative | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Show a picture on a canvas of width x height.

    Args:
        image: uint8 (H, W, 3); ltrb: its boxes (N, 4).
        width, height: of the canvas.
        zoom: what may happen.
        rng: decides.
        fit: scale at which the daemon would show it (default: the one at which all of it fits the canvas).
        negative: show this part, about as large as it was seen; decides instead of `zoom`.

    Returns:
        The canvas uint8 (H, W, 3), the boxes on it (M, 4), clipped, and whether enough of each is there, bool (M,).
    """
    rows, columns = image.shape[:2]
    fit = fit or min(width / columns, height / rows)
    chance = rng.random()
    if negative is None and (len(ltrb) == 0 or chance < zoom.whole):
        scale = fit * (1 + rng.uniform(-zoom.jitter, zoom.jitter))
        shift = (np.array([width, height]) - np.array([columns, rows]) * scale) * rng.uniform(0, 1, 2)
    elif negative is None and chance < zoom.whole + zoom.background:
        scale = fit * float(np.exp(rng.uniform(np.log(1.2), np.log(5.0))))
        shift = np.array([width, height]) / 2 - rng.uniform(0, 1, 2) * (columns, rows) * scale
    else:
        face = negative.ltrb if negative else ltrb[rng.integers(len(ltrb))]
        sizes = [negative.width / AGAIN, negative.width * AGAIN] if negative else zoom.sizes
        size = float(np.exp(rng.uniform(*np.log(sizes))))
        scale = float(np.clip(size / max(face[2] - face[0], 1.0), fit * zoom.scales[0], zoom.scales[1]))
        side = (face[2:] - face[:2]) * scale
        room = np.array([width, height]) - side
        low, high = np.minimum(room, 0) - OVER * side, np.maximum(room, 0) + OVER * side
        shift = rng.uniform(low, high) - face[:2] * scale
    angle = rng.uniform(-12, 12) if rng.random() < 0.3 else 0.0
    canvas, moved = _warp(image, ltrb, (width, height), scale, shift, np.deg2rad(angle), rng.random() < 0.5)
    return canvas, *_visible(moved, width, height)


def tiles(width: int, height: int, rng: np.random.Generator) -> list[tuple[int, int, int, int]]:
    """A canvas cut into two halves or four quarters: left, top, width, height of each."""
    x, y = width // 2, height // 2
    if rng.random() < 0.5:
        return [(0, 0, x, height), (x, 0, width - x, height)]
    return [(0, 0, x, y), (x, 0, width - x, y), (0, y, x, height - y), (x, y, width - x, height - y)]


def _visible(ltrb: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """The boxes of which something is on the canvas, clipped (M, 4), and of which enough is, bool (M,)."""
    if not len(ltrb):
        return ltrb.reshape(0, 4), np.zeros(0, bool)
    clipped = np.clip(ltrb, 0, [width, height, width, height]).astype(np.float32)
    part = (clipped[:, 2:] - clipped[:, :2]).prod(axis=1) / np.maximum((ltrb[:, 2:] - ltrb[:, :2]).prod(axis=1), 1e-6)
    return clipped[part >= TRACE], part[part >= TRACE] >= VISIBLE


def _warp(
    image: np.ndarray,
    ltrb: np.ndarray,
    size: tuple[int, int],
    scale: float,
    shift: np.ndarray,
    angle: float,
    mirror: bool,
) -> tuple[np.ndarray, np.ndarray]:
    width, height = size
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]], [0, 0, 1]])
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    middle = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1]])
    matrix = middle @ turn @ np.linalg.inv(middle) @ matrix
    if mirror:
        matrix = np.array([[-1, 0, width], [0, 1, 0], [0, 0, 1]]) @ matrix
    # cv2 places pixel centres at whole numbers, boxes count from the pixel's edge: half a pixel between them.
    pixel = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    sampling = (np.linalg.inv(pixel) @ matrix @ pixel)[:2]
    flags = cv2.INTER_LINEAR
    if scale < 0.6:  # shrink by exact halves first, or thin detail aliases
        image = cv2.resize(image, (image.shape[1] // 2, image.shape[0] // 2), interpolation=cv2.INTER_AREA)
        half = np.diag([2.0, 2.0, 1.0])
        sampling = (np.linalg.inv(pixel) @ matrix @ half @ pixel)[:2]
    canvas = cv2.warpAffine(image, sampling, (width, height), flags=flags, borderMode=cv2.BORDER_CONSTANT)
    if not len(ltrb):
        return canvas, ltrb
    centres = np.stack([(ltrb[:, 0] + ltrb[:, 2]) / 2, (ltrb[:, 1] + ltrb[:, 3]) / 2, np.ones(len(ltrb))])
    middles = (matrix @ centres)[:2].T
    halves = (ltrb[:, 2:] - ltrb[:, :2]) * scale / 2  # a small turn hardly changes a face's upright box
    return canvas, np.hstack([middles - halves, middles + halves]).astype(np.float32)


def relight(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change gain, offset and colour cast of uint8 RGB; sometimes grey, dark with noise, or blurred."""
    gains = (1 + rng.uniform(-0.35, 0.35)) * (1 + rng.uniform(-0.12, 0.12, 3))
    offset = rng.uniform(-30, 30)
    if rng.random() < 0.15:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        gains = np.full(3, gains[0])
    noisy = rng.random() < 0.1
    dark = rng.uniform(0.25, 0.7) if noisy else 1.0
    table = np.clip((np.arange(256)[:, None] * gains + offset) * dark, 0, 255).astype(np.uint8)
    changed = cv2.LUT(image, table[None])
    if noisy:
        noise = rng.integers(-8, 9, image.shape, np.int16) * rng.uniform(0.4, 1.6)
        changed = np.clip(changed + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.08:
        changed = cv2.GaussianBlur(changed, (0, 0), rng.uniform(0.5, 1.5))
    return changed


def degrade(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Make uint8 RGB as bad as cheap cameras do: grain of a dark room, a lens out of focus, or a hard JPEG."""
    kind = rng.random()
    if kind < 0.6:
        height, width, channels = image.shape
        coarse = rng.uniform(1.0, 2.5)
        shape = (round(height / coarse), round(width / coarse), channels if rng.random() < 0.7 else 1)
        deviation = float(np.exp(rng.uniform(np.log(5.0), np.log(45.0))))
        grain = cv2.resize(rng.normal(0.0, deviation, shape).astype(np.float32), (width, height))
        return np.clip(image + grain.reshape(height, width, -1), 0, 255).astype(np.uint8)
    if kind < 0.85:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(1.0, 3.5))
    written = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(8, 35))])[1]
    return np.asarray(cv2.imdecode(written, cv2.IMREAD_COLOR))


def targets(
    ltrb: np.ndarray,
    boxed: np.ndarray,
    clear: np.ndarray,
    points: np.ndarray,
    strides: np.ndarray,
    units: np.ndarray,
    ranges: np.ndarray,
    radius: float,
) -> np.ndarray:
    """What each point should answer: centre sampling (Tian et al., FCOS, 2019), the smallest face wins a point.

    Args:
        ltrb: (N, 4) in canvas pixels; boxed: bool (N,), whether the box's sides are to be trusted.
        clear: bool (N,), whether the face is to be learned; the points of others are ignored.
        points: (P, 2) canvas pixels; strides, units: (P,); ranges: (P, 2) longer sides of the faces of a point's level.
        radius: in strides around the centre.

    Returns:
        float32 (P, 7): is a face, left, top, right, bottom in units, weight of the score, weight of the box.
    """
    answer = np.zeros((len(points), 7), np.float32)
    answer[:, 5] = 1
    if not len(ltrb):
        return answer
    x, y = points[:, :1], points[:, 1:]
    left, top, right, bottom = x - ltrb[:, 0], y - ltrb[:, 1], ltrb[:, 2] - x, ltrb[:, 3] - y  # (P, N) each
    centre = np.maximum(np.abs(left - right), np.abs(top - bottom)) / 2
    longer = (ltrb[:, 2:] - ltrb[:, :2]).max(axis=1)
    inside = np.minimum(np.minimum(left, right), np.minimum(top, bottom)) > 0
    level = (longer >= ranges[:, :1]) & (longer < ranges[:, 1:])
    close = centre < strides[:, None] * radius
    learned = (longer >= SMALLEST) & clear
    positive = inside & close & level & learned
    area = np.where(positive, longer, np.inf)
    owner = area.argmin(axis=1)
    won = positive.any(axis=1)
    picked = np.flatnonzero(won)
    answer[picked, 0] = 1
    sides = np.stack([side[picked, owner[picked]] for side in (left, top, right, bottom)], axis=1)
    answer[picked, 1:5] = sides / units[picked, None]
    answer[picked, 6] = boxed[owner[picked]]
    # Nobody's, neither right nor wrong: points near a face too small or cut too much, or in the ring of a learned one.
    tiny = (inside | (centre < strides[:, None])) & ~learned
    ring = inside & level & (centre < strides[:, None] * (radius + 0.5)) & ~positive
    answer[(tiny | ring).any(axis=1) & ~won, 5] = 0
    return answer
