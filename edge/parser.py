"""The parser of every command: --debug, --version, numbers, and errors of one line that suggest what was meant."""

from __future__ import annotations

import argparse
import math
import platform
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import edge
from edge.address import redacted
from edge.errors import EdgeError, one_line
from edge.text import printable

USAGE = 2
SHOWN = 80  # characters of a value in an error message


def version(program: str) -> str:
    """What --version prints: the program's version, Python's, and the bundled models by the start of their hashes."""
    from edge import manifest

    lines = [f"{program} {edge.__version__} (Python {platform.python_version()})"]
    try:
        specs = manifest.load().specs
        lines += [f"model {task}: {spec.name}, sha256 {spec.sha256[:12]}" for task, spec in specs.items()]
    except EdgeError as error:
        lines.append(f"models: {one_line(error)}")
    return "\n".join(lines)


def suggestion(word: str, known: Iterable[str]) -> str:
    """The end of an error message about an unknown word: "; did you mean 'run'?", or nothing where none is close."""
    import difflib  # for mistakes alone

    by_letters = {name.lstrip("-"): name for name in known}  # dashes make all flags alike
    close = difflib.get_close_matches(word.lstrip("-"), list(by_letters), n=1, cutoff=0.65)
    return f"; did you mean {by_letters[close[0]]!r}?" if close else ""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser with --debug and --version, which suggests the flag that was probably meant.

    Args:
        prog: the program's name, with the command's where there is one.
        examples: command lines that the help shows at its end.
        kwargs: as of argparse.ArgumentParser.
    """

    def __init__(self, prog: str | None = None, *, examples: Sequence[str] = (), **kwargs: Any) -> None:
        if examples:
            kwargs.setdefault("epilog", "\n".join(["examples:", *(f"  {line}" for line in examples)]))
            kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(prog, **kwargs)
        self.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help="show tracebacks and log details"
        )
        self.add_argument("--version", action=_Version, help="show the versions of the program and its models")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As of argparse, but an unknown argument is an error of the (sub)parser that met it."""
        known, extra = super().parse_known_args(args, namespace)
        if extra:
            flags = [flag for action in self._actions for flag in action.option_strings]
            self.error(f"unknown argument {redacted(extra[0])}{suggestion(extra[0].partition('=')[0], flags)}")
        return known, extra

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """As of argparse, in the words of our other errors and with a suggestion."""
        if action.choices is not None and value not in action.choices:
            choices = list(map(str, action.choices))
            line = f"expected one of {', '.join(choices)}, got {value}{suggestion(str(value), choices)}"
            raise argparse.ArgumentError(action, line)

    def _print_message(self, message: str, file: Any = None) -> None:
        """As of argparse, which says nothing where standard output takes nothing."""
        if message and file is not None and file is sys.stdout:
            file.write(message)
        else:
            super()._print_message(message, file)

    def error(self, message: str) -> NoReturn:
        """The usage and one line, exit code 2."""
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


class _Version(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(version(parser.prog.partition(" ")[0]))
        parser.exit()


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
            raise argparse.ArgumentTypeError(f"expected a number, got {_shown(text)}")
        _limit(text, value, low, high)
        if above is not None and value <= above:
            raise argparse.ArgumentTypeError(f"expected more than {above:g}, got {_shown(text)}")
        return value

    return parse


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
