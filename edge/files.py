"""Opening files that others may have put there: only regular ones, so that no read blocks or never ends; writing files
whole, and apart from what is read; and names that libraries in C++ can take.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from edge.errors import InUse, OutputError
from edge.text import is_utf8, printable

FULL = (errno.ENOSPC, errno.EDQUOT)
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_regular(path: Path | str) -> BinaryIO:
    """Open a regular file for reading.

    Raises:
        OSError: it cannot be opened, or is a folder, a FIFO, a socket or a device; `strerror` says which.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except ValueError:  # a name with a NUL character
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path)) from None
    kind = stat.S_IFMT(os.fstat(fd).st_mode)
    if kind != stat.S_IFREG:
        os.close(fd)
        # A folder keeps the words that reading one would give.
        number = errno.EISDIR if kind == stat.S_IFDIR else errno.EINVAL
        reason = os.strerror(number) if kind == stat.S_IFDIR else f"{KINDS[kind]}, expected a regular file"
        raise OSError(number, reason, str(path))
    return os.fdopen(fd, "rb")


def read_small(path: Path | str, most: int) -> bytes:
    """The content of a regular file of at most `most` bytes.

    Raises:
        OSError: as `open_regular`; EFBIG where it is larger.
    """
    with open_regular(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"larger than {most} bytes", str(path))
    return data


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A place beside `path` to write a file to. It becomes `path` at the end: that is written whole or not at all.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "settings.json"
    ...     with replacing(path) as scratch:
    ...         _ = scratch.write_text("{}")
    ...     path.read_text()
    '{}'
    """
    scratch = path.with_name(f"{path.name}.new")
    try:
        yield scratch
        scratch.replace(path)
    except BaseException:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)
        raise


@contextmanager
def utf8_path(path: Path | str) -> Iterator[str]:
    r"""A path by which OpenCV can open or make a file, whatever its name; it holds until the end of the block.

    Text that is not UTF-8 crashes OpenCV, and FFmpeg takes what stands before a colon for a protocol. So the path is
    absolute; where a name is not UTF-8, it is that of a temporary link with the same suffix.

    Raises:
        OSError: the link cannot be made.

    >>> with utf8_path("/clips/l\udce9.mp4") as text:
    ...     os.path.basename(text), os.readlink(text)
    ('link.mp4', '/clips/l\udce9.mp4')
    """
    absolute = Path(path).absolute()
    if is_utf8(str(absolute)):
        yield str(absolute)
        return
    with tempfile.TemporaryDirectory(prefix="edge-emotion-") as folder:
        link = Path(folder) / f"link{absolute.suffix if is_utf8(absolute.suffix) else ''}"
        link.symlink_to(absolute)
        yield str(link)


def identity(path: Path | str) -> tuple[int, int] | str:
    """What all names of one file have in common, links included; of a file that is not there, its path without links.

    >>> identity("/proc/self/../version") == identity("/proc/version")
    True
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return os.path.realpath(path) if "\0" not in str(path) else str(path)
    return found.st_dev, found.st_ino


def expect_apart(outputs: Mapping[str, Path | None], read: Iterable[Path | str | None] = ()) -> None:
    """Whether outputs are files of their own: none is read, and none is written twice.

    Args:
        outputs: by their flags; None: not asked for.
        read: what is read meanwhile, files or folders; None and what is not there are skipped.

    Raises:
        OutputError: two of them are the same file, by whatever name.
    """
    there = {identity(path) for path in read if path is not None and os.path.exists(path)}
    seen: dict[object, str] = {}
    for flag, path in outputs.items():
        if path is None:
            continue
        if identity(path) in there:
            raise OutputError(f"{path}: is one of the files that are read; choose another {flag}")
        other = seen.setdefault(identity(path), flag)
        if other != flag:
            raise OutputError(f"{path}: choose two files for {other} and {flag}")


def expect_suffix(path: Path, suffixes: Sequence[str], what: str = "file") -> None:
    """Whether the name of an output says what is written.

    Args:
        path: the output.
        suffixes: in lower case, with their dots.
        what: "file", or the flag.

    Raises:
        OutputError: it ends in none of them.
    """
    if path.suffix.lower() not in suffixes:
        raise OutputError(f"{printable(path)}: expected a {what} that ends in {' or '.join(suffixes)}")


def expect_writable(*outputs: Path | None) -> None:
    """Whether outputs can be written, before the work whose result would be lost; nothing is made.

    Args:
        outputs: files, in folders that may not be there yet; None: not asked for.

    Raises:
        OutputError: a folder cannot be made or written to, or there is a folder of the output's own name.
    """
    for path in filter(None, outputs):
        if reason := _unwritable(path):
            raise OutputError(f"{printable(path)}: cannot be written ({reason}); choose another place")


def expect_folder(*outputs: Path | None) -> None:
    """Make the folders that outputs will lie in, before the work whose result would be lost.

    Args:
        outputs: files; None: not asked for.

    Raises:
        OutputError: a folder cannot be made or written to, or there is a folder of the output's own name.
    """
    expect_writable(*outputs)
    for path in filter(None, outputs):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{printable(path)}: cannot be written ({error.strerror}); choose another place"
            ) from None


def _unwritable(path: Path) -> str:
    """Why no file can be written at a path, or ""."""
    if os.path.isdir(path):
        return "there is a folder of this name"
    above = next(place for place in path.absolute().parents if os.path.lexists(place))
    if not os.path.isdir(above):
        return f"{printable(above)} is {'a dead link' if above.is_symlink() else 'a file'}, not a folder"
    if os.access(above, os.W_OK | os.X_OK):
        return ""
    read_only = os.statvfs(above).f_flag & os.ST_RDONLY
    return os.strerror(errno.EROFS) if read_only else "no permission in its folder"


def taken(path: Path, what: str = "file") -> str:
    """What is said of an output that would replace a file; `what` as for `expect_suffix`.

    >>> taken(Path("sheet.png"))
    'sheet.png: exists; choose another file, or add --force'
    """
    return f"{printable(path)}: exists; choose another {what}, or add --force"


@contextmanager
def alone_in(folder: Path, wait: bool = True) -> Iterator[None]:
    """Inside, no other process works in a folder that asks the same way; where locks are unknown, nothing is checked.

    Args:
        folder: is there.
        wait: for the other to end.

    Raises:
        InUse: another one does, and it is not waited for.
    """
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise InUse(f"{printable(folder)}: in use by another process; wait for it, or end it") from None
        except OSError:  # some network folders know no locks
            pass
        yield
    finally:
        os.close(fd)


def is_full(error: Exception) -> bool:
    """Whether an error says that a disk is full, whatever library wraps the system's words in its own.

    >>> is_full(OSError(errno.ENOSPC, "No space left on device")), is_full(OSError(errno.ENOENT, "absent"))
    (True, False)
    """
    return getattr(error, "errno", None) in FULL or any(os.strerror(number) in str(error) for number in FULL)


def flush(path: Path) -> None:
    """Wait until a file's content, or the names in a folder, are on the disk: a power cut then takes neither away.

    Raises:
        OSError: it is not there, or cannot be written.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
