"""Months in an hour: `python -m tests.bench.soak --frames 200000` runs the real loop as fast as it goes, with faults.

The loop, the pipeline, the journal with its rotation, the hook and the summary are the product's own; time is counted
in frames (30 a second), so that samples, rotations and waits come as often as they would. At even distances the camera
is lost and refused twice before it comes back, a model fails, and the disk is full for a while. RSS, file descriptors,
threads and latency are taken after a tenth of the frames, in the middle and at the end; exit 1 where they grew:

| what | may grow from the first mark to the last by |
|---|---|
| RSS | 4 MB, the noise of the allocators |
| file descriptors, threads | 0 |
| median latency of a frame | half, and at least 1 ms: other programs run here too |
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import errno
import logging
import os
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from edge import cameras, manifest
from edge.daemon.control import Control
from edge.daemon.firmware import Reading
from edge.daemon.health import Health
from edge.daemon.loop import Loop, Parts
from edge.daemon.supervisor import ReconnectingCamera
from edge.daemon.systemd import Systemd
from edge.errors import EdgeError, EngineError, SourceError
from edge.face import Scene
from edge.frame import Frame
from edge.journals.summary import Summary
from edge.journals.writer import JournalWriter
from edge.pipeline.factory import open_pipeline
from edge.pipeline.pipeline import EmotionPipeline
from edge.screens.none import NoScreen
from edge.settings import JournalSettings, MakerSettings, ModelsSettings, Settings, SourceSettings
from edge.sinks.event_hook import EventHook
from edge.sinks.summary import SummarySink
from edge.tasks import DAEMON
from edge.testing import FakeClock

FPS = 30.0
TINY = Path(__file__).resolve().parent.parent / "tiny"
RSS_MB, FACTOR, SLACK_MS = 4.0, 1.5, 1.0
REFUSED = 2  # times that a lost camera is refused before it comes back
FULL_FRAMES = 60  # how long the disk is full
KEPT = 2000  # frames that a latency is taken from


@dataclasses.dataclass(frozen=True)
class Mark:
    """What the process holds after some frames: bytes in MB, numbers, and milliseconds of a frame."""

    frames: int
    rss_mb: float
    descriptors: int
    threads: int
    median_ms: float
    p99_ms: float


def mark(frames: int, latencies: deque[float]) -> Mark:
    """Taken now, from /proc, and from the latest latencies in seconds."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    ordered = sorted(latencies) or [0.0]
    return Mark(
        frames, int(status["VmRSS"].split()[0]) / 1024, len(os.listdir("/proc/self/fd")), int(status["Threads"]),
        1e3 * statistics.median(ordered), 1e3 * ordered[int(0.99 * (len(ordered) - 1))],
    )  # fmt: skip


def grown(first: Mark, last: Mark) -> list[str]:
    """What is not flat between two marks, in words; empty where all is."""
    found = []
    if last.rss_mb - first.rss_mb > RSS_MB:
        found.append(f"RSS grew by {last.rss_mb - first.rss_mb:.1f} MB, allowed are {RSS_MB:g}")
    for name in ("descriptors", "threads"):
        if (more := getattr(last, name) - getattr(first, name)) > 0:
            found.append(f"{name}: {more} more than at the start")
    if last.median_ms > max(first.median_ms * FACTOR, first.median_ms + SLACK_MS):
        found.append(f"a frame takes {last.median_ms:.2f} ms, at the start {first.median_ms:.2f}")
    return found


def table(marks: list[Mark]) -> str:
    """A line for each mark."""
    rows = ["| frames | RSS, MB | descriptors | threads | median, ms | 99 %, ms |", "|---|---|---|---|---|---|"]
    for m in marks:
        cells = (m.frames, f"{m.rss_mb:.1f}", m.descriptors, m.threads, f"{m.median_ms:.2f}", f"{m.p99_ms:.2f}")
        rows.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(rows)


class FullOs:
    """The module os, whose write finds the disk full while it is told to; `refused` counts how often."""

    def __init__(self) -> None:
        self.full = False
        self.refused = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def write(self, fd: int, data: bytes) -> int:
        """As os.write.

        Raises:
            OSError: the disk is full.
        """
        if self.full:
            self.refused += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(fd, data)


class Soak:
    """Frames without an end, the faults between them, and the marks.

    Args:
        pipeline: what is soaked.
        source: a clip, a folder or demo, opened anew at its end; empty: painted pictures for the tiny models.
        frames: how many in all.
        faults: how many times each fault comes.
    """

    live = True
    stuck = False
    fps = FPS

    def __init__(self, pipeline: EmotionPipeline, source: str, frames: int, faults: int) -> None:
        self._pipeline, self._source, self._frames = pipeline, source, frames
        self.clock, self.disk = FakeClock(), FullOs()
        self._period = max(frames // faults, 4)
        self.done = 0
        self._refused = REFUSED
        self._pictures = self._endless()
        self._latencies: deque[float] = deque(maxlen=KEPT)
        self._dues = [frames // 10, frames // 2, frames]
        self.marks: list[Mark] = []
        self.opened = 0

    # The pipeline's side

    def __call__(self, before: Scene, frame: Frame) -> Scene:
        """The pipeline's answer, timed; one of the faults is that it fails."""
        if self.done % self._period == self._period // 2:
            raise EngineError("soak: the model could not be run")
        began = time.perf_counter()
        after = self._pipeline(before, frame)
        self._latencies.append(time.perf_counter() - began)
        return after

    # The camera's side

    def open(self) -> Soak:
        """The camera, which is sometimes refused.

        Raises:
            SourceError: not yet.
        """
        self.opened += 1
        if self._refused < REFUSED:
            self._refused += 1
            raise SourceError("soak: in use by another program")
        return self

    def __iter__(self) -> Iterator[Frame]:
        for image in self._pictures:
            self.clock.slept.clear()
            self.clock.advance(1 / FPS)
            self.done += 1
            place = self.done % self._period
            self.disk.full = self._period // 4 <= place < self._period // 4 + min(FULL_FRAMES, self._period // 8)
            yield Frame(image, self.clock.monotonic(), self.done)
            if self.done == self._dues[len(self.marks)]:
                self.marks.append(mark(self.done, self._latencies))
                print(table(self.marks).splitlines()[-1], file=sys.stderr, flush=True)
            if self.done >= self._frames:
                return
            if place == self._period - 1:
                self._refused = 0
                raise SourceError("soak: unplugged")

    def close(self) -> None:
        """The pictures go on where they were when it is opened again."""

    def _endless(self) -> Iterator[np.ndarray]:
        while True:
            if not self._source:
                yield from painted()
                continue
            camera = cameras.open_camera(SourceSettings(source=self._source))
            try:
                yield from (frame.image for frame in cameras.frames(camera))
            finally:
                camera.close()


def painted() -> Iterator[np.ndarray]:
    """Pictures (120, 160, 3) that the tiny models understand: up to four faces that come, go, and put on masks."""
    places = ((16, 0), (80, 0), (16, 64), (80, 64))  # apart: else there is a face across two of them
    for n in range(240):
        image = np.zeros((120, 160, 3), np.uint8)
        for k, (x, y) in enumerate(places[: n // 60 + 1]):
            image[y : y + 48, x : x + 48] = (255, 255 * (n // 15 % 2), 255 * ((n // 30 + k) % 2))
        yield image


def run(soak: Soak, settings: Settings, folder: Path) -> Summary:
    """The loop to its end; what was written to the journal, summed up."""
    clock, summary = soak.clock, SummarySink()
    with mock.patch("edge.journals.writer.os", soak.disk), contextlib.ExitStack() as stack:
        sinks = (
            JournalWriter(folder / "journal.jsonl", settings.journal, clock), EventHook(settings.maker, clock), summary,
        )  # fmt: skip
        for sink in sinks:
            stack.callback(sink.close)
        parts = Parts(
            camera=ReconnectingCamera(soak.open, settings.source, clock, live=True, wait=True),
            pipeline=soak,
            screen=NoScreen(),
            sinks=sinks,
            systemd=Systemd({}, clock),
            control=Control(clock, folder / "pause"),
            health=Health(settings.health, Reading),
            clock=clock,
            settings=settings,
        )
        Loop(parts).run()
    return summary.summary


def complete() -> bool:
    """Whether the shipped models are all there."""
    try:
        listed = manifest.load()
        return all(listed.path(task) for task in DAEMON)
    except EdgeError:
        return False


def main(argv: list[str] | None = None) -> int:
    """0 where all stayed flat, 1 where not."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument("--faults", type=int, default=20, help="how many times each fault comes")
    parser.add_argument("--source", default="", help="a clip, a folder or demo (default: demo, or painted pictures)")
    parser.add_argument("--models", default="", help="a models folder (default: the shipped one, else the tests' tiny)")
    arguments = parser.parse_args(argv)
    shipped = not arguments.models and complete()
    models = arguments.models or ("" if shipped else str(TINY))
    source = arguments.source or ("demo" if shipped else "")
    settings = Settings(
        source=SourceSettings(reopen_s=0.1, reopen_max_s=1.0), models=ModelsSettings(dir=models),
        journal=JournalSettings(max_bytes=100_000, keep_files=5), maker=MakerSettings(on_event="cat", on_event_max=2),
    )  # fmt: skip
    logging.getLogger("edge").setLevel(logging.ERROR)
    pipeline = open_pipeline(settings, live=True)
    soak = Soak(pipeline, source, arguments.frames, arguments.faults)
    with tempfile.TemporaryDirectory() as folder:
        summary = run(soak, settings, Path(folder))
    pipeline.close()
    health = ", ".join(f"{what} {count}" for what, count in sorted(summary.health.items()))
    health += f", writes refused by a full disk {soak.disk.refused}"
    print(f"{source or 'painted pictures'}, models {models or 'shipped'}; {summary.events} events; {health}\n")
    print(table(soak.marks))
    complaints = grown(soak.marks[0], soak.marks[-1])
    for complaint in complaints:
        print(f"soak: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
