"""`edge-emotion`: the commands of the device."""

from __future__ import annotations

import sys

try:
    import contextlib
    import importlib
    import os
    import signal
    from collections.abc import Sequence
    from typing import NoReturn

    from edge import cli
    from edge.cli.output import flush
except KeyboardInterrupt:  # Ctrl-C needs no traceback, however soon it comes
    sys.exit(130)

COMMANDS = {
    "run": "watch a camera or a clip and write a journal",
    "image": "detect faces, masks and emotions in pictures",
    "scan": "turn an archive of pictures and clips into tables of faces",
    "log": "read a journal: summary, tail, plot, report, csv",
    "bench": "benchmark each stage on this machine",
    "doctor": "check the camera, models, accelerator, screen and permissions",
    "web": "serve a page that shows what the models see",
}
PROGRAM = cli.Commands(
    program="edge-emotion",
    description="Detects faces, masks and emotions on a Raspberry Pi.",
    summaries=COMMANDS,
    load=lambda name: importlib.import_module(f"edge.commands.{name}"),
    examples=(
        "edge-emotion run --source demo",
        "edge-emotion image photo.jpg --out annotated",
        "edge-emotion log summary --since 8:00",
    ),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; its exit code: 0 done, 1 failure, 2 usage or settings, 3 source, 4 models."""
    words = sys.argv[1:] if argv is None else argv
    # SIGUSR1 pauses `run`. Until it listens, the signal waits instead of ending the process.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1} if "run" in words else ())
    try:
        code = cli.run(PROGRAM.program, PROGRAM.main, argv)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    live = sys.modules.get("edge.cameras.live")
    if argv is None and live and live.at_work():
        _leave(code)
    return code


def _leave(code: int) -> NoReturn:
    """End the process although a thread is inside a driver. While Python (up to 3.13) ends, it kills such a thread once
    the driver returns, and OpenCV's C++ does not survive that: the process would abort.
    """
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with contextlib.suppress(OSError, ValueError):  # standard output was flushed before, as far as it can be
            flush(stream)
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
