"""A recipe: everything that makes one shipped model from the data, in one TOML file."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from edge.errors import InvalidValue, SettingsError
from edge.tasks import TASKS
from edge.text import decoded
from training.recipe_values import check_head, check_model, check_schedule, checked

FOLDER = Path(__file__).resolve().parent / "recipes"
OPTIMIZERS = ("sgd", "adam", "adamw")
MODEL_KEYS = ("threshold", "margin", "shift", "failures")  # what [model] may say of the manifest's entry and the card
# Keys of older recipes; still read, with a warning.
RENAMED = {
    "fit": {"rate": "learning_rate", "decay": "weight_decay", "average": "ema"},
    "data": {
        "calm": "anneal_from", "itself": "self_distill", "itself_from": "self_distill_from", "head": "copy_paste",
        "rough": "degrade", "rough_from": "degrade_from", "hard": "hard_negatives", "hard_from": "hard_negatives_from",
    },
}  # fmt: skip

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Schedule:
    """The schedule of a training.

    Attributes:
        epochs: passes over the data (or of `steps` batches each, where a task draws at random).
        batch: pictures a step.
        learning_rate: the peak; a linear warm-up, then a cosine to zero (Loshchilov & Hutter, 2017).
        warmup: epochs of the warm-up.
        optimizer: "sgd" (Nesterov, momentum .9), "adam" or "adamw".
        weight_decay: decoupled from the gradient; "adam" has none.
        ema: momentum of the weights' exponential moving average, which is what is evaluated and kept; 0 for none.
        clip: global norm at which gradients are clipped; 0 for none.
        restarts: epochs after which the learning rate warms up and falls anew.
        steps: batches an epoch; 0 for one pass over the data.
    """

    epochs: int = 40
    batch: int = 128
    learning_rate: float = 0.1
    warmup: float = 1.0
    optimizer: str = "sgd"
    weight_decay: float = 5e-4
    ema: float = 0.999
    clip: float = 0.0
    restarts: Sequence[int] = ()
    steps: int = 0


@dataclass(frozen=True)
class Recipe:
    """One model's recipe. The task checks `data` (see `parse`) and builds its network from `network`; `accelerator` is
    for training.accelerator, `reference` the accuracy that others report for such a network.
    """

    name: str
    task: str
    seed: int
    about: str
    fit: Schedule
    data: Mapping[str, Any] = field(default_factory=dict)
    network: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    accelerator: Mapping[str, Any] = field(default_factory=dict)
    reference: str = ""


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
    raise SettingsError(f"{name or repr(name)}: no such recipe; give a .toml file or one of: {known}")


def load(path: Path, changes: Mapping[str, Any] | None = None) -> Recipe:
    """Read a recipe; `changes` replace values of its [fit] table.

    Raises:
        SettingsError: not TOML, a missing or unknown key, a value that no training can use; the message names the key
            and the file.
    """
    try:
        document = tomllib.loads(decoded(Path(path).read_bytes()).replace("\r\n", "\n"))
    except (OSError, InvalidValue, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: cannot read the recipe ({error})") from None
    _known(path, "", document, {f.name for f in fields(Recipe)})
    for table in ("fit", "data", "network", "model", "accelerator"):
        checked(f"{path}: {table}", document.get(table, {}), {})
    fit = {**_current(path, "fit", document.get("fit", {})), **(changes or {})}
    kinds = {f.name: f.default for f in fields(Schedule)}
    _known(path, "fit.", fit, set(kinds))
    fit = {key: checked(f"{path}: fit.{key}", value, kinds[key]) for key, value in fit.items()}
    document["data"] = _current(path, "data", document.get("data", {}))
    _known(path, "model.", document.get("model", {}), set(MODEL_KEYS))
    if missing := [key for key in ("name", "task", "seed", "about") if key not in document]:
        raise SettingsError(f"{path}: expected a key {missing[0]!r}")
    check_head(f"{path}: ", document)
    check_schedule(f"{path}: ", fit)
    check_model(f"{path}: ", document.get("model", {}))
    if fit.get("optimizer", "sgd") not in OPTIMIZERS:
        raise SettingsError(f"{path}: fit.optimizer: expected one of {', '.join(OPTIMIZERS)}, got {fit['optimizer']!r}")
    if document["task"] not in TASKS:
        raise SettingsError(f"{path}: task: expected one of {', '.join(TASKS)}, got {document['task']!r}")
    return Recipe(**{**document, "fit": Schedule(**fit)})


def parse(recipe: Recipe, *kinds: type[Any]) -> tuple[Any, ...]:
    """The recipe's [data] table as values of these dataclasses, each key in the one that has a field of its name.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Labels:
    ...     smoothing: float = 0.05
    >>> recipe = Recipe("mine", "mask", 1, "my pictures", Schedule(), data={"smoothing": 0.1})
    >>> parse(recipe, Labels)
    (Labels(smoothing=0.1),)

    Raises:
        SettingsError: an unknown key, a value of another type, a negative number, or one that a dataclass refuses by
            InvalidValue; the message names the key.
    """
    known = {one.name: one for kind in kinds for one in fields(kind)}
    _known(recipe.name, "data.", recipe.data, set(known))
    values = {
        key: checked(f"recipe {recipe.name}: data.{key}", value, known[key].default)
        for key, value in recipe.data.items()
    }
    try:
        return tuple(kind(**{f.name: values[f.name] for f in fields(kind) if f.name in values}) for kind in kinds)
    except InvalidValue as error:
        raise SettingsError(f"recipe {recipe.name}: {error}") from None


def _current(path: Path, table: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """A table with keys under today's names."""
    current = {}
    for key, value in values.items():
        new = RENAMED[table].get(key, key)
        if new != key:
            _log.warning("%s: '%s.%s' is now called '%s.%s'; please rename it", path, table, key, table, new)
        current[new] = value
    return current


def _known(path: Path | str, prefix: str, table: Mapping[str, Any], keys: set[str]) -> None:
    if unknown := sorted(set(table) - keys):
        raise SettingsError(f"{path}: unknown key '{prefix}{unknown[0]}'; expected one of {', '.join(sorted(keys))}")
