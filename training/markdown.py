"""Tables in Markdown, for model cards, reports and the README."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """The lines of a table; a bar in a cell is escaped."""
    yield _line(head)
    yield "|" + "---|" * len(head)
    for row in rows:
        yield _line(row)


def text(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table as one string, without a final newline."""
    return "\n".join(table(head, rows))


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def number(value: Any) -> str:
    """A figure: real ones to four digits, an interval as "0.9 to 1.0"."""
    if isinstance(value, (list, tuple)):
        return " to ".join(number(part) for part in value)
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def percent(value: float) -> str:
    """0.345 as "35 %"."""
    return f"{100 * value:.0f} %"
