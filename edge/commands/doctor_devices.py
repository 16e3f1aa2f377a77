"""The checks of `edge-emotion doctor` of the camera and the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from edge import cameras
from edge.commands.doctor_finding import FAIL, OK, WARN, Finding, asked, service_status
from edge.errors import EdgeError
from edge.frame import Frame
from edge.registry import SCREENS
from edge.settings import ScreenSettings, Settings

# Longer than it takes to open a camera, shorter than a person waits.
CAMERA_S = 10.0
DARK = 10.0


def camera(settings: Settings, status: Callable[[], str] = service_status) -> Iterator[Finding]:
    """The source, by its first frame. A camera that the running service uses is fine.

    Args:
        settings: the settings.
        status: gets the status of the service; replaced in tests.
    """
    source = replace(settings.source, timeout_s=max(settings.source.timeout_s, CAMERA_S))
    name = cameras.redacted(source.source)
    opened = None
    try:
        opened = cameras.open_camera(source)
        frame: Frame | None = next(cameras.frames(opened), None)
    except EdgeError as error:
        if cameras.is_live(source.source) and " fps" in (shown := status()):
            text = f"{name}: used by the service ({shown}); to test it here: sudo systemctl stop edge-emotion"
            yield Finding(OK, "camera", text)
        else:
            yield Finding(FAIL, "camera", str(error))
        return
    finally:
        if opened is not None:
            opened.close()
    if frame is None:
        yield Finding(FAIL, "camera", f"{name}: no frame; choose another source")
        return
    size = f"{name}: {frame.width}x{frame.height}"
    if frame.image.mean() < DARK:
        yield Finding(WARN, "camera", f"{size}, but the picture is dark; remove the lens cap or turn on a light")
    else:
        yield Finding(OK, "camera", size)


def screen(settings: Settings, check: Callable[[ScreenSettings], str] | None = None) -> Iterator[Finding]:
    """The screen of the settings, as `run` would find it, by its adapter's own `check`.

    Args:
        settings: the settings.
        check: replaces the adapter's, in tests.
    """

    def ask() -> str:
        own = check or SCREENS.check(settings.screen.kind)
        return own(settings.screen) if own else f"{settings.screen.kind}, installed; it has no check of its own"

    yield asked("screen", ask, prefix="screen: ", later="`run` will wait for it")
