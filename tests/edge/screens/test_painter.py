from __future__ import annotations

import pytest

from edge.errors import ScreenError
from edge.face import Scene
from edge.ports import Notice
from edge.screens.painter import LONGEST_S, SHARE, Painter, Rate
from edge.testing import FakeClock, pictures

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


def test_nothing_that_is_already_shown_is_drawn(painter, wall, clock):
    frame, scene = pictures(1)[0], Scene()
    assert painter.show(frame, scene, Notice(), *SIZE)
    for _ in range(10):
        clock.advance(1)
        assert not painter.show(frame, scene, Notice(), *SIZE)
    assert len(wall.pictures) == 1
    assert wall.pictures[0].shape == (36, 64, 3)


@pytest.mark.parametrize("what", ["frame", "scene", "notice", "size", "no frame"])
def test_what_changed_is_drawn(painter, clock, what):
    first, second = pictures(2)
    scene = Scene()
    painter.show(first, scene, Notice(), *SIZE)
    clock.advance(1)
    changed = {
        "frame": (second, scene, Notice(), *SIZE),
        "scene": (first, Scene(), Notice(), *SIZE),
        "notice": (first, scene, Notice(visitors="hello"), *SIZE),
        "size": (first, scene, "", 32, 18),
        "no frame": (None, scene, Notice(), *SIZE),
    }[what]
    assert painter.show(*changed)


def test_without_a_frame_a_new_scene_is_no_reason_to_draw(painter):
    assert painter.show(None, Scene(), Notice("paused"), *SIZE)
    assert not painter.show(None, Scene(), Notice("paused"), *SIZE)
    assert painter.show(None, Scene(), Notice("no camera"), *SIZE)


@pytest.mark.parametrize("cost", [0.0, 0.001, 0.008, 0.05])
def test_drawing_takes_no_more_than_its_share_of_the_time(painter, wall, clock, cost):
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


def test_a_lost_camera_is_shown_at_once_however_dear_the_last_picture_was(painter, wall):
    wall.cost = 0.5
    painter.show(pictures(1)[0], Scene(), Notice(), *SIZE)
    assert painter.show(None, Scene(), Notice("no camera"), *SIZE)


def test_a_picture_that_could_not_be_shown_is_still_wanted(painter, wall):
    wall.broken = True
    with pytest.raises(ScreenError):
        painter.show(None, Scene(), Notice("paused"), *SIZE)
    wall.broken = False
    assert painter.show(None, Scene(), Notice("paused"), *SIZE)


def test_what_the_screen_forgot_is_drawn_again(painter):
    painter.show(None, Scene(), Notice("paused"), *SIZE)
    painter.forget()
    assert painter.show(None, Scene(), Notice("paused"), *SIZE)


@pytest.mark.parametrize("fps", [1.5, 10.0, 30.0, 200.0])
def test_the_rate_is_that_of_the_frames(fps):
    rate = Rate()
    assert rate.count(100.0) == 0.0
    for n in range(1, round(5 * fps)):
        told = rate.count(100.0 + n / fps)
    assert told == pytest.approx(fps, rel=0.05)


def test_the_rate_is_told_once_a_second_and_forgotten_with_the_camera():
    rate = Rate()
    told = [rate.count(n / 10 if n < 30 else 3 + (n - 30) / 50) for n in range(130)]
    assert len(set(told)) <= 6
    assert rate.reset() == 0.0
    assert rate.count(9.0) == 0.0
