"""The optional gender model: accuracy by age, group and gender. Bright faces are male to the fake model."""

from __future__ import annotations

import numpy as np
import pytest

from edge.testing import FakeEngine
from tests.edge.pipeline.test_optional import spec
from tests.training import made
from tests.training.evaluate.conftest import BRIGHT, DARK
from training.evaluate import gender
from training.evaluate.context import EvaluationContext


def bright_is_male(labels: tuple[str, ...]) -> FakeEngine:
    def infer(image: np.ndarray) -> tuple[np.ndarray]:
        male = float(image.mean() > 128)
        return (np.array([male if label == "male" else 1 - male for label in labels], np.float32),)

    return FakeEngine(spec("gender", labels), infer)


@pytest.fixture
def with_people(context, tmp_path):
    """with_people(people, labels): a context with a gender model and these people, all in the test part."""

    def make(people, labels=("female", "male")) -> EvaluationContext:
        train = (30, "male", "a", DARK)  # of four people the last is of the test part
        made.faces_gender(tmp_path / "faces_gender", [row for one in people for row in (train, train, train, one)])
        return EvaluationContext(context.models, tmp_path, given=[bright_is_male(labels)])

    return make


def test_without_a_model_there_is_no_figure(context) -> None:
    values = gender.figure(context).values
    assert values == {"int8": None, "float": None}
    assert "no model for 'gender'" in context.reasons["gender.int8"]


def test_without_the_set_there_is_no_figure(with_people, tmp_path) -> None:
    context = with_people([(30, "male", "a", BRIGHT)])
    context.data = tmp_path / "elsewhere"
    assert gender.figure(context).values == {"int8": None, "float": None}
    assert "faces_gender" in context.reasons["gender.int8"]


@pytest.mark.parametrize("labels", [("female", "male"), ("male", "female")])
def test_accuracy_by_age_band_group_and_gender(with_people, labels) -> None:
    people = [
        (3, "female", "a", BRIGHT),  # wrong
        (9, "male", "a", BRIGHT),
        (10, "female", "b", DARK),
        (35, "male", "b", BRIGHT),
        (61, "male", "b", DARK),  # wrong
        (90, "female", "b", DARK),
        (90, "female", "b", DARK),
    ]
    values = gender.figure(with_people(people, labels)).values
    assert values["int8"] == pytest.approx(5 / 7)
    assert values["total"] == 7
    low, high = values["interval"]
    assert 0 < low < 5 / 7 < high < 1
    shares = {name: (part["accuracy"], part["total"]) for name, part in values["age"].items()}
    expected = {"0-9": (1 / 2, 2), "10-19": (1, 1), "20-39": (1, 1), "60 and older": (2 / 3, 3)}
    assert shares == {name: pytest.approx(share) for name, share in expected.items()}
    assert values["group"]["b"]["accuracy"] == pytest.approx(4 / 5)
    assert values["gender"]["male"]["accuracy"] == pytest.approx(2 / 3)
