"""A camera that plays a script, and the driver under a live camera."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from edge.errors import InvalidValue
from edge.frame import Frame


def pictures(count: int, fps: float = 10.0, size: tuple[int, int] = (64, 48), level: int = 128) -> list[Frame]:
    """Plain frames of a (width, height) in pixels, all of one brightness, `time` = index / fps."""
    image = np.full((size[1], size[0], 3), level, np.uint8)
    return [Frame(image, index / fps, index) for index in range(count)]


class FakeCamera:
    """Plays a script: a frame is given, None is a short wait without one, an error is raised, a function is called.

    Args:
        script: what happens, in order; then the source ends.
        live: as of the port.
        hangs: whether its thread stays inside the driver after close.

    Attributes:
        closed: whether close was called; iterating a closed camera raises.
    """

    def __init__(
        self, script: Iterable[Frame | Exception | Callable[[], None] | None], live: bool = False, hangs: bool = False
    ) -> None:
        self._script = list(script)
        self.live = live
        self.hangs = hangs
        self.closed = False

    @property
    def stuck(self) -> bool:
        """Whether it was closed and hangs."""
        return self.closed and self.hangs

    def __iter__(self) -> Iterator[Frame | None]:
        for step in self._script:
            if self.closed:
                raise InvalidValue("fake camera: expected an open camera, got a closed one")
            if isinstance(step, Exception):
                raise step
            if callable(step):
                step()
                continue
            yield step

    def close(self) -> None:
        """Remember it."""
        self.closed = True


class FakeGrabber:
    """A driver that gives these pictures and then blocks, like one whose camera was unplugged at a bad moment.

    Args:
        images: uint8 (H, W, 3), or errors to raise.
        after: what the read after the last picture raises once `release` is set.

    Attributes:
        release: an event; until it is set, the read after the last picture does not return.
        reads: how many reads were begun.
        closed: whether close was called.
    """

    def __init__(self, images: Iterable[np.ndarray | Exception], after: Exception | None = None) -> None:
        self._images = list(images)
        self._after = after or OSError("device gone")
        self.release = threading.Event()
        self.reads = 0
        self.closed = False

    def read(self) -> np.ndarray:
        """The next picture, or a very long wait."""
        self.reads += 1
        if self._images:
            image = self._images.pop(0)
            if isinstance(image, Exception):
                raise image
            return image
        self.release.wait()
        raise self._after

    def close(self) -> None:
        """Remember it."""
        self.closed = True
