"""Where `edge-emotion image` writes: never over what it read or wrote, nor over what others put there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from edge import picture
from edge.errors import PictureError
from edge.files import identity
from edge.text import printable


class Taken:
    """Files that nothing in this run may write to any more, by whatever name.

    Args:
        read: the pictures of this run.
    """

    def __init__(self, read: Iterable[Path] = ()) -> None:
        self._files = {identity(path) for path in read}

    def __contains__(self, path: Path) -> bool:
        return identity(path) in self._files

    def add(self, path: Path) -> None:
        """A file that this run wrote, or will write in the end."""
        self._files.add(identity(path))


class Folder:
    """Writes pictures under the first free of several names.

    Args:
        path: made when `make` is called.
        taken: what is never replaced, shared by everything that this run writes.
        force: replace other files.

    Attributes:
        count: how many were written.
    """

    def __init__(self, path: Path, taken: Taken, force: bool) -> None:
        self._path, self._taken, self._force = path, taken, force
        self.count = 0

    def make(self) -> None:
        """Make the folder, unless it is there.

        Raises:
            PictureError: it cannot be made.
        """
        make_folder(self._path)

    def write(self, names: Iterable[str], image: np.ndarray) -> Path:
        """Write uint8 (H, W, 3) RGB under the first name that is free, and return where.

        Args:
            names: file names without an end, best first; an iterator is left behind the one that was taken.
            image: the picture.

        Raises:
            PictureError: it cannot be written.
        """
        for name in names:
            place = self._path / name
            if place in self._taken:
                continue
            try:
                picture.write(place, image, new=not self._force)
            except FileExistsError:
                continue
            self._taken.add(place)
            self.count += 1
            return place
        raise PictureError(f"{printable(self._path)}: no free name")


def make_folder(path: Path) -> None:
    """Make a folder and those above it, unless they are there.

    Raises:
        PictureError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PictureError(f"{printable(path)}: cannot make the folder ({error.strerror or error})") from None
