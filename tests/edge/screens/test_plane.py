from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from edge.cameras.pi import PiGrabber
from edge.errors import ScreenError
from edge.face import Detection, Scene, Track
from edge.frame import Box
from edge.ports import NO_NOTICE, Notice
from edge.screens import open_screen
from edge.screens.drm import DrmScreen
from edge.screens.plane import Planes, PlaneScreen, wanted
from edge.screens.reconnecting import ReconnectingScreen
from edge.settings import ScreenSettings, Settings, SourceSettings
from edge.testing.fakes import FakeClock, pictures

LIBRARY = SimpleNamespace(Preview=SimpleNamespace(DRM="drm"))
SETTINGS = Settings(source=SourceSettings(source="picamera"), screen=ScreenSettings(kind="drm", hardware_preview=True))


class Camera:
    """A Picamera2 whose preview takes the card as DrmPreview does: as long as nobody else sets its modes."""

    def __init__(self, kernel, refuses: str = "") -> None:
        self.kernel, self.refuses = kernel, refuses
        self.preview, self.overlays, self.fd = None, [], None

    def camera_configuration(self):
        return {"main": {"size": (40, 30), "format": "RGB888"}}

    def start_preview(self, preview, **place) -> None:
        if self.refuses == "preview":
            raise RuntimeError("Failed to reserve DRM plane")
        self.fd = self.kernel.open("/dev/dri/card0")
        assert self.kernel.hardware["/dev/dri/card0"].master == self.fd, "another program has the card"
        self.preview = (preview, place)

    def set_overlay(self, overlay: np.ndarray) -> None:
        if self.refuses == "overlay":
            raise RuntimeError("Failed to reserve DRM overlay plane")
        assert self.preview is not None
        assert (overlay.dtype, overlay.shape[2]) == (np.uint8, 4)
        self.overlays.append(overlay)

    def stop_preview(self) -> None:
        self.kernel.close(self.fd)
        self.preview = None


def someone() -> Scene:
    face = Detection(Box(10, 8, 20, 18), 0.9)
    return Scene(tracks=(Track(id=1, face=face, seen=0.0),))


class Stage:
    """A machine with a card that has two overlay planes, a screen on it, and a clock."""

    def __init__(self, hardware, planes=(1, 1)) -> None:
        self.clock, self.planes = FakeClock(), Planes()
        self.card = hardware.Card([hardware.Socket()], planes=list(planes))
        self.kernel = hardware.Kernel(card0=self.card)
        self.screen = PlaneScreen(
            lambda: DrmScreen(SETTINGS.screen, self.clock, kernel=self.kernel), self.planes, self.clock
        )

    def show(self, frame=None, scene=None, notice=NO_NOTICE) -> None:
        self.clock.advance(0.1)
        self.screen.show(frame, scene or Scene(), notice)
        self.card.refresh()


@pytest.fixture
def stage(hardware):
    return Stage(hardware)


FRAME, NEXT = pictures(2, size=(40, 30))


def test_without_a_camera_the_whole_picture_is_drawn(stage):
    stage.show(None, notice=Notice("no camera"))
    assert stage.card.shown().any()
    stage.screen.tick()
    stage.screen.close()
    assert stage.kernel.files == {}


def test_the_hardware_shows_the_camera_and_the_words_are_drawn_only_where_they_changed(stage):
    camera = Camera(stage.kernel)
    stage.show(None, notice=Notice("no camera"))
    stage.planes.attach(camera, LIBRARY)
    assert camera.preview == ("drm", {"x": 0, "y": 0, "width": 64, "height": 36})
    scene = someone()
    for frame in (FRAME, NEXT, FRAME, NEXT):
        stage.planes.works()
        stage.show(frame, scene)
    assert len(camera.overlays) == 1
    assert camera.overlays[0].shape == (36, 48, 4), "the shape that the preview has on this screen"
    stage.show(NEXT, Scene())
    stage.show(NEXT, Scene(), Notice(visitors="hello"))
    assert len(camera.overlays) == 3
    assert not np.array_equal(camera.overlays[1], camera.overlays[2])


def test_a_camera_that_is_lost_gives_the_card_back(stage):
    camera = Camera(stage.kernel)
    stage.planes.attach(camera, LIBRARY)
    stage.planes.works()
    stage.show(FRAME)
    stage.planes.detach()
    stage.show(None, notice=Notice("no camera"))
    assert stage.card.shown().any()
    again = Camera(stage.kernel)
    stage.planes.attach(again, LIBRARY)
    assert again.preview is not None


@pytest.mark.parametrize("planes", [(), (1,), (2, 2)])
def test_a_card_with_too_few_planes_keeps_the_whole_picture(hardware, planes):
    stage = Stage(hardware, planes)
    camera = Camera(stage.kernel)
    stage.planes.attach(camera, LIBRARY)
    assert camera.preview is None
    stage.show(FRAME)
    assert stage.card.flips == 1


def test_a_preview_that_cannot_be_started_is_not_tried_again(stage, caplog):
    stage.planes.attach(Camera(stage.kernel, "preview"), LIBRARY)
    stage.show(FRAME)
    assert stage.card.flips == 1
    assert "the hardware's preview does not work" in caplog.text
    second = Camera(stage.kernel)
    stage.planes.detach()
    stage.planes.attach(second, LIBRARY)
    assert second.preview is None


def test_a_camera_that_gives_no_frame_with_it_gets_no_preview_again(stage):
    stage.planes.attach(Camera(stage.kernel), LIBRARY)
    stage.planes.detach()
    second = Camera(stage.kernel)
    stage.planes.attach(second, LIBRARY)
    assert second.preview is None
    stage.show(FRAME)
    assert stage.card.flips == 1


def test_words_that_are_refused_are_a_screen_error_and_the_end_of_the_preview(stage):
    stage.planes.attach(Camera(stage.kernel, "overlay"), LIBRARY)
    stage.planes.works()
    with pytest.raises(ScreenError, match="no words can be put over the preview"):
        stage.show(FRAME)
    stage.planes.detach()
    second = Camera(stage.kernel)
    stage.planes.attach(second, LIBRARY)
    assert second.preview is None


def test_a_screen_that_is_opened_again_while_the_preview_runs_leaves_it_the_card(stage):
    camera = Camera(stage.kernel)
    stage.planes.attach(camera, LIBRARY)
    stage.planes.works()
    stage.screen.close()
    steady = ReconnectingScreen(
        lambda: PlaneScreen(
            lambda: DrmScreen(SETTINGS.screen, stage.clock, kernel=stage.kernel), stage.planes, stage.clock
        ),
        stage.clock,
    )
    steady.show(FRAME, someone())
    assert len(camera.overlays) == 1


@pytest.mark.parametrize(
    ("source", "screen", "answer"),
    [
        ({}, {}, True),
        ({"source": "auto"}, {}, True),
        ({"source": "demo"}, {}, False),
        ({"rotate": 90}, {}, False),
        ({"flip": "vertical"}, {}, False),
        ({}, {"hardware_preview": False}, False),
        ({}, {"kind": "window"}, False),
        ({}, {"connector": "HDMI-A-2"}, False),
        ({}, {"mode": "640x480"}, False),
    ],
)
def test_it_is_used_where_boxes_and_preview_agree(source, screen, answer):
    settings = Settings(
        source=dataclasses.replace(SETTINGS.source, **source), screen=dataclasses.replace(SETTINGS.screen, **screen)
    )
    assert wanted(settings) is answer


def test_the_loader_puts_it_before_the_adapter(monkeypatch, hardware):
    kernel = hardware.Kernel(card0=hardware.Card([hardware.Socket()]))
    monkeypatch.setattr("edge.screens.drm.SystemKernel", lambda: kernel)
    planes = Planes()
    screen = open_screen(SETTINGS.screen, FakeClock(), lambda: None, planes)
    assert planes.screen is screen
    screen.close()
    assert planes.screen is None


def test_the_pis_camera_is_offered_configured_not_yet_started_and_taken_back_before_it_closes():
    told = []

    class Picamera2:
        def __init__(self) -> None:
            told.append("open")

        global_camera_info = staticmethod(lambda: [{}])
        create_video_configuration = staticmethod(lambda **_: {})
        configure = staticmethod(lambda _: told.append("configure"))
        camera_configuration = staticmethod(lambda: {"main": {"format": "RGB888", "size": (4, 2)}})
        start = staticmethod(lambda: told.append("start"))
        capture_array = staticmethod(lambda *_, **__: np.zeros((2, 4, 3), np.uint8))
        close = staticmethod(lambda: told.append("close"))

    preview = SimpleNamespace(
        attach=lambda *_: told.append("attach"),
        works=lambda: told.append("works"),
        detach=lambda: told.append("detach"),
    )
    grabber = PiGrabber(SETTINGS.source, SimpleNamespace(Picamera2=Picamera2), preview)
    grabber.read()
    grabber.close()
    assert told == ["open", "configure", "attach", "start", "works", "detach", "close"]
