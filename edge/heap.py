"""Memory that was freed, back to the system."""

from __future__ import annotations

import contextlib
import ctypes


def trim() -> None:
    """Return the C library's freed memory to the system, where it is glibc; it takes some tenths of a millisecond."""
    # Other C libraries have no malloc_trim, and Windows no CDLL(None).
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
