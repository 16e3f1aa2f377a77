"""Labelled pictures against what was asked for: the best way to feed a model, and to read it, is found and proposed."""

from __future__ import annotations

import numpy as np
import pytest

from convert import preprocess, trial
from convert.errors import ConversionError
from convert.preprocess import PRESETS
from convert.trial import Trial
from edge.vision.preprocessing import Preprocessing

GIVEN = Preprocessing()


def trial_of(right: list[int]) -> Trial:
    return Trial(GIVEN, (0, 1), np.array(right, bool))


@pytest.mark.parametrize(
    ("better", "worse", "clear"),
    [
        ([1] * 100, [1] * 100, False),
        ([1] * 100, [1] * 91 + [0] * 9, False),  # nine points: not enough to matter
        ([1] * 100, [1] * 89 + [0] * 11, True),
        ([1] * 55 + [0] * 45, [0] * 45 + [1] * 55, False),  # ten points, which 90 disagreements make by chance
        ([1] * 8, [0] * 8, False),  # too few
    ],
)
def test_what_is_clearly_better(better, worse, clear):
    assert trial_of(better).clearly_beats(trial_of(worse)) is clear


def test_candidates_are_all_different_and_the_given_one_is_the_first():
    for channels, count in ((1, 3), (3, 10)):
        found = list(trial.candidates(channels, PRESETS["tf"]))
        assert found[0] == PRESETS["tf"]
        assert len(set(found)) == len(found) == count


@pytest.mark.parametrize("name", list(PRESETS))
def test_the_flags_of_a_way_ask_for_it(name):
    assert preprocess.flags(PRESETS[name]) == f"--preprocess {name}"
    assert preprocess.chosen(name, {}) == PRESETS[name]


def test_flags_of_others():
    assert preprocess.flags(Preprocessing(order="bgr")) == "--preprocess unit --order bgr"
    other = Preprocessing(-2.0, 2.0, "bgr", (0.5, 0.25, 0.125), (2.0, 2.0, 2.0))
    assert preprocess.flags(other) == "--low -2 --high 2 --order bgr --mean 0.5,0.25,0.125 --std 2,2,2"


@pytest.mark.parametrize(
    ("changes", "says"), [({"low": 2.0}, "--high: expected more than low"), ({"std": (0.0,)}, "--std: expected")]
)
def test_flags_that_make_no_sense(changes, says):
    with pytest.raises(ConversionError, match=says):
        preprocess.chosen(None, changes)


def model(wants: Preprocessing, order: tuple[int, ...] = (0, 1, 2), seed: int = 2):
    """Answers and truth of a model that is right where it is fed as it wants, and guesses otherwise."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, 200)

    def answers(preprocessing: Preprocessing) -> np.ndarray:
        said = truth if preprocessing == wants else rng.integers(0, 3, len(truth))
        return np.eye(3)[np.array(order)[said]]

    return answers, truth


@pytest.mark.parametrize("name", list(PRESETS))
def test_the_right_preset_is_found(name):
    answers, truth = model(PRESETS[name])
    asked, found = trial.best(answers, truth, 3, GIVEN)
    assert found.preprocessing == PRESETS[name]
    assert found.order == (0, 1, 2)
    assert (found is asked) == (name == "unit")


def test_the_right_order_of_labels_is_found():
    answers, truth = model(GIVEN, (2, 0, 1))
    asked, found = trial.best(answers, truth, 1, GIVEN)
    assert asked.accuracy == 0
    assert found.accuracy == 1
    assert trial.flags(found, asked, ("a", "b", "c")) == "--labels b,c,a"


def test_both_are_found_at_once():
    answers, truth = model(PRESETS["caffe"], (1, 0, 2))
    asked, found = trial.best(answers, truth, 3, GIVEN)
    assert trial.flags(found, asked, ("a", "b", "c")) == "--preprocess caffe --labels b,a,c"


def test_a_model_that_only_guesses_gets_no_proposal():
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 3, 200)
    asked, found = trial.best(lambda _: rng.random((200, 3)), truth, 3, GIVEN)
    assert found is asked


def test_a_good_model_is_not_tried_any_further():
    tried = []
    truth = np.arange(100) % 2

    def answers(preprocessing: Preprocessing) -> np.ndarray:
        tried.append(preprocessing)
        return np.eye(2)[truth]

    asked, found = trial.best(answers, truth, 3, GIVEN)
    assert found is asked
    assert tried == [GIVEN]


@pytest.mark.parametrize(
    ("said", "truth", "order"), [([], [], (0, 1)), ([0, 1], [0, 1], (0, 1)), ([1, 1, 0], [0, 0, 1], (1, 0))]
)
def test_the_best_order(said, truth, order):
    assert trial.best_order(np.array(said, int), np.array(truth, int), 2) == order
