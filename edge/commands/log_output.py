"""Where `log csv`, `plot` and `report` write: never over a journal or another's file, and all of it or nothing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from edge.errors import JournalError
from edge.files import open_regular
from edge.journals.rotation import rotated
from edge.text import printable

LOOK = 1 << 16  # bytes at the beginning and at the end of a file in which a mark is looked for


STDOUT = Path("-")  # as for `run --journal`


def is_special(out: Path) -> bool:
    """Whether the name is not a file's own, such as /dev/stdout: it says nothing about what may be written."""
    if os.path.exists(out) and not os.path.isfile(out):
        return True
    # A shell may have redirected it to a file.
    return os.path.abspath(out).startswith(("/dev/", "/proc/")) and os.path.islink(out)


@contextlib.contextmanager
def new_file(out: Path, journals: Sequence[Path], mark: bytes, what: str, force: bool = False) -> Iterator[Path]:
    """A path to write to, which takes the place of `out` once everything was written.

    Args:
        out: the output; what is not a regular file (/dev/stdout) is written to directly.
        journals: what is read meanwhile; the output is none of these, nor one of their rotated files.
        mark: by which an earlier output of the same command is known; other files are replaced only by `force`.
        what: "table" or "picture".

    Raises:
        JournalError: the output is a journal, somebody else's file, or cannot be written.
    """
    name = printable(out)
    try:
        _check(out, journals, mark, name, force)
        if os.path.exists(out) and not os.path.isfile(out):
            yield out
            return
        place = Path(os.path.realpath(out))
        new = place.with_name(f".{os.getpid()}-{place.stem[:200]}{place.suffix}")
        try:
            yield new
            os.replace(new, place)
        finally:
            with contextlib.suppress(OSError):
                new.unlink()
    except JournalError:
        raise
    except (OSError, ValueError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise JournalError(f"{name}: cannot write the {what} ({reason})") from None


def _check(out: Path, journals: Sequence[Path], mark: bytes, name: str, force: bool) -> None:
    if not os.path.exists(out):
        return
    if os.path.isdir(out):
        raise JournalError(f"{name}: is a folder; name a file")
    for journal in journals:
        files = [journal, *rotated(journal).values()] if journal.parent.exists() else []
        if any(os.path.exists(file) and os.path.samefile(out, file) for file in files):
            raise JournalError(f"{name}: is the journal itself; choose another --out")
    if os.path.isfile(out) and not force and not _is_ours(out, mark):
        raise JournalError(f"{name}: exists and was not written by this command; choose another --out, or add --force")


def _is_ours(out: Path, mark: bytes) -> bool:
    with open_regular(out) as file:
        head = file.read(LOOK)
        file.seek(max(os.fstat(file.fileno()).st_size - LOOK, 0))
        return not head or mark in head or mark in file.read(LOOK)
