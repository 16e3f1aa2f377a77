"""The values of a recipe: each of its kind, and one that a training can use."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from edge.errors import SettingsError, one_line
from edge.setting import shown

KINDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", dict: "a table"}
SEEDS = 2**32  # what Keras takes


def checked(where: str, value: Any, default: Any) -> Any:
    """The value in the type of its default: a list becomes a tuple, a whole number may stand for a float.

    Raises:
        SettingsError: another type, or a number that is negative or none; the message begins with `where`.
    """
    if isinstance(default, tuple | list):
        value = tuple(value) if isinstance(value, list) else (value,)
        if any(type(one) not in (int, float) for one in value):
            raise SettingsError(f"{where}: expected numbers, got {list(value)!r}")
        return tuple(_sound(where, one) for one in value)
    if isinstance(default, float) and type(value) is int:
        value = float(value)
    if type(value) is not type(default):
        raise SettingsError(f"{where}: expected {KINDS[type(default)]}, got {shown(value)}")
    return _sound(where, value) if type(value) in (int, float) else value


def _sound(where: str, value: Any) -> Any:
    if not (math.isfinite(value) and value >= 0):
        raise SettingsError(f"{where}: expected 0 or more, got {value}")
    return value


def check_schedule(where: str, fit: Mapping[str, Any]) -> None:
    """Check what [fit] says beyond its kinds.

    Raises:
        SettingsError: no training can be done so; the message begins with `where` and names the key.
    """
    for key in ("epochs", "batch", "learning_rate"):
        if fit.get(key) == 0:
            raise SettingsError(f"{where}fit.{key}: expected more than 0, got 0")
    if fit.get("ema", 0) >= 1:
        raise SettingsError(f"{where}fit.ema: expected less than 1, such as 0.999, got {fit['ema']:g}")
    if wrong := [one for one in fit.get("restarts", ()) if type(one) is not int or one < 1]:
        raise SettingsError(f"{where}fit.restarts: expected whole numbers of epochs from 1, got {wrong[0]}")


def check_head(where: str, document: Mapping[str, Any]) -> None:
    """Check what a recipe says before its tables.

    Raises:
        SettingsError: the message begins with `where` and names the key.
    """
    for key in ("name", "task", "about", "reference"):
        checked(f"{where}{key}", document.get(key, ""), "")
    name, seed = document["name"], checked(f"{where}seed", document["seed"], 0)
    if name in ("", ".", "..") or set(name) & {"/", "\0", "\n"}:
        raise SettingsError(f"{where}name: expected the name of a folder, without slashes, got {shown(name)}")
    if seed >= SEEDS:
        raise SettingsError(f"{where}seed: expected less than {SEEDS}, got {seed}")


def check_model(where: str, model: Mapping[str, Any]) -> None:
    """Check what [model] says of the manifest's entry and the card.

    Raises:
        SettingsError: the message begins with `where` and names the key.
    """
    for key, value in model.items():
        if key == "failures":
            checked(f"{where}model.failures", value, "")
        elif type(value) not in (int, float) or not math.isfinite(value):
            raise SettingsError(f"{where}model.{key}: expected a number, got {shown(value)}")


@contextmanager
def network(name: str) -> Iterator[None]:
    """Inside, the network of a recipe of that name is built by its [network].

    Raises:
        SettingsError: a key or a value that it does not take.
    """
    try:
        yield
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise SettingsError(f"recipe {name}: [network]: {one_line(error)}; see training/networks") from None


def network_size(name: str, measures: Mapping[str, Any], default: int) -> int:
    """The side of the input of a recipe's network, pixels.

    Raises:
        SettingsError: it is no number of pixels.
    """
    size = int(checked(f"recipe {name}: network.size", measures.get("size", default), default))
    if not size:
        raise SettingsError(f"recipe {name}: network.size: expected more than 0, got 0")
    return size
