"""edge-emotion-train: prepare data, draw masks, train, take figures. Arguments in, exit code out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType

from edge.errors import EdgeError
from training.commands import evaluate, features, masks, prepare, train

PROGRAM = "edge-emotion-train"
COMMANDS: dict[str, ModuleType] = {
    "prepare": prepare,
    "masks": masks,
    "features": features,
    "train": train,
    "evaluate": evaluate,
}


def build_parser() -> argparse.ArgumentParser:
    """The command line; every command module adds its own part."""
    parser = argparse.ArgumentParser(PROGRAM, description="Train and measure the models of edge-emotion.")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        described = (module.__doc__ or "").split("\n\n", 1)[-1].strip()
        module.add_arguments(commands.add_parser(name, help=module.HELP, description=described))
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; errors made on purpose end in one line and their exit code."""
    arguments = build_parser().parse_args(words)
    try:
        return int(COMMANDS[arguments.command].main(arguments))
    except EdgeError as error:
        if arguments.debug:
            raise
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        if arguments.debug:
            raise
        where = f"{error.filename}: " if error.filename else ""
        print(f"{PROGRAM}: {where}{error.strerror or error}; mend the path or the disk", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\n{PROGRAM}: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
