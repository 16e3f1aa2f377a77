"""A clip, a folder or the demo as something to watch: over and over, its time going on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from edge.errors import SourceError
from edge.frame import Frame
from edge.ports import Camera


class RepeatingCamera:
    """Opens its source again at its end.

    Args:
        open_camera: opens the source.
    """

    live = False
    stuck = False

    def __init__(self, open_camera: Callable[[], Camera]) -> None:
        self._open = open_camera
        self._camera: Camera | None = None

    def __iter__(self) -> Iterator[Frame | None]:
        base, number = 0.0, 0
        while True:
            self._camera = self._open()
            time, step, seen = 0.0, 0.1, False
            try:
                for frame in self._camera:
                    if frame is None:
                        yield None
                        continue
                    step, time, seen = (frame.time - time if seen and frame.time > time else step), frame.time, True
                    yield replace(frame, time=base + frame.time, index=number)
                    number += 1
            finally:
                self.close()
            if not seen:
                raise SourceError("the source gave no frame")
            base += time + step

    def close(self) -> None:
        """Release the source."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None
