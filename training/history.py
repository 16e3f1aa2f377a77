"""What a run leaves while it goes on: history.jsonl, one line an epoch, and the state from which it can resume."""

from __future__ import annotations

import json
from pathlib import Path

FILE = "history.jsonl"
STATE = "backup"
STATE_METADATA = "training_metadata.json"  # as BackupAndRestore calls it
# Named `epoch-N.` and this; in older runs as WITHOUT_EPOCH says.
STATE_WEIGHTS, STATE_BATCHES = "weights.h5", "batches.npz"
WITHOUT_EPOCH = {STATE_WEIGHTS: "latest.weights.h5", STATE_BATCHES: "batches.npz"}


def read(folder: Path) -> list[dict[str, float]]:
    """The lines, if any, in the order of the epochs; of an epoch that was run twice, the second."""
    path = folder / FILE
    if not path.exists():
        return []
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    by_epoch = {line["epoch"]: line for line in lines}
    return [by_epoch[epoch] for epoch in sorted(by_epoch)]


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
