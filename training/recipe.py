"""A recipe: everything that makes one shipped model from the data, in one TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from edge.errors import SettingsError
from edge.manifest import TASKS

FOLDER = Path(__file__).resolve().parent / "recipes"


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn.

    Attributes:
        epochs: passes over the data (or of `steps` batches each, where a task draws at random).
        batch: pictures a step.
        rate: peak learning rate; a linear warm-up, then a cosine to zero (Loshchilov & Hutter, 2017).
        warmup: epochs of the warm-up.
        optimizer: "sgd" (Nesterov, momentum .9) or "adamw".
        decay: decoupled weight decay.
        average: momentum of the moving average of the weights that is evaluated and kept; 0 for none.
        clip: global norm at which gradients are clipped; 0 for none.
        restarts: epochs after which the rate warms up and falls anew.
        steps: batches an epoch; 0 for one pass over the data.
    """

    epochs: int = 40
    batch: int = 128
    rate: float = 0.1
    warmup: float = 1.0
    optimizer: str = "sgd"
    decay: float = 5e-4
    average: float = 0.999
    clip: float = 0.0
    restarts: Sequence[int] = ()
    steps: int = 0


@dataclass(frozen=True)
class Recipe:
    """One model's recipe. `data`, `network` and `model` are handed to the task, which checks them."""

    name: str
    task: str
    seed: int
    about: str
    fit: Schedule
    data: Mapping[str, Any] = field(default_factory=dict)
    network: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)


def find(name: str) -> Path:
    """A path to a recipe: a file, or the name of a shipped one.

    Raises:
        SettingsError: neither; the message lists the shipped ones.
    """
    shipped = FOLDER / f"{name}.toml"
    for path in (Path(name), shipped):
        if path.is_file():
            return path
    known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.toml")))
    raise SettingsError(f"{name}: no such recipe; give a .toml file or one of: {known}")


def load(path: Path, changes: Mapping[str, Any] | None = None) -> Recipe:
    """Read a recipe; `changes` replace values of its [fit] table.

    Raises:
        SettingsError: not TOML, a missing or unknown key; the message names the key and the file.
    """
    try:
        document = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: cannot read the recipe ({error})") from None
    _known(path, "", document, {f.name for f in fields(Recipe)})
    fit = {**document.get("fit", {}), **(changes or {})}
    _known(path, "fit.", fit, {f.name for f in fields(Schedule)})
    if missing := [key for key in ("name", "task", "seed", "about") if key not in document]:
        raise SettingsError(f"{path}: expected a key {missing[0]!r}")
    if document["task"] not in TASKS:
        raise SettingsError(f"{path}: task: expected one of {', '.join(TASKS)}, got {document['task']!r}")
    return Recipe(**{**document, "fit": Schedule(**fit)})


def _known(path: Path, prefix: str, table: Mapping[str, Any], keys: set[str]) -> None:
    if unknown := sorted(set(table) - keys):
        raise SettingsError(f"{path}: unknown key '{prefix}{unknown[0]}'; expected one of {', '.join(sorted(keys))}")
