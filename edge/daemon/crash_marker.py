"""How the run before this one ended, as a file tells: what hung in it is not given much time in this one."""

from __future__ import annotations

import contextlib
from pathlib import Path

# Another after each boot of the machine: a power cut is nobody's fault.
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class CrashMarker:
    """A file that is there from the beginning of a run to its good end.

    Args:
        file: which; None: nothing is remembered.
        boot_id: for tests.
    """

    def __init__(self, file: Path | None, boot_id: Path = BOOT_ID) -> None:
        self._file, self._boot_id = file, boot_id

    def begin(self) -> bool:
        """A run begins; whether all was well with the one before, as far as is known. Never raises."""
        if self._file is None:
            return True
        now = before = ""
        with contextlib.suppress(OSError):
            now = self._boot_id.read_text()
            before = self._file.read_text() if self._file.exists() else ""
            self._file.write_text(now)
        return not now or before != now

    def end(self) -> None:
        """This one came to a good end."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.unlink(missing_ok=True)
