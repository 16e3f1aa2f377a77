"""What the command lines share: one policy for errors, --debug, --version, Ctrl-C and readers that went away.

`run` wraps a program's main function; `Commands` is a program made of subcommands; edge.cli.parser has their parsers.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from edge.address import redacted
from edge.cli.output import checked_output, flush, require_output
from edge.cli.parser import Parser
from edge.errors import EdgeError, one_line
from edge.files import is_full
from edge.values import suggestion

INTERRUPTED = 130  # what a shell reports for Ctrl-C
LOGGERS = ("edge", "convert", "training")
# Libraries that write to standard error on their own, bypassing Python's logging.
QUIET = {"OPENCV_LOG_LEVEL": "SILENT", "OPENCV_FFMPEG_LOGLEVEL": "-8"}


def run(program: str, main: Callable[[list[str]], int], argv: Sequence[str] | None = None) -> int:
    """Run a program and turn whatever it raises into one line on standard error and an exit code.

    Args:
        program: its name, which begins every message.
        main: takes the arguments, returns the exit code.
        argv: the arguments; default: the process's own.

    Returns:
        What `main` returned, else: an EdgeError's exit code; 1 for any other error and for a reader of standard output
        that went away; 130 for Ctrl-C. argparse's own SystemExit (usage: 2, --help: 0) passes through.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    debug = wants_debug(words)
    try:
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
        _configure_logging(program, debug)
        with checked_output():
            return main(words)
    except EdgeError as error:
        return _failed(program, debug, one_line(error), error.exit_code)
    except BrokenPipeError:  # the reader is gone
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        reason = error.strerror or one_line(error)
        if not error.filename and _is_nowhere():
            reason = "the current folder was removed; go to another one: cd"
        elif not error.filename and is_full(error):  # what writes to an open file knows no name
            reason = "no space left on the disk; free some space, then run the command again"
        return _failed(program, debug, f"{error.filename}: {reason}" if error.filename else reason, 1)
    except Exception as error:
        what = f"unexpected {type(error).__name__}: {one_line(error)}"
        return _failed(program, debug, f"{what}; run it again with --debug for the traceback", 1)


def wants_debug(words: Iterable[str]) -> bool:
    """Whether --debug is among the arguments, wherever it stands before a `--`."""
    words = list(words)
    return "--debug" in words[: words.index("--") if "--" in words else None]


class Command(Protocol):
    """A module in a commands folder.

    It may have EXAMPLES, command lines for its help, and PRINTS = False, if it is of use without standard output.
    """

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""

    def main(self, arguments: argparse.Namespace) -> int:
        """Run the command; returns the exit code."""


@dataclass(frozen=True)
class Commands:
    """A program made of commands; only the module of the command that is run is imported.

    Attributes:
        program: its name.
        description: one sentence for its help.
        summaries: one line for each command, by its name.
        load: imports the module of a command.
        examples: command lines for the help.
    """

    program: str
    description: str
    summaries: Mapping[str, str]
    load: Callable[[str], Any]
    examples: Sequence[str] = ()

    def main(self, words: list[str]) -> int:
        """Run the command that the arguments name; without arguments, print the help."""
        if not [word for word in words if word != "--debug"]:
            self.overview().print_help()
            return 0
        if words == ["--completion"]:
            print(self.completion(), end="")
            return 0
        name, parser = self.parser(words)
        arguments = parser.parse_args([word for n, word in enumerate(words) if n != words.index(name)])
        command = self.load(name)
        if getattr(command, "PRINTS", True):
            require_output()
        return int(command.main(arguments))

    def parser(self, words: Sequence[str]) -> tuple[str, Parser]:
        """The name of the command that the arguments name, and its parser, for the words without that name.

        Raises:
            SystemExit: they name none (2), or ask for --help or --version (0).
        """
        name = next((word for word in words if not word.startswith("-")), "")
        if name not in self.summaries:
            overview = self.overview()
            if not name:
                overview.parse_args(words)
                overview.error(f"expected a command: {', '.join(self.summaries)}")
            hint = suggestion(name, self.summaries) or f"; expected one of {', '.join(self.summaries)}"
            overview.error(f"no such command: {redacted(name)}{hint}")
        return name, self._parser(name)

    def completion(self) -> str:
        """A script that completes this program in bash and zsh; imports every command."""
        from edge.cli.completion import script

        return script(self.program, self.overview(), {name: self._parser(name) for name in self.summaries})

    def _parser(self, name: str) -> Parser:
        """The parser of one command."""
        summary, command = self.summaries[name], self.load(name)
        parser = Parser(
            f"{self.program} {name}",
            description=f"{summary[0].upper()}{summary[1:]}.",
            examples=getattr(command, "EXAMPLES", ()),
        )
        command.add_arguments(parser)
        return parser

    def overview(self) -> Parser:
        """The program's own parser: --help, --version, --debug and the list of the commands."""
        width = max(map(len, self.summaries))
        listed = [f"  {name:<{width}}  {line}" for name, line in self.summaries.items()]
        examples = ["", "examples:", *(f"  {line}" for line in self.examples)] if self.examples else []
        more = ["", f"{self.program} COMMAND --help lists a command's arguments."]
        parser = Parser(
            self.program,
            usage="%(prog)s [--debug] [--version] COMMAND ...",
            description=self.description,
            epilog="\n".join(["commands:", *listed, *examples, *more]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.add_argument(
            "--completion",
            action="store_true",
            help=f'complete commands and flags in bash and zsh: eval "$({self.program} --completion)"',
        )
        return parser


def _configure_logging(program: str, debug: bool) -> None:
    """Messages go to standard error, one line each, beginning with the program's name."""
    shape = "%(asctime)s %(levelname)s %(name)s: %(message)s" if debug else f"{program}: %(message)s"
    logging.basicConfig(format=shape, level=logging.WARNING)
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.DEBUG if debug else logging.INFO)


def _is_nowhere() -> bool:
    """Whether the current folder was removed, so that no path can begin at it."""
    try:
        os.getcwd()
    except OSError:
        return True
    return False


def _failed(program: str, debug: bool, line: str, code: int) -> int:
    if debug:
        logging.getLogger("edge").exception("%s", line)
    elif sys.stderr is not None:  # else print would write to standard output
        with contextlib.suppress(OSError):  # the terminal may be gone
            print(f"{program}: {line}", file=sys.stderr)
        with contextlib.suppress(OSError):
            flush(sys.stderr)
    return code
