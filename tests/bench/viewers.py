"""What viewers of the page cost the loop: `python -m tests.bench.viewers` runs it with real connections on loopback.

The loop, the pipeline and the server are the product's own, in this process; a camera gives 30 frames a second from
memory, of which `max_fps` takes 15. The viewers are in a process of their own, and each opens the picture and the
state, as a page does. Rates are counted over `--seconds`, after a third of that time in which nobody counts.

| case | what happens |
|---|---|
| nobody | the page is served, and nobody looks |
| viewers | 20 of them, one of which stops reading after its first picture |
| slow connections | 200 strangers send a header a byte at a time, and one viewer comes after them |

Exit 1 where the loop's rate with viewers is not within 10 % of that without, where a viewer who reads gets less than
80 % of the loop's pictures, where memory grew by more than 4 MB from the first third of a case to its end, or where the
last viewer was kept out.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice

import numpy as np

from edge import cameras
from edge.clock import SystemClock
from edge.daemon.control import Control
from edge.daemon.firmware import Reading
from edge.daemon.health import Health
from edge.daemon.loop import Loop, Parts
from edge.daemon.supervisor import ReconnectingCamera
from edge.daemon.systemd import Systemd
from edge.frame import Frame
from edge.pipeline.factory import open_pipeline
from edge.ports import FrameReport
from edge.screens.none import NoScreen
from edge.settings import EngineSettings, ModelsSettings, Settings, SourceSettings, WebSettings
from edge.sinks.summary import SummarySink
from edge.web.hub import Hub, WatchedScreen
from edge.web.part import WebPart
from tests.bench.soak import TINY, complete, painted

CAMERA_FPS, MAX_FPS = 30.0, 15.0
VIEWERS, STOPPED, SLOW = 20, 1, 200
WITHIN, READ, GREW_MB = 0.1, 0.8, 4.0
MB = 1 << 20


@dataclass(frozen=True)
class Cost:
    """One case.

    Attributes:
        fps: frames that the loop processed, per second.
        cpu: processor time of the whole process, shares of one core.
        rss_mb: memory after a third of the case, and at its end.
        viewers: pictures per second of each viewer.
        first_s: how long the last viewer waited for the first picture; None: there was none.
    """

    fps: float
    cpu: float
    rss_mb: tuple[float, float]
    viewers: tuple[float, ...] = ()
    first_s: float | None = None


class Pictures:
    """A live camera: the newest of the pictures in memory, 30 times a second."""

    live = True
    stuck = False

    def __init__(self, images: list[np.ndarray]) -> None:
        self._images = images

    def __iter__(self) -> Iterator[Frame]:
        begin, last = time.monotonic(), -1
        while True:
            now = time.monotonic() - begin
            number = int(now * CAMERA_FPS)
            if number == last:
                time.sleep((number + 1) / CAMERA_FPS - now)
                number += 1
            last = number
            yield Frame(self._images[number % len(self._images)], time.monotonic(), number)

    def close(self) -> None:
        """Nothing to close."""


class Counter(SummarySink):
    """How many frames were processed."""

    frames = 0

    def observe(self, report: FrameReport) -> None:
        """Count one."""
        self.frames += 1


class Bench:
    """A running loop with a page.

    Args:
        settings: of the loop.
        images: what its camera sees.
    """

    def __init__(self, settings: Settings, images: list[np.ndarray]) -> None:
        clock, self._counter = SystemClock(), Counter()
        self._pipeline = open_pipeline(settings, live=True)
        hub = Hub(clock)
        self._control = Control(clock)
        self._part = WebPart(settings, hub, self._control, live=True, token=None, environment={})
        parts = Parts(
            camera=ReconnectingCamera(lambda: Pictures(images), settings.source, clock, live=True),
            pipeline=self._pipeline,
            screen=WatchedScreen(NoScreen(), hub),
            sinks=(self._counter,),
            systemd=Systemd({}, clock),
            control=self._control,
            health=Health(settings.health, Reading),
            clock=clock,
            settings=settings,
        )
        self._thread = threading.Thread(target=Loop(parts).run)
        self._thread.start()

    def case(self, seconds: float, *words: str) -> Cost:
        """Run the viewers' process with these words, if any, and count."""
        child = None
        if words:
            command = [sys.executable, "-m", "tests.bench.viewers_child", str(self._part.port), str(seconds), *words]
            child = subprocess.Popen(command, stdout=subprocess.PIPE)
        time.sleep(seconds / 3)
        frames, cpu, began, memory = self._counter.frames, time.process_time(), time.monotonic(), rss_mb()
        time.sleep(2 * seconds / 3)
        took = time.monotonic() - began
        cost = {"fps": (self._counter.frames - frames) / took, "cpu": (time.process_time() - cpu) / took}
        told = json.loads(child.communicate(timeout=120)[0]) if child else {}
        return Cost(
            **cost,
            rss_mb=(memory, rss_mb()),
            viewers=tuple(told.get("viewers", ())),
            first_s=told.get("first_s"),
        )

    def close(self) -> None:
        """End the loop, then the page and the models."""
        self._control.stop()
        self._thread.join()
        self._part.close()
        self._pipeline.close()


def rss_mb() -> float:
    """Memory of this process, MB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / MB


def run(bench: Bench, seconds: float, viewers: int = VIEWERS, slow: int = SLOW) -> dict[str, Cost]:
    """Every case."""
    return {
        "nobody": bench.case(seconds),
        "viewers": bench.case(seconds, "--viewers", str(viewers), "--stopped", str(STOPPED)),
        "slow connections": bench.case(seconds, "--viewers", "1", "--slow", str(slow)),
    }


def wrong(costs: dict[str, Cost]) -> list[str]:
    """What is not as it should be, a line each."""
    found = []
    alone = costs["nobody"].fps
    for name, cost in costs.items():
        if abs(cost.fps / alone - 1) > WITHIN:
            found.append(f"{name}: the loop runs at {cost.fps:.1f} frames/s, without viewers at {alone:.1f}")
        if cost.rss_mb[1] - cost.rss_mb[0] > GREW_MB:
            found.append(f"{name}: memory grew from {cost.rss_mb[0]:.1f} to {cost.rss_mb[1]:.1f} MB")
        if cost.viewers and min(cost.viewers) < READ * cost.fps:
            found.append(f"{name}: a viewer got {min(cost.viewers):.1f} pictures/s of {cost.fps:.1f}")
    if costs["slow connections"].first_s is None:
        found.append("slow connections: the viewer was kept out")
    return found


def table(costs: dict[str, Cost]) -> str:
    """A line for each case."""
    heads = (
        "case", "loop, frames/s", "CPU, % of a core", "pictures/s of viewers, least and most", "first picture, s",
        "RSS, MB, after a third and at the end",
    )  # fmt: skip
    rows = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name, cost in costs.items():
        seen = f"{min(cost.viewers):.1f}, {max(cost.viewers):.1f}" if cost.viewers else "-"
        first = "-" if cost.first_s is None else f"{cost.first_s:.2f}"
        memory = f"{cost.rss_mb[0]:.1f}, {cost.rss_mb[1]:.1f}"
        rows.append(f"| {name} | {cost.fps:.1f} | {100 * cost.cpu:.0f} | {seen} | {first} | {memory} |")
    return "\n".join(rows)


def main(argv: list[str] | None = None) -> int:
    """Print the table; 0, or 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.viewers", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="of each case")
    parser.add_argument("--viewers", type=int, default=VIEWERS)
    parser.add_argument("--slow", type=int, default=SLOW, help="slow connections")
    parser.add_argument("--json", action="store_true", help="print an object")
    arguments = parser.parse_args(argv)
    shipped = complete()
    logging.getLogger("edge").setLevel(logging.ERROR)
    images = list(painted())
    if shipped:
        demo = cameras.open_camera(SourceSettings(source="demo"))
        images = [frame.image for frame in islice(cameras.frames(demo), 150, 190)]
        demo.close()
    bench = Bench(settings("" if shipped else str(TINY)), images)
    try:
        costs = run(bench, arguments.seconds, arguments.viewers, arguments.slow)
    finally:
        bench.close()
    found = wrong(costs)
    print(json.dumps({name: asdict(cost) for name, cost in costs.items()}) if arguments.json else table(costs))
    print("\n".join(found), file=sys.stderr)
    return 1 if found else 0


def settings(models: str) -> Settings:
    """Those of the loop."""
    return Settings(
        source=SourceSettings(max_fps=MAX_FPS),
        engine=EngineSettings(threads=1),
        models=ModelsSettings(dir=models),
        web=WebSettings(port=0),
    )


if __name__ == "__main__":
    sys.exit(main())
