"""What a run leaves while it goes on: history.jsonl, one line an epoch, and the state from which it can resume."""

from __future__ import annotations

import json
from pathlib import Path

FILE = "history.jsonl"
STATE = "backup"
# As BackupAndRestore calls them.
STATE_WEIGHTS, STATE_METADATA = "latest.weights.h5", "training_metadata.json"
STATE_BATCHES = "batches.npz"


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
