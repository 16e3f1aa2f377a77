"""An animated picture (GIF, WebP, PNG or AVIF) as a clip, decoded by Pillow, with the times that it is shown at."""

from __future__ import annotations

import itertools
import logging
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

_log = logging.getLogger(__name__)

# Browsers show frames with a shorter duration than 20 ms for 100 ms.
SHORTEST_S, DEFAULT_S = 0.02, 0.1


class AnimationCamera:
    """Every frame of an animated picture once, `time` = the durations of the frames before it.

    A damaged file is played as far as it goes, with a warning, and so is one whose frames become too large.

    Args:
        path: the file.
        max_megapixels: larger pictures are refused before they are decoded.

    Attributes:
        due: how many frames it should have given, where it ended earlier; else 0.

    Raises:
        SourceError: it cannot be read, or is too large; while iterating: its first frame cannot be decoded.
    """

    live = False
    stuck = False

    def __init__(self, path: Path, max_megapixels: float = MAX_MEGAPIXELS) -> None:
        self._name, self._max_megapixels = printable(path), max_megapixels
        self.due = 0
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
            self._check_size()
        except (PictureError, OSError) as error:
            self.close()
            raise SourceError(str(error)) from None

    def __iter__(self) -> Iterator[Frame]:
        shown = 0
        for frame in self.frames():
            shown = frame.index + 1
            yield frame
        if self.due:
            _log.warning("%s: the animation breaks off after %d of %d frames", self._name, shown, self.due)

    def frames(self) -> Iterator[Frame]:
        """The same frames, without the warning.

        Raises:
            SourceError: the first one cannot be decoded.
        """
        time, declared = 0.0, self._declared()
        for index in itertools.count():
            if index == declared:
                return
            try:
                pixels, seconds = header.quietly(partial(self._decode, index), self._kind, self._name)
            except PictureError as error:
                if index == 0:
                    raise SourceError(str(error)) from None
                self.due = max(declared, index + 1)
                return
            yield Frame(pixels, time, index)
            time += seconds

    def _declared(self) -> int:
        """How many frames there are; 0 where a GIF, in which they are counted, is too damaged for that."""
        try:
            return int(header.quietly(lambda: getattr(self._image, "n_frames", 1), self._kind, self._name))
        except PictureError:
            return 0

    def _check_size(self) -> None:
        """Of the frame that is next, too: those of a GIF may be larger than its header says.

        Raises:
            PictureError: it is too large.
        """
        width, height = self._image.size
        if width * height > self._max_megapixels * 1e6:
            raise PictureError(
                f"{self._name}: {width}x{height} pixels; expected at most {self._max_megapixels:g} megapixels; raise "
                f"max_megapixels to read it"
            )

    def _decode(self, index: int) -> tuple[np.ndarray, float]:
        self._image.seek(index)
        self._check_size()
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
