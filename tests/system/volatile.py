"""A disk that loses in a power cut what a disk may lose: every write that no flush followed, and nothing else.

nbdkit's cache filter keeps what is written in a file of its own that has no name, and writes it to the disk's file only
when the machine flushes. The power cut kills it, and with it that file.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from tests.system.container import wait_for


class VolatileDisk:
    """A disk with a cache in front of it, served to QEMU.

    Args:
        file: what was flushed.
        folder: for the socket and the cache.
    """

    def __init__(self, file: Path, folder: Path) -> None:
        self._socket = folder / "nbd"
        self._socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            ["nbdkit", "--foreground", "--exit-with-parent", f"--unix={self._socket}", "--filter=cache", "file",
             str(file), "cache=writeback", "cache-min-block-size=4096"],
            stdin=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(folder)},
        )  # fmt: skip
        wait_for("the disk", self._socket.exists)

    @property
    def drive(self) -> str:
        """As QEMU names it."""
        return f"nbd:unix:{self._socket}"

    def cut(self) -> None:
        """The power is gone."""
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(30)
