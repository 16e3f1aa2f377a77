"""A scan that is stopped twice: `python -m tests.bench.scan_resume --pictures 2000`.

The archive is that of `tests.bench.scan` with three clips. `edge-emotion scan` runs in a terminal, with the shipped
models; it gets Ctrl-C after a quarter of the pictures and SIGKILL after half of them, and then comes to its end. The
exit code is 1 if a run showed no progress, if anything finished was done again or a file failed, or if the tables
differ in a byte from those of a scan that nobody stopped.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.scan import make_film, make_pictures

ROOT = Path(__file__).resolve().parents[2]
PARTS = "results/parts"
BEFORE = re.compile(r"([\d,]+) pictures and frames were done before")
STOPPED = re.compile(r"stopped; ([\d,]+) pictures and frames are done")
BAR = re.compile(r"\[[#-]+\] (\d+) of (\d+) pictures and frames")
TABLES = ("faces.parquet", "files.parquet", "failures.parquet")


@dataclass(frozen=True)
class Run:
    """What one start of the command said.

    Attributes:
        code: the exit code; negative: the signal that ended it.
        shown: everything that it wrote to its terminal.
        seconds: from its start to its end.
        told: the object that it printed at its end, if it came there.
    """

    code: int
    shown: str
    seconds: float
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def bars(self) -> int:
        """How often the progress bar was drawn."""
        return len(BAR.findall(self.shown))

    def number(self, pattern: re.Pattern[str]) -> int:
        """A number that was printed, 0 if it was not."""
        found = pattern.search(self.shown)
        return int(found[1].replace(",", "")) if found else 0


def start(paths: list[str], out: str, workers: int, models: str, stop: Callable[[], signal.Signals | None]) -> Run:
    """Run the command in a terminal of its own; `stop` is asked again and again whether to end it, and by what."""
    command = [sys.executable, "-m", "edge", "scan", *paths, "--out", out, "--workers", str(workers), "--json"]
    command += ["--models", models] if models else []
    ours, theirs = pty.openpty()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    began, shown, sent = time.perf_counter(), b"", False
    with (
        tempfile.TemporaryFile() as told,
        subprocess.Popen(
            command, env=environment, stdin=theirs, stdout=told, stderr=theirs, start_new_session=True
        ) as child,
    ):
        os.close(theirs)
        while True:
            if select.select([ours], [], [], 0.02)[0]:
                try:
                    shown += os.read(ours, 65536)
                except OSError:  # the last one that had the terminal is gone
                    break
            if not sent and (number := stop()) is not None:
                sent = True
                with contextlib.suppress(ProcessLookupError):  # it may have come to its end by itself
                    if number == signal.SIGINT:  # as a terminal does it: to all of them
                        os.killpg(child.pid, number)
                    else:
                        child.send_signal(number)
        code = child.wait()
        told.seek(0)
        printed = told.read()
    os.close(ours)
    seconds = time.perf_counter() - began
    return Run(code, shown.decode(errors="replace"), seconds, json.loads(printed) if printed else {})


def parts() -> dict[str, int]:
    """The finished parts and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in Path(PARTS).rglob("*.parquet")}


def after(jobs: int, number: signal.Signals) -> Callable[[], signal.Signals | None]:
    """Sends a signal once so many parts are finished."""
    return lambda: number if len(parts()) >= jobs else None


def measure(pictures: int, minutes: float, workers: int, models: str) -> list[str]:
    """Make the archive in this folder, scan it and print the table; what is wrong."""
    make_pictures(Path("photos"), pictures)
    for n in range(3):
        make_film(Path(f"clip{n}.avi"), minutes)
    paths = ["photos", *(f"clip{n}.avi" for n in range(3))]
    jobs = pictures // 32
    first = start(paths, "results", workers, models, after(jobs // 4, signal.SIGINT))
    once = parts()
    second = start(paths, "results", workers, models, after(len(once) + jobs // 4, signal.SIGKILL))
    twice = parts()
    third = start(paths, "results", workers, models, lambda: None)
    ended = parts()
    whole = start(paths, "whole", workers, models, lambda: None)
    print(table(first, second, third, whole))
    print(f"\nparts finished: {len(once)}, {len(twice)}, {len(ended)}; {third.told}")
    checks = {
        "the first run was not stopped by Ctrl-C": first.code == 130,
        "the second run was not killed": second.code == -signal.SIGKILL,
        "the third run or the one at once failed": (third.code, whole.code) == (0, 0),
        "a run showed no progress": all(run.bars for run in (first, second, third, whole)),
        "something was done again": all(ended.get(name) == at for name, at in (once | twice).items()),
        "nothing was left to do": 0 < len(once) < len(twice) < len(ended),
        "the tables differ": all(
            (Path("results") / name).read_bytes() == (Path("whole") / name).read_bytes() for name in TABLES
        ),
    }
    return [text for text, right in checks.items() if not right]


def table(first: Run, second: Run, third: Run, whole: Run) -> str:
    """A line for each run: what it found done, and what it did."""
    stopped, before, frames = first.number(STOPPED), third.number(BEFORE), int(whole.told.get("frames", 0))
    lines = [
        "| run | ended by | seconds | done before | done by it | progress shown, times |",
        "|---|---|---|---|---|---|",
        f"| first | Ctrl-C | {first.seconds:.1f} | 0 | {stopped} | {first.bars} |",
        f"| second | SIGKILL | {second.seconds:.1f} | {stopped} | {before - stopped} | {second.bars} |",
        f"| third | itself | {third.seconds:.1f} | {before} | {frames - before} | {third.bars} |",
        f"| at once | itself | {whole.seconds:.1f} | 0 | {frames} | {whole.bars} |",
    ]
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Measure; 1 if something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scan_resume", description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=2000, metavar="N", help="(default: 2000)")
    parser.add_argument("--minutes", type=float, default=1.0, metavar="N", help="of each clip (default: 1)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="(default: 2)")
    parser.add_argument("--models", default="", help="a models folder (default: the shipped one)")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        wrong = measure(arguments.pictures, arguments.minutes, arguments.workers, arguments.models)
    for line in wrong:
        print(f"error: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
