"""The mask classifier's task: real masks from `masked_faces`, drawn ones on `faces` and FER2013."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import keras
import numpy as np
from keras import layers

from edge.frame import Box
from edge.labels import Mask
from edge.vision.crop import crop
from training.augment import Augmentation
from training.data import boxes, fer2013
from training.data.boxes import Boxed
from training.data.drawn import dress, dressed_crops, face_points
from training.data.masks import sensible
from training.data.pointing import Pointer
from training.networks import mask
from training.networks.layers import plain
from training.recipe import Recipe

SIZE = 48
WIDE = 64  # crops are kept this large around the square of SIZE pixels, so that moving them shows picture
REAL = "masked_faces"
WORN_LABELS = ("with_mask", "incorrect_mask")


@dataclass(frozen=True, eq=False)
class Crops:
    """Wide crops uint8 (N, WIDE, WIDE, 3), whether a mask is worn, and whether each is of masked_faces, bool (N,)."""

    images: np.ndarray
    worn: np.ndarray
    real: np.ndarray

    @staticmethod
    def joined(parts: list[Crops]) -> Crops:
        """One after the other."""
        return Crops(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("images", "worn", "real")))


def middle(images: np.ndarray) -> np.ndarray:
    """The squares of SIZE pixels in the middle of wide crops (N, WIDE, WIDE, 3)."""
    edge = (WIDE - SIZE) // 2
    return images[:, edge : edge + SIZE, edge : edge + SIZE]


class MaskBatches(keras.utils.PyDataset):
    """Augmented batches, half of them with masks: float32 (B, 48, 48, 3) in 0-1 and targets float32 (B, 2).

    A part `real` of each half is of masked_faces, whose bare faces stand beside masked ones in the same pictures.
    """

    def __init__(
        self, crops: Crops, recipe: Recipe, augment: Augmentation, smoothing: float, grey: float, real: float
    ) -> None:
        super().__init__(workers=1)
        self.crops, self.augment, self.grey = crops, augment, grey
        self.fit, self.seed, self.epoch = recipe.fit, recipe.seed, 0
        half = self.fit.batch // 2
        self.groups = []
        for worn in (False, True):
            known = np.flatnonzero((crops.worn == worn) & crops.real)
            others = np.flatnonzero((crops.worn == worn) & ~crops.real)
            count = round(half * real) if len(known) and len(others) else half * bool(len(known))
            self.groups += [(known, count), (others, half - count)]
        self.rows = np.eye(2, dtype=np.float32) * (1 - smoothing) + smoothing / 2

    def __len__(self) -> int:
        return self.fit.steps or max(1, len(self.crops.worn) // self.fit.batch)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng((self.seed, self.epoch, index))
        picked = np.concatenate([rng.choice(group, count) for group, count in self.groups if count])
        changed = np.stack([self._picture(row, rng) for row in picked])
        return middle(changed).astype(np.float32) / 255, self.rows[self.crops.worn[picked].astype(int)]

    def _picture(self, row: int, rng: np.random.Generator) -> np.ndarray:
        image = self.augment(self.crops.images[row], rng)
        if rng.random() < self.grey:
            return np.repeat(image.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
        cast = 1 + rng.uniform(-0.15, 0.15, 3).astype(np.float32)
        return np.clip(image * cast, 0, 255).astype(np.uint8)

    def on_epoch_end(self) -> None:
        """Draw others."""
        self.epoch += 1


class MaskClassifier:
    """Worn or bare.

    `data`: margin and shift of the square, least_px, fer2013 (rows), drawn (share of faces that get a mask in a second
    copy of each picture of `faces`), real (part of each batch that is of masked_faces), smoothing, grey, limit, and the
    sizes of the augmentation.
    """

    def __init__(self, recipe: Recipe, data: Path) -> None:
        self.recipe, self.data = recipe, data
        settings = dict(recipe.data)
        self.smoothing, self.grey = settings.pop("smoothing", 0.05), settings.pop("grey", 0.2)
        self.real = settings.pop("real", 0.5)
        self.least, self.fer_rows = settings.pop("least_px", 14.0), settings.pop("fer2013", 8000)
        self.share, self.limit = settings.pop("drawn", 0.7), settings.pop("limit", 0)
        self.margin, self.shift = recipe.model.get("margin", 1.0), recipe.model.get("shift", 0.0)
        self.augment = Augmentation(**settings)
        self.pointer = Pointer.open()
        self._held: list[Crops] = []

    def build(self) -> keras.Model:
        """See training/networks/mask.py."""
        return mask.build(**self.recipe.network)

    def batches(self) -> keras.utils.PyDataset:
        """All sources but the held-out part of masked_faces."""
        crops = Crops.joined([*self._photos(), self._fer2013(fer2013.TRAINING)])
        return MaskBatches(crops, self.recipe, self.augment, self.smoothing, self.grey, self.real)

    def loss(self) -> Any:
        """Cross-entropy against smoothed labels."""
        return keras.losses.CategoricalCrossentropy(from_logits=True)

    def measure(self, model: keras.Model) -> dict[str, float]:
        """Balanced accuracy on a tenth of masked_faces' training pictures and on PublicTest; score is their mean."""
        if not self._held:
            pictures = [p for p in boxes.load(self.data / REAL, "train") if _held_out(p)]
            self._held = [self._cut(pictures, least=20.0), self._fer2013(fer2013.PUBLIC)]
        figures = []
        for crops in self._held:
            logits = model.predict(middle(crops.images).astype(np.float32) / 255, batch_size=256, verbose=0)
            right = (logits[:, 1] > logits[:, 0]) == crops.worn
            figures.append(float(np.mean([right[crops.worn == worn].mean() for worn in (False, True)])))
        return {"score": float(np.mean(figures)), "real": figures[0], "drawn": figures[1]}

    def export(self, model: keras.Model) -> keras.Model:
        """Softmax at the end."""
        return plain(keras.Model(model.inputs, layers.Softmax(name="probabilities")(model.outputs[0])))

    def samples(self, count: int, seed: int) -> np.ndarray:
        """Real crops uint8 (count, 48, 48, 3) for calibration."""
        pictures = boxes.load(self.data / "faces", "train") + boxes.load(self.data / REAL, "train")
        rng = np.random.default_rng(seed)
        picked = [pictures[i] for i in rng.permutation(len(pictures))[:count]]
        return middle(self._cut(picked, self.least).images)[:count]

    def _photos(self) -> list[Crops]:
        masked = [p for p in boxes.load(self.data / REAL, "train") if not _held_out(p)]
        bare = boxes.load(self.data / "faces", "train")
        if self.limit:
            masked, bare = masked[: self.limit], bare[: self.limit]
        return [self._cut(masked, self.least), self._cut(bare, self.least), self._cut_drawn(bare)]

    def _cut(self, pictures: list[Boxed], least: float) -> Crops:
        crops, worn, real = [], [], []
        for picture in pictures:
            image = picture.read()
            for ltrb, label in zip(picture.ltrb.tolist(), picture.labels, strict=True):
                if min(ltrb[2] - ltrb[0], ltrb[3] - ltrb[1]) >= least:
                    crops.append(self._wide(image, Box(*ltrb)))
                    worn.append(label in WORN_LABELS)
                    real.append(picture.path.parent.parent.name == REAL)
        return Crops(_stacked(crops), np.array(worn, bool), np.array(real, bool))

    def _cut_drawn(self, pictures: list[Boxed]) -> Crops:
        """The faces of these pictures that can be given a mask, with one."""
        crops = []
        for index, picture in enumerate(pictures):
            image = picture.read()
            points = face_points(image, picture, self.pointer)
            dressed, worn = dress(image, points, self.share, np.random.default_rng((self.recipe.seed, 7, index)))
            crops += [self._wide(dressed, Box(*picture.ltrb[n].tolist())) for n in np.flatnonzero(worn)]
        return Crops(_stacked(crops), np.ones(len(crops), bool), np.zeros(len(crops), bool))

    def _wide(self, image: np.ndarray, box: Box) -> np.ndarray:
        return crop(image, box.square(self.margin * WIDE / SIZE, self.shift), WIDE, WIDE)

    def _fer2013(self, usage: int) -> Crops:
        """Rows bare and with a drawn mask, as colour pictures; each is already the square."""
        stored = fer2013.load(self.data / "fer2013.npz")
        rows = stored.training_rows() if usage == fer2013.TRAINING else stored.selection_rows()
        rows = np.random.default_rng(self.recipe.seed).permutation(rows)[: self.fer_rows]
        images = stored.images[rows]
        points = self.pointer.on_crops(images)
        good = np.array([sensible(at, SIZE, SIZE) for at in points], bool)
        drawn = dressed_crops(images[good], points[good], self.recipe.seed)
        both = np.repeat(np.concatenate([images, drawn])[..., None], 3, axis=3)
        edge = (WIDE - SIZE) // 2
        wide = np.pad(both, ((0, 0), (edge, edge), (edge, edge), (0, 0)), mode="edge")
        return Crops(wide, np.arange(len(both)) >= len(images), np.zeros(len(both), bool))


def _stacked(crops: list[np.ndarray]) -> np.ndarray:
    """uint8 (N, WIDE, WIDE, 3), of no crops too."""
    return np.array(crops, np.uint8).reshape(-1, WIDE, WIDE, 3)


def _held_out(picture: Boxed) -> bool:
    """A tenth of the pictures, chosen by name: masked_faces has no validation split of its own."""
    return crc32(picture.path.name.encode()) % 10 == 0


LABELS = tuple(m.label for m in Mask)
