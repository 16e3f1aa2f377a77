"""What a run that goes on was told before: its recipe, as far as it changes what is learned, and what has changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.errors import InvalidValue
from edge.setting import shown
from training.recipe import Recipe

NOT_LEARNED = ("model.threshold", "model.failures")  # the manifest's and the card's
NOT_ALWAYS_KEPT = ("data.crops",)  # what runs of older versions may have had without saving it
MOST = 5  # differences that one line names


def learned(recipe: Recipe) -> dict[str, Any]:
    """The values of a recipe that change what is learned, by their keys, as JSON has them.

    >>> from training.recipe import Schedule
    >>> learned(Recipe("mine", "mask", 1, "my pictures", Schedule(restarts=(3,))))["fit.restarts"]
    [3]
    """
    tables = {"fit": vars(recipe.fit), "data": recipe.data, "network": recipe.network, "model": recipe.model}
    values = {f"{table}.{key}": value for table, pairs in tables.items() for key, value in pairs.items()}
    values = {key: value for key, value in values.items() if key not in NOT_LEARNED}
    told: dict[str, Any] = json.loads(json.dumps({"task": recipe.task, "seed": recipe.seed, **values}))
    return told


def read(path: Path) -> dict[str, Any]:
    """What `learned` gave when a run saved it in a file under the key "recipe"; empty for older runs."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))["recipe"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return told if isinstance(told, dict) else {}


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What is different, in words; "" for nothing, or where nothing is known of before.

    >>> differences({"seed": 1, "data.noise": 0.1}, {"seed": 2})
    'data.noise was 0.1, now not set; seed was 1, now 2'
    """
    known = {*before, *now} - {key for key in NOT_ALWAYS_KEPT if key not in before}
    keys = [key for key in sorted(known) if _text(before, key) != _text(now, key)] if before else []
    told = [f"{key} was {_text(before, key)}, now {_text(now, key)}" for key in keys[:MOST]]
    return "; ".join([*told, f"and {len(keys) - MOST} more"] if len(keys) > MOST else told)


def expect_state(folder: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Whether the optimizer that a recipe names can take up the state of the run in a folder.

    Raises:
        InvalidValue: the state is another optimizer's, or one has averaged weights and the other has not.
    """
    for key, kind in (("fit.optimizer", str), ("fit.ema", bool)):
        if key in before and kind(before[key]) != kind(now[key]):
            raise InvalidValue(
                f"{folder}: {key} was {_text(before, key)}, and a run cannot go on with {_text(now, key)}; change it "
                "back, choose another --out, or train without --resume"
            )


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key, "not set")
    return shown(value) if key in values and not isinstance(value, list) else str(value)
