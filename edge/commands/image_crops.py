"""`edge-emotion image --crop` and `--chart`: faces cut out of pictures, and a chart of what all of them showed."""

from __future__ import annotations

import collections
import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge import files, picture
from edge.commands.image_folder import Folder, Taken, make_folder
from edge.errors import PictureError
from edge.face import Track
from edge.labels import EMOTIONS, extra_labels
from edge.text import printable
from edge.vision import canvas, palette
from edge.vision.captions import REASONS
from edge.vision.lettering import Style, write
from edge.vision.palette import DARK, INK, MUTED

MARGIN = 1.25  # side of the square that is cut out / longer side of the box
UNTOLD = ("unsure", "too-small")


class Crops:
    """Faces cut out of pictures and written as files: NAME-1.png, NAME-2.png, ... from left to right.

    Args:
        folder: made when the first face is written; None: nothing is written.
        taken: what this run may not write to.
        force: replace other files.
    """

    def __init__(self, folder: Path | None, taken: Taken, force: bool = False) -> None:
        self._folder = Folder(folder, taken, force) if folder else None

    @property
    def count(self) -> int:
        """How many were written."""
        return self._folder.count if self._folder else 0

    def write(self, path: Path, image: np.ndarray, tracks: Sequence[Track]) -> None:
        """Cut the faces out of the picture at `path`, uint8 (H, W, 3) RGB.

        Raises:
            PictureError: one cannot be written.
        """
        if self._folder is None or not tracks:
            return
        self._folder.make()
        names = (f"{path.stem}-{number}.png" for number in itertools.count(1))
        for track in sorted(tracks, key=lambda track: track.face.box.left):
            square = track.face.box.square(MARGIN).clipped(image.shape[1], image.shape[0])
            if square is None:
                continue
            left, top, right, bottom = (round(side) for side in square)
            cut = image[top : max(bottom, top + 1), left : max(right, left + 1)]
            self._folder.write(names, cut)


class Chart:
    """Counts faces by emotion and mask, and draws them as bars.

    Args:
        path: the picture file, its folder made if need be; None: nothing is drawn.
        taken: what this run may not write to; from now on, this file too.
        force: replace another file.

    Raises:
        OutputError: it cannot be a picture by its suffix.
        PictureError: there is such a file, or its folder cannot be made.
    """

    def __init__(self, path: Path | None, taken: Taken, force: bool = False) -> None:
        self._path, self._force = path, force
        self._counts: collections.Counter[tuple[str, bool]] = collections.Counter()
        if path is None:
            return
        files.expect_suffix(path, picture.WRITABLE, "--chart")
        if path in taken:
            raise PictureError(f"{printable(path)}: is one of the input pictures; choose another --chart")
        if os.path.lexists(path) and not force:
            raise PictureError(files.taken(path, "--chart"))
        make_folder(path.parent)
        taken.add(path)

    def add(self, tracks: Sequence[Track]) -> None:
        """The faces of one more picture."""
        self._counts.update((track.label or track.reason or "unsure", track.worn) for track in tracks)

    def write(self) -> None:
        """Write the picture file.

        Raises:
            PictureError: it cannot be written.
        """
        if self._path is None:
            return
        try:
            picture.write(self._path, self.image(), new=not self._force)
        except FileExistsError:
            raise PictureError(files.taken(self._path, "--chart")) from None

    def image(self) -> np.ndarray:
        """The chart, uint8 (H, 900, 3) RGB: a bar for each emotion, its part with a mask darker."""
        seen = dict.fromkeys(label for label, _ in self._counts)
        labels = [*EMOTIONS, *sorted(set(extra_labels(seen)) - set(UNTOLD)), *filter(seen.__contains__, UNTOLD)]
        style, small, row = Style(14), Style(11), 44
        left, right, top = 150, 700, 96
        made = np.empty((top + row * len(labels) + 24, 900, 3), np.uint8)
        canvas.fill(made, DARK)
        total = sum(self._counts.values())
        write(made, "1 face" if total == 1 else f"{total} faces", (28, 46), INK, Style(18))
        masked = sum(count for (_, worn), count in self._counts.items() if worn)
        write(made, f"{masked} with a mask: the darker part of each bar", (28, 74), MUTED, small)
        most = max(1, *(self._counts[label, False] + self._counts[label, True] for label in labels))
        for n, label in enumerate(labels):
            y = top + n * row
            bare, worn = self._counts[label, False], self._counts[label, True]
            colour = palette.of(None if label in UNTOLD else label)
            name = REASONS.get(label, label)
            write(made, name, (left - 18 - style.width_of(name), y + 26), INK, style)
            middle = left + round((right - left) * bare / most)
            end = left + round((right - left) * (bare + worn) / most)
            made[y + 8 : y + 32, left:middle] = colour
            made[y + 8 : y + 32, middle:end] = [value * 5 // 10 for value in colour]
            share = f"{bare + worn}" + (f"  ({100 * (bare + worn) / total:.0f} %)" if total else "")
            write(made, share, (end + 14, y + 26), INK if bare + worn else MUTED, style)
        return made
