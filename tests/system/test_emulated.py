"""An arm64 machine with a V4L2 camera and a DRM screen: the service comes up at boot; the screen shows what it sees.

The machine is emulated: the pictures and the words are what a Pi would show, the times are not.
"""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from edge import manifest
from edge.face import Scene
from edge.frame import Frame
from edge.journals.lines import decode
from edge.screens.overlay import Fit, compose
from edge.vision import ink
from tests.system import debian, emulated
from tests.system.container import SERVICE, wait_for
from tests.system.machine import SIZE, Machine

SHOWN = (1280, 720)  # of the screen's modes: enough to read, and of its shape
CAMERA = (640, 480)
NOTICE = "This screen reads emotions. Nobody is recorded."
SETTINGS = f'[screen]\nkind = "drm"\nnotice = "{NOTICE}"\n[journal]\nsample_s = 1.0\n'
JOURNAL = "/var/log/edge-emotion/journal.jsonl"
PAUSE = "/var/lib/edge-emotion/pause"
SLOW_S = 300.0
# vivid's first test picture, "75% Colour Bar": white, yellow, cyan, green, magenta, red, blue, black.
BARS = [(r, g, b) for g in (1, 0) for r in (1, 0) for b in (1, 0)]


@pytest.fixture(scope="module")
def machine(boot):
    """Booted once, with the shipped models; what is asked for in the settings is what the README's chapter names."""
    with emulated.changed(boot, "screen") as (copied, folder):
        with emulated.mounted(copied / "disk", folder / "mount") as root:
            (root / "etc/edge-emotion/config.toml").write_text(SETTINGS)
        machine = Machine(folder, copied)
        try:
            yield machine.booted()
        finally:
            machine.cut()


def events(machine: Machine) -> list[dict]:
    """The journal so far."""
    told = machine.must("cat", JOURNAL)
    return [event for line in told.splitlines(keepends=True) if (event := decode(line.encode()))]


def told(machine: Machine) -> str:
    """What the service said to systemd's journal."""
    return machine.must("journalctl", "--unit", SERVICE, "--output=cat", "--boot")


def shown(machine: Machine, want) -> np.ndarray:
    """The screen's picture as soon as it is as wanted."""

    def ask():
        picture = machine.picture()
        return (picture,) if want(picture) else None

    return wait_for("the picture", ask, SLOW_S)[0]


def rate(picture: np.ndarray) -> float:
    """The frames a second that the upper right corner tells, or 0 where no such words stand there, to the pixel."""
    dark = Frame(np.zeros((CAMERA[1], CAMERA[0], 3), np.uint8), 0.0, 0)
    for tenths in range(1, 310):
        wanted = compose(dark, Scene(), "", *SHOWN, tenths / 10)
        rows = np.flatnonzero((wanted == ink.UNKNOWN).all(axis=2).any(axis=1))
        left = Fit.of(CAMERA, SHOWN)
        corner = np.s_[: rows[-1] + 1, left.left + left.width :]
        if picture.shape == wanted.shape and (picture[corner] == wanted[corner]).all():
            return tenths / 10
    return 0.0


def notice_stands(picture: np.ndarray) -> bool:
    """Whether the visitors' line is there: its letters white to the pixel, its ground dark."""
    dark = Frame(np.zeros((CAMERA[1], CAMERA[0], 3), np.uint8), 0.0, 0)
    wanted = compose(dark, Scene(), NOTICE, *SHOWN)
    ground = (wanted == ink.GROUND).all(axis=2)
    letters = (wanted == 255).all(axis=2)
    if picture.shape != wanted.shape:
        return False
    return bool((picture[letters] == 255).all() and picture[ground].max() <= max(ink.GROUND) + 64)


def test_it_comes_up_at_boot(machine, figures):
    wait_for("active", lambda: machine.show("ActiveState") == "active", SLOW_S)
    assert machine.show("NRestarts") == "0"
    ready = int(machine.show("ActiveEnterTimestampMonotonic")) / 1e6
    figures("emulated: from the kernel's first moment to READY", f"{ready:.0f} s")
    wait_for("its status", lambda: re.fullmatch(r"\d+\.\d fps, \d faces?", machine.show("StatusText")), SLOW_S)
    assert machine.must("uname", "-m").strip() == "aarch64"


def test_it_runs_the_shipped_models(machine):
    start = next(event for event in events(machine) if event["event"] == "start")
    shipped = manifest.load(debian.TREE / "models").specs
    assert start["models"] == {task: shipped[task].sha256[:12] for task in start["models"]}
    assert {"face", "mask", "emotion-bare", "emotion-masked"} == set(start["models"])


def test_it_found_camera_and_screen_by_itself(machine):
    files = machine.must("ls", "-l", f"/proc/{machine.show('MainPID')}/fd")
    assert "/dev/video0" in files
    assert re.search(r"/dev/dri/card\d", files)


def test_the_screen_shows_the_camera_and_the_words(machine, figures):
    picture = shown(machine, lambda p: rate(p) > 0 and notice_stands(p))
    assert picture.shape == (SHOWN[1], SHOWN[0], 3)
    fit = Fit.of(CAMERA, SHOWN)
    assert (picture[100 : SHOWN[1] - 100, : fit.left] == ink.PLATE).all()
    row = picture[fit.top + fit.height // 4]
    for n, bar in enumerate(BARS):
        middle = row[fit.left + round((n + 0.5) * fit.width / 8)]
        assert ((middle > 100) == np.array(bar, bool)).all(), (n, middle)
    cv2.imwrite(str(debian.CACHE / "screen.png"), picture[..., ::-1])
    figures("emulated: frames a second that the screen told", rate(picture))


def test_a_pause_is_shown_to_the_pixel(machine):
    machine.must("touch", PAUSE)
    shown(machine, lambda p: np.array_equal(p, compose(None, Scene(), f"paused - {NOTICE}", *SHOWN)))
    machine.must("rm", PAUSE)
    shown(machine, notice_stands)


def test_a_camera_that_is_unplugged_is_opened_again(machine):
    pid = machine.show("MainPID")
    before = len(events(machine))
    machine.must("v4l2-ctl", "--device=/dev/video0", "--set-ctrl=disconnect=1")
    kinds = wait_for("the camera", lambda: plugged(events(machine)[before:]), SLOW_S)
    assert kinds == ["camera-lost", "camera-back"]
    shown(machine, notice_stands)
    assert machine.show("MainPID") == pid


def plugged(found: list[dict]) -> list[str]:
    """What happened to the camera, as soon as it is back."""
    kinds = [event["what"] for event in found if event.get("what", "").startswith("camera-")]
    return kinds if "camera-back" in kinds else []


def test_a_screen_that_is_unplugged_is_used_again(machine):
    pid = machine.show("MainPID")
    machine.plug(0, 0)
    wait_for("its loss", lambda: "was unplugged" in told(machine), SLOW_S)
    machine.plug(*SIZE)
    wait_for("its return", lambda: "screen: there it is" in told(machine), SLOW_S)
    shown(machine, lambda p: rate(p) > 0 and notice_stands(p))
    assert machine.show("MainPID") == pid
    assert machine.show("NRestarts") == "0"
