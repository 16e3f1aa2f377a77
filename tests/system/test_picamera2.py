"""picamera2 itself, fed by libcamera's virtual camera, through our adapter and under the installed service.

The virtual camera gives NV12, so that format is what goes the whole way. The packed formats that a Pi gives are held
against picamera2's own converter. A real sensor, its raw modes and buffers from a dma-heap are not here.
"""

from __future__ import annotations

import itertools
import re
import time

import numpy as np
import pytest

from edge.cameras.transform import transform
from edge.journals.jsonl import decode
from tests.system import camera_root, debian
from tests.system.container import SERVICE, Container, install_unbooted, since, wait_for

pytestmark = pytest.mark.skipif(
    debian.SUITE != "trixie" or debian.architecture() != "amd64",
    reason="libcamera's virtual camera comes with trixie's backports; picamera2's wheels are fetched for amd64",
)
LOGS = "/var/log/edge-emotion"


@pytest.fixture(scope="module")
def root():
    """edge-emotion installed beside picamera2, as on a Pi: the environment sees the system's packages."""
    with debian.overlay(camera_root.base(), "camera") as root:
        debian.put_sources(root, debian.architecture())
        camera_root.put_camera(root)
        install_unbooted(root)
        yield root


@pytest.fixture(scope="module")
def facts(root):
    return camera_root.facts(root, "frames")


def test_picamera2_opencv_and_litert_are_imported_together(root):
    program = "import picamera2, cv2, ai_edge_litert.interpreter, edge; print(picamera2.__file__)"
    assert camera_root.inside(root, camera_root.PYTHON, "-c", program).split()[-1].startswith("/usr/local/lib/")


def test_our_colours_are_those_of_picamera2s_own_converter(root):
    expected = dict.fromkeys(("RGB888", "BGR888", "XRGB8888", "XBGR8888"), True)
    assert camera_root.facts(root, "formats") == expected


def test_frames_come_in_the_size_and_the_colours_that_were_painted(facts):
    assert facts["format"] == "NV12"
    assert facts["shape"] == [480, 640, 3]
    wanted = np.array(list(camera_root.SQUARES.values()))
    assert np.abs(np.array(facts["colours"]) - wanted).max() <= 6


def test_every_turn_puts_the_red_square_where_it_belongs(facts):
    # Only this square is red and nothing else; of the painted picture it is the one at the upper left.
    picture = camera_root.picture(0)
    for rotate, flip in itertools.product((0, 90, 180, 270), ("none", "horizontal", "vertical")):
        image = transform(picture, rotate, flip).astype(int)
        height, width = image.shape[:2]
        places = itertools.product((160, height - 160), (160, width - 160))
        reddest = max(places, key=lambda place, image=image: image[place][0] - image[place][1] - image[place][2])
        assert facts["turned"][f"{rotate} {flip}"] == [height, width, *reddest]
    assert len({tuple(found) for found in facts["turned"].values()}) == 8


def test_a_frame_is_an_array_of_its_own_and_its_buffer_goes_back(facts, figures):
    held = facts["held"]
    assert held["kept"]
    assert held["markers"] == len(camera_root.MARKERS)
    (fds, memory), (fds_after, memory_after) = held["before"], held["after"]
    figures("picamera2: descriptors, memory over 300 frames", f"{fds_after - fds:+d}, {memory_after - memory:+d} kB")
    assert fds_after <= fds
    assert memory_after - memory <= 4000  # ten frames


def test_it_can_be_opened_again_and_again(facts):
    assert max(facts["reopened"][1:]) <= facts["reopened"][1]


def test_a_camera_in_use_and_one_that_stalls_are_told_and_come_back(facts):
    assert re.match(r"picamera: cannot be opened, it may be in use", facts["faults"]["second"])
    assert facts["faults"]["stalled"] == "CameraTimeout: picamera: the camera gave no frame for 2 s"
    assert facts["faults"]["afterwards"] == "(480, 640, 3)"


@pytest.fixture(scope="module")
def machine(root):
    """The service as it is installed, with its source `auto`, on the virtual camera."""
    camera_root.put_service(root)
    machine = Container(root)
    yield machine
    machine.die()


def journal(machine):
    file = machine.root / f"{LOGS[1:]}/journal.jsonl"
    return [event for line in file.read_bytes().splitlines(keepends=True) if (event := decode(line))]


def test_the_service_finds_the_camera_by_itself_and_sees_what_is_painted(machine, figures):
    wait_for("four faces", lambda: [e for e in journal(machine) if e["event"] == "appeared"][3:])
    seen = {}
    for event in journal(machine):
        if event["event"] == "appeared":
            left, top, right, bottom = event["box"]
            seen[round((left + right) / 2) // 320, round((top + bottom) / 2) // 240] = event["worn"], event["emotion"]
    assert seen == {
        (0, 0): (False, "sad"), (1, 0): (False, "happy"), (0, 1): (True, "neutral"), (1, 1): (True, "surprise"),
    }  # fmt: skip
    assert journal(machine)[0]["source"] == "auto"
    wait_for("its status", lambda: re.fullmatch(r"\d+\.\d fps, 4 faces", machine.show("StatusText")))
    figures("picamera2 under the service", machine.show("StatusText"))
    assert machine.must("journalctl", "--priority=warning", "--unit", SERVICE, "--quiet").splitlines() == []


def test_a_pause_closes_the_camera_and_afterwards_it_is_there_again(machine, figures):
    counts, pid = [], machine.pid()
    for _ in range(5):
        began = time.time()
        machine.must("touch", "/var/lib/edge-emotion/pause")
        wait_for("the pause", lambda began=began: since(journal(machine), began, "paused"))
        machine.must("rm", "/var/lib/edge-emotion/pause")
        wait_for("a face", lambda began=began: since(journal(machine), began, "appeared"))
        # The least of some looks: libcamera's threads have buffers of theirs open for moments.
        looks = [machine.must("ls", f"/proc/{machine.show('MainPID')}/fd").split() for _ in range(20)]
        counts.append(min(map(len, looks)))
    figures("picamera2: file descriptors after each of five pauses", ", ".join(map(str, counts)))
    assert machine.pid() == pid
    assert max(counts) <= counts[0]
    assert {e["what"] for e in journal(machine) if e["event"] == "health"} == {"paused", "resumed"}


def test_the_doctor_sees_the_camera_and_says_what_to_do_where_there_is_none(machine):
    environment = {"LD_PRELOAD": f"/{camera_root.PLACE}/dma_heap.so"}
    doctor = (camera_root.PYTHON, f"/{camera_root.PLACE}/virtual_camera.py", "doctor", "--source", "picamera")
    machine.must("systemctl", "stop", SERVICE)
    assert "ok    camera: picamera: 640x480" in machine.must(*doctor, **environment)
    (machine.root / camera_root.DESCRIPTION).unlink()
    without = machine.run(*doctor, **environment)
    assert without.returncode == 1
    assert "fail  camera: picamera: no camera is connected; check its cable" in without.stdout
