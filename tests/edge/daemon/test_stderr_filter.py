from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import cv2
import numpy as np
import pytest

from edge.daemon.stderr_filter import filtered_stderr
from edge.testing import FakeClock
from tests.waiting import descriptors, until

CORRUPT = b"Corrupt JPEG data: 1 extraneous bytes before marker 0xd9\n"


@pytest.fixture
def clock():
    return FakeClock()


def wait_for(capfd, words):
    """What came out until these words did."""
    seen = [""]

    def came():
        seen[0] += capfd.readouterr().err
        return words in seen[0]

    until(came, f"not said: {words}")
    return seen[0]


def test_everything_else_is_passed_on_in_its_order(clock, capfd):
    said = b"".join(b"line %d\n" % n for n in range(5000)) + b"no line end"
    with filtered_stderr(clock):
        os.write(2, said[:7])
        os.write(2, said[7:])
    os.write(2, b"\nafterwards\n")
    assert capfd.readouterr().err == said.decode() + "\nafterwards\n"


def test_half_a_line_does_not_wait_for_the_other_half(clock, capfd):
    with filtered_stderr(clock):
        os.write(2, b"Password: ")
        assert wait_for(capfd, "Password: ") == "Password: "


def test_damaged_pictures_are_counted_and_reported_once_a_minute(clock, capfd):
    with filtered_stderr(clock):
        os.write(2, CORRUPT)
        assert wait_for(capfd, "\n") == f"edge-emotion: damaged JPEG pictures: 1 ({CORRUPT.decode().strip()})\n"
        for _ in range(1000):
            os.write(2, CORRUPT)
        os.write(2, b"another\n")
        assert wait_for(capfd, "another") == "another\n"
        clock.advance(61)
        assert "damaged JPEG pictures: 1000 (" in wait_for(capfd, "\n")
        os.write(2, b"Premature end of JPEG file\n")
    assert capfd.readouterr().err == "edge-emotion: damaged JPEG pictures: 1 (Premature end of JPEG file)\n"


def test_what_opencv_really_writes_about_a_damaged_picture_is_counted(clock, capfd):
    data = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))[1].tobytes()
    half = len(data) // 2
    damaged = np.frombuffer(data[:half] + bytes(5) + data[half:], np.uint8)
    with filtered_stderr(clock):
        for _ in range(10):
            assert cv2.imdecode(damaged, cv2.IMREAD_COLOR) is not None
    assert "damaged JPEG pictures: " in (err := capfd.readouterr().err)
    assert err.count("\n") <= 2


def test_a_child_that_lives_on_does_not_hold_up_the_end(clock, capfd):
    with filtered_stderr(clock):
        child = subprocess.Popen(["sleep", "60"])
    child.kill()
    child.wait()


def test_descriptors_and_threads_are_given_back(clock, capfd):
    before = descriptors()
    for _ in range(3):
        with filtered_stderr(clock):
            os.write(2, b"x\n")
    assert descriptors() <= before


def test_a_crash_writes_its_traceback_to_the_true_standard_error():
    program = textwrap.dedent("""
        import faulthandler, os
        faulthandler.enable()
        from edge.clock import SystemClock
        from edge.daemon.stderr_filter import filtered_stderr
        with filtered_stderr(SystemClock()):
            os.abort()
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode < 0
    assert "Fatal Python error: Aborted" in done.stderr
