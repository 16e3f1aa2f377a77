"""The checks of `edge-emotion doctor` of the machine: versions, libraries, memory, disk and power."""

from __future__ import annotations

import importlib
import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

import edge
from edge.commands.doctor_finding import FAIL, OK, WARN, Finding
from edge.daemon import firmware
from edge.engines.model import interpreter_module
from edge.errors import EdgeError
from edge.journals.location import journal_file
from edge.machine import machine
from edge.settings import Settings

MEMORY_MB, DISK_MB = 150.0, 500.0  # less free than this is worth a warning


def runtime(settings: Settings) -> Iterator[Finding]:
    """LiteRT and OpenCV."""
    try:
        module = interpreter_module()
    except EdgeError as error:
        yield Finding(FAIL, "runtime", str(error))
        return
    package = module.__name__.partition(".")[0]
    version = getattr(importlib.import_module(package), "__version__", "?")
    yield Finding(OK, "runtime", f"{package} {version}, OpenCV {cv2.__version__}, numpy {np.__version__}")


def version(settings: Settings) -> Iterator[Finding]:
    """This program, Python and the machine."""
    yield Finding(OK, "version", f"edge-emotion {edge.__version__}, Python {platform.python_version()}, {machine()}")


def room(settings: Settings, root: Path = Path("/")) -> Iterator[Finding]:
    """Free memory, and free space where the journal is written."""
    found = re.search(r"MemAvailable:\s+(\d+) kB", _text(root / "proc/meminfo"))
    if found:
        free = int(found[1]) / 1000
        few = free < MEMORY_MB
        fix = "; stop other programs" if few else ""
        yield Finding(WARN if few else OK, "memory", f"{free:.0f} MB free{fix}")
    file = journal_file(settings.journal, os.environ)
    folder = Path.cwd() if file == "-" else Path(file).resolve().parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e6
    wanted = settings.journal.max_bytes * (settings.journal.keep_files + 1) / 1e6 if file != "-" else DISK_MB
    if free < min(wanted, DISK_MB):
        yield Finding(WARN, "disk", f"{free:.0f} MB free in {folder}; make room, or lower [journal] keep_files")
    else:
        yield Finding(OK, "disk", f"{free / 1000:.1f} GB free in {folder}")


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def power(settings: Settings, root: Path = Path("/"), ask: Callable[[], str] = firmware.vcgencmd) -> Iterator[Finding]:
    """Temperature and throttling, as a Raspberry Pi's firmware reports them; `root` and `ask` as of firmware.read."""
    reading = firmware.read(root, ask)
    heat = "" if reading.celsius is None else f", {reading.celsius:.0f} °C"
    if not reading.read_from and not firmware.is_pi(root):
        yield Finding(OK, "power", f"not a Raspberry Pi, skipped{heat}")
    elif not reading.read_from:
        fix = "run this as a user in the group 'video', with vcgencmd installed"
        yield Finding(WARN, "power", f"under-voltage and throttling cannot be read here{heat}; {fix}")
    elif reading.now:
        fix = "use the official power supply" if "under-voltage" in reading.now else "improve the cooling"
        yield Finding(WARN, "power", f"now {', '.join(reading.now)}{heat}; {fix}")
    elif reading.ever:
        yield Finding(
            WARN, "power", f"since boot: {', '.join(reading.ever)}{heat}; check the power supply and the cooling"
        )
    elif reading.read_from == firmware.VOLTAGE:
        yield Finding(OK, "power", f"no under-voltage{heat}; throttling cannot be read here")
    else:
        yield Finding(OK, "power", f"not throttled{heat}")
