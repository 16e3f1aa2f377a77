"""What libraries write to standard error on their own, past Python: set aside while something is done."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

_lock = threading.Lock()  # there is one standard error


@contextlib.contextmanager
def set_aside() -> Iterator[list[bytes]]:
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
