"""Opening a journal's file for writing: a regular file, mode 0640, locked for one process alone."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

from edge.errors import InUse, JournalError
from edge.files import flush
from edge.journals.repair import expect_journal

FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK


class JournalInUse(JournalError, InUse):
    """A journal that another process writes."""


def open_locked(path: Path) -> int:
    """The descriptor of a journal's file, which is made where there is none, regardless of the umask.

    Raises:
        JournalError: it is not a regular file, or in use.
        OSError: it cannot be opened.
    """
    fd = os.open(path, FLAGS | os.O_CREAT, 0o640)
    try:
        status = _lock(fd, path, fcntl.LOCK_EX)
        if status.st_size == 0 and status.st_uid == os.geteuid():
            os.fchmod(fd, 0o640)
            flush(path.parent)
    except BaseException:
        os.close(fd)
        raise
    return fd


def check(path: Path) -> None:
    """Find out whether a journal could be written there; nothing is made or changed.

    Raises:
        JournalError: it cannot be opened, is in use, or is not a journal.
    """
    try:
        try:
            fd = os.open(path, FLAGS)
        except FileNotFoundError:
            return _check_folder(Path(os.path.realpath(path)).parent)
        try:
            _lock(fd, path, fcntl.LOCK_SH)  # two checks do not disturb each other
            expect_journal(fd, str(path))
        finally:
            os.close(fd)
    except JournalError:
        raise
    except OSError as error:
        raise cannot_write(path, error) from None


def cannot_write(path: Path, error: OSError) -> JournalError:
    """The error for people."""
    reason = "no such folder" if error.errno == errno.ENOENT else error.strerror
    return JournalError(f"{path}: cannot write the journal ({reason}); change [journal] file")


def _check_folder(folder: Path) -> None:
    """Whether a file can be made in it.

    Raises:
        OSError: it cannot.
    """
    os.stat(folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def _lock(fd: int, path: Path, kind: int) -> os.stat_result:
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        raise JournalError(f"{path}: not a file; change [journal] file")
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        raise JournalInUse(f"{path}: in use by another edge-emotion; choose another --journal") from None
    return status
