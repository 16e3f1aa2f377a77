"""Ctrl-C ends a conversion also while TensorFlow is at work, which never asks: a model may hold an endless loop."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

from edge.cli import INTERRUPTED

GRACE_S = 3.0


@contextlib.contextmanager
def heard(grace_s: float = GRACE_S) -> Iterator[None]:
    """While this lasts, SIGINT ends the process with 130 if Python has not done so itself some seconds later.

    Outside of the main thread, where Python hears no signals, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    read, write = os.pipe()
    os.set_blocking(write, False)
    left = threading.Event()

    def watch() -> None:
        while number := os.read(read, 1):
            if number[0] == signal.SIGINT and not left.wait(grace_s):
                os._exit(INTERRUPTED)

    watcher = threading.Thread(target=watch, name="interrupt", daemon=True)
    watcher.start()
    before = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    try:
        yield
    finally:
        left.set()
        signal.set_wakeup_fd(before)
        os.close(write)
        watcher.join()
        os.close(read)
