"""Whether the previous run ended well: what hung in it gets less time in this one."""

from __future__ import annotations

import contextlib
from pathlib import Path

from edge.files import read_small

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
        with contextlib.suppress(OSError, UnicodeDecodeError):
            now = self._boot_id.read_text()
            # The folder is open to a group: only a regular file is read, and what lies there is replaced, not followed.
            with contextlib.suppress(FileNotFoundError):
                before = read_small(self._file, 100).decode()
            self._replace(now)
        return not now or before != now

    def _replace(self, text: str) -> None:
        assert self._file is not None
        new = self._file.with_name(f".{self._file.name}.new")
        new.unlink(missing_ok=True)
        with open(new, "x") as file:
            file.write(text)
        new.replace(self._file)

    def end(self) -> None:
        """Remove the marker: this run ended well."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.unlink(missing_ok=True)
