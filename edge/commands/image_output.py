"""What `edge-emotion image` leaves behind: lines on standard output, annotated pictures, a total."""

from __future__ import annotations

import collections
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from edge import picture, records
from edge.commands.image_folder import Folder, Taken
from edge.face import Track
from edge.text import printable
from edge.vision import captions
from edge.vision.annotate import annotate, factor


class Lines:
    """One line per picture, as JSON or in words.

    Args:
        stream: standard output.
        as_json: lines are JSON objects.
    """

    def __init__(self, stream: TextIO, as_json: bool) -> None:
        self._stream, self._json = stream, as_json

    def write(self, path: Path, image: np.ndarray, tracks: Sequence[Track], drawn: Path | None) -> None:
        """One picture's line."""
        line = self._record(path, image, tracks, drawn) if self._json else words(path, tracks, drawn)
        print(line, file=self._stream, flush=True)

    def _record(self, path: Path, image: np.ndarray, tracks: Sequence[Track], drawn: Path | None) -> str:
        record = records.picture_record(str(path), image, tracks)
        if drawn:
            record["annotated"] = str(drawn)
        line = json.dumps(record, ensure_ascii=False)
        try:
            line.encode(self._stream.encoding or "utf-8")
        except UnicodeEncodeError:  # a name that is not UTF-8, or an ASCII terminal
            return json.dumps(record)
        return line


def words(path: Path, tracks: Sequence[Track], drawn: Path | None = None) -> str:
    """One line for a person, such as "door.jpg: 2 faces: happy 83 %, no mask; unsure, mask"."""
    count = {0: "no face", 1: "1 face"}.get(len(tracks), f"{len(tracks)} faces")
    line = f"{printable(path)}: {count}" + (": " + "; ".join(map(captions.words, tracks)) if tracks else "")
    return f"{line} -> {printable(drawn)}" if drawn else line


class Drawn:
    """Annotated copies in a folder. A file that this run did not write is never replaced, unless `force` says so.

    Args:
        folder: made when the first picture is written; None: nothing is drawn.
        taken: what this run may not write to.
        force: replace other files.
        outline: how faces are marked, "box" or "circle".
    """

    def __init__(self, folder: Path | None, taken: Taken, force: bool = False, outline: str = "box") -> None:
        self._outline = outline
        self._folder = Folder(folder, taken, force) if folder else None

    @property
    def count(self) -> int:
        """How many were written."""
        return self._folder.count if self._folder else 0

    def write(self, path: Path, image: np.ndarray, tracks: Sequence[Track]) -> Path | None:
        """Draw the faces of the picture at `path` and write it under its name, or a free one like it.

        Returns:
            Where it was written.

        Raises:
            PictureError: it cannot be written.
        """
        if self._folder is None:
            return None
        self._folder.make()
        drawn = annotate(image, tracks, factor(image.shape[1], image.shape[0]), True, self._outline)
        suffix = path.suffix if path.suffix.lower() in picture.WRITABLE else ".png"
        more = (f"{path.stem}-{number}{suffix}" for number in itertools.count(2))
        return self._folder.write(itertools.chain([f"{path.stem}{suffix}"], more), drawn)


class Total:
    """What was found in all pictures.

    Attributes:
        failed: pictures and folders that could not be read or written.
    """

    def __init__(self) -> None:
        self.pictures = self.faces = self.masked = self.failed = 0
        self.emotions: collections.Counter[str] = collections.Counter()
        self.without: collections.Counter[str] = collections.Counter()  # no emotion, by the reason

    def add(self, tracks: Sequence[Track]) -> None:
        """Count the faces of one more picture."""
        self.pictures += 1
        self.faces += len(tracks)
        self.masked += sum(track.worn for track in tracks)
        self.emotions.update(track.label for track in tracks if track.label)
        self.without.update(captions.REASONS[track.reason] for track in tracks if not track.label and track.reason)

    def __str__(self) -> str:
        """Such as "12 pictures, 30 faces (4 with a mask): happy 20, neutral 7, unsure 3; 1 failed"."""
        line = f"{_counted(self.pictures, 'picture')}, {_counted(self.faces, 'face')}"
        if self.masked:
            line += f" ({self.masked} with a mask)"
        counts = [*self.emotions.most_common(), *self.without.most_common()]
        if counts:
            line += ": " + ", ".join(f"{word} {count}" for word, count in counts)
        return line + (f"; {self.failed} failed" if self.failed else "")


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
