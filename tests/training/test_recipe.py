"""Recipes: the shipped ones, and what is wrong with a broken one."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from edge.errors import SettingsError
from edge.tasks import TASKS
from training import recipe as recipes
from training.tasks import open_task

GOOD = 'name = "a"\ntask = "mask"\nseed = 1\nabout = "b"\n'


def test_every_shipped_recipe_is_read_and_has_a_task() -> None:
    shipped = [recipes.load(path) for path in sorted(recipes.FOLDER.glob("*.toml"))]
    assert {recipe.task for recipe in shipped} == set(TASKS)
    assert all(recipe.about for recipe in shipped)


def test_a_recipe_is_found_by_its_name_or_its_file(tmp_path) -> None:
    assert recipes.find("emotion-bare") == recipes.FOLDER / "emotion-bare.toml"
    mine = tmp_path / "mine.toml"
    mine.write_text(GOOD)
    assert recipes.find(str(mine)) == mine
    with pytest.raises(SettingsError, match=r"nobody: no such recipe.*emotion-bare.*mask"):
        recipes.find("nobody")


def test_a_recipe_of_an_editor_on_windows_is_read_or_says_how_to_save_it(tmp_path) -> None:
    path, text = tmp_path / "a.toml", GOOD.replace("\n", "\r\n")
    path.write_bytes(text.encode("utf-8-sig"))
    assert recipes.load(path).name == "a"
    path.write_bytes(text.encode("utf-16"))
    with pytest.raises(SettingsError, match=r"cannot read the recipe \(text in UTF-16; save it as UTF-8\)"):
        recipes.load(path)


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
        (GOOD + "[model]\nmargins = 1\n", "unknown key 'model.margins'"),
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


@dataclass(frozen=True)
class Labels:
    smoothing: float = 0.05
    votes: float = 0.2


@dataclass(frozen=True)
class Rows:
    limit: int = 0
    start: str = ""
    at: tuple[int, ...] = ()


def with_data(**data) -> recipes.Recipe:
    return recipes.Recipe("mine", "mask", 1, "mine", recipes.Schedule(), data=data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, (Labels(), Rows())),
        ({"smoothing": 0.1, "limit": 3}, (Labels(smoothing=0.1), Rows(limit=3))),
        ({"smoothing": 1, "at": [2, 4]}, (Labels(smoothing=1.0), Rows(at=(2, 4)))),
        ({"at": 7}, (Labels(), Rows(at=(7,)))),
    ],
)
def test_the_data_table_becomes_checked_values(data, expected) -> None:
    assert recipes.parse(with_data(**data), Labels, Rows) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"smothing": 0.1}, "unknown key 'data.smothing'; expected one of at, limit, smoothing, start, votes"),
        ({"smoothing": "much"}, "data.smoothing: expected a number, got 'much'"),
        ({"limit": 1.5}, "data.limit: expected a whole number, got 1.5"),
        ({"limit": True}, "data.limit: expected a whole number, got True"),
        ({"at": ["one"]}, r"data.at: expected numbers, got \['one'\]"),
        ({"start": 3}, "data.start: expected a text, got 3"),
        ({"smoothing": -0.5}, "data.smoothing: expected 0 or more, got -0.5"),
        ({"votes": float("nan")}, "data.votes: expected 0 or more, got nan"),
    ],
)
def test_a_wrong_key_of_the_data_table_is_named(data, expected) -> None:
    with pytest.raises(SettingsError, match=f"mine.*{expected}"):
        recipes.parse(with_data(**data), Labels, Rows)


def test_old_keys_are_read_with_a_warning(tmp_path, caplog) -> None:
    path = tmp_path / "old.toml"
    path.write_text(GOOD + "[fit]\nrate = 0.5\naverage = 0.9\n[data]\ncalm = 0.25\n")
    recipe = recipes.load(path)
    assert (recipe.fit.learning_rate, recipe.fit.ema, recipe.data) == (0.5, 0.9, {"anneal_from": 0.25})
    assert "old.toml: 'fit.rate' is now called 'fit.learning_rate'; please rename it" in caplog.text


def test_a_misspelt_key_of_every_task_is_one_line(tmp_path, made_data, write_recipe) -> None:
    for task in TASKS:
        path = write_recipe(task)
        table = "[data]\n" if "[data]" in path.read_text() else "[network]\n"
        path.write_text(path.read_text().replace(table, f"[data]\nsmothing = 1\n{table.replace('[data]', '')}"))
        with pytest.raises(SettingsError, match=r"unknown key 'data\.smothing'"):
            open_task(recipes.load(path), made_data)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("seed = 1", 'seed = "one"', "seed: expected a whole number, got 'one'"),
        ("seed = 1", "seed = -1", "seed: expected 0 or more, got -1"),
        ("seed = 1", "seed = 99999999999", "seed: expected less than 4294967296"),
        ('"a"', "3", "name: expected a text, got 3"),
        ('"a"', '"../../a"', "name: expected the name of a folder, without slashes"),
        ('"a"', '""', "name: expected the name of a folder"),
        ('"mask"', '["mask"]', "task: expected a text"),
        ('"b"', "[]", "about: expected a text"),
        ("[fit]", '[fit]\nepochs = "ten"', "fit.epochs: expected a whole number, got 'ten'"),
        ("[fit]", "[fit]\nepochs = 0", "fit.epochs: expected more than 0, got 0"),
        ("[fit]", "[fit]\nbatch = 64.0", "fit.batch: expected a whole number, got 64.0"),
        ("[fit]", "[fit]\nlearning_rate = nan", "fit.learning_rate: expected 0 or more, got nan"),
        ("[fit]", "[fit]\nlearning_rate = 0", "fit.learning_rate: expected more than 0"),
        ("[fit]", "[fit]\nwarmup = -3", "fit.warmup: expected 0 or more, got -3"),
        ("[fit]", "[fit]\nema = 2", "fit.ema: expected less than 1, such as 0.999, got 2"),
        ("[fit]", '[fit]\nrestarts = "all"', "fit.restarts: expected numbers"),
        ("[fit]", "[fit]\nrestarts = [2.5]", "fit.restarts: expected whole numbers of epochs from 1, got 2.5"),
        ("[fit]", '[fit]\noptimizer = ["adam"]', "fit.optimizer: expected a text"),
        ("[fit]", '[model]\nthreshold = "high"', "model.threshold: expected a number, got 'high'"),
        ("[fit]", "[model]\nfailures = 3", "model.failures: expected a text, got 3"),
    ],
)
def test_a_wrong_value_of_a_recipe_is_named(tmp_path, old, new, expected) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(f"{GOOD}[fit]\n".replace(old, new))
    with pytest.raises(SettingsError, match=f"wrong.toml: {expected}"):
        recipes.load(path)


def test_a_whole_number_may_stand_for_a_real_one(tmp_path) -> None:
    path = tmp_path / "whole.toml"
    path.write_text(GOOD + "[fit]\nlearning_rate = 1\nrestarts = 3\n[model]\nmargin = 1\n")
    assert recipes.load(path).fit == recipes.Schedule(learning_rate=1.0, restarts=(3,))


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ({"kind": 3}, "network.kind: expected one of residual, mlp, cnn4, got 3"),
        ({"dropout": 3.0}, r"\[network\]: .*dropout|rate"),
        ({"stages": [[8]]}, r"\[network\]: not enough values"),
        ({"size": 64}, r"\[network\]: expected an input of \(48, 48, 1\) and 7 outputs, got \(64, 64, 1\) and \(7,\)"),
    ],
)
def test_a_network_that_cannot_be_built_is_one_line(network, expected) -> None:
    from training.tasks.emotion import network_of

    with pytest.raises(SettingsError, match=f"recipe mine: {expected}"):
        network_of(recipes.Recipe("mine", "emotion-bare", 1, "mine", recipes.Schedule(), network=network))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"smoothing": 7.0}, r"votes and smoothing: expected a share .*, got 7\.2"),
        ({"votes": 0.9, "smoothing": 0.2}, r"votes and smoothing: .* got 1\.1"),
        ({"wild": 1.5}, "wild: expected a share of the targets or rows, 0 to 1, got 1.5"),
    ],
)
def test_shares_of_more_than_everything_are_refused(data, expected) -> None:
    from training.tasks.emotion_batches import EmotionData

    with pytest.raises(SettingsError, match=f"recipe mine: data: {expected}"):
        recipes.parse(with_data(**data), EmotionData)
