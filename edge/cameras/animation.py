"""An animated picture (GIF, WebP, PNG or AVIF) as a clip, decoded by Pillow, with the times that it is shown at."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import PictureError, SourceError
from edge.frame import Frame
from edge.picture import MAX_MEGAPIXELS, header
from edge.picture.kinds import HEAD, sniff
from edge.picture.reader import open_regular
from edge.picture.samples import rgb
from edge.settings import SourceSettings
from edge.text import printable

# Browsers show frames with a shorter duration than 20 ms for 100 ms.
SHORTEST_S, DEFAULT_S = 0.02, 0.1


class AnimationCamera:
    """Every frame of an animated picture once, `time` = the durations of the frames before it.

    Args:
        path: the file.
        max_megapixels: larger pictures are refused before they are decoded.

    Raises:
        SourceError: it cannot be read, or is too large; while iterating: its first frame cannot be decoded.
    """

    live = False
    stuck = False

    def __init__(self, path: Path, max_megapixels: float = MAX_MEGAPIXELS) -> None:
        self._name = printable(path)
        try:
            self._file = open_regular(path, self._name)
        except PictureError as error:
            raise SourceError(str(error)) from None
        try:
            self._kind = sniff(self._file.read(HEAD)) or ""
            if self._kind not in header.MOVING:
                raise SourceError(f"{self._name}: not an animated picture; expected {', '.join(header.MOVING)}")
            self._file.seek(0)
            opener = header.plugin(self._kind, self._name)
            self._image: Any = header.quietly(lambda: opener(self._file, self._name), self._kind, self._name)
        except (PictureError, OSError) as error:
            self.close()
            raise SourceError(str(error)) from None
        width, height = self._image.size
        if width * height > max_megapixels * 1e6:
            self.close()
            raise SourceError(
                f"{self._name}: {width}x{height} pixels; expected at most {max_megapixels:g} megapixels; raise "
                f"max_megapixels to read it"
            )

    def __iter__(self) -> Iterator[Frame]:
        time = 0.0
        for index in range(getattr(self._image, "n_frames", 1)):
            try:
                pixels, seconds = header.quietly(partial(self._decode, index), self._kind, self._name)
            except PictureError as error:
                if index == 0:
                    raise SourceError(str(error)) from None
                return  # played as far as it goes, like a clip
            yield Frame(pixels, time, index)
            time += seconds

    def _decode(self, index: int) -> tuple[np.ndarray, float]:
        self._image.seek(index)
        pixels = rgb(self._image, self._name)
        seconds = float(self._image.info.get("duration") or 0) / 1000
        return pixels, seconds if seconds >= SHORTEST_S else DEFAULT_S

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def is_animated(path: Path) -> bool:
    """Whether a file is a picture of several frames."""
    name = printable(path)
    try:
        with open_regular(path, name) as file:
            kind = sniff(file.read(HEAD))
            if kind not in header.MOVING:
                return False
            file.seek(0)
            return header.parse(file, kind, name).animated
    except (PictureError, OSError):
        return False


def open_animation(settings: SourceSettings) -> AnimationCamera:
    """The animated picture of the settings.

    Raises:
        SourceError: it cannot be read, or is too large.
    """
    return AnimationCamera(Path(settings.source), settings.max_megapixels)
