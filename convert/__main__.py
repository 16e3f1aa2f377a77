"""edge-emotion-convert: a Keras model in, a .tflite that the device trusts out; and the tools around it."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence

from convert import commands
from edge.errors import EdgeError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code. Errors are one line on stderr, with --debug a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    name, rest = (words[0], words[1:]) if words and words[0] in commands.SUMMARIES else ("", words)
    command = commands.load(name or "convert")
    parser = argparse.ArgumentParser(
        prog=f"edge-emotion-convert {name}".strip(),
        description=command.__doc__,
        epilog="" if name else "also: " + "; ".join(f"{k} ({line})" for k, line in commands.SUMMARIES.items()),
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    command.add_arguments(parser)
    given = parser.parse_args(rest)
    try:
        return int(command.main(given))
    except EdgeError as error:
        if given.debug:
            traceback.print_exc()
        print(f"edge-emotion-convert: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
