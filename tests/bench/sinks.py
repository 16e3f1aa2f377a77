"""What MQTT and metrics cost the loop: `python -m tests.bench.sinks` runs it with a real mosquitto and a real scraper.

The loop and the pipeline are the product's own; frames are in memory and come as fast as they are taken (or `--fps 30`
times a second), with an event of each face every fifth of a second of their time. Every round runs each case once, so
that what else the machine does meets all of them; the figures are medians over the rounds. The models have one thread,
the loop's, so that its processor time is theirs, too: on a busy machine it is the figure to look at, as other programs
do not count.

| case | what happens |
|---|---|
| none | no sink but the summary |
| mqtt | a broker takes everything |
| mqtt, killed | the broker is killed after a third of the frames, and is back after two thirds |
| mqtt, frozen | the broker stops answering after a third of the frames, and goes on after two thirds |
| metrics | somebody scrapes ten times a second |
| metrics, page | the same on the port of the web page, which nobody watches |
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

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
from edge.pipeline.pipeline import EmotionPipeline
from edge.ports import Sink
from edge.screens.none import NoScreen
from edge.settings import (
    EngineSettings,
    JournalSettings,
    ModelsSettings,
    MqttSettings,
    Settings,
    SourceSettings,
    WebSettings,
)
from edge.sinks.metrics import MetricsSink
from edge.sinks.mqtt import open_mqtt
from edge.sinks.summary import SummarySink
from edge.web.hub import Hub
from edge.web.part import WebPart
from tests.bench.soak import FPS, TINY, complete, painted
from tests.edge.sinks.mosquitto import PASSWORD, SINK, Broker

SAMPLE_S = 0.2
SCRAPE_S = 0.1
MOST_SLOWER = 0.05  # of the loop's rate


@dataclass(frozen=True)
class Cost:
    """One run: frames per second, milliseconds of a frame (processor time, mean; real time, 99 % and the worst),
    events, and those that were dropped.
    """

    fps: float
    cpu_ms: float
    p99_ms: float
    worst_ms: float
    events: int
    dropped: int


class Pictures:
    """A camera that plays pictures from memory, and does things between them.

    Args:
        images: played again and again.
        frames: how many in all.
        fps: how many a second; 0: as fast as they are taken.
        between: what to do before the frame of an index; its time does not count.
    """

    live = False
    stuck = False

    def __init__(
        self, images: list[np.ndarray], frames: int, fps: float, between: Mapping[int, Callable[[], None]]
    ) -> None:
        self._images, self._frames, self._fps, self._between = images, frames, fps, between
        self.seconds: list[float] = []
        self.waited = self.cpu = 0.0

    def __iter__(self) -> Iterator[Frame]:
        for n in range(self._frames):
            self._between.get(n, lambda: None)()
            if self._fps:
                early = n / self._fps - sum(self.seconds) - self.waited
                before = time.perf_counter()
                time.sleep(max(early, 0.0))
                self.waited += time.perf_counter() - before
            began, worked = time.perf_counter(), time.thread_time()
            yield Frame(self._images[n % len(self._images)], n / FPS, n)
            self.seconds.append(time.perf_counter() - began)
            self.cpu += time.thread_time() - worked

    def close(self) -> None:
        """Nothing to close."""


def play(pipeline: EmotionPipeline, camera: Pictures, settings: Settings, *sinks: Sink) -> Cost:
    """The loop over all frames."""
    clock, summary = SystemClock(), SummarySink()
    parts = Parts(
        camera=ReconnectingCamera(lambda: camera, settings.source, clock, live=False),
        pipeline=pipeline,
        screen=NoScreen(),
        sinks=(*sinks, summary),
        systemd=Systemd({}, clock),
        control=Control(clock),
        health=Health(settings.health, Reading),
        clock=clock,
        settings=settings,
    )
    Loop(parts).run()
    for sink in sinks:
        sink.close()
    taken = sorted(camera.seconds)
    return Cost(
        fps=len(taken) / (sum(taken) + camera.waited),
        cpu_ms=1000 * camera.cpu / len(taken),
        p99_ms=1000 * taken[int(0.99 * len(taken))],
        worst_ms=1000 * taken[-1],
        events=summary.summary.events,
        dropped=sum(getattr(sink, "dropped", 0) for sink in sinks),
    )


class Bench:
    """The cases, over the same pictures."""

    def __init__(self, settings: Settings, images: list[np.ndarray], frames: int, fps: float, folder: Path) -> None:
        self._settings, self._images, self._frames, self._fps, self._folder = settings, images, frames, fps, folder
        self._pipeline = open_pipeline(settings, live=False)
        (folder / "secret").write_text(PASSWORD)

    def none(self) -> Cost:
        """Nothing but the loop."""
        return play(self._pipeline, self._camera({}), self._settings)

    def mqtt(self, fault: str = "") -> Cost:
        """With a broker, which is "kill"ed or "freeze"s between a third and two thirds of the frames."""
        broker = Broker(self._folder).start()
        begin, end = {"kill": (broker.kill, lambda: broker.start()), "freeze": (broker.freeze, broker.thaw)}.get(
            fault, (lambda: None, lambda: None)
        )
        chosen = MqttSettings(
            enabled=True, port=broker.port, node="bench", user=SINK, password_file=str(self._folder / "secret"),
            retry_s=0.1, retry_max_s=1.0,
        )  # fmt: skip
        try:
            sink = open_mqtt(Settings(mqtt=chosen), SystemClock(), {})
            broker.wait_for("New client connected")
            camera = self._camera({self._frames // 3: begin, 2 * self._frames // 3: end})
            return play(self._pipeline, camera, self._settings, sink)
        finally:
            broker.kill()

    def metrics(self, page: bool = False) -> Cost:
        """With somebody who scrapes all the time, on a port of its own or on the web page's."""
        sink, over = MetricsSink(SystemClock(), Reading), threading.Event()
        with contextlib.ExitStack() as stack:
            return self._scraped(sink, self._page(sink, stack) if page else sink.serve("127.0.0.1", 0), over)

    def _page(self, sink: MetricsSink, stack: contextlib.ExitStack) -> int:
        """Serve the web page with these metrics until the stack unwinds; its port."""
        settings = replace(self._settings, web=WebSettings(enabled=True, port=0))
        part = WebPart(settings, Hub(SystemClock(), lambda: ""), None, live=False, token=None, metrics=sink)
        stack.callback(part.close)
        return part.port

    def _scraped(self, sink: MetricsSink, port: int, over: threading.Event) -> Cost:
        address = f"http://127.0.0.1:{port}/metrics"

        def scrape() -> None:
            while not over.wait(SCRAPE_S):
                urllib.request.urlopen(address, timeout=30).read()

        scraper = threading.Thread(target=scrape)
        scraper.start()
        try:
            camera = self._camera({self._frames - 1: lambda: (over.set(), scraper.join())})
            return play(self._pipeline, camera, self._settings, sink)
        finally:
            over.set()
            scraper.join()

    def close(self) -> None:
        """Release the models."""
        self._pipeline.close()

    def _camera(self, between: Mapping[int, Callable[[], None]]) -> Pictures:
        return Pictures(self._images, self._frames, self._fps, between)


def run(bench: Bench, rounds: int) -> dict[str, list[Cost]]:
    """Every case in every round."""
    cases: dict[str, Callable[[], Cost]] = {
        "none": bench.none,
        "mqtt": bench.mqtt,
        "mqtt, killed": lambda: bench.mqtt("kill"),
        "mqtt, frozen": lambda: bench.mqtt("freeze"),
        "metrics": bench.metrics,
        "metrics, page": lambda: bench.metrics(page=True),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in cases}
    for n in range(rounds):
        # Another order in each round: none of them always comes after the warm-up of another.
        for name in (*islice(cases, n % len(cases), None), *islice(cases, n % len(cases))):
            costs[name].append(cases[name]())
    return costs


def beside_none(costs: Mapping[str, list[Cost]], name: str) -> float:
    """The rate of a case as a part of that of "none" in the same round, the median over the rounds."""
    return statistics.median(a.fps / b.fps for a, b in zip(costs[name], costs["none"], strict=True))


def slowed(costs: Mapping[str, list[Cost]]) -> list[str]:
    """The cases in which the loop was slower than the goal allows."""
    return [name for name in costs if beside_none(costs, name) < 1 - MOST_SLOWER]


def table(costs: Mapping[str, list[Cost]]) -> str:
    """A line for each case: medians; rate and processor time beside those of "none" in the same round."""
    heads = ("case", "frames/s", "beside none", "CPU, ms", "beside none", "99 %, ms", "worst, ms", "events", "dropped")
    rows = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name, each in costs.items():
        rate = beside_none(costs, name)
        cpu = statistics.median(a.cpu_ms / b.cpu_ms for a, b in zip(each, costs["none"], strict=True))
        m = {key: statistics.median(getattr(cost, key) for cost in each) for key in Cost.__dataclass_fields__}
        cells = (
            name, f"{m['fps']:.1f}", f"{100 * rate:.1f} %", f"{m['cpu_ms']:.2f}", f"{100 * cpu:.1f} %",
            f"{m['p99_ms']:.1f}", f"{m['worst_ms']:.1f}", f"{m['events']:.0f}", f"{m['dropped']:.0f}",
        )  # fmt: skip
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def main(argv: list[str] | None = None) -> int:
    """Print the table; 1 where at a camera's rate (`--fps`) a case slowed the loop by more than MOST_SLOWER."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sinks", description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", type=int, default=600, help="of each run")
    parser.add_argument("--fps", type=float, default=0.0, help="frames per second (default: as fast as they are taken)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", default="", help="a models folder (default: the shipped one, else the tests' tiny)")
    arguments = parser.parse_args(argv)
    shipped = not arguments.models and complete()
    models = arguments.models or ("" if shipped else str(TINY))
    settings = Settings(
        engine=EngineSettings(threads=1), models=ModelsSettings(dir=models), journal=JournalSettings(sample_s=SAMPLE_S)
    )
    if shipped:
        camera = cameras.open_camera(SourceSettings(source="demo"))
        images = [frame.image for frame in islice(cameras.frames(camera), 200)]
        camera.close()
    else:
        images = list(painted())
    logging.getLogger("edge").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(settings, images, arguments.frames, arguments.fps, Path(folder))
        costs = run(bench, arguments.rounds)
        bench.close()
    print(f"{'shipped' if shipped else models} models, {arguments.rounds} rounds of {arguments.frames} frames\n")
    print(table(costs))
    # As fast as frames are taken, the rate is that of the other programs on the machine, too.
    found = slowed(costs) if arguments.fps else []
    for name in found:
        print(f"error: {name}: the loop is slower by more than {MOST_SLOWER:.0%}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
