"""Runs that cannot simply go on: torn, lacking or foreign files, too few epochs, too little data."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edge.errors import InvalidValue
from training import history
from training import recipe as recipes
from training.__main__ import main
from training.tasks import open_task

keras = pytest.importorskip("keras")

from training import fit  # noqa: E402


@pytest.fixture
def run(write_recipe, made_data, tmp_path):
    """run(epochs, stages, resume): train into the same folder."""

    def train(epochs: int, stages: str = "[[8, 1]]", resume: bool = True):
        path = write_recipe("emotion-bare", epochs)
        path.write_text(path.read_text().replace("[[8, 1]]", stages))
        recipe = recipes.load(path)
        return fit.train(recipe, open_task(recipe, made_data), tmp_path / "run", resume=resume)

    return train


@pytest.fixture
def changed(write_recipe, made_data, tmp_path):
    """changed(epochs, text, by): train into the same folder, with that text of the recipe replaced.

    Returns the network and the steps of an epoch.
    """

    def train(epochs: int, text: str = "", by: str = ""):
        path = write_recipe("emotion-bare", epochs)
        assert text in path.read_text()
        path.write_text(path.read_text().replace(text, by) if text else path.read_text())
        recipe = recipes.load(path)
        task = open_task(recipe, made_data)
        return fit.train(recipe, task, tmp_path / "run", resume=True), len(task.batches())

    return train


def epochs_in(folder) -> list[float]:
    return [json.loads(line)["epoch"] for line in (folder / history.FILE).read_text().splitlines()]


def ours(caplog) -> list[str]:
    """What was said of the recipe; TensorFlow has its own to say."""
    return [record.getMessage() for record in caplog.records if record.name == "training.checkpoint"]


TORN = '{"epoch": 2, "lo'


@pytest.mark.parametrize("text", ["", "\n", TORN, "[1]\n", "3\n", '{"epoch": 2}\n'])
def test_lines_that_a_power_cut_has_torn_count_for_nothing(tmp_path, text) -> None:
    good = '{"epoch": 1, "loss": 3.0, "seconds": 1.0}'
    (tmp_path / history.FILE).write_text(f"{good}\n{text}")
    assert history.read(tmp_path) == [json.loads(good)]
    assert history.go_on(tmp_path, 1) == []
    assert (tmp_path / history.FILE).read_text() == f"{good}\n"
    assert history.go_on(tmp_path, 2) == [2]


def test_a_run_whose_history_is_torn_goes_on(run, tmp_path, caplog) -> None:
    run(2)
    path = tmp_path / "run" / history.FILE
    path.write_text(path.read_text().splitlines()[0] + "\n" + TORN)
    run(3)
    assert epochs_in(tmp_path / "run") == [1, 3]
    assert "history.jsonl: epoch 2 is not in it, nor will it be in the report" in caplog.text


def test_a_report_says_how_many_epochs_are_not_known(tmp_path) -> None:
    from training import report

    lines = [{"epoch": n, "loss": 1.0, "score": 0.5, "seconds": 1.0} for n in (1, 3)]
    (tmp_path / history.FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    report.write(recipes.load(recipes.find("mask"), {"epochs": 3}), model, tmp_path, "drawn faces")
    assert "| epochs | 3 of 3, 1 of them not known |" in (tmp_path / "report.md").read_text()


def test_a_run_without_its_history_is_refused(run, tmp_path) -> None:
    run(1)
    (tmp_path / "run" / history.FILE).unlink()
    with pytest.raises(InvalidValue, match=r"history.jsonl: not there; copy the run's folder whole"):
        run(2)


@pytest.mark.parametrize("text", ["", '{"epoch": 1, "lo'])
def test_a_run_whose_only_line_is_torn_is_refused(run, tmp_path, text) -> None:
    run(1)
    (tmp_path / "run" / history.FILE).write_text(text)
    with pytest.raises(
        InvalidValue, match=r"history.jsonl: holds no line that can be read; copy the run's folder whole"
    ):
        run(2)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("generated", "drawn"), "fit.epochs was 1, now 2"),
        (("rate = 0.01", "rate = 0.002"), "fit.epochs was 1, now 2; fit.learning_rate was 0.01, now 0.002"),
        (("[network]", "[data]\nnoise = 0.2\n[network]"), "data.noise was not set, now 0.2; fit.epochs was 1, now 2"),
    ],
)
def test_what_has_changed_in_the_recipe_is_said_when_a_run_goes_on(changed, caplog, tmp_path, words, told) -> None:
    changed(1)
    changed(2, *words)
    said = f"{tmp_path / 'run'}: {told}; what the recipe says now holds from epoch 2 on"
    assert ours(caplog) == [said]
    changed(2, *words)
    assert ours(caplog) == [said], "it is what the run was told last"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (('"adamw"', '"sgd"'), "fit.optimizer was 'adamw', and a run cannot go on with 'sgd'"),
        (("ema = 0.9", "ema = 0.0"), "fit.ema was 0.9, and a run cannot go on with 0.0"),
    ],
)
def test_a_state_of_another_optimizer_is_refused_by_its_name(changed, words, told) -> None:
    changed(1)
    with pytest.raises(InvalidValue, match=f"{told}; change it back, choose another --out, or train without --resume"):
        changed(2, *words)


def test_after_a_change_of_the_batch_the_learning_rate_goes_on_from_the_epoch(changed) -> None:
    changed(1)
    model, steps = changed(2, "batch = 4", "batch = 2")
    assert int(model.optimizer.iterations) == 2 * steps


def test_a_run_of_before_recipes_were_saved_goes_on(changed, tmp_path, caplog) -> None:
    changed(1)
    (tmp_path / "run" / history.STATE / history.STATE_METADATA).write_text('{"epoch": 1, "batch": 0}')
    changed(2, "rate = 0.01", "rate = 0.002")
    assert ours(caplog) == []


def test_fewer_epochs_than_a_run_has_are_refused(run) -> None:
    run(2)
    with pytest.raises(InvalidValue, match=r"this run has 2 epochs already; give --epochs 2 or more"):
        run(1)
    run(2)


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize("stages", ["[[12, 1]]", "[[8, 1], [8, 1]]"])
def test_the_state_of_another_network_is_refused(run, stages) -> None:
    run(1)
    with pytest.raises(InvalidValue, match=r"epoch-1.weights.h5: of another network; resume with the recipe") as caught:
        run(2, stages)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kept", [0.0, 0.9])
def test_a_state_that_was_cut_off_is_refused(run, tmp_path, kept) -> None:
    run(1)
    path = tmp_path / "run" / history.STATE / "epoch-1.weights.h5"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(InvalidValue, match=r"epoch-1.weights.h5: damaged .*; copy the run's folder again, or train wi"):
        run(2)


def test_what_batches_keep_may_be_cut_off_too(tmp_path) -> None:
    from training import checkpoint

    (tmp_path / history.STATE).mkdir()
    (tmp_path / history.STATE / history.STATE_METADATA).write_text('{"epoch": 1}')
    path = history.state_file(tmp_path, 1, history.STATE_BATCHES)
    np.savez(path, targets=np.zeros(100))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InvalidValue, match=r"epoch-1.batches.npz: damaged"):
        checkpoint.restore_batches(tmp_path, None)


def test_a_batch_of_more_pictures_than_there_are_is_one_line(write_recipe, made_data, tmp_path, capsys) -> None:
    words = ["train", str(write_recipe("emotion-bare")), "--data", str(made_data), "--out", str(tmp_path / "run")]
    assert main([*words, "--batch", "64"]) == 1
    assert capsys.readouterr().err == (
        "edge-emotion-train: --batch: 64 is more than the number of training pictures; give a smaller one\n"
    )


@pytest.mark.parametrize(("usage", "name"), [(0, "Training"), (1, "PublicTest")])
def test_a_set_without_rows_to_train_on_or_to_choose_by_is_one_line(
    write_recipe, tmp_path, capsys, usage, name
) -> None:
    from tests.training import made
    from training.data import fer2013_pack

    data = made.fer()
    data.usage[data.usage == usage] = 2
    fer2013_pack.save(data, tmp_path / "fer2013.npz")
    assert main(["train", str(write_recipe("emotion-bare")), "--data", str(tmp_path)]) == 1
    assert f"fer2013.npz: no row of {name} is left; give the whole set" in capsys.readouterr().err
