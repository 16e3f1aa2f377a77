"""The pictures of a folder. `edge-emotion image` and `run --source FOLDER` see the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.errors import PictureError
from edge.picture.kinds import HEAD, KINDS, SUFFIXES, sniff
from edge.picture.reader import open_regular
from edge.text import printable

NAMED = 3  # skipped files that a message names


@dataclass(frozen=True)
class Scan:
    """What a folder holds.

    Attributes:
        pictures: by name; a file that only claims to be a picture by the end of its name is among them, so that
            reading it says what is wrong.
        skipped: the other files, and folders; hidden ones are not counted.
    """

    folder: Path
    pictures: tuple[Path, ...]
    skipped: tuple[Path, ...] = ()

    @property
    def note(self) -> str:
        """One line that counts and names what is skipped, or ""."""
        if not self.skipped:
            return ""
        names = [printable(path.name) for path in self.skipped[:NAMED]]
        more = len(self.skipped) - len(names)
        named = ", ".join(names) + (f" and {more} more" if more else "")
        return f"{printable(self.folder)}: {len(self.skipped)} skipped, not pictures: {named}"


def scan(folder: Path) -> Scan:
    """The pictures directly in a folder, told by their content.

    Raises:
        PictureError: the folder cannot be read, or has no picture.
    """
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise PictureError(f"{printable(folder)}: cannot read the folder ({error.strerror or error})") from None
    pictures = [path for path in entries if is_picture(path)]
    if not pictures:
        raise PictureError(f"{printable(folder)}: no picture in this folder; expected files such as .jpg or .png")
    chosen = set(pictures)
    return Scan(folder, tuple(pictures), tuple(path for path in entries if path not in chosen))


def listing(folder: Path) -> list[Path]:
    """The pictures directly in a folder, by name; raises as `scan`."""
    return list(scan(folder).pictures)


def is_picture(path: Path) -> bool:
    """Whether a file is a picture by its content, or says so by the end of its name."""
    try:
        with open_regular(path, "") as file:
            kind = sniff(file.read(HEAD))
    except (OSError, PictureError):
        return path.suffix.lower() in SUFFIXES and not _is_folder(path)
    return kind in KINDS or (kind is None and path.suffix.lower() in SUFFIXES)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False
