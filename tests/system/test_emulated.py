"""An arm64 machine with a V4L2 camera and a DRM screen: the service comes up at boot; the screen shows what it sees.

The machine is emulated: the pictures and the words are what a Pi would show, the times are not.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from edge import manifest
from edge.demo.portrait import portrait, put_mask_on, view
from edge.face import Scene
from edge.journals.jsonl import decode
from edge.ports import Notice
from edge.screens.overlay import compose
from edge.vision import palette
from edge.vision.captions import Caption
from tests.system import debian, emulated, pixels
from tests.system.container import SERVICE, wait_for
from tests.system.machine import SIZE, Machine
from tests.system.pixels import FIT, SHOWN

NOTICE = "This screen reads emotions. Nobody is recorded."
# A few pictures a second leave this slow machine time for what the tests ask of it.
SETTINGS = f'[source]\nfps = 5.0\n[screen]\nkind = "drm"\nnotice = "{NOTICE}"\n[journal]\nsample_s = 1.0\n'
JOURNAL = "/var/log/edge-emotion/journal.jsonl"
PAUSE = "/var/lib/edge-emotion/pause"
SLOW_S = 1800.0
# The camera's input becomes an HDMI socket, at whose other end a picture is played.
SOCKET = """
v4l2-ctl --device=0 --set-input=3
v4l2-ctl --device=0 --set-dv-bt-timings=index=0
v4l2-ctl --device=1 --set-output=1
v4l2-ctl --device=1 --set-dv-bt-timings=index=0
v4l2-ctl --device=0 --set-ctrl=hdmi_000_0_is_connected_to=2,osd_text_mode=2,percentage_of_dropped_buffers=80
v4l2-ctl --device=1 --set-fmt-video-out=width=640,height=480,pixelformat=BGR3
"""
PLAY = "v4l2-ctl --device=1 --stream-out-mmap --stream-loop --stream-from=/srv/{name}.bgr"
FACES = {"bare": view(portrait(), 0), "masked": view(put_mask_on(portrait()), 0)}


@pytest.fixture(scope="module")
def machine(boot):
    """Booted once, with the shipped models."""
    with emulated.changed(boot, "screen") as (copied, folder):
        with emulated.mounted(copied / "disk", folder / "mount") as root:
            (root / "etc/edge-emotion/config.toml").write_text(SETTINGS)
            for name, image in FACES.items():
                (root / f"srv/{name}.bgr").write_bytes(pixels.played(image))
        machine = Machine(folder, copied)
        try:
            yield machine.booted()
        finally:
            machine.cut()


def events(machine: Machine) -> list[dict]:
    """The journal so far."""
    lines = machine.must("cat", JOURNAL).splitlines(keepends=True)
    return [event for line in lines if (event := decode(line.encode()))]


def said(machine: Machine) -> str:
    """What the service said to systemd's journal."""
    return machine.must("journalctl", "--unit", SERVICE, "--output=cat", "--boot")


def shown(machine: Machine, want: Callable[[np.ndarray], object]) -> np.ndarray:
    """The screen's picture as soon as it is as wanted."""
    pictures = []

    def ask() -> bool:
        time.sleep(1.0)  # QEMU stands still while it takes a picture
        pictures[:] = [machine.picture()]
        return bool(want(pictures[0]))

    wait_for("the picture", ask, SLOW_S)
    return pictures[0]


def keep(name: str, picture: np.ndarray) -> None:
    """For people to look at."""
    cv2.imwrite(str(debian.CACHE / f"screen-{name}.png"), picture[..., ::-1])


def test_it_comes_up_at_boot(machine, figures):
    wait_for("active", lambda: machine.show("ActiveState") == "active", SLOW_S)
    assert machine.show("NRestarts") == "0"
    ready = int(machine.show("ActiveEnterTimestampMonotonic")) / 1e6
    figures("emulated: from the kernel's first moment to READY, by its own clock", f"{ready:.0f} s")
    wait_for("its status", lambda: re.fullmatch(r"\d+\.\d fps, \d faces?", machine.show("StatusText")), SLOW_S)
    assert machine.must("uname", "-m").strip() == "aarch64"


def test_it_runs_the_shipped_models(machine):
    start = next(event for event in events(machine) if event["event"] == "start")
    shipped = manifest.load(debian.TREE / "models").specs
    assert start["models"] == {task: shipped[task].sha256[:12] for task in start["models"]}
    assert set(start["models"]) == {"face", "mask", "emotion-bare", "emotion-masked"}


def test_it_found_camera_and_screen_by_itself(machine):
    files = machine.must("ls", "-l", f"/proc/{machine.show('MainPID')}/fd")
    assert "/dev/video0" in files
    assert re.search(r"/dev/dri/card\d", files)


def test_the_screen_shows_the_camera_and_the_words(machine):
    picture = shown(machine, lambda p: pixels.bars_stand(p) and pixels.notice_stands(p, NOTICE) and pixels.rate(p))
    assert (picture[100 : SHOWN[1] - 100, : FIT.left] == palette.DARK).all()
    keep("bars", picture)


def test_what_the_readme_says_next_works_for_whoever_installed_it(machine):
    for line in emulated.commands(emulated.CHAPTER)[1].splitlines():
        endless = line.endswith("-f")
        done = machine.run("timeout", "10" if endless else "120", "runuser", "-l", emulated.USER, "-c", line)
        assert done.returncode == (124 if endless else 0), (line, done)
        assert done.stdout, line


def test_a_pause_is_shown_to_the_pixel(machine):
    machine.must("touch", PAUSE)
    shown(machine, lambda p: pixels.same(p, compose(None, Scene(), Notice("paused", NOTICE), *SHOWN).pixels))
    machine.must("rm", PAUSE)
    shown(machine, pixels.bars_stand)


def test_a_camera_that_is_unplugged_is_opened_again(machine):
    pid, before = machine.show("MainPID"), len(events(machine))
    machine.must("v4l2-ctl", "--device=0", "--set-ctrl=disconnect=1")
    happened = wait_for("the camera", lambda: plugged(events(machine)[before:]), SLOW_S)
    assert happened == ["camera-lost", "camera-back"]
    shown(machine, pixels.bars_stand)
    assert machine.show("MainPID") == pid


def plugged(found: list[dict]) -> list[str]:
    """What happened to the camera, as soon as it is back."""
    kinds = [event["what"] for event in found if event.get("what", "").startswith("camera-")]
    return kinds if "camera-back" in kinds else []


def test_a_screen_that_is_unplugged_is_used_again(machine):
    pid = machine.show("MainPID")
    machine.plug(0, 0)
    wait_for("its loss", lambda: "was unplugged" in said(machine), SLOW_S)
    machine.plug(*SIZE)
    wait_for("its return", lambda: "screen: reconnected" in said(machine), SLOW_S)
    shown(machine, lambda p: pixels.bars_stand(p) and pixels.rate(p))
    assert machine.show("MainPID") == pid
    assert machine.show("NRestarts") == "0"


@pytest.mark.parametrize("name", FACES)
def test_a_face_before_the_camera_is_on_the_screen(machine, figures, name):
    machine.must("systemctl", "stop", SERVICE)
    before = len(events(machine))
    machine.run("systemctl", "stop", "play")
    machine.must("sh", "-e", "-c", SOCKET)
    machine.must("systemd-run", "--quiet", "--unit=play", "--collect", *PLAY.format(name=name).split())
    machine.must("systemctl", "start", SERVICE)

    def settled() -> list[dict]:
        """The last of three samples of one face."""
        samples = [event for event in events(machine)[before:] if event["event"] == "sample"]
        return samples[-1:] if len(samples) >= 3 else []

    camera = pixels.played(FACES[name])
    [face] = wait_for("a face", settled, SLOW_S)
    assert face["worn"] == (name == "masked")
    assert face["probabilities"] is not None
    picture = shown(
        machine, lambda p: pixels.rate(p) and pixels.unlike(p, camera, [face], NOTICE, pixels.rate(p)) < 0.01
    )
    keep(name, picture)
    figures(f"emulated: the screen's pixels unlike our own drawing of the {name} face",
            f"{pixels.unlike(picture, camera, [face], NOTICE, pixels.rate(picture)):.4%}")  # fmt: skip
    colour = Caption.of(pixels.track(face)).colour
    assert (picture == colour).all(axis=2).sum() > 500
