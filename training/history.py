"""What a run leaves while it goes on: history.jsonl, one line an epoch, and the state from which it can resume."""

from __future__ import annotations

import json
from pathlib import Path

from edge.files import replacing

FILE = "history.jsonl"
STATE = "backup"
STATE_METADATA = "training_metadata.json"  # as BackupAndRestore calls it
# Named `epoch-N.` and this; in older runs as WITHOUT_EPOCH says.
STATE_WEIGHTS, STATE_BATCHES = "weights.h5", "batches.npz"
WITHOUT_EPOCH = {STATE_WEIGHTS: "latest.weights.h5", STATE_BATCHES: "batches.npz"}


def read(folder: Path) -> list[dict[str, float]]:
    """The lines, if any, in the order of the epochs; of an epoch that was run twice, the second.

    A line that a power cut has torn counts for nothing.
    """
    path = folder / FILE
    if not path.exists():
        return []
    lines = (_line(text) for text in path.read_text(encoding="utf-8", errors="replace").splitlines())
    by_epoch = {line["epoch"]: line for line in lines if line}
    return [by_epoch[epoch] for epoch in sorted(by_epoch)]


def _line(text: str) -> dict[str, float]:
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) and {"epoch", "loss"} <= line.keys() else {}


def go_on(folder: Path, epochs: int) -> list[int]:
    """Let the history end with the last of so many epochs, for the next to be added; returns which it lacks."""
    kept = [line for line in read(folder) if line["epoch"] <= epochs]
    with replacing(folder / FILE) as scratch:
        scratch.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
    return sorted(set(range(1, epochs + 1)) - {int(line["epoch"]) for line in kept})


def saved_epochs(folder: Path) -> int:
    """After how many epochs the state of the run in a folder was saved; 0 without one."""
    try:
        return int(json.loads((folder / STATE / STATE_METADATA).read_text(encoding="utf-8"))["epoch"])
    except (OSError, ValueError, KeyError):
        return 0


def state_file(folder: Path, epochs: int, part: str) -> Path:
    """Where a part of the state after so many epochs belongs.

    Args:
        folder: of the run.
        epochs: how many were done.
        part: STATE_WEIGHTS or STATE_BATCHES.
    """
    return folder / STATE / f"epoch-{epochs}.{part}"


def saved_file(folder: Path, epochs: int, part: str) -> Path:
    """Where a part of a saved state is: as `state_file`, but for older runs."""
    path, before = state_file(folder, epochs, part), folder / STATE / WITHOUT_EPOCH[part]
    return before if before.exists() and not path.exists() else path
