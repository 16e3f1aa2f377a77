"""When to draw: only what changed, and for no more than a tenth of the time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from edge.clock import Clock
from edge.face import Scene
from edge.frame import Frame
from edge.screens.overlay import compose

SHARE = 0.1
FPS_S = 2.0  # frames a second are counted over this long
FPS_EVERY_S = 1.0  # and told this often, so that the figure can be read
LONGEST_S = 1.0  # no picture is older, whatever drawing costs


class Painter:
    """Draws and hands over a screen's picture; what it costs decides how soon it may draw again.

    Drawing 1920x1080 costs a Pi a third of a frame's time: then every fourth frame is shown, and the loop stays free.
    A picture without a frame ("no camera", "paused") is drawn at once: the loop shows it only once.

    Args:
        present: puts uint8 (height, width, 3) RGB on the screen; raises ScreenError.
        clock: for cost and pace.
        share: how much of the time may go into drawing, 0-1.
    """

    def __init__(self, present: Callable[[np.ndarray], None], clock: Clock, share: float = SHARE) -> None:
        self._present, self._clock, self._share = present, clock, share
        self._next = -np.inf
        self._drawn: tuple[object, ...] | None = None
        self._rate = Rate()

    def show(self, frame: Frame | None, scene: Scene, notice: str, width: int, height: int) -> bool:
        """Draw for a screen of that size, where something changed and it is due; whether it was drawn.

        Raises:
            ScreenError: as `present`.
        """
        began = self._clock.monotonic()
        fps = self._rate.count(began) if frame is not None else self._rate.reset()
        # Compared by identity: frames and scenes are frozen, and held here so that no other takes their place.
        wanted = (frame, frame and scene, notice, width, height)
        same = self._drawn is not None and all(
            a is b or (isinstance(a, str | int) and a == b) for a, b in zip(wanted, self._drawn, strict=True)
        )
        if same or (frame is not None and began < self._next):
            return False
        self._present(compose(frame, scene, notice, width, height, fps))
        self._drawn = wanted
        ended = self._clock.monotonic()
        self._next = ended + min(LONGEST_S, (ended - began) * (1 / self._share - 1))
        return True

    def forget(self) -> None:
        """The screen no longer shows what was drawn."""
        self._drawn = None


class Rate:
    """Frames a second over the last two seconds, told once a second."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._told, self._told_at = 0.0, -np.inf

    def count(self, now: float) -> float:
        """One more frame, at `now` in seconds; the rate, or 0 while there is too little to tell."""
        self._times.append(now)
        while now - self._times[0] > FPS_S:
            self._times.popleft()
        if now - self._told_at >= FPS_EVERY_S and (span := now - self._times[0]) >= FPS_EVERY_S / 2:
            self._told, self._told_at = (len(self._times) - 1) / span, now
        return self._told

    def reset(self) -> float:
        """The frames ended: 0."""
        self._times.clear()
        self._told, self._told_at = 0.0, -np.inf
        return 0.0
