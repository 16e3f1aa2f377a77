"""A folder into which `edge-emotion image` writes pictures without replacing what others put there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from edge import picture
from edge.errors import PictureError
from edge.text import printable


class Folder:
    """Writes pictures under the first free of several names.

    Args:
        path: made when `make` is called.
        read: the pictures of this run, which are never replaced; neither is what this run wrote.
        force: replace other files.

    Attributes:
        count: how many were written.
    """

    def __init__(self, path: Path, read: Sequence[Path], force: bool) -> None:
        self._path, self._force = path, force
        self._taken = {os.path.realpath(each) for each in read}
        self.count = 0

    def make(self) -> None:
        """Make the folder, unless it is there.

        Raises:
            PictureError: it cannot be made.
        """
        try:
            self._path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            name = printable(self._path)
            raise PictureError(f"{name}: cannot make the folder ({error.strerror or error})") from None

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
            if os.path.realpath(place) in self._taken:
                continue
            try:
                picture.write(place, image, new=not self._force)
            except FileExistsError:
                continue
            self._taken.add(os.path.realpath(place))
            self.count += 1
            return place
        raise PictureError(f"{printable(self._path)}: no free name")
