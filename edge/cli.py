"""What the command lines share: one policy for errors, --debug, --version, Ctrl-C and readers that went away.

`run` wraps a program's main function; `Parser` is an ArgumentParser that has --debug and --version and suggests the
word that was probably meant; `Commands` is a program made of subcommands.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import edge
from edge.address import redacted
from edge.errors import EdgeError, one_line

USAGE = 2
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
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    _configure_logging(program, debug)
    try:
        return main(words)
    except EdgeError as error:
        return _failed(program, debug, one_line(error), error.exit_code)
    except BrokenPipeError:
        # The reader is gone. Nothing more may be written, not even by the interpreter's last flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        reason = error.strerror or one_line(error)
        return _failed(program, debug, f"{error.filename}: {reason}" if error.filename else reason, 1)
    except Exception as error:
        what = f"unexpected {type(error).__name__}: {one_line(error)}"
        return _failed(program, debug, f"{what}; run it again with --debug for the traceback", 1)


def wants_debug(words: Iterable[str]) -> bool:
    """Whether --debug is among the arguments, wherever it stands before a `--`."""
    words = list(words)
    return "--debug" in words[: words.index("--") if "--" in words else None]


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


class Command(Protocol):
    """A module in a commands folder."""

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
        return int(self.load(name).main(arguments))

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
        from edge.completion import script

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
            "--completion", action="store_true", help=f'complete in bash and zsh: eval "$({self.program} --completion)"'
        )
        return parser


def _configure_logging(program: str, debug: bool) -> None:
    """Messages go to standard error, one line each, beginning with the program's name."""
    shape = "%(asctime)s %(levelname)s %(name)s: %(message)s" if debug else f"{program}: %(message)s"
    logging.basicConfig(format=shape, level=logging.WARNING)
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.DEBUG if debug else logging.INFO)


def _failed(program: str, debug: bool, line: str, code: int) -> int:
    if debug:
        logging.getLogger("edge").exception("%s", line)
    else:
        print(f"{program}: {line}", file=sys.stderr)
    return code
