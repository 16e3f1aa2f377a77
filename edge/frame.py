"""Frame and Box: what a camera gives and where something is in it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edge.errors import InvalidValue


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a source.

    Attributes:
        image: uint8 (H, W, 3), RGB; made read-only.
        time: seconds on a monotonic clock (a clip's own clock: its time stamps, from 0).
        index: 0 for the first frame of its source.

    Raises:
        InvalidValue: the image is not uint8 (H, W, 3) or has no pixels.
    """

    image: np.ndarray
    time: float
    index: int

    def __post_init__(self) -> None:
        image = self.image
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            got = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
            raise InvalidValue(f"frame image: expected uint8 (H, W, 3) RGB, got {got}")
        if not image.size:
            raise InvalidValue(f"frame image: expected at least one pixel, got shape {image.shape}")
        view = image.view()
        view.flags.writeable = False
        object.__setattr__(self, "image", view)

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.image.shape[0])


@dataclass(frozen=True)
class Box:
    """A half-open rectangle [left, right) x [top, bottom) in float pixels of the frame; it may reach over the edges.

    Raises:
        InvalidValue: a side is not finite, or the box has no area.
    """

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        if not (-math.inf < self.left < self.right < math.inf and -math.inf < self.top < self.bottom < math.inf):
            raise InvalidValue(f"box: expected finite left < right and top < bottom, got {self.ltrb}")

    def __iter__(self) -> Iterator[float]:
        """left, top, right, bottom: a box can be unpacked."""
        return iter(self.ltrb)

    @property
    def ltrb(self) -> tuple[float, float, float, float]:
        """The four sides: left, top, right, bottom."""
        return (self.left, self.top, self.right, self.bottom)

    @property
    def width(self) -> float:
        """Pixels across."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Pixels down."""
        return self.bottom - self.top

    @property
    def centre(self) -> tuple[float, float]:
        """The middle as (x, y)."""
        return ((self.left + self.right) / 2, (self.top + self.bottom) / 2)

    def iou(self, other: Box) -> float:
        """Intersection over union with another box, 0-1."""
        shared = self._shared(other)
        return shared / (self.width * self.height + other.width * other.height - shared)

    def inside(self, other: Box) -> float:
        """How much of this box lies in another, as a part of this one's area, 0-1."""
        return self._shared(other) / (self.width * self.height)

    def _shared(self, other: Box) -> float:
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across * down if across > 0 and down > 0 else 0.0

    def clipped(self, width: float, height: float) -> Box | None:
        """The part inside a picture of that size, or None where nothing of it is inside."""
        left, top = max(self.left, 0.0), max(self.top, 0.0)
        right, bottom = min(self.right, float(width)), min(self.bottom, float(height))
        return Box(left, top, right, bottom) if left < right and top < bottom else None

    def moved(self, x: float, y: float) -> Box:
        """The same box, so many pixels to the right and down."""
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)

    def square(self, margin: float = 1.0, shift: float = 0.0) -> Box:
        """The square around the box's centre; its side is `margin` times the longer side of the box.

        Args:
            margin: side of the square / longer side of the box.
            shift: how far down the centre moves, as a part of the box's height (negative: up).
        """
        half = max(self.width, self.height) * margin / 2
        x, y = self.centre
        y += shift * self.height
        return Box(x - half, y - half, x + half, y + half)
