"""Packs for the short trainings: crops that a network learns in a moment, and faces of noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.accelerator import mask_pack
from training.accelerator.emotion_pack import mosaic
from training.accelerator.mask_pack import BACKGROUND, BARE, GROUPS, INCORRECT, WORN, Pack
from training.data.masks import NEEDED

FACES = 24


def grey_pack(folder: Path) -> None:
    """Write mask.npz: 32 crops of four kinds, each a grey of its own, half of them for validation."""
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


def face_pack(folder: Path) -> Path:
    """Write pack.npz: noise as emotion_pack writes faces."""
    rng = np.random.default_rng(3)
    labels = np.arange(FACES) % 7
    arrays = {"val_real": mosaic(rng.integers(0, 256, (130, 48, 48), np.uint8), 80), "val_real_count": np.array(130)}
    for name, side in (("fer", 48), ("wild", 72)):
        faces = rng.integers(0, 256, (FACES, side, side), np.uint8)
        arrays |= {
            name: mosaic(faces, 80),
            f"{name}_labels": labels,
            f"{name}_targets": np.eye(7, dtype=np.float16)[labels],
            f"{name}_weights": np.ones(FACES, np.float32),
            f"{name}_points": np.full((FACES, len(NEEDED), 2), 24, np.int8),
            f"{name}_good": np.zeros(FACES, bool),
            f"val_{name}": mosaic(faces[:, :48, :48], 80),
            f"val_{name}_labels": labels,
            f"val_{name}_masked": mosaic(faces[:, :48, :48], 80),
        }
    arrays["wild_boxes"] = np.tile(np.array([12, 12, 48, 48], np.float32), (FACES, 1))
    np.savez(folder / "pack.npz", **arrays)
    return folder / "pack.npz"
