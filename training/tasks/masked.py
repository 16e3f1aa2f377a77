"""Emotion of faces with a mask drawn on; the bare model, which saw them without, is a teacher."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from edge import manifest
from edge.engines import open_engine
from training.augment import Augmentation
from training.data import emotion_wild, masked_v1, wild_masks
from training.data.drawn import masked_crops
from training.data.face_points import locate
from training.data.landmark_detector import LandmarkDetector
from training.recipe import Recipe, parse
from training.tasks.emotion import BareEmotion
from training.tasks.emotion_batches import Beside, EmotionBatches, EmotionData, mixed

SIZE = 48  # pixels of FER2013's squares


@dataclass(frozen=True)
class MaskedData:
    """The recipe's [data] table beside that of BareEmotion.

    Attributes:
        drawings: drawings of a mask for each row.
        varied: how many of them are in the many looks of training/data/mask_dress.py.
        wild_teacher: share of the bare model's answers in the targets of emotion_wild's rows, 0-1.
    """

    drawings: int = 4
    varied: int = 0
    wild_teacher: float = 0.0


class MaskedEmotion(BareEmotion):
    """FER2013 with masks, and emotion_wild where the recipe asks for it; see MaskedData and EmotionData.

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

    def batches(self) -> keras.utils.PyDataset:
        """Augmented Training rows with masks; rows with implausible landmarks are skipped and counted."""
        rows = self.rows()
        faces = locate(lambda images: self.landmarks.on_crops(images) / SIZE, self.set.images[rows])
        points, good = faces.points, faces.plausible
        self.skipped = int((~good).sum())
        print(f"  masks: {good.sum()} rows drawn on, {self.skipped} skipped: implausible landmarks", flush=True)
        rows, points = rows[good], points[good]
        images = self.set.images[rows]
        targets = self.targets(rows)
        if self.options.teacher:
            targets = mixed(targets, self._teach(images), self.options.teacher)
        beside = self.beside() if self.options.wild else None
        drawn = self.drawings(images, points)
        return EmotionBatches(drawn, targets, self.recipe, self.augment, self.options, beside)

    def drawings(self, images: np.ndarray, points: np.ndarray) -> np.ndarray:
        """The versions of the faces uint8 (N, S, S), each with another mask, uint8 (V, N, S, S)."""
        count, plain = self.masks.drawings, self.masks.drawings - self.masks.varied
        return np.stack(
            [wild_masks.drawings(images, points, self.recipe.seed + n, varied=n >= plain) for n in range(count)]
        )

    def beside(self) -> Beside:
        """The training rows of emotion_wild with masks."""
        faces = emotion_wild.load(self.folder, "train")
        located = wild_masks.locate_in_pictures(faces, self.landmarks)
        faces = faces.only(located.plausible)
        made = self.made(faces, self.drawings(faces.images, located.points[located.plausible]))
        if not self.masks.wild_teacher:
            return made
        told = self._teach(emotion_wild.squares(faces, self.options.wild_margin))
        return replace(made, targets=mixed(made.targets, told, self.masks.wild_teacher))

    def validation(self) -> tuple[np.ndarray, np.ndarray]:
        """PublicTest with the frozen masks."""
        rows = self.set.selection_rows()
        return masked_v1.render(self.set, rows), self.set.labels[rows]

    def wild_validation(self) -> tuple[np.ndarray, np.ndarray]:
        """Pictures uint8 (N, 48, 48), with masks of all kinds, and labels of emotion_wild's `val`."""
        faces = emotion_wild.load(self.folder, "val")
        margin = float(self.recipe.model.get("margin", 1.0))
        return wild_masks.with_masks(emotion_wild.squares(faces, margin), faces.index), faces.labels

    def samples(self, count: int, seed: int) -> np.ndarray:
        """As BareEmotion, with drawn masks."""
        images = super().samples(count, seed)[..., 0]
        return masked_crops(images, self.landmarks.on_crops(images), seed)[..., None]

    def _teach(self, images: np.ndarray) -> np.ndarray:
        engine = open_engine(manifest.load(), "emotion-bare", 1, "cpu")
        return np.stack([engine.infer(image[:, :, None])[0] for image in images])
