"""Every file below a folder, links followed, and what could not be followed or read: nothing is dropped silently."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

from edge.files import KINDS
from edge.text import printable

# A folder to visit, the folders above it by device and number, and whether a link led there.
_Visit = tuple[Path, frozenset[tuple[int, int]], bool]


def below(folder: Path, without: Path | None = None, hidden: bool = True) -> tuple[list[Path], list[tuple[str, str]]]:
    """The regular files below a folder, sorted, and (name, why it was not followed or read) of everything else.

    Linked files and folders are read like others. A link to a folder that contains the link is not followed, so that
    the walk ends; nor, inside a linked folder, one to a folder that was read already.

    Args:
        folder: where to start; a file or a missing folder holds nothing.
        without: a folder whose content is left out.
        hidden: also files and folders whose names begin with a dot, which file managers and Jupyter write at any time.
    """
    files: list[Path] = []
    lost: list[tuple[str, str]] = []
    seen: set[tuple[int, int]] = set()
    left_out = without.resolve() if without else None
    waiting: list[_Visit] = [(folder, frozenset([_number(folder)]), False)] if folder.is_dir() else []
    while waiting:
        place, above, linked = waiting.pop()
        try:
            entries = sorted(place.iterdir(), reverse=True)
        except OSError as error:
            lost.append((f"{place.relative_to(folder)}/", f"cannot be read ({error.strerror})"))
            continue
        for path in entries:
            name = str(path.relative_to(folder))
            try:
                mode = path.stat().st_mode
            except OSError as error:
                lost.append((name, _unreachable(path, error)))
                continue
            if not stat.S_ISDIR(mode):
                if stat.S_ISREG(mode):
                    files += [path] if hidden or not path.name.startswith(".") else []
                else:
                    lost.append((name, f"{KINDS.get(stat.S_IFMT(mode), 'a special file')}, not a file"))
                continue
            if path.name.startswith(".") and not hidden:
                continue
            number, link = _number(path), path.is_symlink()
            if left_out is not None and path.resolve() == left_out:
                continue
            if number in above:
                lost.append((f"{name}/", "a link to a folder that contains the link"))
            elif link and linked and number in seen:
                lost.append((f"{name}/", "a link to a folder that is read already"))
            else:
                seen.add(number)
                waiting.append((path, above | {number}, linked or link))
    return sorted(files), sorted(lost)


def reason(error: Exception, path: Path) -> str:
    """What is wrong with a file, without its path: for tables that name the file beside it."""
    return str(error).removeprefix(f"{printable(path)}: ")


def fingerprint(source: Path) -> str:
    """A hash of the names, sizes and times of change of a file, or of all files below a folder but hidden ones."""
    files, lost = below(source, hidden=False) if source.is_dir() else ([source] if source.is_file() else [], [])
    known = hashlib.sha256(repr(lost).encode("utf-8", "surrogateescape"))
    for path in files:
        about = path.stat()
        line = f"{path.relative_to(source)}\0{about.st_size}\0{about.st_mtime_ns}\n"
        known.update(line.encode("utf-8", "surrogateescape"))
    return known.hexdigest()[:16]


def digest(path: Path) -> str:
    """A hash of a file's content; "" where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError:
        return ""


def _number(path: Path) -> tuple[int, int]:
    about = path.stat()
    return about.st_dev, about.st_ino


def _unreachable(path: Path, error: OSError) -> str:
    if not path.is_symlink():
        return f"cannot be read ({error.strerror})"
    return f"a link to {printable(path.readlink())}, which cannot be read ({error.strerror})"
