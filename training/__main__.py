"""edge-emotion-train: prepare data, draw masks, train, take figures. Arguments in, exit code out."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from types import ModuleType

from edge.errors import EdgeError, MissingExtra
from training.backend import FIX
from training.commands import INTERRUPTED

PROGRAM = "edge-emotion-train"
# A command's module is loaded only when it is asked for: some need what a device's install does not have.
COMMANDS = {
    "prepare": "check the data, or convert a data set",
    "masks": "draw masks on FER2013: contact sheets, statistics, the masked set",
    "features": "write a table of embeddings, probabilities and landmarks",
    "train": "train one recipe",
    "prior": "balance a trained emotion network: choose its bias on validation rows",
    "evaluate": "take the figures of the models in a folder",
}


def command_module(name: str) -> ModuleType:
    """The module of a command: add_arguments(parser) and main(arguments) -> exit code.

    Raises:
        MissingExtra: it needs a package that is not installed.
    """
    try:
        return importlib.import_module(f"training.commands.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("edge", "training", "convert"):
            raise
        raise MissingExtra(f"{name} needs the package {error.name}; {FIX}") from None


def build_parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The command line; the command that `words` name adds its own part."""
    parser = argparse.ArgumentParser(PROGRAM, description="Train and measure the models of edge-emotion.")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    chosen = next((word for word in words if not word.startswith("-")), "")
    for name, line in COMMANDS.items():
        module = command_module(name) if name == chosen else None
        described = (module.__doc__ or "").partition("\n\n")[2].strip() if module else ""
        part = commands.add_parser(name, help=line, description=described or line)
        if module:
            module.add_arguments(part)
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; errors made on purpose end in one line and their exit code."""
    words = sys.argv[1:] if words is None else words
    debug = "--debug" in words
    try:
        arguments = build_parser(words).parse_args(words)
        return int(command_module(arguments.command).main(arguments))
    except EdgeError as error:
        if debug:
            raise
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        if debug:
            raise
        where = f"{error.filename}: " if error.filename else ""
        print(f"{PROGRAM}: {where}{error.strerror or error}; mend the path or the disk", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\n{PROGRAM}: interrupted", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
