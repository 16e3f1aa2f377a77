"""`edge-emotion`: arguments to a command; one-line errors; exit codes. The only place that configures logging."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence

from edge.errors import EdgeError

COMMANDS = {
    "run": "watch a camera or a clip and write the journal",
    "image": "find the faces of pictures",
    "log": "read a journal: summary, tail, plot, csv",
    "bench": "measure what each stage costs here",
    "doctor": "check camera, models, accelerator, screen and permissions",
    "web": "a page in the browser that shows what the models see",
}
# Libraries that write to standard error by themselves, past Python's logging.
QUIET = {"OPENCV_LOG_LEVEL": "SILENT", "OPENCV_FFMPEG_LOGLEVEL": "-8"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; its exit code: 0 done, 1 failure, 2 usage or settings, 3 source, 4 models."""
    words = list(sys.argv[1:] if argv is None else argv)
    name = next((word for word in words if not word.startswith("-")), "")
    debug = "--debug" in words
    _configure(debug)
    try:
        arguments = _parser(name).parse_args(words)
        return importlib.import_module(f"edge.commands.{name}").main(arguments)
    except EdgeError as error:
        return _failed(debug, " ".join(str(error).split()), error.exit_code)
    except BrokenPipeError:
        # Who read our output has gone; nothing more is said, not by the interpreter's last flush either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        told = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return _failed(debug, f"unexpected {told}; --debug shows where", 1)


def _parser(name: str) -> argparse.ArgumentParser:
    """The parser; of the commands, only the module of `name` is imported."""
    debug = argparse.ArgumentParser(add_help=False)
    debug.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show tracebacks and details")
    parser = argparse.ArgumentParser(
        prog="edge-emotion", description="Faces, masks and emotions, on a Raspberry Pi.", parents=[debug]
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for known, summary in COMMANDS.items():
        child = commands.add_parser(
            known, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", parents=[debug]
        )
        if known == name:
            os.environ.update({key: os.environ.get(key, value) for key, value in QUIET.items()})
            importlib.import_module(f"edge.commands.{name}").add_arguments(child)
    return parser


def _configure(debug: bool) -> None:
    """Messages go to standard error, one line each, under the program's name."""
    shape = "%(asctime)s %(levelname)s %(name)s: %(message)s" if debug else "edge-emotion: %(message)s"
    logging.basicConfig(format=shape, level=logging.WARNING)
    logging.getLogger("edge").setLevel(logging.DEBUG if debug else logging.INFO)


def _failed(debug: bool, line: str, code: int) -> int:
    if debug:
        logging.getLogger("edge").exception("%s", line)
    else:
        print(f"edge-emotion: {line}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
