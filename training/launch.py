"""Start the processes of a training on this machine, and end them all with one clear line when one of them dies."""

from __future__ import annotations

import contextlib
import os
import queue
import random
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from training import history
from training.nodes import GONE, LOST_S, NodeError, NodeRefused

WORKER = "EDGE_EMOTION_WORKER"  # set in the environment of a process that was started here
PROGRAM = "edge-emotion-train: "
FATAL = "JAX distributed service detected fatal errors"
SILENT = re.compile(r"stopped sending heartbeats\):\s*(?P<many>(?:\d+\s+)+)|Task (?P<one>\d+) heartbeat timeout")
LEAD_LOST = "Failed to send RPC to coordination service"  # which runs in node 0
BROKEN = re.compile(f"^{PROGRAM}{GONE}.*(Gloo|UNAVAILABLE)", re.MULTILINE)
PORTS = range(20_000, 32_000)
PATIENCE_S = 10  # for the others to end by themselves


@dataclass(frozen=True)
class Worker:
    """One process to start.

    Attributes:
        number: of its node.
        command: its words.
    """

    number: int
    command: Sequence[str]


def free_address() -> str:
    """HOST:PORT on this machine, at which nothing listens.

    Systems give the ports above these to whoever asks for any: until node 0 listens, minutes later where the machine is
    busy, such a port could be another program's.
    """
    for port in [*random.SystemRandom().sample(PORTS, 50), 0]:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)) as listener:
            return f"127.0.0.1:{listener.getsockname()[1]}"
    raise NodeError("127.0.0.1: no free port; close other programs")


def run(workers: Sequence[Worker], count: int, folder: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run the workers to their end.

    Node 0 prints to the terminal. What a node has to complain about goes to node-N.log in the run's folder.

    Args:
        workers: those of this machine.
        count: the nodes on all machines.
        folder: of the run.
        environment: of the workers; default: this process's.

    Raises:
        NodeRefused: one of them ended with a message of its own, and no epoch was saved; the others are ended.
        NodeError: one of them failed, was killed, or lost a node of another machine; the others are ended. The message
            says which, and after how many epochs the run can go on.
        KeyboardInterrupt: Ctrl-C; the workers are ended.
    """
    folder.mkdir(parents=True, exist_ok=True)
    logs = {worker.number: folder / f"node-{worker.number}.log" for worker in workers}
    environment = {**(os.environ if environment is None else environment), WORKER: "1"}
    before = history.saved_epochs(folder)
    running: dict[int, subprocess.Popen[bytes]] = {}
    ended: queue.Queue[int] = queue.Queue()
    try:
        for worker in workers:
            with open(logs[worker.number], "wb") as log:
                out = None if worker.number == 0 else log
                running[worker.number] = subprocess.Popen(worker.command, stdout=out, stderr=log, env=environment)
            threading.Thread(target=_wait, args=(running[worker.number], worker.number, ended), daemon=True).start()
        for _ in workers:
            number = ended.get()
            if running[number].returncode:
                number = _first(running, number)
                gained = history.saved_epochs(folder) > before
                kept = _kept(folder, 0 in running)
                raise _failure(f"node {number} of {count}", running[number].returncode, logs[number], kept, gained)
    finally:
        _end(running.values())


def _wait(process: subprocess.Popen[bytes], number: int, ended: queue.Queue[int]) -> None:
    process.wait()
    ended.put(number)


def _first(running: Mapping[int, subprocess.Popen[bytes]], number: int) -> int:
    """Of those that failed, one that was killed: the others fail because of it."""
    killed = [n for n, process in running.items() if (process.poll() or 0) == -signal.SIGKILL]
    return killed[0] if killed else number


def _kept(folder: Path, lead: bool) -> str:
    """After how many epochs a run can go on, where that is known: node 0 alone saves them."""
    if epochs := history.saved_epochs(folder):
        return f"the run is saved up to epoch {epochs}"
    return "no epoch was saved" if lead else "what was saved is in node 0's folder"


def _failure(node: str, code: int, log: Path, kept: str, gained: bool) -> NodeError:
    kind = NodeError
    if lost := lost_node(log.read_text(encoding="utf-8", errors="replace")):
        what = (
            f"stopped, as {lost} is gone or has not been heard from for {LOST_S} s; {kept}; the log of {lost} says why"
        )
    elif code < 0:
        what = f"was killed by {signal.Signals(-code).name}; {kept}"
    elif said := _complaint(log):
        what = f"failed: {said}"
        kind = NodeError if gained else NodeRefused
    else:
        what = f"failed with exit code {code}; {kept}"
    return kind(f"{node} {what} (see {log})")


def lost_node(log: str) -> str:
    """Which node a process has lost, for people; "" where it ended for another reason.

    JAX's coordination service aborts every process when one no longer answers.

    Args:
        log: what the process that ended wrote to standard error.
    """
    if FATAL not in log and not BROKEN.search(log):
        return ""
    if silent := SILENT.search(log):
        numbers = [*(silent["one"] or "").split(), *(silent["many"] or "").split()]
        return f"node {numbers[0]}" if len(numbers) == 1 else f"nodes {', '.join(numbers)}"
    return "node 0" if LEAD_LOST in log else "another node"


def _complaint(log: Path) -> str:
    """The one line with which our own program ended, if it got so far."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.removeprefix(PROGRAM) for line in reversed(lines) if line.startswith(PROGRAM)), "")


def _end(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    left = [process for process in processes if process.poll() is None]
    for process in left:
        process.terminate()
    for process in left:
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
