"""The two emotion tasks: bare faces, and faces with a mask drawn on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from training.augment import Augmentation
from training.data import fer2013
from training.networks import emotion
from training.networks.layers import plain
from training.recipe import Recipe


class EmotionBatches(keras.utils.PyDataset):
    """Augmented FER2013 batches: float32 (B, 48, 48, 1) in 0-1 and targets float32 (B, 7).

    From the part `calm` of the epochs on, all changes are half as large: the last epochs see faces more as they are.

    Attributes:
        itself, itself_from: after each of these numbers of epochs the network's own answers are taken, and have the
            share `itself` in the targets from then on (Furlanello et al., Born-again neural networks, 2018).
        mix, mix_from: after so many epochs each picture is blended with another one of its batch, and so are their
            targets, by a share drawn from Beta(mix, mix) (Zhang et al., mixup, 2018); 0: never.
    """

    def __init__(
        self, images: np.ndarray, targets: np.ndarray, recipe: Recipe, augment: Augmentation, calm: float = 1.0
    ) -> None:
        super().__init__(workers=1)
        self.itself = 0.0
        self.itself_from: Sequence[int] = ()
        self.mix, self.mix_from = 0.0, 0
        self.images, self.given, self.calm = images, targets, round(calm * recipe.fit.epochs)
        self.targets, self._taught = targets, 0
        self.stormy, self.milder = augment, augment.milder(0.5)
        self.batch, self.seed, self.epoch = recipe.fit.batch, recipe.seed, 0
        self._shuffle()

    def __len__(self) -> int:
        return len(self.images) // self.batch

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self.order[index * self.batch : (index + 1) * self.batch]
        rng = np.random.default_rng((self.seed, self.epoch, index))
        changed = np.stack([self.picture(row, rng) for row in rows])
        shown, targets = changed[..., None].astype(np.float32) / 255, self.targets[rows]
        return blended(shown, targets, self.mix, rng) if self.mix and self.epoch >= self.mix_from else (shown, targets)

    def picture(self, row: int, rng: np.random.Generator) -> np.ndarray:
        """One augmented picture, uint8 (48, 48)."""
        return self.augment(self.images[row], rng)

    def look_back(self, model: keras.Model, epochs: int) -> None:
        """Take the network's own answers, once for each number of `itself_from` that has gone by."""
        passed = sum(epochs >= number for number in self.itself_from)
        if self.itself and passed > self._taught:
            self.targets = (1 - self.itself) * self.given + self.itself * answers(model, self.images)
            self._taught = passed

    @property
    def augment(self) -> Augmentation:
        """The changes of this epoch."""
        return self.milder if self.epoch >= self.calm else self.stormy

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


def blended(
    images: np.ndarray, targets: np.ndarray, mix: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Each picture (B, ...) and its targets (B, K) blended with those of another, by a share from Beta(mix, mix)."""
    other = rng.permutation(len(images))
    share = rng.beta(mix, mix, len(images)).astype(np.float32)
    share = np.maximum(share, 1 - share)  # the one that leads stays where it was
    across = share.reshape(-1, *[1] * (images.ndim - 1))
    down = share[:, None]
    return across * images + (1 - across) * images[other], down * targets + (1 - down) * targets[other]


class BareEmotion:
    """FER2013 as it is.

    `data`: votes, smoothing, calm, itself, itself_from, mix, mix_from (see EmotionBatches), and the sizes of the
    augmentation.
    """

    def __init__(self, recipe: Recipe, data: Path) -> None:
        self.recipe = recipe
        settings = dict(recipe.data)
        self.votes, self.smoothing = settings.pop("votes", 0.2), settings.pop("smoothing", 0.05)
        self.limit, self.calm = settings.pop("limit", 0), settings.pop("calm", 1.0)
        self.itself = settings.pop("itself", 0.0), tuple(np.atleast_1d(settings.pop("itself_from", ())))
        self.mix = settings.pop("mix", 0.0), settings.pop("mix_from", 0)
        self.augment = Augmentation(**settings)
        self.set = fer2013.load(data / "fer2013.npz")

    def build(self) -> keras.Model:
        """See training/networks/emotion.py."""
        return emotion.build(**self.recipe.network)

    def rows(self) -> np.ndarray:
        """The training rows."""
        rows = self.set.training_rows()
        return rows[: self.limit] if self.limit else rows

    def batches(self) -> keras.utils.PyDataset:
        """Augmented Training rows."""
        rows = self.rows()
        targets = fer2013.soft_labels(self.set, rows, self.votes, self.smoothing)
        return self.made(EmotionBatches(self.set.images[rows], targets, self.recipe, self.augment, self.calm))

    def made(self, batches: EmotionBatches) -> EmotionBatches:
        """The batches with the recipe's own answers and blending."""
        batches.itself, batches.itself_from = self.itself
        batches.mix, batches.mix_from = self.mix
        return batches

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
        return plain(keras.Model(model.inputs, layers.Softmax(name="probabilities")(model.outputs[0])))
