"""Gender trainings on faces_gender alone, and with UTKFace beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.training import made
from tests.training.data.test_likeness import face
from tests.training.data.test_utkface import people, put
from training import recipe as recipes
from training.data import faces_gender
from training.data.fer2013 import DataError
from training.data.likeness import SAME, likeness
from training.tasks import open_task
from training.tasks.gender import labels, with_validation


@pytest.fixture
def opened(write_recipe, tmp_path):
    """opened(**data): the task with these values in its [data] table; its data folder may have further sets."""
    data_folder = tmp_path / "data"
    made.faces_gender(data_folder / "faces_gender", [(20, ("female", "male")[n % 2], "a", 0) for n in range(40)])
    made.joined(data_folder / "faces_gender", [face(1000 + n) for n in range(40)])

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
    task = opened()
    assert len(task.rows()) + len(task.rows(held_out=True)) == 30
    assert not set(task.rows()) & set(task.rows(held_out=True))


def test_with_more_it_learns_from_both_and_says_what_it_left_out(opened, capsys) -> None:
    whole = faces_gender.load(opened.folder.parent / "faces_gender")
    tested, held_out = np.flatnonzero(whole.splits == "test")[0], 6
    for number in range(40):
        put(opened.folder, f"30_{number % 2}_4_{number}.jpg", face(number))
    put(opened.folder, "31_1_4_1 as tested.jpg", whole.images[tested])
    put(opened.folder, "31_1_4_2 as held out.jpg", whole.images[held_out][:, ::-1])
    put(opened.folder, "notes.jpg", face(99))
    alone, task = opened(), opened(more="utkface")
    told = capsys.readouterr().out
    count = len(alone.people.images)
    further = task.people.of(np.arange(count, len(task.people.images)))
    assert set(further.genders.tolist()) == {"female", "male"}
    assert set(further.ages.tolist()) == {30}, "the two others are tested or held out"
    assert "utkface: 40 faces; 2 left out" in told
    assert "1 skipped, its name does not say age, gender and group: notes.jpg" in told
    assert task.rows()[: len(alone.rows())].tolist() == alone.rows().tolist()
    assert len(task.rows()) + len(task.rows(held_out=True)) == len(alone.rows()) + len(alone.rows(held_out=True)) + 40
    learned = task.people.images[task.rows()]
    for other in (task.people.images[task.rows(held_out=True)], task.people.images[task.people.splits == "test"]):
        assert likeness(learned, other).max() < SAME
    pictures, targets = task.batches()[0]
    assert pictures.shape == (4, 48, 48, 3)
    assert targets.shape == (4, 2)
    assert set(labels(task.people).tolist()) == {0, 1}


@pytest.mark.parametrize("split", ["test", "val"])
def test_a_training_face_that_is_a_picture_of_another_split_is_left_out(split) -> None:
    pictures = [face(1), face(2), face(1)[:, ::-1], face(3), face(3)]
    left = faces_gender.without_doubles(people(pictures, ["train", "train", split, "train", "train"]))
    assert left.ages.tolist() == [1, 2, 3, 4]


def test_without_the_folder_the_line_names_the_recipe_that_does_without(opened) -> None:
    with pytest.raises(DataError, match=r"utkface: no picture; unpack UTKFace.*train the recipe gender"):
        opened(more="utkface")
