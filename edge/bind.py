"""Why a server cannot listen where it should."""

from __future__ import annotations

import errno
import os

from edge.errors import one_line

# OverflowError: a port that is none; ValueError, TypeError: a name that cannot be a host's.
BIND_ERRORS = (OSError, OverflowError, ValueError, TypeError)


def bind_reason(error: Exception) -> str:
    """What the system says, without what Python adds to it.

    >>> bind_reason(OSError(errno.EADDRINUSE, "Address already in use (while attempting to bind)"))
    'Address already in use'
    """
    number = getattr(error, "errno", None) or 0
    # The errors of names have negative numbers, with texts of their own.
    return os.strerror(number) if number > 0 else getattr(error, "strerror", None) or one_line(error)


def is_taken(error: Exception) -> bool:
    """Whether another process listens there."""
    return getattr(error, "errno", None) == errno.EADDRINUSE
