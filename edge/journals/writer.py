"""The journal in a file: durable within a second, rotated, and still alive when the disk is full."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.clock import Clock, rfc3339
from edge.errors import JournalError
from edge.journals.jsonl import decode, encode
from edge.journals.repair import repair
from edge.journals.rotation import prune, rotate
from edge.settings import JournalSettings

_log = logging.getLogger(__name__)

FULL = (errno.ENOSPC, errno.EDQUOT)
# A flush comes a little early, since the loop asks only once a turn.
EARLY = 0.75


class JournalWriter:
    """Writes events to a file, mode 0640, locked for this process alone.

    A write that fails (a full disk) drops its event and is reported once; the first one that succeeds reports how many
    were dropped. A torn end is repaired when the file is opened, with a `health` event.

    Args:
        path: the current file; older ones are beside it as PATH.1, PATH.2, ...
        settings: sizes, numbers and days.
        clock: for the days of the rotation and for what is due.

    Raises:
        JournalError: the file cannot be opened, is in use, or is not a journal. A full disk is not an error.
    """

    def __init__(self, path: Path, settings: JournalSettings, clock: Clock) -> None:
        self._path, self._settings, self._clock = path, settings, clock
        self._fd: int | None = None
        self._day = ""  # of the first line, UTC
        self._unsynced: float | None = None  # monotonic time of the first write that no flush followed
        self._fault = ""
        self._dropped = 0
        try:
            self._open()
            prune(path, settings.keep_files, settings.keep_days, clock.wall())
        except JournalError:
            raise
        except OSError as error:
            if error.errno not in FULL:
                raise JournalError(
                    f"{path}: cannot write the journal ({error.strerror}); change [journal] file"
                ) from None
            self._failed(error)

    def write(self, event: Mapping[str, Any]) -> None:
        """Add one event. Never raises because of the disk."""
        try:
            self._add(event)
        except (OSError, JournalError) as error:
            self._dropped += 1
            self._failed(error)

    def tick(self) -> None:
        """Flush to the disk what has been waiting for `fsync_s`."""
        now = self._clock.monotonic()
        if self._unsynced is not None and now - self._unsynced >= self._settings.fsync_s * EARLY:
            self._sync()

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
            self._append(self._health("journal-resumed", reason=self._fault, dropped=self._dropped))
            _log.warning("%s: writing again; %d events were dropped", self._path, self._dropped)
            self._fault, self._dropped = "", 0
        self._append(line)
        self.tick()

    def _append(self, line: bytes) -> None:
        """All of the line or none of it."""
        assert self._fd is not None
        size = os.fstat(self._fd).st_size
        written = 0
        try:
            while written < len(line):
                written += os.write(self._fd, line[written:])
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
        fd = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            self._take(fd)
            cut = repair(fd, str(self._path))
            first = decode(os.pread(fd, 1 << 16, 0).partition(b"\n")[0] + b"\n")
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd
        self._day = first["time"][:10] if first else ""
        if cut:
            _log.warning("%s: removed a torn last line (%d bytes)", self._path, cut)
            self._append(self._health("journal-repaired", bytes=cut))

    def _take(self, fd: int) -> None:
        """Lock the file for this process; a new one gets its mode regardless of the umask."""
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise JournalError(f"{self._path}: not a file; change [journal] file")
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalError(f"{self._path}: in use by another edge-emotion; choose another --journal") from None
        if status.st_size == 0 and status.st_uid == os.geteuid():
            os.fchmod(fd, 0o640)
            _sync_folder(self._path.parent)

    def _rotate_if_due(self, more: int) -> None:
        """Rotate by size and on a new day: what is older than `keep_days` can only be removed in whole files."""
        assert self._fd is not None
        size = os.fstat(self._fd).st_size
        late = self._day and rfc3339(self._clock.wall())[:10] > self._day
        if size == 0 or not (late or size + more > self._settings.max_bytes):
            return
        self._sync()
        rotate(self._path)
        self._release()
        _sync_folder(self._path.parent)
        prune(self._path, self._settings.keep_files, self._settings.keep_days, self._clock.wall())
        self._open()

    def _release(self) -> None:
        assert self._fd is not None
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


def _sync_folder(folder: Path) -> None:
    """Make the name of a new or renamed file durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
