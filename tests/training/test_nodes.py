"""Trainings in several processes: the same curve as in one, and what remains of one that was killed."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from training import history, launch
from training.launch import Worker
from training.nodes import NodeError


@pytest.fixture
def recipe(write_recipe) -> Path:
    path = write_recipe("emotion-bare", epochs=3)
    path.write_text(path.read_text().replace("batch = 4", "batch = 8"))
    return path


@pytest.fixture
def on_jax(monkeypatch):
    """An environment in which the processes of a training choose their backend themselves."""
    pytest.importorskip("jax", reason="needs the extra jax")
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_BACKEND", "jax")


def workers(count: int, *words: str | Path, die: dict[int, int] | None = None) -> list[Worker]:
    address = launch.free_address()
    program = [sys.executable, "-m", "tests.training.node_worker", *map(str, words), "--nodes", str(count)]
    return [
        Worker(n, [*program, "--node", str(n), "--coordinator", address, "--die", str((die or {}).get(n, 0))])
        for n in range(count)
    ]


def curve(folder: Path) -> list[float]:
    return [line["loss"] for line in history.read(folder)]


@pytest.mark.slow
def test_one_process_and_two_give_the_same_curve_and_continue_each_other(
    on_jax, recipe, made_data, tmp_path, root, monkeypatch
) -> None:
    monkeypatch.chdir(root)
    one, two = tmp_path / "one", tmp_path / "two"
    with pytest.raises(NodeError, match=r"node 0 of 1 was killed by SIGKILL; the run is saved up to epoch 2"):
        launch.run(workers(1, recipe, made_data, one, die={0: 3}), 1, one)
    with pytest.raises(NodeError, match=r"node 1 of 2 was killed by SIGKILL; the run is saved up to epoch 2"):
        launch.run(workers(2, recipe, made_data, two, die={1: 3}), 2, two)
    assert history.saved_epochs(one) == history.saved_epochs(two) == 2
    launch.run(workers(2, recipe, made_data, one, "--resume"), 2, one)
    launch.run(workers(1, recipe, made_data, two, "--resume"), 1, two)
    assert len(curve(one)) == 3
    np.testing.assert_allclose(curve(one), curve(two), rtol=1e-4)
    scores = [[line["score"] for line in history.read(folder)] for folder in (one, two)]
    assert scores[0] == scores[1]
