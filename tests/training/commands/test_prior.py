"""edge-emotion-train prior: a table, and a network with another bias."""

from __future__ import annotations

import numpy as np
import pytest

from training import recipe as recipes
from training.__main__ import main
from training.tasks import open_task

keras = pytest.importorskip("keras")


@pytest.fixture
def run(write_recipe, made_data, tmp_path):
    """A run folder with an untrained network, and its recipe."""
    path = write_recipe("emotion-bare")
    task = open_task(recipes.load(path), made_data)
    folder = tmp_path / "run"
    folder.mkdir()
    task.export(task.build()).save(folder / "model.keras")
    return folder, path


def bias(path) -> np.ndarray:
    return keras.models.load_model(path).get_layer("logits").get_weights()[1]


def test_the_bias_changes_and_a_second_call_begins_from_the_network_as_trained(run, made_data, capsys) -> None:
    folder, recipe = run
    words = ["prior", str(folder), "--recipe", str(recipe), "--data", str(made_data)]
    for tau, neutral in (("0.5", "0.4"), ("0", "0.2")):
        assert main([*words, "--tau", tau, "--neutral", neutral]) == 0
    moved = bias(folder / "model.keras") - bias(folder / "plain.keras")
    assert moved == pytest.approx([0, 0, 0, 0, 0, 0, 0.2], abs=1e-6)
    told = capsys.readouterr().out
    assert "before  tau 0.0" in told
    assert "after   tau 0.5  neutral +0.4" in told
    assert (folder / "weights.npz").stat().st_size > 0
    assert (folder / "prior.md").read_text().count("score") > 50


def test_calibrated_probabilities_change_and_answers_do_not(run, made_data, capsys) -> None:
    folder, recipe = run
    words = ["prior", str(folder), "--recipe", str(recipe), "--data", str(made_data)]
    assert main([*words, "--tau", "0", "--neutral", "0.4", "--rare", "0", "--recall", "0", "--calibrate"]) == 0
    before, after = (keras.models.load_model(folder / name) for name in ("plain.keras", "model.keras"))
    (kernel, offset), (divided, moved) = (model.get_layer("logits").get_weights() for model in (before, after))
    offset[6] += 0.4
    sure = float(np.linalg.norm(kernel) / np.linalg.norm(divided))
    assert sure != pytest.approx(1, abs=0.02), "an untrained network is not calibrated by chance"
    assert divided == pytest.approx(kernel / sure, abs=1e-5)
    assert moved == pytest.approx(offset / sure, abs=1e-5)
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.startswith(f"temperature {sure:.2f}: calibration error on fer ")
    assert told in (folder / "prior.md").read_text()


@pytest.mark.parametrize(
    ("task", "emptied", "message"),
    [("emotion-bare", True, "no trained network"), ("landmarks", False, "expected a recipe of emotion-bare")],
)
def test_what_cannot_be_balanced(task, emptied, message, run, write_recipe, made_data, capsys) -> None:
    folder, _ = run
    if emptied:
        (folder / "model.keras").unlink()
    assert main(["prior", str(folder), "--recipe", str(write_recipe(task)), "--data", str(made_data)]) == 2
    assert message in capsys.readouterr().err
