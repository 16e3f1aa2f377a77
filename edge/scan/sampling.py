"""Which frames of a clip are looked at, and into which ranges it is cut: arithmetic on times, nothing else."""

from __future__ import annotations

from dataclasses import dataclass

FPS = 30.0  # that is assumed where every frame is looked at, for the progress bar


@dataclass(frozen=True)
class Sampling:
    """Time is divided into slots, and the first frame of each is looked at; ranges are whole numbers of slots.

    Attributes:
        every_s: the length of a slot, seconds; 0: each frame is a slot of its own.
        range_s: about the length of a range, seconds.

    >>> sampling = Sampling(0.5, 60.0)
    >>> [sampling.slot_of(time) for time in (0.0, 0.49, 0.5, 1.2)]
    [0, 0, 1, 2]
    >>> sampling.span_of(59.99), sampling.span_of(60.0), sampling.spans_in(60.5)
    (0, 1, 2)
    """

    every_s: float
    range_s: float

    @property
    def slots(self) -> int:
        """How many slots a range has."""
        return max(1, round(self.range_s / self.every_s))

    @property
    def length_s(self) -> float:
        """The length of a range, seconds."""
        return self.slots * self.every_s if self.every_s else self.range_s

    @property
    def frames(self) -> int:
        """About how many frames of a range are looked at."""
        return self.slots if self.every_s else max(1, round(self.range_s * FPS))

    def slot_of(self, time: float) -> int:
        """The number of the slot that a time belongs to; only for slots with a length."""
        return int(time / self.every_s + 1e-6)

    def span_of(self, time: float) -> int:
        """The number of the range that a time belongs to."""
        return self.slot_of(time) // self.slots if self.every_s else int(time / self.range_s + 1e-9)

    def begin_of(self, span: int) -> float:
        """Where a range begins, seconds."""
        return span * self.length_s

    def spans_in(self, seconds: float) -> int:
        """How many ranges a clip of this length is cut into, at least 1."""
        return max(1, int(-(-seconds // self.length_s)))
