"""A folder of pictures that a command writes: prepared.json says what from, so that two data sets are never mixed."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from edge.files import replacing
from edge.text import printable
from training.data import walk
from training.data.fer2013 import DataError

STATE, REPORT, SKIPPED, NOTES, MASKS, DONE = (
    "prepared.json", "report.md", "skipped.csv", "notes.csv", "masks.csv", "done.csv"
)  # fmt: skip
TABLES = (STATE, REPORT, SKIPPED, NOTES, MASKS, DONE)


def begin(out: Path, source: Mapping[str, Any]) -> None:
    """Make the folder, or make sure that it is that of a run on the same source; one without pictures is begun anew.

    Raises:
        DataError: it holds something else.
    """
    state = out / STATE
    if state.is_file():
        try:
            before = json.loads(state.read_text(encoding="utf-8"))
        except ValueError:
            before = None
        if before == json.loads(json.dumps(source)):
            return
        held = [path for path in walk.below(out)[0] if path.parent != out or path.name not in TABLES]
        if held:
            raise DataError(
                f"{printable(out)}: was prepared from something else, or the source or the options have changed since; "
                "choose another folder, or delete it"
            )
        for name in TABLES:
            (out / name).unlink(missing_ok=True)
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{printable(out)}: exists and holds other files; choose a new or an empty folder")
    out.mkdir(parents=True, exist_ok=True)
    with replacing(state) as scratch:
        scratch.write_text(json.dumps(source, indent=2) + "\n", encoding="utf-8")


def strays(out: Path, taken: Collection[Path]) -> list[Path]:
    """Pictures below `out` that this run has not named; what an interrupted run had only begun to write is removed."""
    found = []
    for path in walk.below(out)[0]:
        place = path.relative_to(out)
        if path.name.endswith(".png.new"):
            path.unlink()
        elif place.parent != Path() and place not in taken and path.suffix.lower() == ".png":
            found.append(place)
    return found
