"""What else is before a mouth: hands, cups, telephones, microphones, beards, scarves. The face stays bare."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from training.data.mask_variety import as_grey, blend, is_grey, polygon, skin


def random_occluder(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A copy of a picture uint8 (H, W, 3) RGB with something on or before the face of the points (68, 2)."""
    names = list(OCCLUDERS)
    drawn = OCCLUDERS[names[rng.integers(len(names))]](image, np.asarray(points, np.float64), rng)
    return as_grey(drawn) if is_grey(image) else drawn


def _span(points: np.ndarray) -> float:
    return float(np.linalg.norm(points[16] - points[0]))


def _near_mouth(points: np.ndarray, rng: np.random.Generator, spread: float) -> np.ndarray:
    return points[66] + rng.uniform(-spread, spread, 2) * _span(points)


def _textured(colour: np.ndarray, image: np.ndarray, rng: np.random.Generator, rough: float) -> np.ndarray:
    """A colour with a slope of light and some grain, (H, W, 3)."""
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width] / max(height, width) - 0.5
    slope = 1 + x * rng.uniform(-0.6, 0.6) + y * rng.uniform(-0.6, 0.6)
    grain = cv2.GaussianBlur(rng.normal(0, rough, (height, width)), (0, 0), rng.uniform(0.4, 1.2))
    return colour * slope[..., None] + grain[..., None]


def _stroke(start: np.ndarray, end: np.ndarray, width: float) -> np.ndarray:
    """A bar with a round end, (N, 2)."""
    along = (end - start) / max(float(np.linalg.norm(end - start)), 1e-6)
    turn = np.linspace(-np.pi / 2, np.pi / 2, 9)
    side = np.array([-along[1], along[0]])
    cap = end + (np.cos(turn)[:, None] * along + np.sin(turn)[:, None] * side) * width / 2
    return np.concatenate([[start - side * width / 2], cap, [start + side * width / 2]])


def _hand(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A palm and fingers from below or from the side, of the face's own skin."""
    size = _span(points)
    middle = _near_mouth(points, rng, 0.18)
    angle = rng.uniform(-2.6, 2.6) - np.pi / 2
    up = np.array([np.cos(angle), np.sin(angle)])
    side = np.array([-up[1], up[0]])
    tone = skin(image, points.astype(np.int64)) * rng.uniform(0.75, 1.15)
    paint = _textured(tone, image, rng, 6)
    width = size * rng.uniform(0.11, 0.17)
    palm = middle - up * size * rng.uniform(0.3, 0.5)
    out = blend(image, paint, polygon(image, _stroke(palm - up * size, palm, width * 3.6)))
    for finger in range(4):
        start = palm + side * width * (finger - 1.5)
        end = start + up * size * rng.uniform(0.25, 0.5)
        out = blend(out, paint * 0.6, polygon(out, _stroke(start, end, width * 1.15)))
        out = blend(out, paint * rng.uniform(0.92, 1.05), polygon(out, _stroke(start, end, width)))
    return out


def _cup(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A cup or glass at the lips."""
    size = _span(points)
    rim = points[66] + np.array([rng.uniform(-0.1, 0.1), rng.uniform(-0.06, 0.08)]) * size
    half, low = size * rng.uniform(0.16, 0.32), size * rng.uniform(0.5, 0.9)
    taper, lean = rng.uniform(0.6, 1.0), rng.uniform(-0.2, 0.2) * size
    corners = np.array([[-half, 0], [half, 0], [half * taper + lean, low], [-half * taper + lean, low]]) + rim
    paint = _textured(rng.uniform(20, 250, 3), image, rng, 4)
    out = blend(image, paint, polygon(image, corners) * rng.uniform(0.75, 1))
    turn = np.linspace(0, 2 * np.pi, 20)
    ring = rim + np.stack([np.cos(turn) * half, np.sin(turn) * half * 0.22], axis=1)
    return blend(out, paint * rng.uniform(0.5, 1.3), polygon(out, ring))


def _phone(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A telephone or a book before a part of the lower face."""
    size = _span(points)
    middle = _near_mouth(points, rng, 0.25)
    angle = rng.uniform(0, np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    side = np.array([-along[1], along[0]])
    long, short = along * size * rng.uniform(0.3, 0.5), side * size * rng.uniform(0.12, 0.25)
    corners = np.array([middle + long + short, middle + long - short, middle - long - short, middle - long + short])
    colour = rng.uniform(5, 70, 3) if rng.random() < 0.6 else rng.uniform(0, 255, 3)
    return blend(image, _textured(colour, image, rng, 4), polygon(image, corners))


def _microphone(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A dark ball before the mouth or the chin, and its handle."""
    size = _span(points)
    middle = points[57] + np.array([rng.uniform(-0.2, 0.2), rng.uniform(-0.08, 0.25)]) * size
    end = middle + np.array([rng.uniform(-0.7, 0.7), 1.0]) * size
    radius = size * rng.uniform(0.09, 0.2)
    paint = _textured(np.full(3, rng.uniform(5, 110)), image, rng, 18)
    out = blend(image, paint * 0.7, polygon(image, _stroke(end, middle, radius)))
    turn = np.linspace(0, 2 * np.pi, 24)
    return blend(out, paint, polygon(out, middle + np.stack([np.cos(turn), np.sin(turn) * 1.15], axis=1) * radius))


def _beard(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Hair over jaw and lip; the mouth stays free."""
    jaw = points[2:15]
    down = points[8] - points[27]
    jaw = jaw + (down * rng.uniform(0.0, 0.15))[None] * np.clip(1 - np.abs(np.arange(13) - 6) / 6, 0, 1)[:, None]
    lip = points[33] + (points[51] - points[33]) * rng.uniform(0.1, 0.5)
    cheeks = [(points[12] + points[54]) / 2, lip, (points[4] + points[48]) / 2]
    cover = polygon(image, np.concatenate([jaw, cheeks]))
    cover = cover * (1 - polygon(image, points[48:60]))
    height, width = image.shape[:2]
    grain = cv2.GaussianBlur(rng.normal(0, 1, (height, width)), (0, 0), 0.6)
    cover = cv2.GaussianBlur(cover, (0, 0), max(0.4, _span(points) / 50))
    thick = np.clip(rng.uniform(0.5, 0.95) + grain * 0.35, 0, 1)
    tones = ((25, 20, 18), (60, 40, 28), (110, 75, 45), (150, 145, 140), (215, 212, 208))
    tone = np.array(tones[rng.integers(len(tones))]) * rng.uniform(0.8, 1.2)
    return blend(image, tone + grain[..., None] * 22, cover * thick)


def _scarf(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cloth around the neck, up to the chin and no higher."""
    size, chin = _span(points), points[8]
    tops = [chin + np.array([x, rng.uniform(-0.06, 0.1)]) * size for x in np.linspace(-0.9, 0.9, 7)]
    corners = np.concatenate([tops, [chin + np.array([1.1, 1.2]) * size, chin + np.array([-1.1, 1.2]) * size]])
    return blend(image, _textured(rng.uniform(10, 245, 3), image, rng, 14), polygon(image, corners))


OCCLUDERS: dict[str, Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]] = {
    "hand": _hand,
    "cup": _cup,
    "phone": _phone,
    "microphone": _microphone,
    "beard": _beard,
    "scarf": _scarf,
}
