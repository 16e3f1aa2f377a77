"""Batches of faces with an emotion: FER2013's squares and, beside them, faces of press photographs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from edge.errors import InvalidValue
from edge.frame import Box
from training.augment import Augmentation
from training.recipe import Recipe

Teacher = Callable[[np.ndarray], np.ndarray]


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
        start: the model to begin from, a shipped one's name or the weights.npz of a run; empty: random weights.
        keep_norm: batch normalization stays as it is in `start`, statistics and scales: what it knows is lost less.
        teacher: share of a teacher's answers in the targets of FER2013's rows, 0-1. Of bare faces the network that it
            begins from is the teacher, so that it keeps what it knows; of masked ones the bare model, which sees the
            face without its mask.
        consistent: the teacher of bare faces sees each picture as the network does, changed, instead of the row (Beyer
            et al., A good teacher is patient and consistent, 2022): of rows that it learned by heart it tells less.
        even: power of an emotion's rarity by which its rows of FER2013 are drawn more often; 0: each row once.
        wild: share of faces of emotion_wild in a batch, 0-1.
        wild_margin: side of the square that is shown of them / longer side of the face's box.
        wild_chances: how often a row of emotion_wild is drawn, by emotion; one number: all alike.
        blend: shares of the trained weights, 0-1, to try at the end; the rest are those of `start`. Between the two
            there often is a network that is better on both sets than either (Wortsman et al., WiSE-FT, 2022).
        floor: accuracy on PublicTest below which a network is not chosen for what it gains on emotion_wild; each point
            below it costs two.
    """

    votes: float = 0.2
    smoothing: float = 0.05
    anneal_from: float = 1.0
    self_distill: float = 0.0
    self_distill_from: tuple[int, ...] = ()
    limit: int = 0
    start: str = ""
    keep_norm: bool = False
    teacher: float = 0.0
    consistent: bool = False
    even: float = 0.0
    wild: float = 0.0
    wild_margin: float = 1.08
    wild_chances: tuple[float, ...] = (1.0,)
    blend: tuple[float, ...] = ()
    floor: float = 0.0

    def __post_init__(self) -> None:
        shares = {name: getattr(self, name) for name in ("self_distill", "teacher", "wild")}
        for name, share in {**shares, "votes and smoothing": self.votes + self.smoothing}.items():
            if not 0 <= share <= 1:
                raise InvalidValue(f"data: {name}: expected a share of the targets or rows, 0 to 1, got {share:g}")


@dataclass(frozen=True, eq=False)
class Beside:
    """Rows of another set that stand beside FER2013's in every batch.

    Attributes:
        images: uint8 (V, N, S, S), V versions of each row.
        squares: the part of each that is shown.
        targets: float32 (N, 7).
        chances: float (N,), of a row to be drawn; only their ratios count.
    """

    images: np.ndarray
    squares: list[Box]
    targets: np.ndarray
    chances: np.ndarray

    def picture(self, row: int, augment: Augmentation, rng: np.random.Generator, size: int) -> np.ndarray:
        """One augmented picture, uint8 (size, size)."""
        version = self.images[rng.integers(len(self.images))]
        return augment(version[row], rng, self.squares[row], size)


class EmotionBatches(keras.utils.PyDataset):
    """Augmented batches: float32 (B, 48, 48, 1) in 0-1 and targets float32 (B, 7).

    Without `steps` in the recipe an epoch shows each row of FER2013 once, or as many if they are drawn by rarity.

    Args:
        images: uint8 (N, 48, 48), or (V, N, 48, 48): each time one of V versions of a row.
        targets: float32 (N, 7).
        recipe: for seed, batch size and number of epochs.
        augment: the changes.
        data: annealing, self-distillation, and how rows are drawn.
        beside: rows of another set, of which a batch has the share `data.wild`.
        teacher: what says P(emotion), float32 (n, 7), of pictures uint8 (n, 48, 48) as they are shown; its answers have
            the share `data.teacher` in the targets.
    """

    def __init__(
        self,
        images: np.ndarray,
        targets: np.ndarray,
        recipe: Recipe,
        augment: Augmentation,
        data: EmotionData | None = None,
        beside: Beside | None = None,
        teacher: Teacher | None = None,
    ) -> None:
        super().__init__(workers=1)
        data = data or EmotionData()
        self.versions = images if images.ndim == 4 else images[None]
        self.images, self.given = self.versions[0], targets
        self.anneal_from = round(data.anneal_from * recipe.fit.epochs)
        self.self_distill, self.self_distill_from = data.self_distill, data.self_distill_from
        self.targets, self._distilled = targets, 0
        self._answers = np.zeros((0, targets.shape[1]), np.float32)
        self.full, self.half = augment, augment.scaled(0.5)
        self.batch, self.seed, self.epoch = recipe.fit.batch, recipe.seed, 0
        self.beside, self.others = beside, round(data.wild * recipe.fit.batch) if beside else 0
        self.teacher, self.share = teacher, data.teacher
        self.chances = rarity(targets, data.even)
        self.steps = recipe.fit.steps or len(self.images) // (self.batch - self.others)
        self._shuffle()

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        own = self.batch - self.others
        rows = self.order[index * own : (index + 1) * own]
        rng = np.random.default_rng((self.seed, self.epoch, index))
        changed, targets = [self.picture(row, rng) for row in rows], self.targets[rows]
        if self.teacher is not None:
            targets = mixed(targets, self.teacher(np.stack(changed)), self.share)
        if self.beside is not None:
            more = self.order_beside[index * self.others : (index + 1) * self.others]
            size = self.images.shape[1]
            changed += [self.beside.picture(row, self.augment, rng, size) for row in more]
            targets = np.concatenate([targets, self.beside.targets[more]])
        return np.stack(changed)[..., None].astype(np.float32) / 255, targets

    def picture(self, row: int, rng: np.random.Generator) -> np.ndarray:
        """One augmented picture, uint8 (48, 48)."""
        version = self.versions[rng.integers(len(self.versions)) if len(self.versions) > 1 else 0]
        return self.augment(version[row], rng)

    def update_from(self, model: keras.Model, epochs: int) -> None:
        """Take the network's own answers, once for each number of `self_distill_from` that has gone by."""
        passed = sum(epochs >= number for number in self.self_distill_from)
        if self.self_distill and passed > self._distilled:
            self._distill(answers(model, self.images), passed)

    def _distill(self, told: np.ndarray, passed: int) -> None:
        self.targets = (1 - self.self_distill) * self.given + self.self_distill * told
        self._answers, self._distilled = told, passed

    def state(self) -> dict[str, np.ndarray]:
        """The network's own answers, and how many numbers of `self_distill_from` had gone by; empty without them."""
        return {"answers": self._answers, "passed": np.array(self._distilled)} if self.self_distill else {}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go on with a state.

        Raises:
            InvalidValue: it has answers for another number of rows.
        """
        told, passed = state["answers"], int(state["passed"])
        if passed and len(told) != len(self.given):
            raise InvalidValue(
                f"--resume: expected the data that the run began with, {len(told)} rows, got {len(self.given)}"
            )
        if passed:
            self._distill(told, passed)

    @property
    def augment(self) -> Augmentation:
        """The changes of this epoch."""
        return self.half if self.epoch >= self.anneal_from else self.full

    def on_epoch_end(self) -> None:
        """Shuffle anew."""
        self.epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        rng = np.random.default_rng((self.seed, self.epoch))
        needed = self.steps * (self.batch - self.others)
        if self.chances is None:
            rounds = -(-needed // len(self.images))
            self.order = np.concatenate([rng.permutation(len(self.images)) for _ in range(max(rounds, 1))])
        else:
            self.order = rng.choice(len(self.images), needed, p=self.chances)
        if self.beside is not None:
            chances = self.beside.chances / self.beside.chances.sum()
            self.order_beside = rng.choice(len(chances), self.steps * self.others, p=chances)


def mixed(targets: np.ndarray, others: np.ndarray, share: float) -> np.ndarray:
    """Targets float32 (N, 7) of which the others have a share."""
    return ((1 - share) * targets + share * others).astype(np.float32)


def rarity(targets: np.ndarray, power: float) -> np.ndarray | None:
    """The chance of each row to be drawn, (N,): a power of how rare its emotion is; None where all are alike."""
    if not power:
        return None
    labels = targets.argmax(axis=1)
    chances = np.bincount(labels, minlength=targets.shape[1])[labels].astype(np.float64) ** -power
    return np.asarray(chances / chances.sum())


def answers(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """P(emotion), float32 (N, 7), of uint8 (N, 48, 48): the mean of those for a picture and for its mirror image."""
    both = [
        model.predict(shown[..., None].astype(np.float32) / 255, batch_size=256, verbose=0)
        for shown in (images, images[:, :, ::-1])
    ]
    return np.mean([keras.ops.convert_to_numpy(keras.ops.softmax(logits)) for logits in both], axis=0)
