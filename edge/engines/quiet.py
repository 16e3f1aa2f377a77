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
    with _lock:
        try:
            before, aside = os.dup(2), os.memfd_create("stderr")
        except OSError:  # standard error is closed, or there is no descriptor left
            before = aside = -1
        if before < 0:
            yield
            return
        _flush()
        os.dup2(aside, 2)
        try:
            yield
        finally:
            _flush()
            os.dup2(before, 2)
            _pass_on(aside)
            os.close(before)
            os.close(aside)


def _flush() -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


def _pass_on(aside: int) -> None:
    size = os.lseek(aside, 0, os.SEEK_END)
    lines = os.pread(aside, size, 0).splitlines(keepends=True)
    with contextlib.suppress(OSError):
        os.write(2, b"".join(line for line in lines if not line.startswith(NOISE)))
