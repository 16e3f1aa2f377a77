"""A run's history.jsonl: one line an epoch."""

from __future__ import annotations

import json
from pathlib import Path

FILE = "history.jsonl"


def read(folder: Path) -> list[dict[str, float]]:
    """The lines, if any, in the order of the epochs; of an epoch that was run twice, the second."""
    path = folder / FILE
    if not path.exists():
        return []
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    by_epoch = {line["epoch"]: line for line in lines}
    return [by_epoch[epoch] for epoch in sorted(by_epoch)]
