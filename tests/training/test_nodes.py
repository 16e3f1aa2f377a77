"""Trainings in several processes: the same curve as in one, and what remains of one that was killed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pytest

from edge.errors import InvalidValue, SettingsError
from training import history, launch
from training import nodes as together
from training.__main__ import main
from training.launch import Worker
from training.nodes import NodeError, Nodes


@pytest.fixture
def recipe(write_recipe) -> Path:
    path = write_recipe("emotion-bare", epochs=3)
    path.write_text(path.read_text().replace("batch = 4", "batch = 8"))
    return path


def workers(count: int, *words: str | Path, die: dict[int, int] | None = None) -> list[Worker]:
    """Processes that train; some are killed instead of measuring for the n-th time."""
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
    recipe, made_data, tmp_path, root, monkeypatch
) -> None:
    pytest.importorskip("jax", reason="needs the extra jax")
    monkeypatch.chdir(root)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    one, two = tmp_path / "one", tmp_path / "two"
    with pytest.raises(NodeError, match=r"node 0 of 1 was killed by SIGKILL; the run is saved up to epoch 2"):
        launch.run(workers(1, recipe, made_data, one, die={0: 3}), 1, one)
    with pytest.raises(NodeError, match=r"node 1 of 2 was killed by SIGKILL; the run is saved up to epoch 2"):
        launch.run(workers(2, recipe, made_data, two, die={1: 3}), 2, two)
    assert history.saved_epochs(one) == history.saved_epochs(two) == 2
    # Each goes on as the other began.
    words = ["train", str(recipe), "--data", str(made_data), "--out", str(one), "--nodes", "2", "--resume"]
    assert main(words) == 0
    launch.run(workers(1, recipe, made_data, two, "--resume"), 1, two)
    assert len(curve(one)) == 3
    np.testing.assert_allclose(curve(one), curve(two), rtol=1e-4)
    scores = [[line["score"] for line in history.read(folder)] for folder in (one, two)]
    assert scores[0] == scores[1]
    for name in ("model.keras", "weights.npz", "calibration.npz", "report.md"):
        assert (one / name).stat().st_size


def python(number: int, code: str) -> Worker:
    return Worker(number, [sys.executable, "-c", code])


SLEEPS = "import signal; signal.pause()"


def test_workers_that_end_well_are_no_news(tmp_path) -> None:
    launch.run([python(0, ""), python(1, "print('said by node 1')")], 2, tmp_path / "run")
    assert "said by node 1" in (tmp_path / "run/node-1.log").read_text()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import os; os.kill(os.getpid(), 9)", "node 1 of 2 was killed by SIGKILL; no epoch was saved (see "),
        ("import os; os.abort()", "node 1 of 2 was killed by SIGABRT; no epoch was saved (see "),
        ("raise SystemExit(3)", "node 1 of 2 failed with exit code 3; no epoch was saved (see "),
        (
            "import sys; sys.exit('noise\\nedge-emotion-train: fer2013.npz: cannot be read\\nmore noise')",
            "node 1 of 2 failed: fer2013.npz: cannot be read (see ",
        ),
    ],
)
def test_one_that_dies_ends_the_others_with_one_line(tmp_path, code, expected) -> None:
    with pytest.raises(NodeError) as caught:
        launch.run([python(0, SLEEPS), python(1, code)], 2, tmp_path)
    assert str(caught.value).startswith(expected)
    assert str(caught.value).endswith("node-1.log)")


def test_one_that_was_killed_is_named_though_another_failed_first() -> None:
    """Node 1 fails because node 2 is gone, and is heard of first."""
    assert launch._first({1: _Ended(1), 2: _Ended(-9)}, 1) == 2
    assert launch._first({1: _Ended(1), 2: _Ended(None)}, 1) == 1


class _Ended:
    def __init__(self, code: int | None) -> None:
        self.code = code

    def poll(self) -> int | None:
        return self.code


def test_the_line_of_a_run_ends_with_the_command_that_resumes_it(monkeypatch, capsys, tmp_path) -> None:
    def died(workers, count, folder) -> None:
        assert [worker.number for worker in workers] == [0, 1]
        assert all("--coordinator" in worker.command for worker in workers)
        raise NodeError("node 1 of 2 was killed by SIGKILL; the run is saved up to epoch 4")

    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(launch, "run", died)
    out, data = str(tmp_path / "run"), str(tmp_path)
    assert main(["train", "mask", "--data", data, "--out", out, "--nodes", "2"]) == 1
    assert capsys.readouterr().err == (
        "edge-emotion-train: node 1 of 2 was killed by SIGKILL; the run is saved up to epoch 4; resume with: "
        f"edge-emotion-train train mask --data {data} --out {out} --nodes 2 --resume\n"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--node", "1"], "--node and --coordinator: on several machines both are needed"),
        (["--node", "0", "--coordinator", "a:1"], "--nodes: expected the number of all nodes beside --node"),
        (["--nodes", "2", "--node", "2", "--coordinator", "a:1"], "--node: expected 0 to 1, got 2"),
        (["--nodes", "2", "--node", "0", "--coordinator", "a"], "--coordinator: expected HOST:PORT, got 'a'"),
    ],
)
def test_wrong_places_are_one_line(capsys, words, expected) -> None:
    assert main(["train", "mask", "--data", "data", *words]) == 1
    assert expected in capsys.readouterr().err


def test_another_backend_is_refused(monkeypatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(SettingsError, match="--nodes: needs JAX, but KERAS_BACKEND is torch"):
        together.need_jax()


def test_a_single_process_gets_its_batches_as_they_are() -> None:
    batches = argparse.Namespace()
    assert together.share(batches, together.ALONE, 7) is batches


def test_a_place_among_none_is_refused() -> None:
    with pytest.raises(InvalidValue):
        Nodes(0)


def test_parts_of_a_batch_are_its_rows_in_order() -> None:
    whole = np.arange(8)
    parts = [together._part(whole, Nodes(4, number)) for number in range(4)]
    assert np.array_equal(np.concatenate(parts), whole)
