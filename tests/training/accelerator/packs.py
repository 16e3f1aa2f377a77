"""A pack of crops that a network learns in a moment: each kind is a grey of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.accelerator import mask_pack
from training.accelerator.mask_pack import BACKGROUND, BARE, GROUPS, INCORRECT, WORN, Pack


def grey_pack(folder: Path) -> None:
    """Write mask.npz: 32 crops of four kinds, half of them for validation."""
    rng = np.random.default_rng(0)
    kinds, count = np.array([BARE, WORN, BACKGROUND, INCORRECT] * 8, np.int8), 32
    levels = 40 + 50 * kinds[:, None, None, None] + rng.integers(0, 30, (count, 16, 16, 3))
    pack = Pack(
        tuple(mask_pack.encode(image) for image in levels.astype(np.uint8)),
        kinds,
        np.where(kinds == BACKGROUND, GROUPS.index("no_faces"), 0).astype(np.int8),
        np.arange(count) >= 16,
        np.zeros(count, bool),
        np.ones(count, np.float32),
        np.zeros((count, 68, 2), np.float32),
        np.zeros((count, 5, 2), np.float32),
    )
    mask_pack.save(pack, folder / "mask.npz")
