"""Labelled pictures show what a model was trained on: every plausible range, channel order and label order is tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convert import preprocess
from edge.vision.preprocessing import Preprocessing

PICTURES = 200
FEWEST = 40  # labelled pictures from which a trial means something
CLEAR = 0.1  # share of the pictures by which another way must be better
SURE = 9.0  # (b - c)^2 / (b + c) of the pictures that only one of the two gets right (McNemar, 1947): three sigmas


@dataclass(frozen=True)
class Trial:
    """One way to feed a model and to read its answers.

    Attributes:
        preprocessing: of the input.
        order: the model's output k is called what output order[k] was called; the identity for the labels as given.
        right: bool (N,), which pictures it gets right.
    """

    preprocessing: Preprocessing
    order: tuple[int, ...]
    right: np.ndarray

    @property
    def accuracy(self) -> float:
        """The share of pictures that it gets right."""
        return float(self.right.mean())

    def clearly_beats(self, other: Trial) -> bool:
        """Whether it is better by more than chance explains, and by enough to matter."""
        gained, lost = int((self.right & ~other.right).sum()), int((other.right & ~self.right).sum())
        net = gained - lost
        return net >= CLEAR * len(self.right) and net**2 >= SURE * (gained + lost)


def candidates(channels: int, given: Preprocessing) -> Iterator[Preprocessing]:
    """The ways to feed a model that are tried: the one given first, then each preset in both channel orders."""
    yield given
    for preset in preprocess.PRESETS.values():
        if channels == 1 and (preset.mean or preset.reverse):
            continue
        for order in ("rgb", "bgr") if channels == 3 else ("rgb",):
            # The mean of a preset belongs to its channels, so it turns around with them.
            turned = order != preset.order
            made = replace(
                preset,
                order=order,
                mean=preset.mean[::-1] if turned else preset.mean,
                std=preset.std[::-1] if turned else preset.std,
            )
            if made != given:
                yield made


def best(
    answers: Callable[[Preprocessing], np.ndarray], truth: np.ndarray, channels: int, given: Preprocessing
) -> tuple[Trial, Trial]:
    """What was given, and the best way that was found; the same where none is clearly better.

    Args:
        answers: from a way to feed the model to its scores (N, K) for the labelled pictures.
        truth: int (N,), which of the K outputs each picture should get.
        channels: of the model.
        given: what was asked for.
    """
    asked: list[Trial] = []
    renamed: list[Trial] = []
    for preprocessing in candidates(channels, given):
        scores = answers(preprocessing)
        said, plain = chosen(scores), tuple(range(scores.shape[1]))
        asked.append(Trial(preprocessing, plain, said == truth))
        if asked[0].accuracy > 1 - CLEAR:
            break  # nothing can be clearly better
        order = best_order(said, truth, len(plain))
        renamed.append(Trial(preprocessing, order, (said >= 0) & (np.array(order)[said] == truth)))
    winner = _best_of(asked[0], asked)
    # Other labels are a bolder claim than another range: they must clearly beat the best range, too.
    return asked[0], _best_of(winner, renamed)


def _best_of(held: Trial, others: Sequence[Trial]) -> Trial:
    better = [trial for trial in others if trial.clearly_beats(held)]
    return max(better, key=lambda trial: trial.accuracy, default=held)


def chosen(scores: np.ndarray) -> np.ndarray:
    """Which of the K outputs is the greatest, int (N,), from scores (N, K); -1 where a score is not a number."""
    return np.where(np.isfinite(scores).all(axis=1), scores.argmax(axis=1), -1)


def best_order(said: np.ndarray, truth: np.ndarray, classes: int) -> tuple[int, ...]:
    """Which class each output most probably stands for: the assignment with the most right answers; -1 is none.

    Solved by the Hungarian method (Kuhn, 1955) on the confusion matrix.
    """
    from scipy.optimize import linear_sum_assignment

    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (said[said >= 0], truth[said >= 0]), 1)
    rows, columns = linear_sum_assignment(counts + np.eye(classes) * 1e-6, maximize=True)  # ties keep the order
    return tuple(int(column) for _, column in sorted(zip(rows, columns, strict=True)))


def flags(found: Trial, asked: Trial, names: Sequence[str]) -> str:
    """The flags that ask for what was found in place of what was asked; `names` are the outputs' as given."""
    words = []
    if found.preprocessing != asked.preprocessing:
        words.append(preprocess.flags(found.preprocessing))
    if found.order != asked.order:
        words.append("--labels " + ",".join(names[k] for k in found.order))
    return " ".join(words)
