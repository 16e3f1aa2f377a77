"""What the mask classifier is shown: wide crops, and batches of them, changed a little each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import keras
import numpy as np

from edge.labels import BACKGROUND, MASK_LABELS, Mask
from training.augment import Augmentation
from training.recipe import Recipe

SIZE = 48
WIDE = 64  # crops are kept this large around the square of SIZE pixels, so that moving them shows picture
NO_FACE = MASK_LABELS.index(BACKGROUND)  # the kind of a crop without a face


@dataclass(frozen=True, eq=False)
class Crops:
    """Wide crops and what each of them shows.

    Attributes:
        images: uint8 (N, WIDE, WIDE, 3) RGB.
        kinds: int64 (N,), positions in MASK_LABELS.
        real: bool (N,), whether each is of masked_faces.
        weights: float64 (N,), how often each is shown beside the others of its kind.
    """

    images: np.ndarray
    kinds: np.ndarray
    real: np.ndarray
    weights: np.ndarray

    @staticmethod
    def of(
        crops: Sequence[np.ndarray], kinds: Sequence[int], real: Sequence[bool], weights: Sequence[float] = ()
    ) -> Crops:
        """From lists, of no crops too."""
        return Crops(
            np.array(crops, np.uint8).reshape(-1, WIDE, WIDE, 3),
            np.array(kinds, np.int64),
            np.array(real, bool),
            np.array(weights, np.float64) if len(weights) else np.ones(len(crops)),
        )

    @staticmethod
    def joined(parts: list[Crops]) -> Crops:
        """One after the other."""
        return Crops(*(np.concatenate([getattr(p, field.name) for p in parts]) for field in fields(Crops)))


def middle(images: np.ndarray) -> np.ndarray:
    """The squares of SIZE pixels in the middle of wide crops (N, WIDE, WIDE, 3)."""
    edge = (WIDE - SIZE) // 2
    return images[:, edge : edge + SIZE, edge : edge + SIZE]


@dataclass(frozen=True)
class MaskData:
    """The recipe's [data] table beside the sizes of the augmentation.

    Attributes:
        least_px: narrower faces are left out, px.
        fer2013: how many rows of FER2013 are shown, bare and with a drawn mask.
        drawn: share of faces that get a mask in a second copy of each picture of `faces`, 0-1.
        real: part of each batch that is of masked_faces, 0-1.
        background: part of each batch that shows no face: places that the shipped detector takes for one, 0-1.
        smoothing: label smoothing, 0-1.
        grey: chance that a crop loses its colour.
        limit: use only so many pictures of each set; 0: all.
    """

    least_px: float = 14.0
    fer2013: int = 8000
    drawn: float = 0.7
    real: float = 0.5
    background: float = 0.3
    smoothing: float = 0.05
    grey: float = 0.2
    limit: int = 0


class MaskBatches(keras.utils.PyDataset):
    """Augmented batches: float32 (B, 48, 48, 3) in 0-1 and targets float32 (B, 3).

    A part `background` of each shows no face; of the rest one half wears masks. A part `real` of each half is of
    masked_faces, whose bare faces stand beside masked ones in the same pictures.
    """

    def __init__(self, crops: Crops, recipe: Recipe, augment: Augmentation, data: MaskData) -> None:
        super().__init__(workers=1)
        self.crops, self.augment, self.grey = crops, augment, data.grey
        self.fit, self.seed, self.epoch = recipe.fit, recipe.seed, 0
        empty = np.flatnonzero(crops.kinds == NO_FACE)
        places = round(self.fit.batch * data.background) if len(empty) else 0
        half = (self.fit.batch - places) // 2
        places = self.fit.batch - 2 * half if places else 0
        self.groups = [_group(crops, empty, places)]
        for kind in Mask:
            known, others = (np.flatnonzero((crops.kinds == kind) & (crops.real == photo)) for photo in (True, False))
            count = round(half * data.real) if len(known) and len(others) else half * bool(len(known))
            self.groups += [_group(crops, known, count), _group(crops, others, half - count)]
        classes = len(MASK_LABELS)
        self.rows = np.eye(classes, dtype=np.float32) * (1 - data.smoothing) + data.smoothing / classes

    def __len__(self) -> int:
        return self.fit.steps or max(1, len(self.crops.kinds) // self.fit.batch)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng((self.seed, self.epoch, index))
        picked = np.concatenate([rng.choice(rows, count, p=chance) for rows, chance, count in self.groups if count])
        changed = np.stack([self._picture(row, rng) for row in picked])
        return middle(changed).astype(np.float32) / 255, self.rows[self.crops.kinds[picked]]

    def _picture(self, row: int, rng: np.random.Generator) -> np.ndarray:
        image = self.augment(self.crops.images[row], rng)
        if rng.random() < self.grey:
            return np.repeat(image.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
        cast = 1 + rng.uniform(-0.15, 0.15, 3).astype(np.float32)
        return np.clip(image * cast, 0, 255).astype(np.uint8)

    def on_epoch_end(self) -> None:
        """Draw others."""
        self.epoch += 1


def _group(crops: Crops, rows: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Rows to choose `count` of, and the chance of each."""
    weights = crops.weights[rows]
    return rows, weights / max(weights.sum(), 1e-9), count
