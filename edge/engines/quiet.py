"""LiteRT's own lines on standard error, which no setting of it silences, are set aside while an interpreter is made."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator

from edge.standard_error import set_aside

NOISE = (b"INFO: ", b"WARNING: All log messages before absl::InitializeLog")
_log = logging.getLogger(__name__)


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
        with set_aside() as lines:
            yield
    finally:
        with contextlib.suppress(OSError):
            os.write(2, b"".join(line for line in lines if not line.startswith(NOISE)))
