"""Rotated and mirrored pictures: for a camera that hangs upside down, or a screen that should be a mirror."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edge.frame import Frame
from edge.ports import Camera


def transform(image: np.ndarray, rotate: int, flip: str) -> np.ndarray:
    """uint8 (H, W, 3) rotated clockwise by `rotate` degrees (0, 90, 180, 270), then mirrored; a new contiguous array.

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
    """A camera whose frames are rotated and mirrored."""

    def __init__(self, camera: Camera, rotate: int, flip: str) -> None:
        self._camera, self._rotate, self._flip = camera, rotate, flip
        self.live = camera.live
        self.length = getattr(camera, "length", None)

    @property
    def stuck(self) -> bool:
        """As of the camera inside."""
        return self._camera.stuck

    def __iter__(self) -> Iterator[Frame | None]:
        for frame in self._camera:
            yield frame and Frame(transform(frame.image, self._rotate, self._flip), frame.time, frame.index)

    def close(self) -> None:
        """Close the camera inside."""
        self._camera.close()
