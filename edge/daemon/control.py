"""What stops or pauses the loop from outside: signals, and a file that exists or not."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

from edge.clock import Clock

CHECK_S = 0.25  # how often the pause file is looked for


class Control:
    """Whether to stop, and whether to pause.

    Args:
        clock: for how often the file is looked for.
        pause_file: while it exists, the loop pauses; None: there is none.
    """

    def __init__(self, clock: Clock, pause_file: Path | None = None) -> None:
        self.stopped = False
        self._toggled = False
        self._clock, self._file = clock, pause_file
        self._checked_at: float | None = None
        self._file_exists = False

    @property
    def paused(self) -> bool:
        """Whether the file exists or the signal asked for a pause."""
        now = self._clock.monotonic()
        if self._file and (self._checked_at is None or now - self._checked_at >= CHECK_S):
            self._checked_at = now
            self._file_exists = self._file.exists()
        return self._file_exists or self._toggled

    def stop(self) -> None:
        """End the loop after this turn."""
        self.stopped = True

    def pause(self) -> None:
        """Ask for a pause; from any thread."""
        self._toggled = True

    def resume(self) -> None:
        """Withdraw the request; from any thread. While the pause file exists, the pause goes on."""
        self._toggled = False

    def toggle(self) -> None:
        """Pause, or resume."""
        self._toggled = not self._toggled

    def listen(self) -> None:
        """SIGTERM and SIGINT stop (a second one at once), SIGUSR1 pauses and resumes. For the main thread."""

        def stop(number: int, _: FrameType | None) -> None:
            self.stop()
            signal.signal(number, signal.SIG_DFL)

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGUSR1, lambda *_: self.toggle())
