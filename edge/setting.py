"""One setting: a field with its default, its help, its unit and what is allowed, and the check of a value."""

from __future__ import annotations

import math
import sys
from dataclasses import field
from typing import Any

from edge.errors import SettingsError
from edge.registry import Registry
from edge.scalars import real, whole

SHOWN = 80  # characters of a value in an error message


def setting(
    default: Any,
    help: str,
    *,
    unit: str = "",
    low: float = -math.inf,
    high: float = math.inf,
    choices: tuple[Any, ...] = (),
    registry: Registry | None = None,
    flag: str = "",
    old: str = "",
    secret: bool = False,
    path: bool = False,
    blank: bool = False,
) -> Any:
    """A field of a section.

    Args:
        default: its type is the setting's type: bool, int, float or str.
        help: one line for config.toml and --help.
        unit: of a number.
        low, high: the range of a number, both included.
        choices: the only values, where there are few.
        registry: the value is the name of an adapter: one of ours or of an installed package.
        flag: the command-line flag that sets it, or none.
        secret: its value may hold a password and is never part of a message.
        path: its value is a path, or may be: a ~ at its beginning is the home folder, as in a shell.
        blank: a text whose default is not empty may be so; without it, that is refused, as it comes from a variable
            that is not set, and would be the working folder, or every address.
        old: its key before it was renamed; still read from settings files, with a warning.
    """
    if registry is not None:
        choices = tuple(registry.builtin)
    table = {
        "help": help, "unit": unit, "low": low, "high": high, "choices": choices, "registry": registry, "flag": flag,
        "old": old, "secret": secret, "path": path, "blank": blank,
    }  # fmt: skip
    return field(default=default, metadata=table)


def check(where: str, value: Any, entry: Any) -> Any:
    """The value in the type of the setting `entry` (a field); a whole number may stand for a float. NumPy's do, too.

    Raises:
        SettingsError: the wrong type, out of range, or not one of the choices; the message begins with `where`.
    """
    allowed, kind = entry.metadata, type(entry.default)
    got = shown(value, allowed["secret"])
    if kind is str and isinstance(value, str):
        value = str.__str__(value)  # also of a type derived from it
    elif kind in (int, float):
        plain = whole(value)
        if kind is float and (number := real(value)) is not None:
            value = number
        elif plain is not None:
            value = plain
    if type(value) is not kind and not (kind is float and type(value) is int):
        raise SettingsError(f"{where}: expected {_named(kind)}, got {got}")
    if kind is str and "\0" in value:
        raise SettingsError(f"{where}: expected text without NUL characters, got {got}")
    known = allowed["registry"] or allowed["choices"]
    if known and value not in known:
        raise SettingsError(f"{where}: expected one of {', '.join(map(str, allowed['choices']))}, got {_plain(got)}")
    if kind is str and not value and entry.default and not allowed["blank"]:
        raise SettingsError(f"{where}: expected a value, got nothing; leave it out for the default, {entry.default}")
    low, high = allowed["low"], allowed["high"]
    if kind in (int, float) and not (low <= value <= high and abs(value) <= sys.float_info.max):
        limits = f"at least {low:g}" + (f", at most {high:g}" if math.isfinite(high) else "")
        raise SettingsError(f"{where}: expected {limits}, got {shown(value)}")
    return value


def shown(value: Any, secret: bool = False) -> str:
    """A value as an error message may show it: short, on one line, and nothing of a secret."""
    if isinstance(value, dict | list):
        return "a section" if isinstance(value, dict) else "a list"
    if secret and not isinstance(value, int | float):
        return "text" if isinstance(value, str) else "another type"
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _plain(text: str) -> str:
    return text[1:-1] if text[:1] == text[-1:] == "'" else text


def _named(kind: type) -> str:
    return {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[kind]
