"""How far `edge-emotion run` is in a clip."""

from __future__ import annotations

from collections.abc import Iterator

from edge.cli.terminal import Progress
from edge.frame import Frame
from edge.ports import Camera


class CountedCamera:
    """A camera whose frames move a progress bar."""

    def __init__(self, camera: Camera, progress: Progress, most: int = 0) -> None:
        self._camera, self._progress = camera, progress
        self.live = camera.live
        length = getattr(camera, "length", None)
        progress.total = min(length, most) if length and most else length or most or None

    @property
    def stuck(self) -> bool:
        """As of the camera."""
        return self._camera.stuck

    def __iter__(self) -> Iterator[Frame | None]:
        for frame in self._camera:
            if frame is not None:
                self._progress.update(frame.index)
            yield frame

    def close(self) -> None:
        """As of the camera."""
        self._camera.close()
