"""The faces that a table of features is made of: FER2013's rows, or the pictures of a folder; what is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge import picture
from edge.errors import PictureError
from edge.frame import Box
from edge.labels import EMOTIONS
from edge.manifest import ModelSpec
from edge.pipeline.verifier import VerifiedDetector
from edge.text import printable
from edge.vision.crop import crop
from training import csv_table
from training.counted import counted
from training.data import fer2013, walk
from training.data.emotion_words import emotion_of
from training.data.fer2013 import LEFT_OUT, USAGES, DataError

SKIPPED_HEAD = ("name", "reason")


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces in a model's input size.

    Attributes:
        images: squares uint8 (N, H, W, C).
        names: of each.
        labels: of each, "" where there is none.
        skipped: (name, reason) of what was left out.
    """

    images: np.ndarray
    names: tuple[str, ...]
    labels: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...] = ()

    def keep(self, rows: np.ndarray, reason: str) -> Faces:
        """Those of bool (N,) that are true; the others are skipped for a reason."""
        kept = np.flatnonzero(rows).tolist()
        lost = tuple((self.names[n], reason) for n in np.flatnonzero(~rows).tolist())
        names, labels = (tuple(part[n] for n in kept) for part in (self.names, self.labels))
        return Faces(self.images[kept], names, labels, self.skipped + lost)


def from_fer2013(path: Path, spec: ModelSpec, usage: str = "", limit: int = 0) -> Faces:
    """Rows of FER2013 (npz or csv), all or of one usage; a face's name is its row.

    Raises:
        DataError: it cannot be read, or has no such usage.
    """
    data = fer2013.load(path)
    if usage and usage not in USAGES:
        raise DataError(f"{path}: no usage {usage!r}; expected one of {', '.join(USAGES)}")
    rows = data.rows(USAGES.index(usage)) if usage else np.flatnonzero(data.usage != LEFT_OUT)
    rows = rows[:limit] if limit else rows
    if not len(rows):
        raise DataError(f"{path}: no row of usage {usage}")
    images = np.stack([_whole(data.images[row], spec) for row in rows])
    return Faces(images, tuple(str(row) for row in rows), tuple(EMOTIONS[label] for label in data.labels[rows]))


def from_folder(folder: Path, spec: ModelSpec, finder: VerifiedDetector | None = None, limit: int = 0) -> Faces:
    """Pictures below a folder; a picture is the face square itself, or its best face is cut out by a finder.

    A picture's label is the emotion that its folder is named after. What cannot be read, is no picture or has no face
    is skipped and named.

    Args:
        folder: where the pictures are, at any depth.
        spec: of the model, for the size of the squares.
        finder: finds the faces.
        limit: end after so many faces; 0: all.

    Raises:
        DataError: there is no picture, or no face in any.
    """
    files, lost = walk.below(Path(folder), hidden=False)
    paths = [path for path in files if path.suffix.lower() in picture.SUFFIXES]
    if not paths:
        raise DataError(f"{printable(folder)}: no picture below it; check the path")
    chosen = set(paths)
    skipped = lost + [
        (str(path.relative_to(folder)), "not a picture by its name") for path in files if path not in chosen
    ]
    images: list[np.ndarray] = []
    names, labels = [], []
    for path in paths:
        if limit and len(images) == limit:
            break
        name = str(path.relative_to(folder))
        try:
            image = picture.read(path)
        except PictureError as error:
            skipped.append((name, walk.reason(error, path)))
            continue
        face = _best(finder, image, spec) if finder else _whole(image, spec)
        if face is None:
            skipped.append((name, "no face found"))
            continue
        images.append(face)
        names.append(name)
        labels.append(_label(path.parent.name))
    if not images:
        advice = "; if they are faces, leave --find out" if finder else ""
        raise DataError(f"{printable(folder)}: no face in {counted(len(paths), 'picture')}{_first(skipped)}{advice}")
    return Faces(np.stack(images), tuple(names), tuple(labels), tuple(skipped))


def skipped_file(path: Path) -> Path:
    """The csv beside a table that names what was skipped: t.csv.skipped.csv beside t.csv."""
    return path.with_name(f"{path.name}.skipped.csv")


def told(faces: Faces, path: Path) -> list[str]:
    """What a person should know about faces beside their table: what was skipped, and who has no label.

    Writes the names and reasons into `skipped_file`, or removes that of an earlier table.
    """
    beside = skipped_file(path)
    lines = []
    if faces.skipped:
        csv_table.write(beside, SKIPPED_HEAD, faces.skipped)
        lines.append(f"skipped: {len(faces.skipped):,}, named in {printable(beside)}{_first(faces.skipped)}")
    elif _is_skipped(beside):
        beside.unlink()
    places = Counter(Path(name).parent.name for name, label in zip(faces.names, faces.labels, strict=True) if not label)
    if places:
        named = ", ".join(f"{printable(place) or 'no folder'} ({count:,})" for place, count in places.most_common(5))
        lines.append(
            f"without a label, as their folder is not named as an emotion: {counted(places.total(), 'face')}: {named}"
        )
    return lines


def _is_skipped(path: Path) -> bool:
    """Whether a file is such a list by its first line, and not something else of that name."""
    head = ",".join(SKIPPED_HEAD).encode()
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.readline(len(head) + 2).rstrip(b"\r\n") == head


def _first(skipped: Sequence[tuple[str, str]]) -> str:
    return f"; the first: {printable(skipped[0][0])}: {skipped[0][1]}" if skipped else ""


def _label(folder: str) -> str:
    """The emotion that a folder is named after, in our words or in CK+'s; "" for another name."""
    emotion = emotion_of(folder)
    return "" if emotion is None else emotion.label


def _best(finder: VerifiedDetector, image: np.ndarray, spec: ModelSpec) -> np.ndarray | None:
    faces = finder.detect(image)
    square = faces[0].box.square(spec.margin, spec.shift) if faces else None
    return crop(image, square, spec.width, spec.height, spec.channels) if square else None


def _whole(image: np.ndarray, spec: ModelSpec) -> np.ndarray:
    return crop(np.atleast_3d(image), Box(0, 0, *image.shape[1::-1]), spec.width, spec.height, spec.channels)
