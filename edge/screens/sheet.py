"""A contact sheet: pictures of a run at even times, each with its time, in one picture."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np

from edge import picture
from edge.errors import PictureError
from edge.files import taken
from edge.vision.lettering import Style, write
from edge.vision.palette import DARK, INK

PICTURES, COLUMNS = 12, 4
WIDE, HIGH = 480, 940  # pixels that one picture takes, at most
GAP = 10


class Sheet:
    """Keeps pictures at even times, however long the run is: where there are too many, every second one goes.

    Args:
        path: the picture file that is written in the end.
        count, columns: how many pictures are shown, at most, and how many of them in a row.
        new: never replace a file, even one that came after the beginning.
    """

    def __init__(self, path: Path, count: int = PICTURES, columns: int = COLUMNS, *, new: bool = False) -> None:
        self._path, self._count, self._columns, self._new = path, count, columns, new
        self._kept: list[tuple[float, np.ndarray]] = []
        self._interval = 0.0

    def add(self, image: np.ndarray, time: float) -> None:
        """A picture uint8 (H, W, 3) RGB and its time in seconds; kept if it is due."""
        if self._kept and time < self._kept[-1][0] + self._interval:
            return
        scale = min(WIDE / image.shape[1], HIGH / image.shape[0])
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        self._kept.append((time, cv2.resize(image, size, interpolation=cv2.INTER_AREA)))
        if len(self._kept) >= 8 * self._count:
            self._kept = self._kept[::2]
            self._interval = 2 * max(self._interval, self._kept[1][0] - self._kept[0][0]) * 0.999

    def close(self) -> None:
        """Write the sheet, if there is a picture.

        Raises:
            PictureError: it cannot be written, or there is such a file that may not be replaced.
        """
        if not self._kept:
            return
        try:
            picture.write(self._path, self.image(), new=self._new)
        except FileExistsError:
            raise PictureError(taken(self._path)) from None

    def image(self) -> np.ndarray:
        """The sheet, uint8 (H, W, 3) RGB."""
        begin, end = self._kept[0][0], self._kept[-1][0]
        shown = min(self._count, len(self._kept))
        # The middles of even parts: the first and last moments of a run show the least.
        wanted = [begin + (end - begin) * (n + 0.5) / shown for n in range(shown)]
        chosen = [min(self._kept, key=lambda kept: abs(kept[0] - time)) for time in wanted]
        columns = min(self._columns, shown)
        style = Style(11)
        # Below each picture its time, which would hide a caption in it.
        rows, high = math.ceil(shown / columns), max(image.shape[0] for _, image in chosen) + style.row
        sheet = np.empty((rows * (high + GAP) + GAP, columns * (WIDE + GAP) + GAP, 3), np.uint8)
        sheet[:] = DARK
        for n, (time, image) in enumerate(chosen):
            left, top = GAP + n % columns * (WIDE + GAP), GAP + n // columns * (high + GAP)
            sheet[top : top + image.shape[0], left : left + image.shape[1]] = image
            baseline = top + image.shape[0] + (style.row + style.capitals) // 2
            write(sheet, stamp_of(time), (left, baseline), INK, style)
        return sheet


def stamp_of(time: float) -> str:
    """Seconds as people read them on a clip: "0:07", "1:02:03"."""
    seconds = int(max(0.0, time))
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"
