"""A folder of pictures in the order of their names, or one picture, as a source that ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import cv2

from edge import picture
from edge.errors import PictureError, SourceError
from edge.frame import Frame

_log = logging.getLogger(__name__)


def is_picture(path: Path) -> bool:
    """Whether a file is a picture: by its content, or, where that is broken, by the end of its name."""
    return path.suffix.lower() in picture.SUFFIXES or (path.is_file() and cv2.haveImageReader(str(path)))


class FolderCamera:
    """The pictures of a folder, `time` = index / fps. One that cannot be read is named in the log and left out.

    Args:
        path: a folder, or one picture.
        fps: frames a second of the folder's own clock.

    Raises:
        SourceError: no picture in it; while iterating, after the last: none of them could be read.
    """

    live = False
    stuck = False

    def __init__(self, path: Path, fps: float) -> None:
        self.fps = fps
        self._path = path
        try:
            self._files = picture.listing(path) if path.is_dir() else [path]
        except PictureError as error:
            raise SourceError(str(error)) from None

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        failed = ""
        for file in self._files:
            try:
                image = picture.read(file)
            except PictureError as error:
                failed = str(error)
                if len(self._files) > 1:
                    _log.warning("%s", error)
                continue
            yield Frame(image, index / self.fps, index)
            index += 1
        if index == 0:
            several = len(self._files) > 1
            raise SourceError(f"{self._path}: none of {len(self._files)} pictures can be read" if several else failed)

    def close(self) -> None:
        """Nothing to let go of."""
