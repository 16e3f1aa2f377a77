"""`edge-emotion`: the commands of the device."""

from __future__ import annotations

import sys

try:
    import importlib
    import signal
    from collections.abc import Sequence

    from edge import cli
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
    if "run" not in words:
        return cli.run(PROGRAM.program, PROGRAM.main, argv)
    # SIGUSR1 pauses `run`. Until it listens, the signal waits instead of ending the process.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        return cli.run(PROGRAM.program, PROGRAM.main, argv)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


if __name__ == "__main__":
    sys.exit(main())
