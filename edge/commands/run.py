"""`edge-emotion run`: watch a source, write the journal, show what is known. Puts the parts of the loop together."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import edge
from edge import cameras, config
from edge.clock import Clock, SystemClock, rfc3339
from edge.daemon import firmware
from edge.daemon.control import Switch
from edge.daemon.crash_marker import CrashMarker
from edge.daemon.health import Health
from edge.daemon.loop import Loop
from edge.daemon.systemd import Systemd
from edge.engines import AGAIN_S, FIRST_S
from edge.journals import open_journal
from edge.journals.summary import Summary
from edge.pipeline.factory import open_pipeline
from edge.pipeline.pipeline import EmotionPipeline
from edge.ports import Journal
from edge.screens import open_screen
from edge.screens.reconnecting import ReconnectingScreen
from edge.settings import Settings
from edge.sinks.event_hook import Hook


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    config.add_flags(parser)
    parser.add_argument("--frames", type=_count, default=0, metavar="N", help="stop after so many frames")
    parser.add_argument("--wait", action="store_true", help="wait for a source that is not there at the start")


def main(arguments: argparse.Namespace) -> int:
    """Run until the source ends or a signal says stop; 0.

    Raises:
        EdgeError: settings, models, source, journal or screen that are wrong; the exit code is the error's.
    """
    settings = config.from_arguments(arguments)
    live = cameras.is_live(settings.source.source)
    clock = SystemClock()
    switch = Switch(clock, pause_file(settings, os.environ))
    hook = Hook(settings.maker, clock)
    file = journal_file(settings, os.environ)
    last = CrashMarker(in_state_folder("running", os.environ))
    pipeline = open_pipeline(settings, live, FIRST_S if last.begin() else AGAIN_S)
    switch.listen()
    journal = Counted(open_journal(file, settings.journal, clock), clock)
    try:
        screen = ReconnectingScreen(lambda: open_screen(settings.screen, clock, switch.stop), clock)
        try:
            Loop(
                lambda: cameras.open_camera(settings.source, clock),
                pipeline,
                journal,
                screen,
                Systemd(os.environ, clock),
                switch,
                Health(settings.health, firmware.read, pipeline.fallbacks),
                hook,
                clock,
                settings,
                live=live,
                frames=arguments.frames,
                wait=arguments.wait,
                about=about(settings, pipeline, live),
            ).run()
            last.end()
        finally:
            screen.close()
    finally:
        journal.close()
        hook.close()
        pipeline.close()
    if file != "-":
        print(f"{journal.summary.text()}\n\nJournal: {file}")
    return 0


class Counted:
    """A journal whose events are also counted, for the summary at the end."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal, self._clock = journal, clock
        self.summary = Summary()

    def write(self, event: Mapping[str, Any]) -> None:
        """Write and count."""
        self._journal.write(event)
        self.summary.add({"time": rfc3339(self._clock.wall()), **event})

    def tick(self) -> None:
        """As of the journal."""
        self._journal.tick()

    def close(self) -> None:
        """As of the journal."""
        self._journal.close()


def journal_file(settings: Settings, environment: Mapping[str, str]) -> str:
    """The journal's file: "auto" means the service's log folder (LOGS_DIRECTORY of systemd), else standard output."""
    if settings.journal.file != "auto":
        return settings.journal.file
    folder = environment.get("LOGS_DIRECTORY", "").partition(":")[0]
    return str(Path(folder) / "journal.jsonl") if folder else "-"


def pause_file(settings: Settings, environment: Mapping[str, str]) -> Path | None:
    """The pause file: "auto" means `pause` in the service's state folder (STATE_DIRECTORY of systemd), else none."""
    if settings.maker.pause_file != "auto":
        return Path(settings.maker.pause_file) if settings.maker.pause_file else None
    return in_state_folder("pause", environment)


def in_state_folder(name: str, environment: Mapping[str, str]) -> Path | None:
    """A file in the service's state folder (STATE_DIRECTORY of systemd); None where there is no such folder."""
    folder = environment.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(folder) / name if folder else None


def about(settings: Settings, pipeline: EmotionPipeline, live: bool) -> dict[str, Any]:
    """What the start event says: which source, which version, and which models by the start of their hashes."""
    engines = [pipeline.detector.detector.engine, pipeline.mask.engine, *(c.engine for c in pipeline.emotions.values())]
    return {
        "source": cameras.redacted(settings.source.source),
        "live": live,
        "version": edge.__version__,
        "models": {engine.spec.task: engine.spec.sha256[:12] for engine in engines},
    }


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {text}")
    return value
