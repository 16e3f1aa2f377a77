"""The card's chain, whole: a recipe, a short training, the conversion, and a device that uses what came out."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import manifest
from edge.__main__ import main as device
from edge.pipeline.factory import open_models
from tests.training import made
from tests.training.conftest import FIT, TASKS
from tests.training.evaluate.conftest import TINY, painted

pytest.importorskip("keras")

from convert.__main__ import main as convert
from training.__main__ import main as training

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A working folder: generated data, tiny models in models/, settings that point there, and pictures to watch."""
    monkeypatch.chdir(tmp_path)
    made.everything(tmp_path / "data")
    shutil.copytree(TINY, tmp_path / "models", ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    (tmp_path / "config.toml").write_text('[models]\ndir = "models"\n')
    (tmp_path / "pictures").mkdir()
    for number, masked in enumerate((False, True)):
        cv2.imwrite(f"pictures/{number}.png", painted((48, 32, masked))[:, :, ::-1])
    return tmp_path


def train_and_convert(task: str, capsys) -> None:
    """One epoch of a tiny recipe, then the very command that the training prints."""
    recipe = f'name = "mine-{task}"\ntask = "{task}"\nseed = 3\nabout = "generated"\n[fit]\n'
    steps = "steps = 2\n" if task == "mask" else ""
    Path(f"{task}.toml").write_text(recipe + FIT.format(epochs=1) + steps + TASKS[task])
    assert training(["train", f"{task}.toml", "--data", "data", "--calibration", "24"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("next: "))
    words = shlex.split(line.removeprefix("next: "))
    assert words[0] == "edge-emotion-convert"
    # An untrained network's answers are near a tie: what int8 loses on 21 pictures says nothing, and its rounding may
    # be larger than all differences between the answers.
    assert convert([*words[1:], "--max-loss", "100", "--tolerance", "1e9"]) == 0
    assert manifest.load(Path("models"))[task].name == f"mine-{task}"
    capsys.readouterr()


def watch(name: str) -> list[dict]:
    """What `doctor` accepts and `run` journals, as events."""
    settings = ["--config", "config.toml", "--source", "pictures"]
    assert device(["doctor", *settings]) == 0
    assert device(["run", *settings, "--journal", name]) == 0
    return [json.loads(line) for line in Path(name).read_text(encoding="utf-8").splitlines()]


def test_from_a_recipe_to_the_journal(place, capsys) -> None:
    if "landmarks" not in manifest.load().specs:
        pytest.skip("no landmark model is shipped, and masks cannot be drawn without one")
    train_and_convert("emotion-bare", capsys)
    train_and_convert("mask", capsys)
    events = watch("first.jsonl")
    listed = manifest.load(place / "models")
    assert events[0]["event"] == "start"
    assert events[0]["models"] == {task: spec.sha256[:12] for task, spec in listed.specs.items() if task != "landmarks"}
    appeared = next(event for event in events if event["event"] == "appeared")
    with_ours = open_models("models")
    picture = painted((48, 32, False))
    (track,) = with_ours.detect(picture)
    box = track.face.box
    assert appeared["mask"] == pytest.approx(with_ours.mask.classify(picture, box).worn, abs=1e-3)
    expected = with_ours.emotions[appeared["worn"]].probabilities(picture, box)
    assert sorted(appeared["probabilities"].values()) == pytest.approx(np.sort(expected), abs=1e-3)
    with_ours.close()

    # An untrained detector sees whatever it sees; it is checked, loaded and run all the same.
    train_and_convert("face", capsys)
    events = watch("second.jsonl")
    assert events[0]["models"]["face"] == manifest.load(place / "models")["face"].sha256[:12]
    assert events[-1]["event"] == "stop"

    # And what was tampered with is not.
    with open("models/mask/model.tflite", "ab") as file:
        file.write(b"more")
    assert device(["doctor", "--config", "config.toml", "--source", "pictures"]) == 1
    assert device(["run", "--config", "config.toml", "--source", "pictures", "--journal", "third.jsonl"]) == 4
    assert "does not match" in capsys.readouterr().err
