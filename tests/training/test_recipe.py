"""Recipes: the shipped ones, and what is wrong with a broken one."""

from __future__ import annotations

import pytest

from edge.errors import SettingsError
from edge.manifest import TASKS
from training import recipe as recipes
from training.tasks import CLASSES

GOOD = 'name = "a"\ntask = "mask"\nseed = 1\nabout = "b"\n'


def test_every_shipped_recipe_is_read_and_has_a_task() -> None:
    shipped = [recipes.load(path) for path in sorted(recipes.FOLDER.glob("*.toml"))]
    assert {recipe.task for recipe in shipped} == set(TASKS)
    assert set(CLASSES) == set(TASKS)
    assert all(recipe.about for recipe in shipped)


def test_a_recipe_is_found_by_its_name_or_its_file(tmp_path) -> None:
    assert recipes.find("emotion-bare") == recipes.FOLDER / "emotion-bare.toml"
    mine = tmp_path / "mine.toml"
    mine.write_text(GOOD)
    assert recipes.find(str(mine)) == mine
    with pytest.raises(SettingsError, match=r"nobody: no such recipe.*emotion-bare.*mask"):
        recipes.find("nobody")


def test_flags_replace_values_of_fit(tmp_path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(GOOD + "[fit]\nepochs = 7\nbatch = 9\n")
    assert recipes.load(path, {"epochs": 2}).fit.epochs == 2
    assert recipes.load(path, {"epochs": 2}).fit.batch == 9


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected a key 'name'"),
        (GOOD.replace("seed = 1\n", ""), "expected a key 'seed'"),
        (GOOD + "colour = 1\n", "unknown key 'colour'"),
        (GOOD + "[fit]\nspeed = 1\n", "unknown key 'fit.speed'"),
        (GOOD.replace("mask", "hat"), "task: expected one of"),
        ("name = \n", "cannot read the recipe"),
    ],
)
def test_a_broken_recipe_names_the_key_and_the_file(tmp_path, text, expected) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=expected) as caught:
        recipes.load(path)
    assert "broken.toml" in str(caught.value)
