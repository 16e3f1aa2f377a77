"""The Pi's own camera on a plane of the card, the words on a second one above it: the preview costs no Python.

Through picamera2's DrmPreview (its previews/drm_preview.py), which draws on what the console shows: it sets no mode.
**Not tried on a Pi:** planes of its vc4 driver cannot be had elsewhere, so this was written from picamera2's source
and tested on a stand-in. It is used where [screen] hardware_preview is true, and falls back to the full picture.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edge.clock import Clock
from edge.errors import ScreenError
from edge.face import Scene
from edge.frame import Frame
from edge.ports import NO_NOTICE, Notice
from edge.screens.overlay import Fit, layer
from edge.screens.painter import Pace, Rate
from edge.settings import Settings

if TYPE_CHECKING:
    from edge.screens.drm import DrmScreen

_log = logging.getLogger(__name__)

PLANES = 2  # one for the camera, one for the words


def wanted(settings: Settings) -> bool:
    """Whether the settings allow it: the Pi's camera as it is, on the card and connector that picamera2 takes."""
    source, screen = settings.source, settings.screen
    return (
        screen.hardware_preview
        and screen.kind == "drm"
        and (screen.card, screen.connector, screen.mode) == ("auto", "auto", "auto")
        and source.source in ("auto", "picamera")
        and (source.rotate, source.flip) == (0, "none")
    )


class Planes:
    """Between the camera's thread, which has the Picamera2, and the loop's, which has the screen.

    Attributes:
        lock: held by whoever touches the card.
        screen: the full picture's, while there is one to step back for the camera.
        camera: the Picamera2 whose preview is on the card now, or None.
        picture: width and height that the preview has on the screen.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.screen: PlaneScreen | None = None
        self.camera: Any = None
        self.picture = (0, 0)
        self._worked = self._broken = False

    def attach(self, camera: Any, library: Any) -> None:
        """Show this configured Picamera2, where that can be; else nothing changes. Called before it is started."""
        with self.lock:
            room = None if self._broken or self.screen is None else self.screen.step_back()
            if room is None:
                return
            main = camera.camera_configuration()["main"]["size"]
            fit = Fit.of((main[0], main[1]), room)
            try:
                camera.start_preview(library.Preview.DRM, x=0, y=0, width=room[0], height=room[1])
            except Exception as error:  # whatever the driver says, the full picture can still be shown
                self._give_up(f"{type(error).__name__}: {error}")
                return
            self.camera, self.picture, self._worked = camera, (fit.width, fit.height), False

    def works(self) -> None:
        """A frame came through."""
        self._worked = True

    def detach(self) -> None:
        """The camera is about to be closed. One that gave no frame with the preview on gets none again."""
        with self.lock:
            camera, self.camera = self.camera, None
            if camera is None:
                return
            try:
                camera.stop_preview()
            except Exception as error:
                self._give_up(f"{type(error).__name__}: {error}")
            if not self._worked:
                self._give_up("the camera gave no frame with it")

    def overlay(self, scene: Scene, notice: Notice, size: tuple[int, int], fps: float) -> None:
        """Put the words over the preview; `size` is that of the frames which the scene's boxes are in.

        Raises:
            ScreenError: the card refused.
        """
        words = layer(scene, notice, size, *self.picture, fps)
        try:
            self.camera.set_overlay(words)
        except Exception as error:
            self._give_up(f"{type(error).__name__}: {error}")
            raise ScreenError(f"screen: no words can be put over the preview ({error})") from None

    def _give_up(self, why: str) -> None:
        self._broken = True
        _log.warning("screen: the hardware's preview does not work (%s); the whole picture is drawn", why)


class PlaneScreen:
    """The full picture while there is no preview, and over the preview the words.

    Args:
        open_full: opens the full picture's screen.
        planes: what the camera's thread tells.
        clock: for the pace of drawing.

    Raises (as `show` and `tick`):
        ScreenError: as the full picture's screen.
    """

    def __init__(self, open_full: Callable[[], DrmScreen], planes: Planes, clock: Clock) -> None:
        self._open, self._planes, self._clock = open_full, planes, clock
        self._full: DrmScreen | None = None
        self._drawn: tuple[object, ...] | None = None
        self._pace, self._rate = Pace(clock), Rate()
        with planes.lock:
            if planes.camera is None:
                self._full = open_full()
            planes.screen = self

    def step_back(self) -> tuple[int, int] | None:
        """Let the camera have the card; the size of what the console shows, or None where that cannot be."""
        full = self._full
        if full is None or full.console is None or full.planes < PLANES:
            return None
        room = full.console
        self._full = None
        full.close()
        return room

    def show(self, frame: Frame | None, scene: Scene, notice: Notice = NO_NOTICE) -> None:
        """Draw what changed."""
        with self._planes.lock:
            if self._planes.camera is not None and frame is not None:
                self._over(frame, scene, notice)
            elif self._planes.camera is None:
                if self._full is None:
                    self._full, self._drawn = self._open(), None
                self._full.show(frame, scene, notice)

    def tick(self) -> None:
        """Look after the full picture's screen."""
        with self._planes.lock:
            if self._full is not None:
                self._full.tick()

    def close(self) -> None:
        """Let go of the card; a preview that is on it ends with its camera."""
        with self._planes.lock:
            if self._planes.screen is self:
                self._planes.screen = None
            full, self._full = self._full, None
            if full is not None:
                full.close()

    def _over(self, frame: Frame, scene: Scene, notice: Notice) -> None:
        """The words, where they changed and it is due."""
        fps = self._rate.count(self._clock.monotonic())
        asked = (self._planes.camera, scene, notice)
        if self._drawn is not None and all(a is b or a == b for a, b in zip(asked, self._drawn, strict=True)):
            return
        with self._pace as due:
            if due:
                self._planes.overlay(scene, notice, (frame.width, frame.height), fps)
                self._drawn = asked
