"""Health problems, as `health` events: a dark picture, slow work, an unused accelerator, heat and power."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from edge.daemon.firmware import Reading
from edge.frame import Frame
from edge.journals.events import Event, note
from edge.settings import HealthSettings

_log = logging.getLogger(__name__)

SLOW_AGAIN_S = 60.0
# What the screen says about the words of edge.daemon.firmware.NOW; of several only the first, the cause of the others.
SHOWN = {
    "under-voltage": "low power: use the official supply",
    "too-hot": "too hot: slower until it cools",
    "throttled": "slower: too hot or low power",
    "frequency-capped": "slower: warm or low power",
}
STEP = 16  # brightness is measured on every n-th pixel of every n-th row


class Health:
    """Watches frames, times and the machine, and reports what changed.

    Args:
        settings: the limits.
        firmware: reads heat and power.
        fallbacks: what runs on the CPU instead of an accelerator; see edge.pipeline.pipeline.EmotionPipeline.
    """

    def __init__(
        self, settings: HealthSettings, firmware: Callable[[], Reading], fallbacks: Sequence[str] = ()
    ) -> None:
        self._settings, self._firmware, self._fallbacks = settings, firmware, tuple(fallbacks)
        self._dark_since: float | None = None
        self.dark = False
        self._slow_at: float | None = None
        self._checked_at: float | None = None
        self._held: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The problems, for the screen; empty where there are none."""
        machine = [shown for word, shown in SHOWN.items() if word in self._held][:1]
        return ", ".join((["dark picture"] if self.dark else []) + machine)

    def started(self, time: float) -> list[Event]:
        """Whether the CPU runs what an accelerator was asked to run."""
        return [note("health", time, what="cpu-fallback", detail=detail) for detail in self._fallbacks]

    def seen(self, frame: Frame) -> list[Event]:
        """Whether the picture turned dark, or light again."""
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
        """Whether the work on a frame took too long; reported once a minute."""
        again = self._slow_at is None or time - self._slow_at >= SLOW_AGAIN_S
        if seconds < self._settings.slow_s or not again:
            return []
        self._slow_at = time
        return [note("health", time, what="slow", seconds=round(seconds, 3))]

    def check(self, now: float, time: float) -> list[Event]:
        """Whether heat or power began or stopped slowing the machine down.

        Args:
            now: seconds on the monotonic clock, which decide whether a check is due.
            time: seconds on the source's clock, for the event.
        """
        if self._checked_at is not None and now - self._checked_at < self._settings.check_s:
            return []
        self._checked_at = now
        reading = self._firmware()
        if reading.now == self._held:
            return []
        self._held = reading.now
        what = "throttled" if reading.now else "recovered"
        state = "is throttled" if reading.now else "has recovered"
        _log.warning("the machine %s (%s)", state, ", ".join(reading.now) or "temperature and power are normal again")
        return [note("health", time, what=what, now=list(reading.now), celsius=reading.celsius)]

    def limit(self, max_fps: float) -> float:
        """The most frames per second to process, given the setting; lower while the machine is slowed down. 0: all."""
        limits = [max_fps, self._settings.throttled_fps if self._held else 0.0]
        return min((limit for limit in limits if limit > 0), default=0.0)


def brightness(frame: Frame) -> float:
    """The mean of a frame's values, 0-255, over some of its pixels."""
    return float(frame.image[::STEP, ::STEP].mean())
