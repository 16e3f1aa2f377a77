"""What `edge-emotion doctor` looks at. Each check gives findings: how it is, about what, and what mends it."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from edge import cameras, manifest
from edge.daemon import firmware
from edge.engines import open_engine, tpu
from edge.engines.litert import interpreter_module
from edge.errors import DelegateError, EdgeError, ScreenAbsent, ScreenError
from edge.frame import Frame
from edge.screens import connectors
from edge.screens.kernel import Kernel, SystemKernel
from edge.screens.window import SESSION, window_size
from edge.settings import Settings
from edge.tasks import DAEMON

OK, WARN, FAIL = "ok", "warn", "fail"
# Longer than it takes to open a camera, shorter than a person waits.
CAMERA_S = 10.0
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
    """The Edge TPU, as far as it is asked for."""
    asked, there = settings.engine.accelerator, devices()
    if asked == "cpu" or (asked == "auto" and not there):
        reason = "as set" if asked == "cpu" else "no Edge TPU is plugged in"
        yield Finding(OK, "accelerator", f"CPU, {settings.engine.threads} threads ({reason})")
        return
    try:
        listed = manifest.load(Path(settings.models.dir) if settings.models.dir else None)
        for engine in tpu.open_tpu(listed, DAEMON).values():
            engine.close()
    except DelegateError as error:
        yield Finding(WARN, "accelerator", f"{error}; the CPU does the work")
    except EdgeError as error:
        yield Finding(FAIL, "accelerator", str(error))
    else:
        yield Finding(
            OK, "accelerator", f"Edge TPU ({', '.join(there) or 'found by its library'}), all models run on it"
        )


def service_status() -> str:
    """What the installed service says of itself, as "29.8 fps, 1 face"; empty where none runs."""
    # A service that was stopped keeps its last words.
    command = ["systemctl", "show", "--property=ActiveState", "--property=StatusText", "edge-emotion"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=CAMERA_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    told = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    return told.get("StatusText", "") if told.get("ActiveState") == "active" else ""


def camera(settings: Settings, status: Callable[[], str] = service_status) -> Iterator[Finding]:
    """The source, by its first frame. A camera that the running service holds is as it should be.

    Args:
        settings: the settings.
        status: what the service says, or what stands in for it in tests.
    """
    source = replace(settings.source, timeout_s=max(settings.source.timeout_s, CAMERA_S))
    name = cameras.redacted(source.source)
    opened = None
    try:
        opened = cameras.open_camera(source)
        frame: Frame | None = next(cameras.frames(opened), None)
    except EdgeError as error:
        if cameras.is_live(source.source) and " fps" in (told := status()):
            text = f"{name}: the service has it ({told}); to try it here: sudo systemctl stop edge-emotion"
            yield Finding(OK, "camera", text)
        else:
            yield Finding(FAIL, "camera", str(error))
        return
    finally:
        if opened is not None:
            opened.close()
    if frame is None:
        yield Finding(FAIL, "camera", f"{name}: no frame; choose another [source] source")
        return
    size = f"{name}: {frame.width}x{frame.height}"
    if frame.image.mean() < DARK:
        yield Finding(WARN, "camera", f"{size}, but the picture is dark; take off the cap or put on the light")
    else:
        yield Finding(OK, "camera", size)


def screen(settings: Settings, kernel: Kernel | None = None) -> Iterator[Finding]:
    """The screen of the settings, as `run` would find it; a card is only asked, so a running service is not disturbed.

    Args:
        settings: the settings.
        kernel: Linux, or what stands in for it in tests.
    """
    kind = settings.screen.kind
    try:
        if kind == "none":
            text = "none is asked for"
        elif kind == "window":
            text = _window(settings)
        else:
            target = connectors.find(kernel or SystemKernel(), settings.screen)
            target.device.close()
            text = f"{target.device.path}, {target.connector.name}, {connectors.size(target.mode)}"
    except ScreenAbsent as error:
        yield Finding(WARN, "screen", f"{_without_name(error)}; run waits for it")
    except EdgeError as error:
        yield Finding(FAIL, "screen", _without_name(error))
    else:
        yield Finding(OK, "screen", text)


def _window(settings: Settings) -> str:
    width, height = window_size(settings.screen.mode)
    if not importlib.util.find_spec("pygame"):
        raise ScreenError("pygame is not installed; mend it with: pip install 'edge-emotion[window]'")
    if not any(os.environ.get(name) for name in SESSION):
        raise ScreenError("no desktop session here; start from one, or use --screen drm")
    return "the whole desktop" if settings.screen.fullscreen else f"a window of {width}x{height} on the desktop"


def _without_name(error: EdgeError) -> str:
    return str(error).removeprefix("screen: ")


def permissions(settings: Settings) -> Iterator[Finding]:
    """The journal's folder and the pause file's."""
    file = settings.journal.file
    if file in ("-", "auto"):
        yield Finding(OK, "journal", "standard output, or the service's log folder")
        return
    path = Path(file)
    target = path if path.exists() else path.parent
    if not target.exists():
        yield Finding(FAIL, "journal", f"{target}: no such folder; make it or mend [journal] file")
    elif not os.access(target, os.W_OK) or path.is_dir():
        yield Finding(FAIL, "journal", f"{path}: cannot be written by this user; mend [journal] file or its owner")
    else:
        yield Finding(OK, "journal", f"{path} can be written")


def power(settings: Settings, root: Path = Path("/")) -> Iterator[Finding]:
    """Heat and throttling, as a Pi's firmware tells them."""
    reading = firmware.read(root)
    heat = "" if reading.celsius is None else f", {reading.celsius:.0f} °C"
    if not (root / firmware.THROTTLED).exists():
        yield Finding(OK, "power", f"no Raspberry Pi's firmware to ask{heat}")
    elif reading.now:
        mend = "use the official power supply" if "under-voltage" in reading.now else "cool it"
        yield Finding(WARN, "power", f"now {', '.join(reading.now)}{heat}; {mend}")
    elif reading.ever:
        yield Finding(WARN, "power", f"since the start: {', '.join(reading.ever)}{heat}; look at supply and cooling")
    else:
        yield Finding(OK, "power", f"not throttled{heat}")


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    runtime, models, accelerator, camera, screen, permissions, power,
)  # fmt: skip
