"""The checks of `edge-emotion doctor`. Each gives findings: how good, about what, and how to fix it."""

from __future__ import annotations

import importlib
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

import edge
from edge import cameras, manifest
from edge.daemon import firmware
from edge.engines import open_engine, tpu
from edge.engines.model import interpreter_module
from edge.errors import DelegateError, EdgeError, ScreenAbsent
from edge.frame import Frame
from edge.journals.location import journal_file
from edge.machine import machine
from edge.registry import SCREENS, SINKS
from edge.settings import ScreenSettings, Settings
from edge.tasks import DAEMON

OK, WARN, FAIL = "ok", "warn", "fail"
# Longer than it takes to open a camera, shorter than a person waits.
CAMERA_S = 10.0
MEMORY_MB, DISK_MB = 150.0, 500.0  # less free than this is worth a warning
DARK = 10.0


@dataclass(frozen=True)
class Finding:
    """One line of the report. A finding of level FAIL means that `run` with the same settings cannot work."""

    level: str
    about: str
    text: str


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


def models(settings: Settings) -> Iterator[Finding]:
    """Each model that the daemon needs: its hash, and that it runs."""
    try:
        listed = manifest.load(Path(settings.models.dir) if settings.models.dir else None)
    except EdgeError as error:
        yield Finding(FAIL, "models", str(error))
        return
    for task in DAEMON:
        try:
            path = listed.path(task)
            engine = open_engine(listed, task, settings.engine.threads)
            spec = engine.spec
            engine.infer(np.zeros((spec.height, spec.width, spec.channels), np.uint8))
            engine.close()
        except EdgeError as error:
            yield Finding(FAIL, f"model {task}", str(error))
        else:
            size = path.stat().st_size / 1000
            yield Finding(OK, f"model {task}", f"{spec.name}, {size:.0f} kB, sha256 {spec.sha256[:12]} verified, runs")


def accelerator(settings: Settings, devices: Callable[[], list[str]] = tpu.devices) -> Iterator[Finding]:
    """The Edge TPU, if it is wanted."""
    asked, there = settings.engine.accelerator, devices()
    if asked == "cpu" or (asked == "auto" and not there):
        reason = "as configured" if asked == "cpu" else "no Edge TPU is plugged in"
        yield Finding(OK, "accelerator", f"CPU, {settings.engine.threads} threads ({reason})")
        return
    try:
        listed = manifest.load(Path(settings.models.dir) if settings.models.dir else None)
        for engine in tpu.open_tpu(listed, DAEMON).values():
            engine.close()
    except DelegateError as error:
        yield Finding(WARN, "accelerator", f"{error}; using the CPU")
    except EdgeError as error:
        yield Finding(FAIL, "accelerator", str(error))
    else:
        yield Finding(OK, "accelerator", f"Edge TPU ({', '.join(there) or 'found by its library'}), runs all models")


def service_status() -> str:
    """The status of the installed service, such as "29.8 fps, 1 face"; empty where none is running."""
    # A stopped service keeps its last status.
    command = ["systemctl", "show", "--property=ActiveState", "--property=StatusText", "edge-emotion"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=CAMERA_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    shown = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    return shown.get("StatusText", "") if shown.get("ActiveState") == "active" else ""


def camera(settings: Settings, status: Callable[[], str] = service_status) -> Iterator[Finding]:
    """The source, by its first frame. A camera that the running service uses is fine.

    Args:
        settings: the settings.
        status: gets the status of the service; replaced in tests.
    """
    source = replace(settings.source, timeout_s=max(settings.source.timeout_s, CAMERA_S))
    name = cameras.redacted(source.source)
    opened = None
    try:
        opened = cameras.open_camera(source)
        frame: Frame | None = next(cameras.frames(opened), None)
    except EdgeError as error:
        if cameras.is_live(source.source) and " fps" in (shown := status()):
            text = f"{name}: used by the service ({shown}); to test it here: sudo systemctl stop edge-emotion"
            yield Finding(OK, "camera", text)
        else:
            yield Finding(FAIL, "camera", str(error))
        return
    finally:
        if opened is not None:
            opened.close()
    if frame is None:
        yield Finding(FAIL, "camera", f"{name}: no frame; choose another source")
        return
    size = f"{name}: {frame.width}x{frame.height}"
    if frame.image.mean() < DARK:
        yield Finding(WARN, "camera", f"{size}, but the picture is dark; remove the lens cap or turn on a light")
    else:
        yield Finding(OK, "camera", size)


def screen(settings: Settings, check: Callable[[ScreenSettings], str] | None = None) -> Iterator[Finding]:
    """The screen of the settings, as `run` would find it, by its adapter's own `check`.

    Args:
        settings: the settings.
        check: replaces the adapter's, in tests.
    """
    try:
        check = check or getattr(SCREENS.load(settings.screen.kind), "check", None)
        text = check(settings.screen) if check else f"{settings.screen.kind}, installed; it has no check of its own"
    except ScreenAbsent as error:
        yield Finding(WARN, "screen", f"{_without_name(error)}; `run` will wait for it")
    except EdgeError as error:
        yield Finding(FAIL, "screen", _without_name(error))
    else:
        yield Finding(OK, "screen", text)


def _without_name(error: EdgeError) -> str:
    return str(error).removeprefix("screen: ")


def permissions(settings: Settings) -> Iterator[Finding]:
    """Whether the journal can be written."""
    file = settings.journal.file
    if file in ("-", "auto"):
        yield Finding(OK, "journal", "standard output, or the service's log folder")
        return
    path = Path(file)
    target = path if path.exists() else path.parent
    if not target.exists():
        yield Finding(FAIL, "journal", f"{target}: no such folder; create it or change [journal] file")
    elif not os.access(target, os.W_OK) or path.is_dir():
        yield Finding(
            FAIL, "journal", f"{path}: this user cannot write to it; change [journal] file or the file's owner"
        )
    else:
        yield Finding(OK, "journal", f"{path} can be written")


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


def broker(settings: Settings) -> Iterator[Finding]:
    """The MQTT broker, if there is to be one; `run` also starts without it."""
    if not settings.mqtt.enabled:
        return
    from edge.sinks.mqtt_check import BrokerAbsent, check

    try:
        yield Finding(OK, "mqtt", check(settings.mqtt))
    except BrokerAbsent as error:
        yield Finding(WARN, "mqtt", f"{error}; `run` will try again")
    except EdgeError as error:
        yield Finding(FAIL, "mqtt", str(error).removeprefix("[mqtt] "))


def sinks(settings: Settings) -> Iterator[Finding]:
    """The sinks of other packages, if any are named: whether they can be imported."""
    for name in settings.maker.sinks.replace(",", " ").split():
        try:
            SINKS.load(name)
        except EdgeError as error:
            yield Finding(FAIL, f"sink {name}", str(error).removeprefix(f"sink {name}: "))
        else:
            yield Finding(OK, f"sink {name}", "installed")


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    version, runtime, models, accelerator, camera, screen, permissions, room, broker, sinks, power,
)  # fmt: skip
# What a new version of this program or of its libraries can break; nothing here needs a device.
SOFTWARE: tuple[Callable[[Settings], Iterator[Finding]], ...] = (runtime, models, sinks)
