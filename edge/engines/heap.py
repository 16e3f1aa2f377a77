"""Memory that was freed, back to the system."""

from __future__ import annotations

import contextlib
import ctypes


def trim() -> None:
    """Return the C library's freed memory to the system, in less than a millisecond; nothing happens without glibc."""
    # Other C libraries have no malloc_trim, and Windows no CDLL(None).
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
