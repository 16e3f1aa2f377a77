"""What stops or pauses the loop from outside: signals, and a file that exists or not."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from pathlib import Path
from types import FrameType

from edge.clock import Clock
from edge.errors import SettingsError

_log = logging.getLogger(__name__)

CHECK_S = 0.25  # how often the pause file is looked for


class Control:
    """Whether to stop, and whether to pause.

    Args:
        clock: for how often the file is looked for.
        pause_file: while it exists, the loop pauses; None: there is none.
        memory: a file that exists from the beginning of a pause that was asked for to its end, so that the pause
            outlives this process; None: it ends with the process.
    """

    def __init__(self, clock: Clock, pause_file: Path | None = None, memory: Path | None = None) -> None:
        self.stopped = False
        self._clock, self._file, self._memory = clock, pause_file, memory
        self._toggled = memory is not None and remembers(memory)
        self._checked_at: float | None = None
        self._file_exists = False
        self._fault = self._reported = ""

    @property
    def paused(self) -> bool:
        """Whether the file exists or the signal asked for a pause."""
        now = self._clock.monotonic()
        if self._file and (self._checked_at is None or now - self._checked_at >= CHECK_S):
            self._checked_at = now
            try:
                self._file_exists = _exists(self._file)
            except OSError as error:  # what was known last still counts
                self._fault = f"{self._file}: cannot be checked ({error.strerror})"
        if self._fault != self._reported:
            _log.warning("%s", self._fault)
            self._reported = self._fault
        return self._file_exists or self._toggled

    def watch(self, pause_file: Path | None) -> None:
        """Pause while this file exists. One that can hardly be what was meant is named in the log.

        Raises:
            SettingsError: it cannot be checked.
        """
        self._file_exists = pause_file is not None and lies_there(pause_file)
        if pause_file is not None and (doubt := doubtful(pause_file)):
            _log.warning("[maker] pause_file: %s", doubt)
        self._file = pause_file

    def stop(self) -> None:
        """End the loop after this turn."""
        self.stopped = True

    def pause(self) -> None:
        """Ask for a pause; from any thread."""
        self._ask(True)

    def resume(self) -> None:
        """Withdraw the request; from any thread. While the pause file exists, the pause goes on."""
        self._ask(False)

    def toggle(self) -> None:
        """Pause, or resume."""
        self._ask(not self._toggled)

    def _ask(self, pause: bool) -> None:
        """Remember it at once, as the next moment may be a crash."""
        self._toggled = pause
        if self._memory is None:
            return
        try:
            if pause:
                _make(self._memory)
            else:
                self._memory.unlink(missing_ok=True)
        except OSError as error:
            # Logged later: a signal may come in the middle of another message.
            self._fault = f"{self._memory}: cannot save the pause; it will end with this run ({error.strerror})"

    def listen(self) -> None:
        """SIGTERM, SIGINT (a second one at once) and SIGHUP stop, SIGUSR1 pauses and resumes. For the main thread.

        Where SIGHUP is ignored, as under nohup, it stays so.
        """

        def stop(number: int, _: FrameType | None) -> None:
            self.stop()
            signal.signal(number, signal.SIG_DFL)

        def hang_up(number: int, _: FrameType | None) -> None:
            self.stop()
            # The kernel and the shell each send one when a terminal is closed: the second must not end what is written.
            signal.signal(number, signal.SIG_IGN)

        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            signal.signal(signal.SIGHUP, hang_up)
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGUSR1, lambda *_: self.toggle())
        # One that came since the start of the process (see edge/__main__.py) is handled now.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})


def lies_there(pause_file: Path) -> bool:
    """Whether the pause file exists.

    Raises:
        SettingsError: it cannot be checked.
    """
    try:
        return _exists(pause_file)
    except OSError as error:
        raise SettingsError(
            f"[maker] pause_file: {pause_file}: cannot be checked ({error.strerror}); choose another file"
        ) from None


def doubtful(pause_file: Path) -> str:
    """Why a pause file can hardly be what was meant; empty where it can."""
    if os.path.isdir(pause_file):
        return f"{pause_file}: a folder, which is always there, so the camera is off; name a file in it"
    if not os.path.isdir(pause_file.parent):
        return (
            f"{pause_file.parent}: no such folder, so no file in it can pause the camera; make it, or name another file"
        )
    return ""


def _exists(file: Path) -> bool:
    try:
        os.stat(file)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def remembers(memory: Path) -> bool:
    """Whether a pause was asked for and has not ended, as far as can be seen."""
    with contextlib.suppress(OSError):
        return _exists(memory)
    return False


def _make(file: Path) -> None:
    """Make an empty file that a power cut does not take away again."""
    for path, flags in ((file, os.O_WRONLY | os.O_CREAT), (file.parent, os.O_RDONLY | os.O_DIRECTORY)):
        fd = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK, 0o640)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
