"""What `edge-emotion doctor` looks at. Each check gives findings: how it is, about what, and what mends it."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from edge import cameras, manifest, sensors
from edge.engines import open_engine, tpu
from edge.engines.litert import interpreter_module
from edge.errors import DelegateError, EdgeError
from edge.frame import Frame
from edge.observe import TASKS
from edge.settings import Settings

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
    for task in TASKS:
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
        for task in TASKS:
            tpu.open_tpu(listed, task).close()
    except DelegateError as error:
        yield Finding(WARN, "accelerator", f"{error}; the CPU does the work")
    except EdgeError as error:
        yield Finding(FAIL, "accelerator", str(error))
    else:
        yield Finding(
            OK, "accelerator", f"Edge TPU ({', '.join(there) or 'found by its library'}), all models run on it"
        )


def camera(settings: Settings) -> Iterator[Finding]:
    """The source, by its first frame."""
    source = replace(settings.source, timeout_s=max(settings.source.timeout_s, CAMERA_S))
    name = cameras.redacted(source.source)
    opened = None
    try:
        opened = cameras.open_camera(source)
        frame: Frame | None = next(cameras.frames(opened), None)
    except EdgeError as error:
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


def screen(settings: Settings, root: Path = Path("/")) -> Iterator[Finding]:
    """What the screen of the settings needs."""
    kind = settings.screen.kind
    if kind == "none":
        yield Finding(OK, "screen", "none is asked for")
    elif kind == "window":
        if not importlib.util.find_spec("pygame"):
            yield Finding(FAIL, "screen", "pygame is not installed; mend it with: pip install 'edge-emotion[window]'")
        elif not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            yield Finding(FAIL, "screen", "no desktop session here; start from one, or use --screen drm")
        else:
            yield Finding(OK, "screen", "a window on the desktop")
    else:
        yield _drm(root)


def _drm(root: Path) -> Finding:
    cards = sorted((root / "dev/dri").glob("card*"))
    states = {p.parent.name: _text(p) for p in sorted((root / "sys/class/drm").glob("card*-*/status"))}
    connected = [name for name, state in states.items() if state == "connected"]
    if not cards:
        return Finding(FAIL, "screen", "no /dev/dri/card*; on a Pi, enable dtoverlay=vc4-kms-v3d in config.txt")
    if not connected:
        return Finding(FAIL, "screen", f"no screen is connected (of {', '.join(states) or 'none'}); plug one in")
    if not any(os.access(card, os.R_OK | os.W_OK) for card in cards):
        return Finding(FAIL, "screen", f"no permission for {cards[0]}; add the user to the group 'video'")
    return Finding(OK, "screen", f"DRM, {', '.join(connected)}")


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
    reading = sensors.read(root)
    heat = "" if reading.celsius is None else f", {reading.celsius:.0f} °C"
    if not (root / sensors.THROTTLED).exists():
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


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
