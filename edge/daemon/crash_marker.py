"""Whether the previous run ended well: what hung in it gets less time in this one."""

from __future__ import annotations

import contextlib
from pathlib import Path

# Changes with every boot of the machine: a power cut is nobody's fault.
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class CrashMarker:
    """A file that exists from the beginning of a run to its orderly end.

    Args:
        file: the marker; None: nothing is remembered.
        boot_id: for tests.
    """

    def __init__(self, file: Path | None, boot_id: Path = BOOT_ID) -> None:
        self._file, self._boot_id = file, boot_id

    def begin(self) -> bool:
        """Write the marker; returns whether the previous run ended well, as far as is known. Never raises."""
        if self._file is None:
            return True
        now = before = ""
        with contextlib.suppress(OSError):
            now = self._boot_id.read_text()
            before = self._file.read_text() if self._file.exists() else ""
            self._file.write_text(now)
        return not now or before != now

    def end(self) -> None:
        """Remove the marker: this run ended well."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.unlink(missing_ok=True)
