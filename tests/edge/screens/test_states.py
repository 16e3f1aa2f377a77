"""What the loop tells a screen: each turn, heat and power, no camera, paused; and how a screen ends the loop."""

from __future__ import annotations

import pytest

from edge.daemon.control import Control
from edge.daemon.firmware import Reading
from edge.daemon.health import Health
from edge.daemon.loop import Loop, Parts
from edge.daemon.supervisor import ReconnectingCamera
from edge.errors import SourceError
from edge.face import Scene
from edge.screens.reconnecting import ReconnectingScreen
from edge.settings import HealthSettings, ScreenSettings, Settings, SourceSettings
from edge.testing import FakeCamera, FakeClock, FakeScreen, FakeSink, FakeSystemd, pictures


class Same:
    """Sees nobody."""

    def __call__(self, before: Scene, frame) -> Scene:
        return Scene(time=frame.time)


class Stage:
    def __init__(self, *cameras: FakeCamera, reading: Reading | None = None, notice: str = "") -> None:
        self.clock, self.screen = FakeClock(), FakeScreen()
        self.control = Control(self.clock)
        self.reading = reading or Reading()
        self.cameras = list(cameras)
        settings = Settings(source=SourceSettings(source="auto"), screen=ScreenSettings(notice=notice))
        self.loop = Loop(
            Parts(
                camera=ReconnectingCamera(lambda: self.cameras.pop(0), settings.source, self.clock, live=True),
                pipeline=Same(),
                screen=ReconnectingScreen(lambda: self.screen, self.clock),
                sinks=(FakeSink(),),
                systemd=FakeSystemd(self.clock),
                control=self.control,
                health=Health(HealthSettings(), lambda: self.reading),
                clock=self.clock,
                settings=settings,
            )
        )


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ((), ""),
        (("under-voltage", "throttled"), "low power: use the official supply"),
        (("throttled", "too-hot"), "too hot: slower until it cools"),
        (("frequency-capped",), "slower: warm or low power"),
    ],
)
def test_heat_and_power_are_words_on_the_screen(now, words):
    stage = Stage(FakeCamera(pictures(3), live=True), reading=Reading(now=now), notice="Please smile")
    stage.loop.run()
    # The first frame is shown before the first look at the sensors, which is taken at the turn's end.
    assert stage.screen.notices()[-1] == (f"{words} - Please smile" if words else "Please smile")


def test_a_dark_picture_and_heat_are_both_told():
    health = Health(HealthSettings(dark_s=0.0), lambda: Reading(now=("too-hot",)))
    health.seen(pictures(1, level=0)[0])
    health.check(0.0, 0.0)
    assert health.words == "dark picture, too hot: slower until it cools"


def test_a_lost_camera_is_shown_and_the_screen_is_looked_after_meanwhile():
    first = FakeCamera([*pictures(2), SourceError("unplugged")], live=True)
    stage = Stage(first, FakeCamera(pictures(1), live=True), notice="Hello")
    stage.loop.run()
    assert stage.screen.notices() == ["Hello", "no camera - Hello", "Hello"]
    assert stage.screen.ticks > 4


def test_whoever_closes_the_window_ends_the_loop():
    stage = Stage(FakeCamera(pictures(100), live=True))
    tick = stage.screen.tick

    def close_at_the_third() -> None:
        tick()
        if stage.screen.ticks == 3:
            stage.control.stop()

    stage.screen.tick = close_at_the_third
    assert stage.loop.run() == 3


def test_a_screen_that_is_pulled_never_ends_the_loop():
    def pull() -> None:
        stage.screen.unplugged = True

    stage = Stage(FakeCamera([*pictures(2), pull, *pictures(50)], live=True))
    assert stage.loop.run() == 52
