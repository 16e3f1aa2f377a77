"""The journal in a file: durable within a second, rotated, and still alive when the disk is full."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge.clock import Clock, rfc3339
from edge.errors import JournalError
from edge.files import flush, is_full
from edge.journals.clock_check import ClockCheck, synchronized
from edge.journals.jsonl import decode, encode
from edge.journals.opening import cannot_write, open_locked
from edge.journals.repair import repair
from edge.journals.rotation import DAY_S, newest, prune, rotate
from edge.settings import JournalSettings

_log = logging.getLogger(__name__)

RETRY_S = 60.0  # until a rotation that failed is tried again
PRUNE_S = 600.0  # how often old files are looked for
# A flush comes a little early, since the loop asks only once a turn.
EARLY = 0.75


class JournalWriter:
    """Writes events to a file, mode 0640, locked for this process alone.

    A write that fails (a full disk) drops its event and is reported once; the first one that succeeds reports how many
    were dropped. A torn end is repaired when the file is opened, with a `health` event. Where the file cannot be
    rotated, it grows beyond its limit. Files are deleted by age only while the clock is believed (ClockCheck).

    Args:
        path: the current file; older ones are beside it as PATH.1, PATH.2, ...
        settings: sizes, numbers and days.
        clock: for the days of the rotation and for what is due.
        is_synchronized: whether the time of day was synchronized.

    Attributes:
        name: "journal".
        dropped: events that could not be written since the start.

    Raises:
        JournalError: the file cannot be opened, is in use, or is not a journal. A full disk is not an error.
    """

    name = "journal"

    def __init__(
        self,
        path: Path,
        settings: JournalSettings,
        clock: Clock,
        is_synchronized: Callable[[], bool] = synchronized,
    ) -> None:
        self._path, self._settings, self._clock = path, settings, clock
        self._fd: int | None = None
        self._day = ""  # of the first line, UTC
        self._unsynced: float | None = None  # monotonic time of the first write that no flush followed
        self._fault = ""
        self._dropped = 0  # since the last event that was written
        self.dropped = 0
        self._stay = ""  # why the file that is open stays the current one, though another should be
        self._stay_until = self._prune_at = clock.monotonic()
        try:
            self._check = ClockCheck(clock, _newest(path), is_synchronized)
            self._open()
            self._prune()
        except JournalError:
            raise
        except OSError as error:
            if not is_full(error):
                raise cannot_write(path, error) from None
            self._failed(error)

    def write(self, event: Mapping[str, Any]) -> None:
        """Add one event. Never raises because of the disk."""
        try:
            self._add(event)
        except (OSError, JournalError) as error:
            self._dropped += 1
            self.dropped += 1
            self._failed(error)

    def tick(self) -> None:
        """Flush to the disk what has been waiting for `fsync_s`."""
        now = self._clock.monotonic()
        if self._unsynced is not None and now - self._unsynced >= self._settings.fsync_s * EARLY:
            self._sync()
        if now >= self._prune_at:
            self._prune()

    def close(self) -> None:
        """Flush and close."""
        if self._fd is None:
            return
        self._sync()
        os.close(self._fd)
        self._fd = None

    def _add(self, event: Mapping[str, Any]) -> None:
        line = encode(event, self._clock.wall())
        if self._fd is not None and os.fstat(self._fd).st_nlink == 0:  # somebody deleted the file
            self._release()
        if self._fd is None:
            self._open()
        self._rotate_if_due(len(line))
        if self._fault:
            # Both or none: where only the shorter one has room, the journal has not resumed.
            self._append(self._health("journal-resumed", reason=self._fault, dropped=self._dropped) + line)
            _log.warning("%s: writing again; %d events were dropped", self._path, self._dropped)
            self._fault, self._dropped = "", 0
        else:
            self._append(line)
        self.tick()

    def _append(self, data: bytes) -> None:
        """All that is given, one line or two, or none of it."""
        assert self._fd is not None
        size = os.fstat(self._fd).st_size
        written = 0
        try:
            while written < len(data):
                written += os.write(self._fd, data[written:])
        except OSError:
            if written:
                os.ftruncate(self._fd, size)
            raise
        if size == 0:
            self._day = rfc3339(self._clock.wall())[:10]
        if self._unsynced is None:
            self._unsynced = self._clock.monotonic()

    def _health(self, what: str, **fields: Any) -> bytes:
        event = {"monotonic": self._clock.monotonic(), "event": "health", "what": what, **fields}
        return encode(event, self._clock.wall())

    def _open(self) -> None:
        """Open the current file; one that was open before is closed once that worked."""
        fd = open_locked(self._path)
        try:
            cut = repair(fd, str(self._path))
            first = decode(os.pread(fd, 1 << 16, 0).partition(b"\n")[0] + b"\n")
        except BaseException:
            os.close(fd)
            raise
        self._release()
        self._fd = fd
        self._day = first["time"][:10] if first else ""
        if cut:
            _log.warning("%s: removed a torn last line (%d bytes)", self._path, cut)
            self._append(self._health("journal-repaired", bytes=cut))

    def _rotate_if_due(self, more: int) -> None:
        """Rotate by size and on a new day: what is older than `keep_days` can only be removed in whole files.

        What fails (the folder was moved, or is not ours) is tried again every minute; until then, the open file grows.
        """
        assert self._fd is not None
        size = os.fstat(self._fd).st_size
        late = self._is_late()
        due = size > 0 and (late or size + more > self._settings.max_bytes)
        away = not self._is_current()
        if not (due or away) or (self._stay and self._clock.monotonic() < self._stay_until):
            return
        try:
            self._sync()
            if not away:
                rotate(self._path)
            self._open()
            flush(self._path.parent)
        except (OSError, JournalError) as error:
            self._keep_open(getattr(error, "strerror", None) or str(error))
            return
        if self._stay:
            _log.warning("%s: continued in a new file", self._path)
        self._stay = ""
        self._prune()

    def _is_late(self) -> bool:
        """Whether the open file began on another day; also if on a later one, by a clock that was ahead."""
        wall = self._clock.wall()
        if not self._day or rfc3339(wall)[:10] > self._day:
            return bool(self._day)
        return self._day > rfc3339(wall + DAY_S)[:10] and self._check.believed()

    def _is_current(self) -> bool:
        """Whether the open file is the one at the path; somebody may have moved it away."""
        assert self._fd is not None
        try:
            there = os.stat(self._path)
        except FileNotFoundError:
            return False
        except OSError:  # not known
            return True
        return os.path.samestat(there, os.fstat(self._fd))

    def _keep_open(self, reason: str) -> None:
        """Go on in the open file; reported once."""
        if not self._stay:
            _log.warning(
                "%s: cannot begin a new file (%s); going on in the open one, trying again every minute",
                self._path, reason,
            )  # fmt: skip
        began, self._stay = not self._stay, reason
        self._stay_until = self._clock.monotonic() + RETRY_S
        if began:
            self._append(self._health("journal-not-rotated", reason=reason))

    def _prune(self) -> None:
        """Remove files that are too many or too old; what cannot be removed or read now is tried again later."""
        self._prune_at = self._clock.monotonic() + PRUNE_S
        settings, check = self._settings, self._check
        days = settings.keep_days if check.believed() else None
        with contextlib.suppress(OSError):
            wall, gap = self._clock.wall(), check.longest_gap()
            prune(self._path, settings.keep_files, days, wall, gap, check.doubt())

    def _release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
        self._fd, self._unsynced = None, None

    def _sync(self) -> None:
        self._unsynced = None
        try:
            if self._fd is not None:
                os.fsync(self._fd)
        except OSError as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        """Log it once, not for every event."""
        reason = getattr(error, "strerror", None) or str(error)
        if reason != self._fault:
            _log.warning("%s: cannot be written (%s); events are dropped until it works again", self._path, reason)
        self._fault = reason


def _newest(path: Path) -> float | None:
    try:
        return newest(path)
    except OSError:
        return None
