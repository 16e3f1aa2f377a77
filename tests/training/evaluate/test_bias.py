"""Are answers alike across groups? Bright faces are happy to the tiny model, dark ones sad."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training import made
from tests.training.evaluate.conftest import BRIGHT, DARK
from training.data import faces_gender
from training.data.fer2013 import DataError
from training.evaluate import bias


@pytest.fixture
def people(context, tmp_path):
    """people(...): a context whose faces_gender has these people."""

    def make(rows):
        made.faces_gender(tmp_path / "faces_gender", rows)
        context.data = tmp_path
        return context

    return make


def test_the_largest_difference_between_groups(people) -> None:
    rows = [(30, "female", "a", BRIGHT)] * 60 + [(30, "male", "b", BRIGHT)] * 15 + [(30, "male", "b", DARK)] * 45
    rows += [(50, "male", "rare", DARK)] * 3
    values = bias.figure(people(rows)).values
    assert values["total"] == 123
    assert values["group"]["happy"] == pytest.approx(0.75)
    assert values["gender"]["happy"] == pytest.approx(1 - 15 / 63)
    assert values["group"]["angry"] == 0
    assert values["age"] == {"angry": None, "happy": None, "neutral": None}  # one band alone has enough faces
    assert values["shares"]["group"]["b"]["sad"] == pytest.approx(0.75)
    assert values["shares"]["group"]["rare"]["total"] == 3


def test_children_are_compared_by_age_alone(people) -> None:
    rows = [(5, "female", "a", BRIGHT)] * 50 + [(25, "male", "b", DARK)] * 50
    values = bias.figure(people(rows)).values
    assert values["age"]["happy"] == 1
    assert values["gender"]["happy"] is None
    assert set(values["shares"]["age"]) == {"0-9", "20-39"}


@pytest.mark.parametrize(
    ("age", "band"), [(0, "0-9"), (9, "0-9"), (10, "10-19"), (59, "40-59"), (60, "60 and older"), (116, "60 and older")]
)
def test_bands(age, band) -> None:
    words = (np.array([word]) for word in ("male", "a", "test"))
    one = faces_gender.People(np.zeros((1, 64, 64, 3)), np.array([age]), *words)
    assert bias.parts(one, "age").tolist() == [band]


def test_without_the_set_there_is_no_figure(context) -> None:
    assert bias.figure(context).values == {"age": None, "gender": None, "group": None}
    assert "faces_gender" in context.reasons["bias.group"]


def test_a_broken_set_is_named(tmp_path) -> None:
    made.faces_gender(tmp_path / "set", [(30, "male", "a", 9)])
    (tmp_path / "set" / "images.npz").write_bytes(b"")
    with pytest.raises(DataError, match="cannot read faces_gender"):
        faces_gender.load(tmp_path / "set")
