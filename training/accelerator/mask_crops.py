"""The mask training's crops in memory: those of the pack, and masks and other things drawn on its bare faces."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edge.vision.letterbox import resize
from training.accelerator.mask_pack import BARE, GROUPS, INCORRECT, WIDE, WORN, Pack
from training.data.mask_variety import UNUSUAL, WORN_KINDS, draw, random_incorrect, random_worn
from training.data.occluders import random_occluder

DRAWN = len(GROUPS)  # the group of drawn crops
DRAWINGS = (BARE, WORN, WORN, INCORRECT)  # what is drawn on each face, over and over; bare: something else than a mask
COLOURED = (WORN,)  # what is drawn for validation, in unusual colours alone

# Parts of the batch by kind and group; what a group lacks goes to the others of its kind.
SHARES: dict[tuple[int, str], float] = {
    (BARE, "masked_faces"): 0.075, (BARE, "news_masks"): 0.03, (BARE, "street_masks"): 0.02, (BARE, "faces"): 0.05,
    (BARE, "wild"): 0.05, (BARE, "faces80"): 0.04, (BARE, "emotion_wild"): 0.01, (BARE, "fer2013"): 0.01,
    (BARE, "mask_pairs"): 0.005, (BARE, "drawn"): 0.04,
    (WORN, "masked_faces"): 0.105, (WORN, "news_masks"): 0.025, (WORN, "street_masks"): 0.04,
    (WORN, "mask_pairs"): 0.01, (WORN, "drawn"): 0.1,
    (2, "no_faces"): 0.1, (2, "candidates"): 0.08, (2, "random"): 0.04,
    (INCORRECT, "masked_faces"): 0.1, (INCORRECT, "drawn"): 0.07,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Crops:
    """Wide crops uint8 (N, WIDE, WIDE, 3), kinds and groups int64 (N,), loose bool (N,), weights float64 (N,)."""

    images: np.ndarray
    kinds: np.ndarray
    groups: np.ndarray
    loose: np.ndarray
    weights: np.ndarray

    @staticmethod
    def joined(parts: Sequence[Crops]) -> Crops:
        """One after the other."""
        names = ("images", "kinds", "groups", "loose", "weights")
        return Crops(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def stored(pack: Pack, rows: np.ndarray) -> Crops:
    """The pack's own crops at the same size."""
    images = np.zeros((len(rows), WIDE, WIDE, 3), np.uint8)
    for place, row in enumerate(rows.tolist()):
        images[place] = resize(pack.image(row), WIDE, WIDE)
    kinds, groups = pack.kinds[rows].astype(np.int64), pack.groups[rows].astype(np.int64)
    return Crops(images, kinds, groups, pack.loose[rows], pack.weights[rows].astype(np.float64))


def drawable(pack: Pack, val: bool) -> np.ndarray:
    """Rows of bare faces whose points are known."""
    return np.flatnonzero(pack.points.any(axis=(1, 2)) & (pack.kinds == BARE) & (pack.val == val))


def drawn(pack: Pack, rows: np.ndarray, kinds: Sequence[int], seed: int, workers: int = 1) -> Crops:
    """Each of the kinds drawn on each of the rows, at the size that it is stored at; the same for one seed."""
    jobs = ((pack.image(row), pack.points[row], tuple(kinds), (seed, row)) for row in rows.tolist())
    images = np.zeros((len(rows), len(kinds), WIDE, WIDE, 3), np.uint8)
    for place, made in enumerate(_mapped(jobs, workers)):
        images[place] = made
    count = len(rows) * len(kinds)
    return Crops(
        images.reshape(count, WIDE, WIDE, 3),
        np.tile(np.array(kinds, np.int64), len(rows)),
        np.full(count, DRAWN, np.int64),
        np.repeat(pack.loose[rows], len(kinds)),
        np.ones(count),
    )


Job = tuple[np.ndarray, np.ndarray, tuple[int, ...], tuple[int, int]]


def _mapped(jobs: Iterator[Job], workers: int) -> Iterator[np.ndarray]:
    if workers < 2:
        yield from map(_draw, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(workers, cv2.setNumThreads, (1,)) as pool:
        yield from pool.imap(_draw, jobs, chunksize=32)


def _draw(job: Job) -> np.ndarray:
    image, points, kinds, seed = job
    rng = np.random.default_rng(seed)
    at = points * image.shape[0] / WIDE
    made = []
    for kind in kinds:
        if kinds == COLOURED:
            picture = draw(image, at, str(rng.choice(WORN_KINDS)), str(rng.choice(UNUSUAL)), rng)
        else:
            picture = {BARE: random_occluder, WORN: random_worn, INCORRECT: random_incorrect}[kind](image, at, rng)
        made.append(resize(picture, WIDE, WIDE))
    return np.stack(made)


def chances(crops: Crops) -> np.ndarray:
    """How probable each crop is to be chosen, float64 (N,), by SHARES and weights; sums to 1."""
    names = (*GROUPS, "drawn")
    chance = np.zeros(len(crops.kinds))
    for kind in np.unique(crops.kinds):
        of_kind = 0.0
        for (wanted, group), share in SHARES.items():
            rows = (crops.kinds == kind) & (crops.groups == names.index(group))
            if wanted == kind and rows.any():
                chance[rows] = share * crops.weights[rows] / crops.weights[rows].sum()
                of_kind += share
        whole = sum(share for (wanted, _), share in SHARES.items() if wanted == kind)
        chance[crops.kinds == kind] *= whole / max(of_kind, 1e-9)
    return chance / chance.sum()
