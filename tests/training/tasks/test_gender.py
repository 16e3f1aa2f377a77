"""Gender trainings on faces_gender alone, and with UTKFace beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.training.data.test_likeness import face
from tests.training.data.test_utkface import put
from training import recipe as recipes
from training.data import faces_gender
from training.data.fer2013 import DataError
from training.tasks import open_task
from training.tasks.gender import labels, with_validation


@pytest.fixture
def opened(write_recipe, made_data, tmp_path):
    """opened(**data): the task with these values in its [data] table; its data folder may have further sets."""
    data_folder = tmp_path / "data"
    data_folder.mkdir()
    (data_folder / "faces_gender").symlink_to(made_data / "faces_gender")

    def make(**data):
        recipe = recipes.load(write_recipe("gender"))
        return open_task(replace(recipe, data={**recipe.data, **data}), data_folder)

    make.folder = data_folder / "utkface"
    return make


def test_the_same_tenth_is_held_out_every_time(made_data) -> None:
    whole = faces_gender.load(made_data / "faces_gender")
    people = with_validation(whole)
    assert (people.splits == "test").tolist() == (whole.splits == "test").tolist()
    assert np.flatnonzero(people.splits == "val").tolist() == [6, 29, 37]
    assert "val" not in whole.splits, "what was given is left as it is"


def test_alone_it_learns_from_faces_gender(opened) -> None:
    made = opened()
    assert len(made.rows()) + len(made.rows(held_out=True)) == 30
    assert not set(made.rows()) & set(made.rows(held_out=True))


def test_with_more_it_learns_from_both_and_says_what_it_left_out(opened, capsys) -> None:
    for number in range(40):
        put(opened.folder, f"30_{number % 2}_4_{number}.jpg", face(number))
    put(opened.folder, "30_1_4_5 again.jpg", face(5)[:, ::-1])
    put(opened.folder, "notes.jpg", face(99))
    alone, made = opened(), opened(more="utkface")
    told = capsys.readouterr().out
    further = made.people.of(np.arange(40, len(made.people.images)))
    assert set(further.genders.tolist()) == {"female", "male"}
    assert 39 < len(further.images) <= 41
    assert f"utkface: {len(further.images)} faces; {41 - len(further.images)} left out" in told
    assert "1 skipped, its name does not say age, gender and group: notes.jpg" in told
    assert made.rows()[: len(alone.rows())].tolist() == alone.rows().tolist()
    both = [made.rows(), made.rows(held_out=True)]
    assert sum(len(rows) for rows in both) == 30 + len(further.images)
    pictures, targets = made.batches()[0]
    assert pictures.shape == (4, 48, 48, 3)
    assert targets.shape == (4, 2)
    assert set(labels(made.people).tolist()) == {0, 1}


def test_without_the_folder_the_line_names_the_recipe_that_does_without(opened) -> None:
    with pytest.raises(DataError, match=r"utkface: no picture; unpack UTKFace.*train the recipe gender"):
        opened(more="utkface")
