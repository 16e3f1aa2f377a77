"""Figures for people: a table on the terminal, and the one JSON object."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from training.evaluate.context import Figure

DIGITS = 6
# Numbers that are no shares: of these, each is shown as it is, the others as percentages.
PLAIN = ("threshold", "margin", "first", "last", "mean_change")
PLAIN_ENDS = ("ece", "_per_minute", "_minutes")


def document(figures: Mapping[str, Figure]) -> dict[str, Any]:
    """The design's one object: every block's values, numbers to DIGITS digits, what could not be taken as null."""
    return {name: _rounded(figure.values) for name, figure in figures.items()}


def as_json(figures: Mapping[str, Figure]) -> str:
    """The object as one line of JSON."""
    return json.dumps(document(figures), allow_nan=False)


def as_text(figures: Mapping[str, Figure]) -> str:
    """One line a figure, blocks apart; shares as percentages."""
    lines = []
    for name, figure in figures.items():
        rows = list(_flat(document({name: figure})[name]))
        width = max((len(words) for words, _ in rows), default=0)
        lines += [name, *(f"  {words:<{width}}  {value}" for words, value in rows), ""]
    return "\n".join(lines[:-1])


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _rounded(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(part) for part in value]
    if isinstance(value, float):
        return round(value, DIGITS) if math.isfinite(value) else None
    return value


def _flat(values: Mapping[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """The name of each figure in words, and the figure."""
    for key, value in values.items():
        if key == "confusion":  # a matrix is no list of lines; --report draws it, and JSON holds it
            continue
        path = (*before, key)
        if isinstance(value, Mapping):
            yield from _flat(value, path)
        else:
            yield " ".join(path).replace("_", " "), _shown(value, _is_share(path))


def _is_share(path: tuple[str, ...]) -> bool:
    """Whether a figure is a share. The last name that is one says so: of `public, 48` that is `public`."""
    name = next((part for part in reversed(path) if not part[0].isdigit()), "")
    return name not in PLAIN and not name.startswith("ap50") and not name.endswith(PLAIN_ENDS)


def _shown(value: Any, share: bool) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return " to ".join(_shown(part, share) for part in value)
    if isinstance(value, float):
        return f"{100 * value:.1f} %" if share else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
