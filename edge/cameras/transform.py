"""Turn and mirror pictures: a camera that hangs upside down, a picture that should be a mirror."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edge.frame import Frame
from edge.ports import Camera


def turn(image: np.ndarray, rotate: int, flip: str) -> np.ndarray:
    """uint8 (H, W, 3) turned clockwise by `rotate` degrees (0, 90, 180, 270), then mirrored; a new contiguous array.

    Args:
        image: the picture.
        rotate: 90 and 270 swap width and height.
        flip: "none", "horizontal" (left becomes right) or "vertical" (top becomes bottom).
    """
    image = np.rot90(image, -rotate // 90)
    if flip == "horizontal":
        image = image[:, ::-1]
    elif flip == "vertical":
        image = image[::-1]
    return np.array(image, order="C")


class TransformedCamera:
    """A camera whose frames are turned."""

    def __init__(self, camera: Camera, rotate: int, flip: str) -> None:
        self._camera, self._rotate, self._flip = camera, rotate, flip
        self.live, self.fps = camera.live, camera.fps

    @property
    def stuck(self) -> bool:
        """As of the camera that is turned."""
        return self._camera.stuck

    def __iter__(self) -> Iterator[Frame | None]:
        for frame in self._camera:
            yield frame and Frame(turn(frame.image, self._rotate, self._flip), frame.time, frame.index)

    def close(self) -> None:
        """Close the camera that is turned."""
        self._camera.close()
