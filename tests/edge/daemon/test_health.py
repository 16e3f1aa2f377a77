from __future__ import annotations

import pytest

from edge.daemon.firmware import Reading
from edge.daemon.health import Health, brightness
from edge.settings import HealthSettings
from edge.testing import pictures


class Firmware:
    """Firmware whose state a test sets, and that counts how often it was read."""

    def __init__(self):
        self.now, self.reads = (), 0

    def __call__(self):
        self.reads += 1
        return Reading(now=self.now, celsius=61.5)


@pytest.fixture
def firmware():
    return Firmware()


@pytest.fixture
def health(firmware):
    return Health(HealthSettings(check_s=10, throttled_fps=8, dark_level=10, dark_s=2, slow_s=1), firmware)


def watched(health, *levels, fps=2.0):
    """(time, what) of what is reported while frames of these brightnesses come."""
    frames = [pictures(len(levels), fps, level=level)[n] for n, level in enumerate(levels)]
    return [(event["monotonic"], event["what"]) for frame in frames for event in health.seen(frame)]


def test_a_fallback_to_the_cpu_is_reported_at_the_start(health, firmware):
    assert health.started(5.0) == []
    reported = Health(HealthSettings(), firmware, ["Edge TPU: exit 3; the CPU does the work"]).started(5.0)
    assert reported == [
        {
            "monotonic": 5.0,
            "event": "health",
            "what": "cpu-fallback",
            "detail": "Edge TPU: exit 3; the CPU does the work",
        }
    ]


def test_a_light_picture_is_not_reported(health):
    assert watched(health) == []
    assert watched(health, 100, 10, 255) == []


def test_a_picture_that_stays_dark_is_reported_once_and_so_is_its_end(health):
    assert watched(health, 100, 3, 3, 3, 3, 3, 3, 3, 100, 100) == [(2.5, "dark"), (4.0, "light")]
    assert not health.dark


def test_a_short_darkness_is_not_reported(health):
    assert watched(health, 3, 3, 3, 100, 3, 3, 3, 100) == []


def test_a_dark_level_of_zero_turns_the_check_off(firmware):
    assert watched(Health(HealthSettings(dark_level=0, dark_s=0), firmware), 0, 0, 0) == []


def test_brightness_is_the_mean_of_the_picture():
    assert brightness(pictures(1, level=77)[0]) == 77


def test_slow_work_is_reported_once_a_minute(health):
    reported = [event["monotonic"] for time in range(0, 200, 10) for event in health.took(1.5, time)]
    assert reported == [0, 60, 120, 180]
    assert health.took(0.99, 1000) == []


def test_the_firmware_is_read_every_check_s_and_changes_are_reported(health, firmware):
    def check(now):
        return [(event["what"], event["now"], event["celsius"]) for event in health.check(now, now)]

    assert [check(now) for now in (0, 5, 9.9)] == [[], [], []]
    firmware.now = ("under-voltage", "throttled")
    assert check(9.95) == []
    assert check(10) == [("throttled", ["under-voltage", "throttled"], 61.5)]
    assert check(20) == []
    firmware.now = ("throttled",)
    assert check(30) == [("throttled", ["throttled"], 61.5)]
    firmware.now = ()
    assert check(40) == [("recovered", [], 61.5)]
    assert firmware.reads == 5


@pytest.mark.parametrize(
    ("held", "setting", "limit"),
    [((), 0, 0), ((), 15, 15), (("too-hot",), 0, 8), (("too-hot",), 15, 8), (("too-hot",), 5, 5)],
)
def test_fewer_frames_are_processed_while_the_machine_is_throttled(health, firmware, held, setting, limit):
    firmware.now = held
    health.check(0, 0)
    assert health.limit(setting) == limit


def test_a_throttled_fps_of_zero_changes_nothing(firmware):
    health = Health(HealthSettings(throttled_fps=0), firmware)
    firmware.now = ("throttled",)
    health.check(0, 0)
    assert (health.limit(0), health.limit(20)) == (0, 20)
