"""Emotion of faces with a mask: FER2013 with masks drawn on, taught also by what the bare-face model saw beneath."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from edge import manifest
from edge.engines import open_engine
from training import weights
from training.augment import Augmentation
from training.data import fer2013, masked_v1
from training.data.drawn import dressed_crops
from training.data.face_points import locate
from training.data.landmark_detector import Pointer
from training.recipe import Recipe
from training.tasks.emotion import BareEmotion, EmotionBatches

SIZE = 48  # pixels of FER2013's squares


class MaskedBatches(EmotionBatches):
    """As EmotionBatches, of pictures uint8 (V, N, 48, 48): each time one of V drawings of a row."""

    def __init__(
        self, drawings: np.ndarray, targets: np.ndarray, recipe: Recipe, augment: Augmentation, calm: float = 1.0
    ) -> None:
        super().__init__(drawings[0], targets, recipe, augment, calm)
        self.drawings = drawings

    def picture(self, row: int, rng: np.random.Generator) -> np.ndarray:
        """One augmented drawing, uint8 (48, 48)."""
        return self.augment(self.drawings[rng.integers(len(self.drawings)), row], rng)


class MaskedEmotion(BareEmotion):
    """FER2013 with masks.

    `data`: as BareEmotion, and `start` (the shipped model to begin from), `drawings` a row, and `teacher` (the
    weight of the bare model's answer in the targets).

    The teacher sees the row without its mask (learning with privileged information, Vapnik & Vashist, 2009; Hinton et
    al., distillation, 2015).
    """

    def __init__(self, recipe: Recipe, data: Path) -> None:
        settings = dict(recipe.data)
        self.drawings, self.teacher = settings.pop("drawings", 4), settings.pop("teacher", 0.4)
        self.start = settings.pop("start", "")
        super().__init__(_with(recipe, settings), data)
        self.pointer = Pointer.open()
        self.skipped = 0

    def build(self) -> keras.Model:
        """As BareEmotion, beginning from the weights of the shipped model that `start` names."""
        network = super().build()
        if self.start:
            network.set_weights(weights.load(manifest.default_folder() / self.start / "weights.npz").get_weights())
        return network

    def batches(self) -> keras.utils.PyDataset:
        """Augmented Training rows with masks; rows whose points make no sense are skipped and counted."""
        rows = self.rows()
        faces = locate(lambda images: self.pointer.on_crops(images) / SIZE, self.set.images[rows])
        points, good = faces.points, faces.sensible
        self.skipped = int((~good).sum())
        print(f"  masks: {good.sum()} rows drawn on, {self.skipped} skipped: their landmarks make no sense", flush=True)
        rows, points = rows[good], points[good]
        images = self.set.images[rows]
        drawn = np.stack([dressed_crops(images, points, self.recipe.seed + n) for n in range(self.drawings)])
        targets = fer2013.soft_labels(self.set, rows, self.votes, self.smoothing)
        if self.teacher:
            targets = (1 - self.teacher) * targets + self.teacher * self._taught(images)
        return self.made(MaskedBatches(drawn, targets.astype(np.float32), self.recipe, self.augment, self.calm))

    def validation(self) -> tuple[np.ndarray, np.ndarray]:
        """PublicTest with the frozen masks."""
        rows = self.set.selection_rows()
        return masked_v1.render(self.set, rows), self.set.labels[rows]

    def samples(self, count: int, seed: int) -> np.ndarray:
        """Real crops uint8 (count, 48, 48, 1) with drawn masks for calibration, of Training rows."""
        rows = np.random.default_rng(seed).permutation(self.rows())[:count]
        points = self.pointer.on_crops(self.set.images[rows])
        return dressed_crops(self.set.images[rows], points, seed)[..., None]

    def _taught(self, images: np.ndarray) -> np.ndarray:
        engine = open_engine(manifest.load(), "emotion-bare", 1, "cpu")
        return np.stack([engine.infer(image[:, :, None])[0] for image in images])


def _with(recipe: Recipe, data: dict[str, object]) -> Recipe:
    return replace(recipe, data=data)
