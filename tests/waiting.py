"""Waiting for what another thread or process does."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
# Far away: it is reached only where something never happens, not where the machine is slow or busy with other things.
FAR_S = 120.0


def until(happened: Callable[[], Found], what: str = "it never happened") -> Found:
    """What something that must happen gives, once that is true."""
    end = time.monotonic() + FAR_S
    while not (found := happened()):
        assert time.monotonic() < end, what
        time.sleep(0.005)
    return found


def descriptors() -> set[str]:
    """The open files of this process, without those of earlier tests that were only waiting to be collected."""
    gc.collect()
    return set(os.listdir("/proc/self/fd"))
