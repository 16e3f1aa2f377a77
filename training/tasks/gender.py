"""What gender a face is taken for, on `faces_gender`, whose terms bar shipping what is trained on it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import keras
import numpy as np
from keras import layers

from edge.frame import Box
from edge.labels import GENDERS
from edge.text import printable
from edge.vision.crop import crop
from training import recipe_values, weights
from training.augment import Augmentation
from training.data import faces_gender, utkface
from training.data.faces_gender import People
from training.networks import emotion
from training.networks.layers import strip_custom_layers
from training.recipe import Recipe, parse
from training.tasks.emotion import begin, start_file

SIZE = 48
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # what grey is made of


@dataclass(frozen=True)
class GenderData:
    """The recipe's [data] table beside the sizes of the augmentation.

    Attributes:
        start: the emotion model whose convolutions it begins with; empty: random weights.
        smoothing: label smoothing, 0-1.
        anneal_from: from this part of the epochs on, all changes are half as large.
        grey: chance that a picture loses its colour.
        limit: use only so many faces; 0: all.
        more: the folder of DATA with UTKFace, to learn from all of it except the test faces; empty: faces_gender alone.
    """

    start: str = ""
    smoothing: float = 0.05
    anneal_from: float = 1.0
    grey: float = 0.2
    limit: int = 0
    more: str = ""


class GenderClassifier:
    """Two classes; see GenderData and Augmentation for the recipe's [data] table."""

    def __init__(self, recipe: Recipe, data: Path) -> None:
        self.recipe = recipe
        self.options, self.augment = parse(recipe, GenderData, Augmentation)
        self.size = recipe_values.network_size(recipe.name, recipe.network, SIZE)
        self.people = faces_gender.without_doubles(with_validation(faces_gender.load(data / "faces_gender")))
        if self.options.more:
            self.people = self._joined(data / self.options.more)

    def _joined(self, folder: Path) -> People:
        print(f"  {printable(folder.name)}: reading and comparing, about a minute", flush=True)
        found = utkface.load(folder)
        further = utkface.apart(found.people, self.people)
        count, doubles = len(further.images), len(found.people.images) - len(further.images)
        told = f"{count} faces; {doubles} left out: in faces_gender, or like a held-out face"
        print(f"  {printable(folder.name)}: {told}")
        for reason, count in Counter(reason for _, reason in found.skipped).most_common():
            first = next(name for name, why in found.skipped if why == reason)
            print(f"  {count} skipped, {reason}: {first}" + (" and others" if count > 1 else ""), flush=True)
        return self.people.joined(further)

    def build(self) -> keras.Model:
        """The emotion network with three channels and two classes, with the convolutions of `start`."""
        with recipe_values.network(self.recipe.name):
            network = emotion.build(channels=3, classes=len(GENDERS), **self.recipe.network)
        if self.options.start:
            first, *others = weights.load(start_file(self.options.start)).get_weights()
            coloured = first * LUMINANCE[:, None]
            # All but the classifier: its kernel and its bias come last.
            begin(network, [coloured, *others[:-2], *network.get_weights()[-2:]], self.recipe)
        return network

    def rows(self, held_out: bool = False) -> np.ndarray:
        """Training rows, or the tenth of them that choices are made on."""
        own = np.flatnonzero(self.people.splits == ("val" if held_out else "train"))
        return own[: self.options.limit] if self.options.limit else own

    def batches(self) -> keras.utils.PyDataset:
        """Augmented training rows."""
        return GenderBatches(self.people, self.rows(), self.recipe, self.augment, self.options, self.size)

    def loss(self) -> Any:
        """Cross-entropy against smoothed labels."""
        return keras.losses.CategoricalCrossentropy(from_logits=True)

    def measure(self, model: keras.Model) -> dict[str, float]:
        """Accuracy on the tenth that is held out."""
        rows = self.rows(held_out=True)
        images = squares(self.people.images[rows], self.size)
        logits = model.predict(images.astype(np.float32) / 255, batch_size=256, verbose=0)
        return {"score": float((logits.argmax(axis=1) == labels(self.people)[rows]).mean())}

    def samples(self, count: int, seed: int) -> np.ndarray:
        """Real crops uint8 (count, size, size, 3) for calibration."""
        rows = np.random.default_rng(seed).permutation(self.rows())[:count]
        return squares(self.people.images[rows], self.size)

    def export(self, model: keras.Model) -> keras.Model:
        """Softmax at the end."""
        return strip_custom_layers(keras.Model(model.inputs, layers.Softmax(name="probabilities")(model.outputs[0])))


class GenderBatches(keras.utils.PyDataset):
    """Augmented batches: float32 (B, size, size, 3) in 0-1, targets float32 (B, 2); an epoch shows each face once."""

    def __init__(
        self, people: People, rows: np.ndarray, recipe: Recipe, augment: Augmentation, data: GenderData, size: int
    ) -> None:
        super().__init__(workers=1)
        self.images, self.rows, self.data, self.size = people.images, rows, data, size
        classes = len(GENDERS)
        self.targets = np.eye(classes, dtype=np.float32) * (1 - data.smoothing) + data.smoothing / classes
        self.labels = labels(people)
        self.full, self.half = augment, augment.scaled(0.5)
        self.anneal_from = round(data.anneal_from * recipe.fit.epochs)
        self.fit, self.seed, self.epoch = recipe.fit, recipe.seed, 0

    def __len__(self) -> int:
        return self.fit.steps or max(1, len(self.rows) // self.fit.batch)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        order = np.random.default_rng((self.seed, self.epoch)).permutation(self.rows)
        rows = np.resize(order, len(self) * self.fit.batch)[index * self.fit.batch :][: self.fit.batch]
        rng = np.random.default_rng((self.seed, self.epoch, index))
        pictures = np.stack([self._picture(row, rng) for row in rows])
        return pictures.astype(np.float32) / 255, self.targets[self.labels[rows]]

    def _picture(self, row: int, rng: np.random.Generator) -> np.ndarray:
        augment = self.half if self.epoch >= self.anneal_from else self.full
        image = augment(self.images[row], rng, size=self.size)
        if rng.random() < self.data.grey:
            return np.repeat((image @ LUMINANCE).astype(np.uint8)[..., None], 3, axis=2)
        cast = 1 + rng.uniform(-0.1, 0.1, 3).astype(np.float32)
        return np.clip(image * cast, 0, 255).astype(np.uint8)

    def on_epoch_end(self) -> None:
        """Shuffle anew."""
        self.epoch += 1


def with_validation(people: People) -> People:
    """A tenth of the training faces become the split "val", always the same ones."""
    splits = people.splits.copy()
    for row in np.flatnonzero(splits == "train"):
        if crc32(b"%d" % row) % 10 == 0:
            splits[row] = "val"
    return replace(people, splits=splits)


def squares(images: np.ndarray, size: int = SIZE) -> np.ndarray:
    """Pictures uint8 (N, S, S, 3) in the network's size, as the device cuts them."""
    return np.stack([crop(image, Box(0, 0, *image.shape[1::-1]), size, size) for image in images])


def labels(people: People) -> np.ndarray:
    """The place in GENDERS of each face's annotation, int64 (N,)."""
    return np.array([GENDERS.index(gender) for gender in people.genders.tolist()], np.int64)
