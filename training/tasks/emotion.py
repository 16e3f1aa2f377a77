"""The two emotion tasks: bare faces, and faces with a mask drawn on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from training.augment import Augmentation
from training.data import fer2013
from training.networks import emotion
from training.networks.layers import strip_custom_layers
from training.recipe import Recipe, parse


@dataclass(frozen=True)
class EmotionData:
    """The recipe's [data] table beside the sizes of the augmentation.

    Attributes:
        votes: share of the FER+ annotators' votes in the targets, 0-1.
        smoothing: label smoothing, 0-1.
        anneal_from: from this part of the epochs on, all changes are half as large, so that the last epochs see faces
            more as they are.
        self_distill, self_distill_from: after each of these numbers of epochs the network's own answers are taken, and
            have the share `self_distill` in the targets from then on (Furlanello et al., Born-again neural networks,
            2018).
        limit: use only so many rows; 0: all.
    """

    votes: float = 0.2
    smoothing: float = 0.05
    anneal_from: float = 1.0
    self_distill: float = 0.0
    self_distill_from: tuple[int, ...] = ()
    limit: int = 0


class EmotionBatches(keras.utils.PyDataset):
    """Augmented FER2013 batches: float32 (B, 48, 48, 1) in 0-1 and targets float32 (B, 7).

    Args:
        images: uint8 (N, 48, 48), or (V, N, 48, 48): each time one of V versions of a row.
        targets: float32 (N, 7).
        recipe: for seed, batch size and number of epochs.
        augment: the changes.
        data: annealing and self-distillation.
    """

    def __init__(
        self,
        images: np.ndarray,
        targets: np.ndarray,
        recipe: Recipe,
        augment: Augmentation,
        data: EmotionData | None = None,
    ) -> None:
        super().__init__(workers=1)
        data = data or EmotionData()
        self.versions = images if images.ndim == 4 else images[None]
        self.images, self.given = self.versions[0], targets
        self.anneal_from = round(data.anneal_from * recipe.fit.epochs)
        self.self_distill, self.self_distill_from = data.self_distill, data.self_distill_from
        self.targets, self._distilled = targets, 0
        self.full, self.half = augment, augment.scaled(0.5)
        self.batch, self.seed, self.epoch = recipe.fit.batch, recipe.seed, 0
        self._shuffle()

    def __len__(self) -> int:
        return len(self.images) // self.batch

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self.order[index * self.batch : (index + 1) * self.batch]
        rng = np.random.default_rng((self.seed, self.epoch, index))
        changed = np.stack([self.picture(row, rng) for row in rows])
        return changed[..., None].astype(np.float32) / 255, self.targets[rows]

    def picture(self, row: int, rng: np.random.Generator) -> np.ndarray:
        """One augmented picture, uint8 (48, 48)."""
        version = self.versions[rng.integers(len(self.versions)) if len(self.versions) > 1 else 0]
        return self.augment(version[row], rng)

    def update_from(self, model: keras.Model, epochs: int) -> None:
        """Take the network's own answers, once for each number of `self_distill_from` that has gone by."""
        passed = sum(epochs >= number for number in self.self_distill_from)
        if self.self_distill and passed > self._distilled:
            self.targets = (1 - self.self_distill) * self.given + self.self_distill * answers(model, self.images)
            self._distilled = passed

    @property
    def augment(self) -> Augmentation:
        """The changes of this epoch."""
        return self.half if self.epoch >= self.anneal_from else self.full

    def on_epoch_end(self) -> None:
        """Shuffle anew."""
        self.epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        self.order = np.random.default_rng((self.seed, self.epoch)).permutation(len(self.images))


def answers(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """P(emotion), float32 (N, 7), of uint8 (N, 48, 48): the mean of those for a picture and for its mirror image."""
    both = [
        model.predict(shown[..., None].astype(np.float32) / 255, batch_size=256, verbose=0)
        for shown in (images, images[:, :, ::-1])
    ]
    return np.mean([keras.ops.convert_to_numpy(keras.ops.softmax(logits)) for logits in both], axis=0)


class BareEmotion:
    """FER2013 as it is; see EmotionData for the recipe's [data] table."""

    def __init__(self, recipe: Recipe, data: Path) -> None:
        self.recipe = recipe
        self.options, self.augment = self._parse()
        self.set = fer2013.load(data / "fer2013.npz")

    def _parse(self) -> tuple[EmotionData, Augmentation]:
        options, augment = parse(self.recipe, EmotionData, Augmentation)
        return options, augment

    def build(self) -> keras.Model:
        """See training/networks/emotion.py."""
        return emotion.build(**self.recipe.network)

    def rows(self) -> np.ndarray:
        """The training rows."""
        rows = self.set.training_rows()
        return rows[: self.options.limit] if self.options.limit else rows

    def batches(self) -> keras.utils.PyDataset:
        """Augmented Training rows."""
        rows = self.rows()
        return EmotionBatches(self.set.images[rows], self.targets(rows), self.recipe, self.augment, self.options)

    def targets(self, rows: np.ndarray) -> np.ndarray:
        """Soft labels float32 (N, 7)."""
        return fer2013.soft_labels(self.set, rows, self.options.votes, self.options.smoothing)

    def loss(self) -> Any:
        """Cross-entropy against soft labels."""
        return keras.losses.CategoricalCrossentropy(from_logits=True)

    def validation(self) -> tuple[np.ndarray, np.ndarray]:
        """Pictures uint8 (N, 48, 48) and labels of PublicTest."""
        rows = self.set.selection_rows()
        return self.set.images[rows], self.set.labels[rows]

    def measure(self, model: keras.Model) -> dict[str, float]:
        """Accuracy on PublicTest."""
        images, labels = self.validation()
        logits = model.predict(images[..., None].astype(np.float32) / 255, batch_size=256, verbose=0)
        return {"score": float((logits.argmax(axis=1) == labels).mean())}

    def samples(self, count: int, seed: int) -> np.ndarray:
        """Real crops uint8 (count, 48, 48, 1) for calibration, of Training rows."""
        rows = np.random.default_rng(seed).permutation(self.rows())[:count]
        return self.set.images[rows][..., None]

    def export(self, model: keras.Model) -> keras.Model:
        """Softmax at the end."""
        return strip_custom_layers(keras.Model(model.inputs, layers.Softmax(name="probabilities")(model.outputs[0])))
