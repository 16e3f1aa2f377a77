"""Values that people write, on a command line or in a settings file: numbers within limits, folders, close words."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from edge.text import printable

SHOWN = 80  # characters of a value in an error message


def suggestion(word: str, known: Iterable[str]) -> str:
    """The end of an error message about an unknown word: "; did you mean 'run'?", or nothing where none is close."""
    import difflib  # for mistakes alone

    by_letters = {name.lstrip("-"): name for name in known}  # dashes make all flags alike
    close = difflib.get_close_matches(word.lstrip("-"), list(by_letters), n=1, cutoff=0.65)
    return f"; did you mean {by_letters[close[0]]!r}?" if close else ""


def comma_hint(text: str) -> str:
    """The end of an error message about a number with a decimal comma, as many countries write it; else nothing.

    >>> comma_hint("0,5"), comma_hint("half")
    ('; did you mean 0.5?', '')
    """
    return f"; did you mean {text.replace(',', '.')}?" if re.fullmatch(r"[-+]?[0-9]{1,9},[0-9]{1,9}", text) else ""


def whole_number(low: int | None = None, high: int | None = None) -> Callable[[str], int]:
    """The `type=` of an argument that is a whole number between two limits, both allowed.

    >>> whole_number(1)("12")
    12
    >>> whole_number(1)("x")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: expected a whole number, got x
    """

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"expected a whole number, got {_shown(text)}") from None
        _limit(text, value, low, high)
        return value

    return parse


def number(
    low: float | None = None, high: float | None = None, *, above: float | None = None
) -> Callable[[str], float]:
    """The `type=` of an argument that is a finite number between two limits, both allowed.

    Args:
        low, high: the limits.
        above: a limit that is itself not allowed.

    >>> number(0, 1)("0.25")
    0.25
    >>> number(0, 1)("nan")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: expected a number, got nan
    """

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise argparse.ArgumentTypeError(f"expected a number, got {_shown(text)}{comma_hint(text)}")
        _limit(text, value, low, high)
        if above is not None and value <= above:
            raise argparse.ArgumentTypeError(f"expected more than {above:g}, got {_shown(text)}")
        return value

    return parse


def given(text: str) -> str:
    """The `type=` of text that may not be empty, as it is where it comes from a variable that is not set.

    >>> given("")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: expected a value, got nothing
    """
    if not text:
        raise argparse.ArgumentTypeError("expected a value, got nothing")
    return text


def folder_path(text: str) -> Path:
    """The `type=` of a folder to write to; "-" is refused, as it is standard output to other arguments.

    >>> folder_path("-")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: expected a folder, got -; a folder cannot be standard output
    """
    if text == "-":
        raise argparse.ArgumentTypeError("expected a folder, got -; a folder cannot be standard output")
    return Path(text)


def _limit(text: str, value: float, low: float | None, high: float | None) -> None:
    limits = [f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None)
    if (low is not None and value < low) or (high is not None and value > high):
        raise argparse.ArgumentTypeError(f"expected {', '.join(limits)}, got {_shown(text)}")


def _shown(text: str) -> str:
    return printable(text) if len(text) <= SHOWN else f"{printable(text[:SHOWN])}..."
