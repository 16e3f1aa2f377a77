"""A fake of the driver under a live camera (edge.cameras.live); edge.testing.fakes has those of the ports."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import numpy as np


class FakeGrabber:
    """A driver that gives these pictures and then blocks, as one whose camera was unplugged in an unlucky moment.

    Args:
        images: uint8 (H, W, 3), or errors to raise.
        release: while it is not set, the read after the last picture does not come back; then it raises `after`.

    Attributes:
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
        """The next picture, or a very long time."""
        self.reads += 1
        if self._images:
            image = self._images.pop(0)
            if isinstance(image, Exception):
                raise image
            return image
        self.release.wait()
        raise self._after

    def close(self) -> None:
        """Remembered."""
        self.closed = True
