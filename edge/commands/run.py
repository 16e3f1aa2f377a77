"""`edge-emotion run`: watch a source, write the journal, show what is known. Puts the parts of the loop together."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import edge
from edge import cameras, config
from edge.cli.output import is_closed
from edge.cli.terminal import Progress, has_colours, is_terminal
from edge.clock import Clock, SystemClock
from edge.commands.run_progress import CountedCamera
from edge.daemon import firmware
from edge.daemon.control import Control
from edge.daemon.crash_marker import CrashMarker
from edge.daemon.folders import pause_file, state_file
from edge.daemon.health import Health
from edge.daemon.loop import Loop, Parts
from edge.daemon.stderr_filter import filtered_stderr
from edge.daemon.supervisor import ReconnectingCamera
from edge.daemon.systemd import Systemd
from edge.engines import AGAIN_S, FIRST_S
from edge.journals.location import journal_file
from edge.pipeline.factory import open_pipeline
from edge.pipeline.pipeline import EmotionPipeline
from edge.ports import Camera, MetricsPage, Screen, Sink
from edge.screens import open_screen
from edge.screens.reconnecting import ReconnectingScreen
from edge.settings import Settings
from edge.sinks import open_sinks
from edge.sinks.summary import SummarySink
from edge.text import printable
from edge.values import whole_number
from edge.web.hub import Hub, WatchedScreen

if TYPE_CHECKING:
    from edge.web.part import WebPart

EXAMPLES = (
    "edge-emotion run --source demo",
    "edge-emotion run --source /dev/video0 --journal journal.jsonl",
    "edge-emotion run --source clip.mp4 --out annotated.mp4",
    "edge-emotion run --config /etc/edge-emotion/config.toml --screen drm",
)
PRINTS = False  # the journal may be a file, and the screen is one


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    config.add_flags(parser)
    parser.add_argument("--frames", type=whole_number(1), default=0, metavar="N", help="stop after N frames")
    parser.add_argument(
        "--out", type=Path, metavar="CLIP", help="write an annotated video, .mp4 or .webp; it shows the people in it"
    )
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE", help="write a contact sheet of evenly spaced annotated frames"
    )
    parser.add_argument("--force", action="store_true", help="let --out and --sheet overwrite existing files")
    parser.add_argument("--json", action="store_true", help="print events as JSON even on a terminal")
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
    file = journal_file(settings.journal, os.environ)
    readable = is_terminal(sys.stdout) and not arguments.json
    progress = Progress(None if live or not readable else sys.stderr, "frames")
    say: Callable[[str], None] = print
    if not live or arguments.out or arguments.sheet:
        from edge.screens.outputs import check_outputs

        check_outputs(settings.source.source, file, arguments.out, arguments.sheet, arguments.force)
    with contextlib.ExitStack() as stack:
        if live:
            stack.enter_context(filtered_stderr(clock))
        sinks = open_sinks(settings, clock, control, without=("journal",) if readable and file == "-" else ())
        if readable:
            from edge.commands.run_terminal import TerminalSink

            terminal = TerminalSink(sys.stdout, has_colours(sys.stdout), "" if file == "-" else file, progress)
            sinks, say = (*sinks, terminal), terminal.say
        for sink in sinks:
            stack.callback(sink.close)
        ended_well = marker.begin()
        pipeline = open_pipeline(settings, live, FIRST_S if ended_well else AGAIN_S)
        stack.callback(pipeline.close)
        screen = recorded(arguments, settings, clock, control)
        stack.callback(screen.close)
        camera = ReconnectingCamera(
            lambda: counted(settings, clock, progress, arguments.frames),
            settings.source,
            clock,
            live=live,
            wait=arguments.wait,
        )
        hub = Hub(clock, lambda: camera.lost)
        if settings.web.enabled:
            stack.callback(_serve(settings, hub, control, sinks).close)
        parts = Parts(
            camera=camera,
            pipeline=pipeline,
            screen=WatchedScreen(screen, hub) if settings.web.enabled else screen,
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
    if (file != "-" or readable) and not is_closed():
        say("\n".join([summary.summary.text(), "", *written(file, arguments)]).rstrip())
    return 0


def counted(settings: Settings, clock: Clock, progress: Progress, most: int) -> Camera:
    """The source of the settings, whose frames, at most `most` if that is not 0, move a progress bar."""
    return CountedCamera(cameras.open_camera(settings.source, clock), progress, most)


def recorded(arguments: argparse.Namespace, settings: Settings, clock: Clock, control: Control) -> Screen:
    """The screen of the settings, and what --out and --sheet ask for beside it."""
    screen = ReconnectingScreen(lambda: open_screen(settings.screen, clock, control.stop), clock)
    if arguments.out is None and arguments.sheet is None:
        return screen
    from edge.screens.recording import Recording
    from edge.screens.sheet import Sheet

    sheet = Sheet(arguments.sheet, new=not arguments.force) if arguments.sheet else None
    return Recording(screen, arguments.out, sheet, settings.screen.style)


def written(journal: str, arguments: argparse.Namespace) -> list[str]:
    """A line for each file that was written."""
    named = (("Journal", None if journal == "-" else journal), ("Video", arguments.out), ("Sheet", arguments.sheet))
    return [f"{name}: {printable(path)}" for name, path in named if path is not None]


def _serve(settings: Settings, hub: Hub, control: Control, sinks: Sequence[Sink]) -> WebPart:
    """The page of this process; a taken address is tried again, so that it does not stop the recognizer."""
    from edge.web.part import WebPart, announce, tokens

    token, scrape = tokens(settings, os.environ)
    metrics = next((sink for sink in sinks if isinstance(sink, MetricsPage)), None)
    part = WebPart(
        settings, hub, control, live=settings.web.live, token=token, patient=True, metrics=metrics,
        scrape=scrape,
    )  # fmt: skip
    announce(settings, token, os.environ)
    return part


def about(settings: Settings, pipeline: EmotionPipeline, live: bool) -> dict[str, Any]:
    """What the start event says: the source, the version, and the models by the beginning of their hashes."""
    return {
        "source": cameras.redacted(settings.source.source),
        "live": live,
        "version": edge.__version__,
        "models": {engine.spec.task: engine.spec.sha256[:12] for engine in pipeline.engines},
    }
