"""When to draw: only what changed, and never more than a tenth of the time."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping

import cv2
import numpy as np

from edge.clock import Clock
from edge.face import Scene
from edge.frame import Frame
from edge.ports import Notice
from edge.screens.overlay import compose
from edge.settings import ScreenSettings
from edge.vision.placement import Seat

SHARE = 0.1  # of the time may go into drawing
FPS_S = 2.0  # frames a second are counted over this long
FPS_EVERY_S = 1.0  # and updated this often, so that the figure can be read
ROTATIONS = {0: None, 90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
DEFAULTS = ScreenSettings()
LONGEST_S = 1.0  # the longest pause, however long drawing takes


class Painter:
    """Draws a screen's picture and hands it over; the time it took decides how soon it may draw again.

    A large picture costs a Pi a third of a frame's time: then every fourth frame is shown, and the loop stays free.
    A picture without a frame ("no camera", "paused") is drawn at once: the loop shows it only once.

    Args:
        present: puts uint8 (height, width, 3) RGB on the screen; raises ScreenError.
        clock: measures.
        settings: how the picture is rotated, and how faces are marked.
        share: how much of the time may go into drawing, 0-1.
    """

    def __init__(
        self,
        present: Callable[[np.ndarray], None],
        clock: Clock,
        settings: ScreenSettings = DEFAULTS,
        share: float = SHARE,
    ) -> None:
        self._present, self._clock, self._settings = present, clock, settings
        self._pace = Pace(clock, share)
        self._drawn: tuple[object, ...] | None = None
        self._seats: Mapping[int, Seat] = {}
        self._rate = Rate()

    def show(self, frame: Frame | None, scene: Scene, notice: Notice, width: int, height: int) -> bool:
        """Draw for a screen of that size, if something changed and it is due; whether it was drawn.

        Raises:
            ScreenError: as `present`.
        """
        fps = self._rate.count(self._clock.monotonic()) if frame is not None else self._rate.reset()
        # Compared by identity: frames and scenes are frozen, and kept here so that no new one gets the same address.
        wanted = (frame, frame and scene, notice, width, height)
        same = self._drawn is not None and all(
            a is b or (isinstance(a, Notice | int) and a == b) for a, b in zip(wanted, self._drawn, strict=True)
        )
        if same:
            return False
        with self._pace as due:
            if due or frame is None:
                self._present(self._composed(frame, scene, notice, width, height, fps))
                self._drawn = wanted
        return self._drawn is wanted

    def _composed(
        self, frame: Frame | None, scene: Scene, notice: Notice, width: int, height: int, fps: float
    ) -> np.ndarray:
        """The picture, rotated as the panel hangs."""
        turn, outline = ROTATIONS[self._settings.rotate], self._settings.style
        size = (width, height) if turn in (None, cv2.ROTATE_180) else (height, width)
        composed = compose(frame, scene, notice, *size, fps, outline, self._seats)
        self._seats = composed.seats
        return composed.pixels if turn is None else cv2.rotate(composed.pixels, turn)

    def forget(self) -> None:
        """The screen no longer shows what was drawn."""
        self._drawn = None


class Pace:
    """`with pace as due:` draw if it is due; the longer that takes, the longer the pause that follows.

    Args:
        clock: measures.
        share: how much of the time may go into drawing, 0-1.
    """

    def __init__(self, clock: Clock, share: float = SHARE) -> None:
        self._clock, self._share = clock, share
        self._next = self._began = -math.inf

    def __enter__(self) -> bool:
        self._began = self._clock.monotonic()
        return self._began >= self._next

    def __exit__(self, *_: object) -> None:
        now = self._clock.monotonic()
        if now > self._began:
            self._next = max(self._next, now + min(LONGEST_S, (now - self._began) * (1 / self._share - 1)))


class Rate:
    """Frames a second over the last two seconds, updated once a second."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._shown, self._shown_at = 0.0, -math.inf

    def count(self, now: float) -> float:
        """One more frame, at `now` in seconds; the rate, or 0 while there are too few to tell."""
        self._times.append(now)
        while now - self._times[0] > FPS_S:
            self._times.popleft()
        if now - self._shown_at >= FPS_EVERY_S and (span := now - self._times[0]) >= FPS_EVERY_S / 2:
            self._shown, self._shown_at = (len(self._times) - 1) / span, now
        return self._shown

    def reset(self) -> float:
        """The frames ended: 0."""
        self._times.clear()
        self._shown, self._shown_at = 0.0, -math.inf
        return 0.0
