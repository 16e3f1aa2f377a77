"""What `run` writes beside the screen, checked before anything is opened, so that no file is lost."""

from __future__ import annotations

import os
from pathlib import Path

from edge import picture
from edge.errors import OutputError
from edge.files import expect_apart, expect_suffix, identity, taken
from edge.text import printable

CLIPS = (".mp4", ".webp")


def check_outputs(source: str, journal: str, clip: Path | None, sheet: Path | None, force: bool = False) -> None:
    """Whether all of them can be written without the loss of anything else.

    Args:
        source: of the settings; a file or folder, or any camera.
        journal: its file, or "-" for standard output.
        clip, sheet: the files, or None.
        force: a clip and a sheet may replace a file that is not the source's.

    Raises:
        OutputError: a suffix is none of ours, a folder does not exist, there is such a file (unless `force`), or it is
            the source itself or one of its pictures; or two outputs are the same file.
    """
    if journal != "-":
        _spare(Path(journal), source, "--journal")
    for path, flag, kinds in ((clip, "--out", CLIPS), (sheet, "--sheet", picture.WRITABLE)):
        if path is not None:
            _check(path, source, flag, kinds, force)
    expect_apart({"--journal": None if journal == "-" else Path(journal), "--out": clip, "--sheet": sheet})


def _check(path: Path, source: str, flag: str, kinds: tuple[str, ...], force: bool) -> None:
    expect_suffix(path, kinds)
    if not path.parent.is_dir():
        raise OutputError(f"{printable(path.parent)}: no such folder; create it first")
    _spare(path, source, flag)
    if os.path.lexists(path) and not force:
        raise OutputError(taken(path))


def _spare(path: Path, source: str, flag: str) -> None:
    """Raises OutputError where the file is the source, or a picture of the folder that is the source."""
    if not os.path.exists(path) or not os.path.exists(source):
        return
    if identity(path) == identity(source):
        raise OutputError(f"{printable(path)}: is the source itself; choose another file for {flag}")
    # Whatever else lies in the folder is not read: a clip that an earlier run wrote there may be replaced.
    if os.path.isdir(source) and picture.is_picture(path) and identity(path) in _files(source):
        raise OutputError(f"{printable(path)}: is one of the source's pictures; choose another file for {flag}")


def _files(folder: str) -> set[tuple[int, int] | str]:
    try:
        return {identity(entry.path) for entry in os.scandir(folder) if not entry.name.startswith(".")}
    except OSError:  # opening the source says why
        return set()
