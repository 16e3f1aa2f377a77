"""`edge-emotion run`: watch a source, write the journal, show what is known. Puts the parts of the loop together."""

from __future__ import annotations

import argparse
import contextlib
import os
from typing import Any

import edge
from edge import cameras, config
from edge.clock import SystemClock
from edge.daemon import firmware
from edge.daemon.control import Control
from edge.daemon.crash_marker import CrashMarker
from edge.daemon.folders import pause_file, state_file
from edge.daemon.health import Health
from edge.daemon.loop import Loop, Parts
from edge.daemon.supervisor import ReconnectingCamera
from edge.daemon.systemd import Systemd
from edge.engines import AGAIN_S, FIRST_S
from edge.journals.location import journal_file
from edge.pipeline.factory import open_pipeline
from edge.pipeline.pipeline import EmotionPipeline
from edge.screens import open_screen
from edge.screens.reconnecting import ReconnectingScreen
from edge.settings import Settings
from edge.sinks import open_sinks
from edge.sinks.summary import SummarySink

EXAMPLES = (
    "edge-emotion run --source demo",
    "edge-emotion run --source /dev/video0 --journal journal.jsonl",
    "edge-emotion run --config /etc/edge-emotion/config.toml --screen drm",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    config.add_flags(parser)
    parser.add_argument("--frames", type=_count, default=0, metavar="N", help="stop after N frames")
    parser.add_argument("--wait", action="store_true", help="wait for a source that is missing at the start")


def main(arguments: argparse.Namespace) -> int:
    """Run until the source ends or a signal says stop; 0.

    Raises:
        EdgeError: wrong settings, models, source, journal or screen; the exit code is the error's.
    """
    clock, summary = SystemClock(), SummarySink()
    # Before anything that can take long or fail: a pause that is asked for now must not be lost.
    control = Control(clock, memory=state_file("paused", os.environ))
    control.listen()
    settings = config.from_arguments(arguments)
    control.watch(pause_file(settings, os.environ))
    live = cameras.is_live(settings.source.source)
    marker = CrashMarker(state_file("running", os.environ))
    with contextlib.ExitStack() as stack:
        sinks = open_sinks(settings, clock, control)
        for sink in sinks:
            stack.callback(sink.close)
        ended_well = marker.begin()
        pipeline = open_pipeline(settings, live, FIRST_S if ended_well else AGAIN_S)
        stack.callback(pipeline.close)
        screen = ReconnectingScreen(lambda: open_screen(settings.screen, clock, control.stop), clock)
        stack.callback(screen.close)
        parts = Parts(
            camera=ReconnectingCamera(
                lambda: cameras.open_camera(settings.source, clock),
                settings.source,
                clock,
                live=live,
                wait=arguments.wait,
            ),
            pipeline=pipeline,
            screen=screen,
            sinks=(*sinks, summary),
            systemd=Systemd(os.environ, clock),
            control=control,
            health=Health(settings.health, firmware.read, pipeline.fallbacks),
            clock=clock,
            settings=settings,
            frames=arguments.frames,
            about=about(settings, pipeline, live),
        )
        Loop(parts).run()
        marker.end()
    file = journal_file(settings.journal, os.environ)
    if file != "-":
        print(f"{summary.summary.text()}\n\nJournal: {file}")
    return 0


def about(settings: Settings, pipeline: EmotionPipeline, live: bool) -> dict[str, Any]:
    """What the start event says: the source, the version, and the models by the beginning of their hashes."""
    return {
        "source": cameras.redacted(settings.source.source),
        "live": live,
        "version": edge.__version__,
        "models": {engine.spec.task: engine.spec.sha256[:12] for engine in pipeline.engines},
    }


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {text}")
    return value
