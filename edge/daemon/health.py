"""What is not well, as `health` events: a dark picture, slow work, an accelerator that is not used, heat and power."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from edge.daemon.firmware import Reading
from edge.frame import Frame
from edge.journals.events import Event, note
from edge.settings import HealthSettings

_log = logging.getLogger(__name__)

SLOW_AGAIN_S = 60.0
# What the screen says of edge.daemon.firmware.NOW's words; of several only the first, which is the cause of the others.
SHOWN = {
    "under-voltage": "low power: use the official supply",
    "too-hot": "too hot: slower until it cools",
    "throttled": "slower: too hot or low power",
    "frequency-capped": "slower: warm or low power",
}
EVERY = 16  # brightness is taken from every n-th pixel of every n-th row


class Health:
    """Watches frames, times and the machine, and says what changed.

    Args:
        settings: from where something counts as trouble.
        sensors: reads heat and power.
        fallbacks: as of edge.pipeline.pipeline.EmotionPipeline.
    """

    def __init__(self, settings: HealthSettings, sensors: Callable[[], Reading], fallbacks: Sequence[str] = ()) -> None:
        self._settings, self._sensors, self._fallbacks = settings, sensors, tuple(fallbacks)
        self._dark_since: float | None = None
        self.dark = False
        self._slow_at: float | None = None
        self._checked_at: float | None = None
        self._held: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What is not well, for the screen; empty where all is."""
        trouble = [shown for word, shown in SHOWN.items() if word in self._held][:1]
        return ", ".join((["dark picture"] if self.dark else []) + trouble)

    def started(self, time: float) -> list[Event]:
        """Whether the CPU does what an accelerator was asked to do."""
        return [note("health", time, what="cpu-fallback", detail=detail) for detail in self._fallbacks]

    def seen(self, frame: Frame) -> list[Event]:
        """Whether the picture became dark, or light again."""
        level = brightness(frame)
        if level >= self._settings.dark_level:
            self._dark_since = None
            if not self.dark:
                return []
            self.dark = False
            return [note("health", frame.time, what="light")]
        if self._dark_since is None:
            self._dark_since = frame.time
        if self.dark or frame.time - self._dark_since < self._settings.dark_s:
            return []
        self.dark = True
        return [note("health", frame.time, what="dark", brightness=round(level, 1))]

    def took(self, seconds: float, time: float) -> list[Event]:
        """Whether the work on a frame took too long; said once a minute."""
        again = self._slow_at is None or time - self._slow_at >= SLOW_AGAIN_S
        if seconds < self._settings.slow_s or not again:
            return []
        self._slow_at = time
        return [note("health", time, what="slow", seconds=round(seconds, 3))]

    def check(self, now: float, time: float) -> list[Event]:
        """Whether heat or power began or ceased to hold the machine back.

        Args:
            now: seconds on the monotonic clock, for when a check is due.
            time: seconds on the source's clock, for the event.
        """
        if self._checked_at is not None and now - self._checked_at < self._settings.check_s:
            return []
        self._checked_at = now
        reading = self._sensors()
        if reading.now == self._held:
            return []
        self._held = reading.now
        what = "throttled" if reading.now else "recovered"
        _log.warning("the machine is %s (%s)", what, ", ".join(reading.now) or "heat and power are well again")
        return [note("health", time, what=what, now=list(reading.now), celsius=reading.celsius)]

    def pace(self, max_fps: float) -> float:
        """The most frames a second to look at, given the setting; lower while the machine is held back. 0: all."""
        limits = [max_fps, self._settings.throttled_fps if self._held else 0.0]
        return min((limit for limit in limits if limit > 0), default=0.0)


def brightness(frame: Frame) -> float:
    """The mean of a frame's values, 0-255, taken from some of its pixels."""
    return float(frame.image[::EVERY, ::EVERY].mean())
