"""The gender model's pictures: annotated faces, and press photographs whose people's first names tell a gender."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from edge.errors import InvalidValue, SettingsError
from edge.frame import Box
from edge.labels import GENDERS
from edge.vision.crop import crop
from training.augment import Augmentation
from training.data import emotion_wild
from training.data.faces_gender import People
from training.data.fer2013 import DataError
from training.data.first_names import agreed
from training.recipe import Recipe

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # what grey is made of
SIDE = 64  # px, as faces_gender's pictures
MARGIN, SHIFT = 0.9, 0.07  # of a face's square against its box: as faces_gender's pictures are cut
UNNAMED = 0.15  # how often a face is drawn whose name tells nothing, against one whose name does


@dataclass(frozen=True)
class GenderData:
    """The recipe's [data] table beside the sizes of the augmentation.

    Attributes:
        start: the emotion model whose convolutions it begins with; empty: random weights.
        smoothing: label smoothing, 0-1.
        anneal_from: from this part of the epochs on, all changes are half as large.
        grey: chance that a picture loses its colour.
        limit: use only so many faces; 0: all.
        blend: shape of the beta distribution of the shares in which two pictures, and their targets, are blended
            (Zhang et al., mixup, 2018); 0: none.
        named: the share of a batch that are faces of `emotion_wild`; 0: none.
        named_from: after each of these numbers of epochs the network is asked about them, and first names correct it;
            they are in the batches from the first one on.
    """

    start: str = ""
    smoothing: float = 0.05
    anneal_from: float = 1.0
    grey: float = 0.2
    limit: int = 0
    blend: float = 0.0
    named: float = 0.0
    named_from: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.named < 1:
            raise SettingsError(f"[data] named: expected 0 or more, and less than 1, got {self.named}")
        if self.named and not self.named_from:
            raise SettingsError("[data] named_from: expected numbers of epochs, as `named` is more than 0")


@dataclass(frozen=True, eq=False)
class Named:
    """Faces without an annotated gender, of people whose names are known.

    Attributes:
        images: uint8 (M, 64, 64), grey, cut as faces_gender's pictures are.
        persons: of each face, as `First_Last`.
    """

    images: np.ndarray
    persons: np.ndarray

    @classmethod
    def load(cls, folder: Path) -> Named:
        """The training part of `emotion_wild`.

        Raises:
            DataError: it is not there, or malformed.
        """
        try:
            faces = emotion_wild.load(folder, "train")
        except DataError as error:
            raise DataError(f"{error}; without this set, train with `named = 0` in a copy of the recipe") from None
        cut = [
            crop(image[:, :, None], faces.box(row).square(MARGIN, SHIFT), SIDE, SIDE, 1)[:, :, 0]
            for row, image in enumerate(faces.images)
        ]
        return cls(np.array(cut, np.uint8).reshape(-1, SIDE, SIDE), np.array(faces.persons, dtype=str))

    def coloured(self, rows: np.ndarray | slice) -> np.ndarray:
        """Pictures uint8 (n, 64, 64, 3)."""
        return np.repeat(self.images[rows][..., None], 3, axis=-1)


class GenderBatches(keras.utils.PyDataset):
    """Augmented batches: float32 (B, S, S, 3) in 0-1 and targets float32 (B, 2).

    An epoch shows each annotated face once, or more often until the named faces join.

    Args:
        people: all annotated faces.
        rows: those to train with.
        recipe: for seed, batch size, number of epochs and the network's size.
        augment: the changes.
        data: see GenderData.
        named: the faces of which a batch has the share `data.named` once the network has been asked about them.
    """

    def __init__(
        self,
        people: People,
        rows: np.ndarray,
        recipe: Recipe,
        augment: Augmentation,
        data: GenderData,
        named: Named | None = None,
    ) -> None:
        super().__init__(workers=1)
        self.images, self.rows, self.data, self.size = people.images, rows, data, input_size(recipe)
        self.targets = smoothed(np.eye(len(GENDERS), dtype=np.float32)[labels(people)], data.smoothing)
        self.named = named
        self.others = min(round(data.named * recipe.fit.batch), recipe.fit.batch - 1) if named else 0
        self._answers, self._asked = np.zeros((0, len(GENDERS)), np.float32), 0
        self.told, self.chances = self._answers, np.zeros(0)
        self.full, self.half = augment, augment.scaled(0.5)
        self.anneal_from = round(data.anneal_from * recipe.fit.epochs)
        self.fit, self.seed, self.epoch = recipe.fit, recipe.seed, 0

    def __len__(self) -> int:
        return self.fit.steps or max(1, len(self.rows) // (self.fit.batch - self.others))

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        others = self.others if self._asked else 0
        own, rng = self.fit.batch - others, np.random.default_rng((self.seed, self.epoch, index))
        order = np.random.default_rng((self.seed, self.epoch)).permutation(self.rows)
        rows = np.resize(order, len(self) * own)[index * own :][:own]
        pictures, targets = [self._picture(self.images[row], rng) for row in rows], self.targets[rows]
        if others and self.named is not None:
            more = rng.choice(len(self.chances), others, p=self.chances)
            pictures += [self._picture(image, rng) for image in self.named.coloured(more)]
            targets = np.concatenate([targets, self.told[more]])
        return blended(np.stack(pictures).astype(np.float32) / 255, targets, self.data.blend, rng)

    def _picture(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        augment = self.half if self.epoch >= self.anneal_from else self.full
        image = augment(image, rng, size=self.size)
        if rng.random() < self.data.grey:
            return np.repeat((image @ LUMINANCE).astype(np.uint8)[..., None], 3, axis=2)
        cast = 1 + rng.uniform(-0.1, 0.1, 3).astype(np.float32)
        return np.clip(image * cast, 0, 255).astype(np.uint8)

    def on_epoch_end(self) -> None:
        """Shuffle anew."""
        self.epoch += 1

    def update_from(self, model: keras.Model, epochs: int) -> None:
        """Ask the network about the named faces, once for each entry of `named_from` that has been reached."""
        passed = sum(epochs >= number for number in self.data.named_from)
        if self.named is not None and self.others and passed > self._asked:
            parts = range(0, len(self.named.images), 512)
            told = [answers(model, squares(self.named.coloured(slice(n, n + 512)), self.size)) for n in parts]
            self._take(np.concatenate(told), passed)

    def _take(self, given: np.ndarray, passed: int) -> None:
        assert self.named is not None
        told, decided = agreed(self.named.persons, given.astype(np.float64))
        self.told = smoothed(told.astype(np.float32), self.data.smoothing)
        chances = np.where(decided, 1.0, UNNAMED)
        self.chances = chances / chances.sum()
        self._answers, self._asked = given, passed

    def state(self) -> dict[str, np.ndarray]:
        """The network's answers, and how many entries of `named_from` had been reached; empty without named faces."""
        return {"answers": self._answers, "passed": np.array(self._asked)} if self.others else {}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go on with a state.

        Raises:
            InvalidValue: it has answers for another number of faces.
        """
        given, passed = state["answers"], int(state["passed"])
        count = len(self.named.images) if self.named else 0
        if passed and len(given) != count:
            raise InvalidValue(
                f"--resume: expected the data that the run began with, {len(given)} named faces, got {count}"
            )
        if passed:
            self._take(given, passed)


def input_size(recipe: Recipe) -> int:
    """Pixels of the square that the recipe's network sees."""
    return int(recipe.network.get("size", 48))


def smoothed(targets: np.ndarray, smoothing: float) -> np.ndarray:
    """Targets float32 (N, 2) with label smoothing, 0-1."""
    return np.asarray(targets * (1 - smoothing) + smoothing / targets.shape[1], np.float32)


def blended(
    pictures: np.ndarray, targets: np.ndarray, shape: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Each picture float32 (B, S, S, 3) and its target with a part of another one's, at most a half."""
    if not shape:
        return pictures, targets
    own = rng.beta(shape, shape, len(pictures)).astype(np.float32)
    own, other = np.maximum(own, 1 - own), rng.permutation(len(pictures))
    share = own[:, None, None, None]
    return pictures * share + pictures[other] * (1 - share), targets * own[:, None] + targets[other] * (
        1 - own[:, None]
    )


def squares(images: np.ndarray, size: int) -> np.ndarray:
    """Pictures uint8 (N, S, S, 3) in the network's size, as the device cuts them."""
    cut = [crop(image, Box(0, 0, *image.shape[1::-1]), size, size) for image in images]
    return np.array(cut, np.uint8).reshape(-1, size, size, 3)


def labels(people: People) -> np.ndarray:
    """The place in GENDERS of each face's annotation, int64 (N,)."""
    return np.array([GENDERS.index(gender) for gender in people.genders.tolist()], np.int64)


def answers(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """P(gender), float32 (N, 2), of uint8 (N, S, S, 3): the mean of those for a picture and for its mirror image."""
    both = [
        model.predict(shown.astype(np.float32) / 255, batch_size=256, verbose=0)
        for shown in (images, images[:, :, ::-1])
    ]
    return np.mean([keras.ops.convert_to_numpy(keras.ops.softmax(logits)) for logits in both], axis=0)
