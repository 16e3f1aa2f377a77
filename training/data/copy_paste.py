"""Large faces for the detector: heads of known points, pasted on backgrounds (Dwibedi et al., cut and paste, 2017).

Photographs of groups have no face that fills the frame, as one does in front of a laptop.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from training.data import landmarks68, masks
from training.data.boxes import Boxed

FADE = 0.08  # of the pasted picture's side that fades into the background
EVERY_FRAME = 4  # frames of a video look alike: one in this many is used
# Where the points' box lies in the boxes of the `faces` set, as parts of such a box: left, top, right, bottom. Measured
# with the landmark model.
POINTS_IN_FACE = (0.09, 0.21, 0.98, 1.04)


@dataclass(frozen=True, eq=False)
class Head:
    """A picture uint8 (h, w, 3) RGB of one head, and its 68 points (68, 2) in pixels."""

    image: np.ndarray
    points: np.ndarray


def load(folder: Path, masked: float, seed: int) -> list[Head]:
    """The training heads of landmarks68, of each video every fourth frame.

    Args:
        folder: of the set.
        masked: part of them that also comes with a mask drawn on.
        seed: of the masks.

    Raises:
        DataError: the table is missing or malformed.
        PictureError: a picture cannot be read.
    """
    rows = [row for row in landmarks68.rows(folder / "points.csv") if landmarks68.training_row(*row[:2])]
    stills = [row for row in rows if not row[0].startswith("video")]
    frames = [row for row in rows if row[0].startswith("video")][::EVERY_FRAME]
    bare = [Head(Boxed(folder / name, points, ()).read(), points) for name, _, points in stills + frames]
    rng = np.random.default_rng(seed)
    return bare + [_masked(head, rng) for head in bare if rng.random() < masked]


def _masked(head: Head, rng: np.random.Generator) -> Head:
    look = masks.random_mask(rng)
    return Head(masks.draw(head.image, head.points, look.kind, look.colour, look.seed), head.points)


def paste(head: Head, frame: np.ndarray, share: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The head on a frame, at a random place at which all of its points are in the frame.

    Args:
        head: what to paste.
        frame: uint8 (H, W, 3) RGB.
        share: height of the points' box / height of the frame.
        rng: chooses the place.

    Returns:
        The new frame and the points' box in it, float32 (4,).
    """
    height, width = frame.shape[:2]
    low, high = head.points.min(axis=0), head.points.max(axis=0)
    scale = float(min(share * height / (high[1] - low[1]), width / (high[0] - low[0])))
    room = np.array([width, height]) - (high - low) * scale
    shift = rng.uniform(0, 1, 2) * room - low * scale
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    moved = cv2.warpAffine(head.image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpAffine(fading(*head.image.shape[:2]), matrix, (width, height), flags=cv2.INTER_LINEAR)[:, :, None]
    image = np.round(frame * (1 - cover) + moved * cover).astype(np.uint8)
    return image, np.concatenate([low * scale + shift, high * scale + shift]).astype(np.float32)


def face_box(points_box: np.ndarray, width: int, height: int) -> np.ndarray:
    """The box that `faces` would draw around a face whose points' box is known, (4,), clipped to the frame."""
    left, top, right, bottom = POINTS_IN_FACE
    size = (points_box[2:] - points_box[:2]) / (right - left, bottom - top)
    start = points_box[:2] - size * (left, top)
    return np.clip(np.concatenate([start, start + size]), 0, [width, height, width, height]).astype(np.float32)


def hidden(before: np.ndarray, after: np.ndarray, ltrb: np.ndarray) -> np.ndarray:
    """Part of each box (N, 4) that has changed between two frames uint8 (H, W, 3), 0-1, float64 (N,)."""
    changed = (before != after).any(axis=2)
    corners = np.stack([np.floor(ltrb[:, :2]), np.maximum(np.ceil(ltrb[:, 2:]), np.floor(ltrb[:, :2]) + 1)], axis=1)
    parts = [changed[y0:y1, x0:x1] for (x0, y0), (x1, y1) in corners.astype(int)]
    return np.array([part.mean() if part.size else 0.0 for part in parts], float)


def fading(height: int, width: int) -> np.ndarray:
    """Opacity float32 (height, width): 0 at the edge, 1 from FADE of the side inward."""
    sides = []
    for length in (height, width):
        place = np.minimum(np.arange(length) + 0.5, length - np.arange(length) - 0.5)
        sides.append(np.clip(place / (FADE * length), 0, 1))
    return np.minimum(sides[0][:, None], sides[1][None]).astype(np.float32)
