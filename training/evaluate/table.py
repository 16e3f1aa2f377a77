"""Figures for people: a table on the terminal, and the one JSON object."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from training.evaluate.context import Figure

DIGITS = 6


def document(figures: Mapping[str, Figure]) -> dict[str, Any]:
    """The design's one object: every block's values, numbers to DIGITS digits, what could not be taken as null."""
    return {name: _rounded(figure.values) for name, figure in figures.items()}


def as_json(figures: Mapping[str, Figure]) -> str:
    """The object as one line of JSON."""
    return json.dumps(document(figures), allow_nan=False)


def as_text(figures: Mapping[str, Figure]) -> str:
    """One line a figure, blocks apart."""
    lines = []
    for name, figure in figures.items():
        lines += [name, *(f"  {key:<32} {value}" for key, value in _flat(document({name: figure})[name])), ""]
    return "\n".join(lines[:-1])


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _rounded(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(part) for part in value]
    if isinstance(value, float):
        return round(value, DIGITS) if math.isfinite(value) else None
    return value


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if key == "confusion":  # a matrix is no list of lines; --report draws it, and JSON holds it
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _shown(value)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return " to ".join(_shown(part) for part in value)
    return f"{value:.4f}" if isinstance(value, float) else str(value)
