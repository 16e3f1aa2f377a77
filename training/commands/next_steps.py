"""What to do with a finished run: the commands that make the device's model of it, in a models folder that is whole."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from edge import manifest

OURS, MINE = Path("models"), Path("my-models")
FILE = "manifest.json"


def models_folder(task: str) -> Path:
    """The folder to convert a recipe's model into: the checkout's own, or `my-models`.

    `my-models` where there is no checkout, or where no model of the task is shipped: its data may be for research only.
    """
    return OURS if task in manifest.load().specs and (OURS / FILE).is_file() else MINE


def lines(folder: Path, commands: Iterable[Iterable[str | Path]]) -> str:
    """The commands of a finished run, one a line; before them the copy of the bundled models that `folder` still needs.

    A conversion adds one model to a folder; a device needs the others, too.

    Args:
        folder: for models, as the conversion's --manifest names it.
        commands: the words of each.
    """
    steps = [list(words) for words in commands]
    if not (folder / FILE).exists():
        steps.insert(0, ["cp", "-r", f"{_bundled()}/.", folder])
    told = [shlex.join(str(word) for word in words) for words in steps]
    return "\n".join([f"next: {told[0]}", *(f"then: {line}" for line in told[1:])])


def _bundled() -> Path:
    """Where the bundled models are, as somebody would type it here."""
    folder = manifest.default_folder()
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
