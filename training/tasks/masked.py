"""Emotion of faces with a mask: FER2013 with masks drawn on, taught also by what the bare-face model saw beneath."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from edge import manifest
from edge.engines import open_engine
from training import weights
from training.augment import Augmentation
from training.data import masked_v1
from training.data.drawn import masked_crops
from training.data.face_points import locate
from training.data.landmark_detector import LandmarkDetector
from training.recipe import Recipe, parse
from training.tasks.emotion import BareEmotion, EmotionBatches, EmotionData

SIZE = 48  # pixels of FER2013's squares


@dataclass(frozen=True)
class MaskedData:
    """The recipe's [data] table beside that of BareEmotion.

    Attributes:
        start: the shipped model to begin from; empty: random weights.
        drawings: drawings of a mask for each row.
        teacher: weight of the bare model's answer in the targets, 0-1.
    """

    start: str = ""
    drawings: int = 4
    teacher: float = 0.4


class MaskedEmotion(BareEmotion):
    """FER2013 with masks; see MaskedData and EmotionData for the recipe's [data] table.

    The teacher sees the row without its mask (learning with privileged information, Vapnik & Vashist, 2009; Hinton et
    al., distillation, 2015).
    """

    def __init__(self, recipe: Recipe, data: Path) -> None:
        super().__init__(recipe, data)
        self.landmarks = LandmarkDetector.open()
        self.skipped = 0

    def _parse(self) -> tuple[EmotionData, Augmentation]:
        options, augment, self.masks = parse(self.recipe, EmotionData, Augmentation, MaskedData)
        return options, augment

    def build(self) -> keras.Model:
        """As BareEmotion, beginning from the weights of the shipped model that `start` names."""
        network = super().build()
        if self.masks.start:
            network.set_weights(
                weights.load(manifest.default_folder() / self.masks.start / "weights.npz").get_weights()
            )
        return network

    def batches(self) -> keras.utils.PyDataset:
        """Augmented Training rows with masks; rows with implausible landmarks are skipped and counted."""
        rows = self.rows()
        faces = locate(lambda images: self.landmarks.on_crops(images) / SIZE, self.set.images[rows])
        points, good = faces.points, faces.plausible
        self.skipped = int((~good).sum())
        print(f"  masks: {good.sum()} rows drawn on, {self.skipped} skipped: implausible landmarks", flush=True)
        rows, points = rows[good], points[good]
        images = self.set.images[rows]
        drawn = np.stack([masked_crops(images, points, self.recipe.seed + n) for n in range(self.masks.drawings)])
        targets, teacher = self.targets(rows), self.masks.teacher
        if teacher:
            targets = ((1 - teacher) * targets + teacher * self._teach(images)).astype(np.float32)
        return EmotionBatches(drawn, targets, self.recipe, self.augment, self.options)

    def validation(self) -> tuple[np.ndarray, np.ndarray]:
        """PublicTest with the frozen masks."""
        rows = self.set.selection_rows()
        return masked_v1.render(self.set, rows), self.set.labels[rows]

    def samples(self, count: int, seed: int) -> np.ndarray:
        """Real crops uint8 (count, 48, 48, 1) with drawn masks for calibration, of Training rows."""
        rows = np.random.default_rng(seed).permutation(self.rows())[:count]
        points = self.landmarks.on_crops(self.set.images[rows])
        return masked_crops(self.set.images[rows], points, seed)[..., None]

    def _teach(self, images: np.ndarray) -> np.ndarray:
        engine = open_engine(manifest.load(), "emotion-bare", 1, "cpu")
        return np.stack([engine.infer(image[:, :, None])[0] for image in images])
