"""Which faces of one collection are pictures of another, so that nothing is tested that was learned.

For pictures that are cut and aligned the same way. Hashes of 64 bits are too coarse there: all such faces look alike.
"""

from __future__ import annotations

import cv2
import numpy as np

SAME = 0.95  # correlation from which two pictures count as one; different people seldom reach it
GRID, SHIFT = 16, 2  # a picture is compared as GRID x GRID grey values, moved by up to SHIFT of them each way
BLOCK = 1024  # pictures compared at a time, so that memory stays small
FLAT = 1e-3  # a picture whose grey values differ by less shows nothing, and is like none


def likeness(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How much each picture resembles the most similar of some others, mirrored or moved by an eighth at most.

    Args:
        images: uint8 (N, S, S, 3), RGB.
        others: uint8 (M, S, S, 3), RGB.

    Returns:
        float32 (N,): the highest Pearson correlation of their grey values, -1 to 1; -1 without others.

    Example:
        >>> import numpy as np
        >>> from training.data.likeness import SAME, likeness
        >>> faces = np.random.default_rng(1).integers(0, 256, (3, 64, 64, 3), np.uint8)
        >>> (likeness(faces[:2, :, ::-1], faces[1:]) > SAME).tolist()
        [False, True]
    """
    best = np.full(len(images), -1, np.float32)
    inner = slice(SHIFT, GRID - SHIFT)
    cores = _unit(_thumbnails(others)[:, inner, inner]).T
    if not cores.size:
        return best
    for start in range(0, len(images), BLOCK):
        thumbnails = _thumbnails(images[start : start + BLOCK])
        own = best[start : start + BLOCK]
        for picture in (thumbnails, thumbnails[:, :, ::-1]):
            for top in range(2 * SHIFT + 1):
                for left in range(2 * SHIFT + 1):
                    side = GRID - 2 * SHIFT
                    part = _unit(picture[:, top : top + side, left : left + side])
                    np.maximum(own, (part @ cores).max(axis=1), out=own)
    return best


def _thumbnails(images: np.ndarray) -> np.ndarray:
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images]
    small = [cv2.resize(image, (GRID, GRID), interpolation=cv2.INTER_AREA) for image in grey]
    return np.array(small, np.float32).reshape(-1, GRID, GRID)


def _unit(parts: np.ndarray) -> np.ndarray:
    flat = parts.reshape(len(parts), parts.shape[1] * parts.shape[2])
    flat = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return flat / np.where(length < FLAT, np.inf, length)
