from __future__ import annotations

import numpy as np
import pytest

from edge.errors import ScreenError
from edge.face import Scene
from edge.ports import NO_NOTICE, Notice
from edge.screens.overlay import compose
from edge.screens.painter import LONGEST_S, SHARE, Painter, Rate
from edge.settings import ScreenSettings
from edge.testing import FakeClock, pictures
from tests.edge.vision.faces import track

SIZE = (64, 36)


class Wall:
    """What pictures are presented to; each takes a while."""

    def __init__(self, clock: FakeClock, cost: float) -> None:
        self.clock, self.cost, self.pictures, self.broken = clock, cost, [], False

    def __call__(self, picture) -> None:
        if self.broken:
            raise ScreenError("unplugged")
        self.clock.advance(self.cost)
        self.pictures.append(picture)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def wall(clock):
    return Wall(clock, 0.001)


@pytest.fixture
def painter(wall, clock):
    return Painter(wall, clock)


def test_what_is_already_shown_is_not_drawn_again(painter, wall, clock):
    frame, scene = pictures(1)[0], Scene()
    assert painter.show(frame, scene, Notice(), *SIZE)
    for _ in range(10):
        clock.advance(1)
        assert not painter.show(frame, scene, Notice(), *SIZE)
    assert len(wall.pictures) == 1
    assert wall.pictures[0].shape == (36, 64, 3)


@pytest.mark.parametrize("what", ["frame", "scene", "notice", "size", "no frame"])
def test_a_change_is_drawn(painter, clock, what):
    first, second = pictures(2)
    scene = Scene()
    painter.show(first, scene, Notice(), *SIZE)
    clock.advance(1)
    changed = {
        "frame": (second, scene, Notice(), *SIZE),
        "scene": (first, Scene(), Notice(), *SIZE),
        "notice": (first, scene, Notice(visitors="hello"), *SIZE),
        "size": (first, scene, Notice(), 32, 18),
        "no frame": (None, scene, Notice(), *SIZE),
    }[what]
    assert painter.show(*changed)


def test_without_a_frame_a_new_scene_is_not_drawn(painter):
    assert painter.show(None, Scene(), Notice("paused"), *SIZE)
    assert not painter.show(None, Scene(), Notice("paused"), *SIZE)
    assert painter.show(None, Scene(), Notice("no camera"), *SIZE)


@pytest.mark.parametrize("cost", [0.0, 0.001, 0.008, 0.05])
def test_drawing_never_takes_more_than_its_share_of_the_time(painter, wall, clock, cost):
    wall.cost = cost
    began = clock.monotonic()
    for frame in pictures(1000):
        painter.show(frame, Scene(), Notice(), *SIZE)
        clock.advance(0.033)
    spent = len(wall.pictures) * cost
    assert spent <= SHARE * (clock.monotonic() - began) + cost
    assert len(wall.pictures) >= 60
    if cost <= 0.001:
        assert len(wall.pictures) == 1000


def test_a_very_slow_screen_still_shows_a_picture_every_second(painter, wall, clock):
    wall.cost = 0.5
    for frame in pictures(100):
        painter.show(frame, Scene(), Notice(), *SIZE)
        clock.advance(0.1)
    assert len(wall.pictures) >= 100 * 0.1 / LONGEST_S


def test_a_lost_camera_is_shown_at_once_however_long_the_last_picture_took(painter, wall):
    wall.cost = 0.5
    painter.show(pictures(1)[0], Scene(), Notice(), *SIZE)
    assert painter.show(None, Scene(), Notice("no camera"), *SIZE)


def test_a_picture_that_could_not_be_shown_is_tried_again(painter, wall):
    wall.broken = True
    with pytest.raises(ScreenError):
        painter.show(None, Scene(), Notice("paused"), *SIZE)
    wall.broken = False
    assert painter.show(None, Scene(), Notice("paused"), *SIZE)


def test_after_forget_the_same_picture_is_drawn_again(painter):
    painter.show(None, Scene(), Notice("paused"), *SIZE)
    painter.forget()
    assert painter.show(None, Scene(), Notice("paused"), *SIZE)


@pytest.mark.parametrize("fps", [1.5, 10.0, 30.0, 200.0])
def test_the_rate_follows_the_frames(fps):
    rate = Rate()
    assert rate.count(100.0) == 0.0
    for n in range(1, round(5 * fps)):
        told = rate.count(100.0 + n / fps)
    assert told == pytest.approx(fps, rel=0.05)


def test_the_rate_is_updated_once_a_second_and_reset_with_the_camera():
    rate = Rate()
    told = [rate.count(n / 10 if n < 30 else 3 + (n - 30) / 50) for n in range(130)]
    assert len(set(told)) <= 6
    assert rate.reset() == 0.0
    assert rate.count(9.0) == 0.0


@pytest.mark.parametrize(("rotate", "turns"), [(0, 0), (90, 1), (180, 2), (270, 3)])
@pytest.mark.parametrize("frame", [None, pictures(1)[0]], ids=["no frame", "frame"])
def test_the_picture_is_rotated_clockwise_for_a_panel(wall, clock, rotate, turns, frame):
    painter = Painter(wall, clock, ScreenSettings(rotate=rotate))
    notice = Notice("paused", "Hello")
    painter.show(frame, Scene(), notice, *SIZE)
    upright = SIZE if turns % 2 == 0 else SIZE[::-1]
    assert wall.pictures[0].shape == (SIZE[1], SIZE[0], 3)
    assert np.array_equal(wall.pictures[0], np.rot90(compose(frame, Scene(), notice, *upright).pixels, -turns))


@pytest.mark.parametrize("style", ["box", "circle"])
def test_faces_are_marked_as_the_settings_say(wall, clock, style):
    frame, scene = pictures(1, size=(640, 480))[0], Scene(tracks=(track(),))
    Painter(wall, clock, ScreenSettings(style=style)).show(frame, scene, NO_NOTICE, 640, 480)
    assert np.array_equal(wall.pictures[0], compose(frame, scene, NO_NOTICE, 640, 480, outline=style).pixels)
