"""What `edge-emotion scan` does in a second: `python -m tests.bench.scan --pictures 2000 --workers 1,2,4`.

The archive is made of the demo: its 300 pictures as JPEGs (the others are hard links to them), and one film of MJPEG.
The workers, the schedule and the tables are the product's own, with the shipped models. Taken are pictures a second
and sampled frames of the film a second, from the first job to the last table, beside the processor time that the
workers took for each; other programs change the first, hardly the second. After every tenth of the pictures the
resident memory of each worker is read: the exit code is 1 if one of them grew by more than GROWTH_MB from the third
tenth to the last, or if two runs differ in a byte.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import cv2

from edge import cameras
from edge.pipeline.detail import DETAILS
from edge.scan import cluster
from edge.scan.finish import finish
from edge.scan.folder import FACES, Folder
from edge.scan.inputs import find
from edge.scan.request import Request
from edge.scan.schedule import Count, Schedule
from edge.settings import ModelsSettings, Settings, SourceSettings
from tests.bench.processes import cpu_s

GROWTH_MB = 4.0
TENTHS = 10
FPS = 15


@dataclass
class Run:
    """One scan.

    Attributes:
        workers: how many there were.
        frames: pictures, or sampled frames.
        seconds: from the first job to the last table.
        cpu_s: processor time of all workers.
        rss_mb: after each tenth, the resident memory of each worker by its process id, MB.
        table: the bytes of faces.parquet.
    """

    workers: int
    frames: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    rss_mb: list[dict[int, float]] = field(default_factory=list)
    table: bytes = b""

    @property
    def growth_mb(self) -> float:
        """The most that a worker grew from the third tenth, when every buffer has its size, to the last."""
        if len(self.rss_mb) < 4:
            return 0.0
        first, last = self.rss_mb[2], self.rss_mb[-1]
        return max((last[pid] - first[pid] for pid in first if pid in last), default=0.0)


def rss_mb(pid: int) -> float:
    """Resident memory of a process, MB (Linux)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def demo() -> Iterator[cv2.typing.MatLike]:
    """The demo's 300 pictures, uint8 (480, 640, 3) RGB."""
    camera = cameras.open_camera(SourceSettings(source="demo"))
    try:
        for frame in cameras.frames(camera):
            yield frame.image
    finally:
        camera.close()


def make_pictures(folder: Path, count: int, width: int = 640) -> None:
    """So many JPEGs of this width, each of which is one of the demo's."""
    folder.mkdir()
    for n, image in enumerate(islice(demo(), count)):
        image = cv2.resize(image, (width, width * 3 // 4), interpolation=cv2.INTER_AREA)
        path = folder / f"{n:06}.jpg"
        path.write_bytes(cv2.imencode(".jpg", image[:, :, ::-1])[1].tobytes())
    for n in range(300, count):
        os.link(folder / f"{n % 300:06}.jpg", folder / f"{n:06}.jpg")


def make_film(path: Path, minutes: float) -> None:
    """The demo again and again, for so long, at its own rate."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (640, 480))
    images = [image[:, :, ::-1] for image in demo()]
    for n in range(round(minutes * 60 * FPS)):
        writer.write(images[n % len(images)])
    writer.release()


def run(path: Path, out: Path, workers: int, request: Request) -> Run:
    """One scan with so many workers here."""
    made = Run(workers)
    found = find([path])
    folder = Folder(out, request, [str(path)])
    with cluster.this_machine(request, workers) as there:
        pids = list(there._client.run(os.getpid).values())
        before = sum(map(cpu_s, pids))

        def tick(count: Count) -> None:
            if count.done >= (len(made.rss_mb) + 1) * count.total / TENTHS:
                made.rss_mb.append({pid: rss_mb(pid) for pid in pids})

        schedule = Schedule(found.sources, request, folder, tick)
        start = time.perf_counter()
        schedule.run(there)
        report = finish(found, request, folder)
        made.seconds = time.perf_counter() - start
        made.cpu_s = sum(map(cpu_s, pids)) - before
    folder.close()
    made.frames, made.table = report.totals.frames, (out / FACES).read_bytes()
    return made


def table(title: str, runs: Sequence[Run]) -> str:
    """A line for each number of workers."""
    heads = (title, "a second", "beside one worker", "processor time each, ms", "memory of a worker, MB", "grew by, MB")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for one in runs:
        rate, first = one.frames / one.seconds, runs[0].frames / runs[0].seconds
        memory = [value for marks in one.rss_mb[-1:] for value in marks.values()]
        cells = (
            f"{one.workers} worker{'s' * (one.workers > 1)}", f"{rate:.1f}", f"{rate / first:.2f}",
            f"{1000 * one.cpu_s / one.frames:.1f}", f"{statistics.mean(memory):.0f}" if memory else "-",
            f"{one.growth_mb:.1f}",
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Print the tables; 1 if memory grew or rows differed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scan", description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=2000, metavar="N", help="0: none (default: 2000)")
    parser.add_argument("--width", type=int, default=640, help="of a picture, in pixels (default: 640)")
    parser.add_argument("--minutes", type=float, default=8.0, metavar="N", help="of film; 0: none (default: 8)")
    parser.add_argument("--workers", default="1,2,4", metavar="N,N,...", help="(default: 1,2,4)")
    parser.add_argument("--models", default="", help="a models folder (default: the shipped one)")
    parser.add_argument("--detail", choices=DETAILS, default=DETAILS[0], help="as of the command")
    arguments = parser.parse_args(argv)
    request = Request.of(Settings(models=ModelsSettings(dir=arguments.models)), 0.5, arguments.detail)
    wrong = []
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        archives = {}
        if arguments.pictures:
            make_pictures(Path("pictures"), arguments.pictures, arguments.width)
            archives[f"{arguments.pictures} pictures of {arguments.width} px"] = Path("pictures")
        if arguments.minutes:
            make_film(Path("film.avi"), arguments.minutes)
            archives[f"one film of {arguments.minutes:g} min"] = Path("film.avi")
        for title, path in archives.items():
            runs = [
                run(path, Path(f"{path.stem}-{n}"), int(workers), request)
                for n, workers in enumerate(arguments.workers.split(","))
            ]
            print(table(title, runs), end="\n\n", flush=True)
            for one in runs:
                print(f"{one.workers}: MB after each tenth: {[sorted(map(round, m.values())) for m in one.rss_mb]}")
                wrong += [f"{title}: a worker grew by {one.growth_mb:.1f} MB"] * (one.growth_mb > GROWTH_MB)
                wrong += [f"{title}: {one.workers} workers give other rows"] * (one.table != runs[0].table)
    for line in wrong:
        print(f"error: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
