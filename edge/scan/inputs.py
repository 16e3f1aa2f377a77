"""The pictures and clips below some paths. Content decides what a file is; skipped files are named."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.cameras.animation import is_animated
from edge.errors import PictureError
from edge.files import KINDS as OTHER_FILES
from edge.picture.kinds import HEAD, JPEG_SERIES, KINDS, SUFFIXES, VIDEO, sniff
from edge.picture.reader import open_regular

PICTURE, ANIMATION, CLIP = "picture", "animation", "clip"
# Containers that the first bytes do not tell: with these ends of names they are tried as clips.
CLIP_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("3gp", "asf", "avi", "dv", "f4v", "flv", "h264", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts"),
        *("mxf", "ogv", "ts", "vob", "webm", "wmv", "y4m"),
    )
)


@dataclass(frozen=True, slots=True)
class Source:
    """A file to look at.

    Attributes:
        name: as the tables call it: the path that was given, and what is below it.
        path: the same file's absolute path.
        kind: PICTURE, ANIMATION or CLIP.
        size: bytes.
        modified_ns: when it was changed last, nanoseconds.
    """

    name: str
    path: str
    kind: str
    size: int = 0
    modified_ns: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that gives no rows, or not all of them.

    Attributes:
        name: as the tables call it.
        kind: "skipped" for what is no picture or clip, "failed" for what cannot be read, "incomplete" for what was
            read in part.
        message: why, one line, which begins with the name.
    """

    name: str
    kind: str
    message: str


@dataclass(frozen=True)
class Found:
    """What there is below the paths, both sorted by name."""

    sources: tuple[Source, ...]
    problems: tuple[Problem, ...]


def find(
    paths: Iterable[Path], leave_out: Path | None = None, tick: Callable[[int], None] = lambda count: None
) -> Found:
    """Every picture and clip that is named or lies below a named folder; a file that is named twice counts once.

    Hidden files are skipped silently. Links to folders are named, but not followed: they may lead in a circle.

    Args:
        paths: files and folders.
        leave_out: a folder that is not looked into.
        tick: called with the number of files found so far.
    """
    sources: dict[str, Source] = {}
    problems: dict[str, Problem] = {}
    ours = os.path.abspath(leave_out) if leave_out else ""
    for given in paths:
        for path in _files(os.fspath(given), ours, problems):
            absolute = os.path.abspath(path)
            if absolute in sources or absolute in problems:
                continue
            answer = classify(path)
            if isinstance(answer, Source):
                sources[absolute] = answer
            else:
                problems[absolute] = answer
            tick(len(sources))
    return Found(
        tuple(sorted(sources.values(), key=lambda source: (source.name, source.path))),
        tuple(sorted(problems.values(), key=lambda problem: problem.name)),
    )


def readable(name: str) -> str:
    r"""A file's name as text for the tables: bytes that are not UTF-8 are written as \xNN.

    >>> readable("caf\udce9.jpg")
    'caf\\xe9.jpg'
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def classify(path: str) -> Source | Problem:
    """What a file is by its content; the end of its name counts only where the content says nothing."""
    name = readable(path)
    try:
        with open_regular(Path(path), name) as file:
            about = os.fstat(file.fileno())
            head = file.read(HEAD)
    except PictureError as error:
        return _unreadable(path, name, str(error))
    except OSError as error:
        return Problem(name, "failed", f"{name}: cannot be read ({error.strerror or error})")
    kind = _kind(path, head)
    if not kind:
        return Problem(name, "skipped", f"{name}: not a picture or a clip")
    return Source(name, os.path.abspath(path), kind, about.st_size, about.st_mtime_ns)


def _unreadable(path: str, name: str, message: str) -> Problem:
    """What cannot be opened is an error; what is not a regular file is skipped."""
    try:
        mode = stat.S_IFMT(os.stat(path).st_mode)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return Problem(name, "failed", f"{name}: cannot be read ({reason})")
    if mode == stat.S_IFREG:
        return Problem(name, "failed", message)
    what = OTHER_FILES.get(mode, "a special file")
    return Problem(name, "skipped", f"{name}: {what}, not a picture or a clip")


def _kind(path: str, head: bytes) -> str:
    suffix = os.path.splitext(path)[1].lower()
    content = sniff(head)
    if suffix in JPEG_SERIES and content in (None, "JPEG"):
        return CLIP
    if content in KINDS:
        return ANIMATION if is_animated(Path(path)) else PICTURE
    if content == VIDEO or suffix in CLIP_SUFFIXES:
        return CLIP
    return PICTURE if suffix in SUFFIXES else ""


def _files(given: str, leave_out: str, problems: dict[str, Problem]) -> Iterator[str]:
    """The file itself, or every file below the folder."""
    if not os.path.isdir(given):
        yield given
        return
    todo = [given]
    while todo:
        folder = todo.pop()
        if folder != given and os.path.abspath(folder) == leave_out:
            continue
        try:
            with os.scandir(folder) as entries:
                listed = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            name = readable(folder)
            message = f"{name}: cannot read the folder ({error.strerror or error})"
            problems[os.path.abspath(folder)] = Problem(name, "failed", message)
            continue
        for entry in listed:
            if entry.is_dir(follow_symlinks=False):
                todo.append(entry.path)
            elif _leads_to_folder(entry):
                name = readable(entry.path)
                message = f"{name}: a link to a folder; add it to the paths to have it scanned"
                problems[os.path.abspath(entry.path)] = Problem(name, "skipped", message)
            else:
                yield entry.path


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or into a folder that may not be entered: opening it says so
        return False
