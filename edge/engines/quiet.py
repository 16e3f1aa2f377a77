"""LiteRT's own lines on standard error, which no setting of it silences, are set aside while an interpreter is made."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Iterator

NOISE = (b"INFO: ", b"WARNING: All log messages before absl::InitializeLog")
_log = logging.getLogger(__name__)
_lock = threading.Lock()  # there is one standard error


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop lines that begin as NOISE from what is written to file descriptor 2; pass the others on afterwards.

    With --debug (log level DEBUG) nothing is set aside.
    """
    if _log.isEnabledFor(logging.DEBUG):
        yield
        return
    lines: list[bytes] = []
    try:
        with _set_aside() as lines:
            yield
    finally:
        with contextlib.suppress(OSError):
            os.write(2, b"".join(line for line in lines if not line.startswith(NOISE)))


@contextlib.contextmanager
def _set_aside() -> Iterator[list[bytes]]:
    """Keep what is written to file descriptor 2 from being shown; afterwards its lines are in the list."""
    lines: list[bytes] = []
    with _lock:
        before = aside = -1
        with contextlib.suppress(OSError):  # standard error is closed, or there is no descriptor left
            before = os.dup(2)
            aside = os.memfd_create("stderr")
        if aside < 0:
            if before >= 0:
                os.close(before)
            yield lines
            return
        _flush()
        os.dup2(aside, 2)
        try:
            yield lines
        finally:
            _flush()
            os.dup2(before, 2)
            size = os.lseek(aside, 0, os.SEEK_END)
            lines += os.pread(aside, size, 0).splitlines(keepends=True)
            os.close(before)
            os.close(aside)


def _flush() -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
