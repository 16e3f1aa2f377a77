"""The balanced prior: what is added to the logits, and how it is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from edge.errors import InvalidValue
from edge.labels import Emotion
from training import prior

TAUGHT = np.array([0.05, 0.05, 0.05, 0.5, 0.1, 0.05, 0.2])
AIMS = prior.AIMS["emotion-bare"]


def learned(rows: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Logits of a network that knows each emotion equally well and has learned the shares beside, and the labels."""
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(7), rows)
    return 2.5 * np.eye(7)[labels] + np.log(TAUGHT) + rng.normal(0, 0.8, (len(labels), 7)), labels


@pytest.mark.parametrize(
    ("tau", "neutral", "happy_below_angry", "shift"),
    [
        pytest.param(0.0, 0.0, 0.0, 0.0, id="nothing"),
        pytest.param(1.0, 0.0, np.log(10), 0.0, id="the whole prior"),
        pytest.param(0.5, 0.0, np.log(10) / 2, 0.0, id="half of it"),
        pytest.param(0.0, 0.4, 0.0, 0.4, id="neutral alone"),
    ],
)
def test_bias(tau, neutral, happy_below_angry, shift) -> None:
    moved = prior.bias(TAUGHT, tau, neutral)
    assert moved[Emotion.ANGRY] - moved[Emotion.HAPPY] == pytest.approx(happy_below_angry)
    assert moved.sum() == pytest.approx(shift)


def test_a_rare_emotion_alone_is_lifted() -> None:
    taught = np.array([0.15, 0.02, 0.08, 0.3, 0.15, 0.15, 0.15])
    moved = prior.bias(taught, 0.0, 0.0, 0.5)
    assert moved[Emotion.DISGUST] == pytest.approx(0.5 * np.log(1 / 7 / 0.02))
    assert np.flatnonzero(moved).tolist() == [Emotion.DISGUST]
    assert prior.bias(taught, 0.4, 0.2, 0.5) - moved == pytest.approx(prior.bias(taught, 0.4, 0.2)), "beside the others"
    assert not prior.bias(np.full(7, 1 / 7), 0.0, 0.0, 1.0).any()


def test_the_best_choice_lifts_what_was_taught_too_rarely() -> None:
    logits, labels = learned()
    rows = prior.table({"fer": logits, "wild": logits}, {"fer": labels, "wild": labels}, TAUGHT, AIMS)
    assert len(rows) == len(prior.TAUS) * len(prior.OFFSETS) * len(prior.RARES) * len(prior.RECALLS)
    assert [row.score for row in rows] == sorted((row.score for row in rows), reverse=True)
    before = next(row for row in rows if row.tau == row.neutral == row.rare == row.recall == 0)
    assert rows[0].tau > 0
    assert rows[0].figures["fer_macro"] > before.figures["fer_macro"] + 0.05
    assert "fer_macro" in rows[0].line()


def test_weights_of_nothing_move_nothing() -> None:
    assert prior.weighted(np.zeros(0, np.int64), 1.0).tolist() == [0] * 7
    assert prior.weighted(np.repeat(np.arange(7), 30), 1.0) == pytest.approx(np.zeros(7)), "all are as frequent"
    assert prior.weighted(np.repeat(np.arange(7), [20, 20, 20, 200, 20, 20, 20]), 0.0) == pytest.approx(np.zeros(7))


def test_a_weight_below_nothing_is_refused() -> None:
    with pytest.raises(InvalidValue, match=r"recall: expected a weight of at least 0, got -0\.1"):
        prior.weighted(np.arange(7), -0.1)


def test_an_emotion_with_few_rows_is_not_lifted() -> None:
    moved = prior.weighted(np.repeat(np.arange(7), [14, 40, 40, 400, 40, 40, 40]), 1.0)
    assert moved[0] < moved[3] < moved[1] == pytest.approx(moved[2])


@pytest.mark.parametrize("recall", [0.3, 0.5, 2.0])
def test_the_weights_are_the_best_there_are_for_accuracy_and_mean_recall_together(recall) -> None:
    """Probabilities that are right, of two emotions in 100 steps: the threshold that they move is the best of all."""
    steps = np.linspace(0.005, 0.995, 100)  # P(disgust) of faces that look like this; the others are happy
    seen = np.exp(-4 * steps)  # rarely high
    rows = np.round(2000 * np.array([seen * (1 - steps), seen * steps])).astype(int)
    labels = np.concatenate([np.repeat([Emotion.HAPPY] * 100, rows[0]), np.repeat([Emotion.DISGUST] * 100, rows[1])])
    logits = np.full((len(labels), 7), -30.0)
    chance = np.concatenate([np.repeat(steps, rows[0]), np.repeat(steps, rows[1])])
    logits[:, Emotion.DISGUST], logits[:, Emotion.HAPPY] = np.log(chance), np.log(1 - chance)

    def worth(moved: np.ndarray) -> float:
        values = prior.figures({"fer": logits}, {"fer": labels}, moved)
        return values["fer"] + recall * values["fer_macro"]

    def by(offset: float) -> np.ndarray:
        return offset * np.eye(7)[Emotion.DISGUST]

    best = max(worth(by(offset)) for offset in np.linspace(-5, 5, 501))
    assert worth(prior.weighted(labels, recall)) == pytest.approx(best, abs=2e-4)
    assert worth(np.zeros(7)) < best - 1e-3


def test_one_set_is_enough() -> None:
    logits, labels = learned()
    rows = prior.table({"fer": logits}, {"fer": labels}, TAUGHT, AIMS)
    assert set(rows[0].figures) == {"fer", "fer_macro"}


def test_an_emotion_with_few_rows_is_not_in_the_mean_recall() -> None:
    logits, labels = np.eye(7)[[3] * 20 + [6] * 20 + [3]], np.array([3] * 20 + [6] * 20 + [1])
    values = prior.figures({"wild": logits}, {"wild": labels}, np.zeros(7))
    assert values["wild_macro"] == 1.0
    assert values["wild"] == pytest.approx(40 / 41)
    few = prior.figures({"wild": logits[:1]}, {"wild": labels[:1]}, np.zeros(7))
    assert few == {"wild": 1.0, "wild_macro": 0.0, "wild_neutral": 0.0, "wild_happy": 1.0}


def test_what_is_above_an_aim_counts_a_fifth() -> None:
    assert prior.score({"a": 0.5}, {"a": 1.0, "b": 1.0}) == pytest.approx(0.5)
    assert prior.score({"a": 1.0}, {"a": 0.5}) == pytest.approx(1.2)
