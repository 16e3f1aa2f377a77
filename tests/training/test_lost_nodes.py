"""What a training in several processes says when a node is lost, refuses, or is interrupted."""

from __future__ import annotations

import json
import socket

import pytest

from edge.errors import InvalidValue
from tests.training.test_nodes import python
from training import history, launch
from training import nodes as together
from training.__main__ import main
from training.nodes import NodeError, Nodes

FATAL = "F1128 client.h:80] Terminating process because the JAX distributed service detected fatal errors. This most "
SILENT = (
    FATAL + "UNAVAILABLE: The following tasks are unhealthy (stopped sending heartbeats):\n{}\nThe tasks have crashed."
)
BARRIER = FATAL + "Barrier failed because: task is set to ERROR: UNAVAILABLE: Task 1 heartbeat timeout. This indicates"


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("", ""),
        ("edge-emotion-train: fer2013.npz: cannot be read", ""),
        (SILENT.format("1"), "node 1"),
        (SILENT.format("1\n3"), "nodes 1, 3"),
        (BARRIER, "node 1"),
        (FATAL + "UNAVAILABLE: Failed to send RPC to coordination service. Either the leader task was", "node 0"),
        (FATAL, "another node"),
        ("edge-emotion-train: another node is gone, or JAX failed (Gloo: Connection reset by peer)", "another node"),
        ("edge-emotion-train: another node is gone, or JAX failed (RESOURCE_EXHAUSTED)", ""),
    ],
)
def test_the_node_that_was_lost_is_read_from_what_jax_says(log, expected) -> None:
    assert launch.lost_node(log) == expected


@pytest.mark.parametrize(("number", "kept"), [(0, "no epoch was saved"), (2, "what was saved is in node 0's folder")])
def test_a_node_that_lost_another_one_is_not_blamed(tmp_path, number, kept) -> None:
    """JAX aborts it; the reason is under a stack of C++."""
    aborts = f"import os, sys; print({SILENT.format(1)!r}, file=sys.stderr, flush=True); os.abort()"
    with pytest.raises(NodeError) as caught:
        launch.run([python(number, aborts)], 3, tmp_path)
    assert str(caught.value) == (
        f"node {number} of 3 stopped, as node 1 is gone or has not been heard from for 30 s; {kept}; "
        f"the log of node 1 says why (see {tmp_path}/node-{number}.log)"
    )


def test_an_error_of_gloo_is_a_lost_node_and_others_stay_what_they_are() -> None:
    pytest.importorskip("jax", reason="needs the extra jax")
    with pytest.raises(NodeError, match="another node is gone, or JAX failed"), together.watched(Nodes(2, 0)):
        raise ValueError("UNKNOWN: Gloo all-reduce failed: Connection reset by peer")
    with pytest.raises(InvalidValue), together.watched(Nodes(2, 0)):
        raise InvalidValue("--batch: expected something else")


@pytest.mark.parametrize("saved", [0, 4])
def test_what_a_node_refused_is_not_to_be_resumed(monkeypatch, capsys, tmp_path, saved) -> None:
    """Not even where an earlier run has left epochs in the folder."""
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    run = tmp_path / "run"
    (run / history.STATE).mkdir(parents=True)
    (run / history.STATE / history.STATE_METADATA).write_text(json.dumps({"epoch": saved}))
    fails = "import sys; sys.exit('edge-emotion-train: fer2013.npz: no such file')"
    start = launch.run
    monkeypatch.setattr(launch, "run", lambda _, count, folder: start([python(0, fails)], count, folder))
    assert main(["train", "mask", "--data", str(tmp_path), "--out", str(run), "--nodes", "2"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("edge-emotion-train: node 0 of 2 failed: fer2013.npz: no such file")
    assert "resume" not in err


def test_ctrl_c_prints_one_command(monkeypatch, capsys, tmp_path) -> None:
    """That of the process that started the others: a worker's command starts one of them only."""
    from training.commands import train

    def interrupted(*_args) -> None:
        raise KeyboardInterrupt

    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(launch, "run", interrupted)
    monkeypatch.setattr(train, "work", interrupted)
    words = ["train", "mask", "--data", str(tmp_path), "--nodes", "2"]
    assert main(words) == 130
    assert capsys.readouterr().out.count("resume with: ") == 1
    monkeypatch.setenv(launch.WORKER, "1")
    assert main([*words, "--node", "1", "--coordinator", "127.0.0.1:9"]) == 130
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--batch", "63"], "--batch: expected a multiple of 2 nodes, got 63\n"),
        (["--data", "nowhere"], "nowhere: no such folder; give the one with the data sets with --data\n"),
    ],
)
def test_what_cannot_work_is_refused_before_any_process_starts(monkeypatch, capsys, tmp_path, words, expected) -> None:
    def started(*_args) -> None:
        raise AssertionError("a process is started")

    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(launch, "run", started)
    monkeypatch.chdir(tmp_path)
    assert main(["train", "mask", "--data", str(tmp_path), "--nodes", "2", *words]) == 1
    assert capsys.readouterr().err == f"edge-emotion-train: {expected}"


def test_an_address_is_none_that_the_system_gives_away(monkeypatch):
    host, port = launch.free_address().split(":")
    assert (host, int(port) in launch.PORTS) == ("127.0.0.1", True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        monkeypatch.setattr(launch, "PORTS", [number] * 60)
        assert launch.free_address() not in ("127.0.0.1:0", f"127.0.0.1:{number}")
