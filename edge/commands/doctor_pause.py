"""The check of `edge-emotion doctor` of the pause: a camera that is off on purpose looks like one that is broken."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from edge.commands.doctor_finding import FAIL, OK, WARN, Finding
from edge.daemon.control import doubtful, lies_there, remembers
from edge.daemon.folders import pause_file, state_file, with_service
from edge.errors import EdgeError
from edge.settings import Settings

RESUME = "sudo systemctl kill --signal=SIGUSR1 --kill-whom=main edge-emotion"


def pause(settings: Settings, environment: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Whether the camera is off, and by what; nothing where nothing can pause it.

    Args:
        settings: the settings.
        environment: for the state folder; without one, the service's counts where there is one.
    """
    seen = with_service(environment)
    file, memory = pause_file(settings, seen), state_file("paused", seen)
    if memory is not None and os.path.isdir(memory.parent) and not os.access(memory.parent, os.X_OK):
        unseen = "this user cannot see whether the service was asked to pause; run this with sudo"
        yield Finding(WARN, "pause", f"{memory.parent}: {unseen}")
        if settings.maker.pause_file == "auto":  # which is there, too
            return
    elif memory is not None and remembers(memory):
        yield Finding(WARN, "pause", f"the service was asked to pause, so its camera is off; to resume: {RESUME}")
        return
    if file is None:
        return
    try:
        there = lies_there(file)
    except EdgeError as error:
        yield Finding(FAIL, "pause", str(error))
        return
    if doubt := doubtful(file):
        yield Finding(WARN, "pause", f"[maker] pause_file: {doubt}")
    elif there:
        yield Finding(WARN, "pause", f"{file} is there, so the camera is off; remove it to resume")
    else:
        yield Finding(OK, "pause", f"none; {file} would begin one")
