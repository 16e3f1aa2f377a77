"""A folder of pictures in the order of their names, or one picture, as a source that ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from edge import picture
from edge.errors import PictureError, SourceError
from edge.frame import Frame
from edge.settings import SourceSettings

_log = logging.getLogger(__name__)


class FolderCamera:
    """The pictures of a folder, `time` = index / fps. One that cannot be read is named in the log and skipped.

    Args:
        path: a folder, or one picture.
        fps: frames per second on the folder's own clock.
        max_megapixels: larger pictures are refused before they are decoded.

    Raises:
        SourceError: there is no picture in it; while iterating, after the last: none could be read.
    """

    live = False
    stuck = False

    def __init__(self, path: Path, fps: float, max_megapixels: float = picture.MAX_MEGAPIXELS) -> None:
        self.fps = fps
        self._path = path
        self._max_megapixels = max_megapixels
        self._files: tuple[Path, ...] = (path,)
        if path.is_dir():
            try:
                found = picture.scan(path)
            except PictureError as error:
                raise SourceError(str(error)) from None
            self._files = found.pictures
            if found.note:
                _log.warning("%s", found.note)

    @property
    def length(self) -> int:
        """How many pictures there are; some may not be readable."""
        return len(self._files)

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        failed = ""
        for file in self._files:
            try:
                loaded = picture.load(file, self._max_megapixels)
            except PictureError as error:
                failed = str(error)
                if len(self._files) > 1:
                    _log.warning("%s", error)
                continue
            if loaded.note:
                _log.warning("%s", loaded.note)
            yield Frame(loaded.pixels, index / self.fps, index)
            index += 1
        if index == 0:
            several = len(self._files) > 1
            raise SourceError(f"{self._path}: none of {len(self._files)} pictures can be read" if several else failed)

    def close(self) -> None:
        """Nothing to release."""


def open_folder(settings: SourceSettings) -> FolderCamera:
    """The folder, or the one picture, of the settings.

    Raises:
        SourceError: there is no picture in it.
    """
    return FolderCamera(Path(settings.source), settings.fps, settings.max_megapixels)
