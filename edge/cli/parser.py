"""The parser of every command: --debug, --version, and errors of one line that suggest what was meant."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import edge
from edge.address import redacted
from edge.errors import EdgeError, one_line
from edge.values import folder_path, suggestion

USAGE = 2


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

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        """As of argparse, but with the home folder in the place of a path's ~: in --out=~/x, shells leave it alone. A
        path that is empty is refused: it would be the working folder, but comes from a variable that is not set.
        """
        if action.type not in (Path, folder_path):
            return super()._get_value(action, arg_string)
        if not arg_string:
            raise argparse.ArgumentError(action, "expected a path, got nothing; is a variable not set?")
        return super()._get_value(action, os.path.expanduser(arg_string) if arg_string[:2] == "~/" else arg_string)

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
