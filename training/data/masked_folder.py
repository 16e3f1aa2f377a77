"""A copy of a folder of pictures with a mask drawn on each face; the same seed draws the same masks."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from edge import picture
from edge.errors import PictureError
from edge.frame import Box
from edge.picture.folder import is_picture
from edge.pipeline.verifier import VerifiedDetector
from edge.text import printable
from edge.vision.crop import crop
from training.data import masks
from training.data.drawn import SMALLEST, fits
from training.data.face_points import locate
from training.data.fer2013 import DataError
from training.data.landmark_detector import LandmarkDetector
from training.data.prepared import begin

MASKS, SKIPPED, REPORT = "masks.csv", "skipped.csv", "report.md"
HEAD = ("picture", "left", "top", "right", "bottom", "kind", "colour", "seed")
KEPT = (".jpg", ".jpeg", ".png", ".webp")  # formats that are kept; other pictures become PNGs
SQUARE = 1.35  # the longer side / the shorter one up to which a whole picture may be a face crop
# P(face) of the mask model from which a whole picture counts as a face crop. Of 911 pictures without a face (no_faces)
# 187 have plausible landmarks, 3 this too; of 21 faces of FER2013 that the detector misses, 15 and 8.
SURE = 0.9
UNCLEAR = "a face whose landmarks are not clear"
NAMED = 20


@dataclass(frozen=True, eq=False)
class Face:
    """A face to draw on: its box and its points (68, 2), pixels of the picture."""

    box: Box
    points: np.ndarray


class FaceFinder:
    """Finds faces and their landmarks: the device's detector first, and a picture that is one face crop as a whole.

    Args:
        detector: finds faces.
        landmarks: finds their points.
    """

    def __init__(self, detector: VerifiedDetector, landmarks: LandmarkDetector) -> None:
        self._detector, self._landmarks = detector, landmarks

    def find(self, image: np.ndarray) -> tuple[list[Face], int]:
        """The faces of a picture uint8 (H, W, 3) RGB that a mask can be drawn on, and how many others there are."""
        found = [face.box for face in self._detector.detect(image)]
        faces = []
        for box in found:
            points = self._landmarks.in_box(image, box) if min(box.width, box.height) >= SMALLEST else None
            if points is not None and fits(points, box):
                faces.append(Face(box, points))
        if not found:
            faces = self._whole(image)
        return faces, len(found) - len(faces) if found else 0

    def _whole(self, image: np.ndarray) -> list[Face]:
        height, width = image.shape[:2]
        if max(width, height) > SQUARE * min(width, height) or min(width, height) < SMALLEST:
            return []
        side, whole = max(width, height), Box(0, 0, width, height)
        grey = crop(image, whole, side, side, channels=1)[None, :, :, 0]
        if self._detector.mask and self._detector.mask.classify(image, whole).face < SURE:
            return []
        located = locate(lambda images: self._landmarks.on_crops(images) / side, grey)
        return [Face(whole, located.points[0] * (width / side, height / side))] if located.plausible[0] else []


@dataclass
class Report:
    """What a run did.

    Attributes:
        rows: one a mask, the values of HEAD.
        skipped: (picture, why there is no mask on it, or not on all of its faces).
        pictures: with a mask.
        before: how many pictures an earlier run had done.
    """

    rows: list[list[str]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    before: int = 0

    @property
    def pictures(self) -> int:
        """How many pictures have a mask."""
        return len({row[0] for row in self.rows})

    def text(self) -> str:
        """For a person, in Markdown."""
        lines = [f"{len(self.rows)} masks on {self.pictures} pictures ({self.before} pictures were done before)."]
        for place, what in ((5, "kinds"), (6, "colours")):
            counts = Counter(row[place] for row in self.rows)
            lines.append(f"{what}: {', '.join(f'{name} {count}' for name, count in counts.most_common())}")
        reasons = Counter(_kind(reason) for _, reason in self.skipped)
        lines.append(
            f"Without a mask, or not on every face: {len(self.skipped) or 'none'}"
            + (f", named in {SKIPPED}:" if reasons else ".")
        )
        few = len(self.skipped) <= NAMED
        lines += [f"- {name}: {reason}" for name, reason in self.skipped if few]
        lines += [f"- {reason}: {count}" for reason, count in reasons.most_common() if not few]
        return "\n".join(lines)


def add_masks(
    folder: Path,
    out: Path,
    finder: FaceFinder,
    seed: int = 0,
    kinds: Sequence[str] = masks.TRAINING_KINDS,
    progress: Callable[[int], None] = lambda done: None,
) -> Report:
    """Write the pictures below `folder` that have a face, with masks, under the same names below `out`.

    An interrupted run goes on: masks.csv and skipped.csv say what is done.

    Raises:
        DataError: there is no picture, no face in any, or `out` holds something else.
    """
    paths, others = pictures_below(folder, out)
    if not paths:
        raise DataError(f"{printable(folder)}: no picture below it, and no fer2013.npz in it; check the path")
    begin(out, {"masks": str(folder.resolve()), "seed": seed, "kinds": list(kinds)})
    report = _earlier(out)
    done = {row[0] for row in report.rows} | {name for name, _ in report.skipped}
    report.before = report.pictures
    with _Table(out / MASKS, HEAD, report.rows) as drawn, _Table(out / SKIPPED, ("picture", "reason")) as skipped:
        report.skipped += [(name, "not a picture") for name in others]
        skipped.add(*report.skipped)
        for number, path in enumerate(paths):
            progress(number)
            name = str(path.relative_to(folder))
            if name in done:
                continue
            rows, reason = _one(path, out / _place(path.relative_to(folder)), name, finder, seed, kinds)
            drawn.add(*rows)
            if reason:
                skipped.add((name, reason))
                report.skipped.append((name, reason))
            report.rows += rows
    if not report.rows:
        raise DataError(f"{printable(folder)}: no face in any of {len(paths)} pictures; {out / SKIPPED} says why")
    (out / REPORT).write_text(f"# {out.name}\n\n{report.text()}\n", encoding="utf-8")
    return report


def pictures_below(folder: Path, out: Path) -> tuple[list[Path], list[str]]:
    """The pictures below a folder, told by their content, and the names of the other files; `out` is left out."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    files = [path for path in files if out.resolve() not in path.resolve().parents]
    pictures = [path for path in files if is_picture(path)]
    chosen = set(pictures)
    return pictures, [str(path.relative_to(folder)) for path in files if path not in chosen]


def _one(
    path: Path, place: Path, name: str, finder: FaceFinder, seed: int, kinds: Sequence[str]
) -> tuple[list[list[str]], str]:
    """Draw on one picture: the rows of its masks, and why a face has none, or ""."""
    try:
        image = picture.read(path)
    except PictureError as error:
        return [], str(error).removeprefix(f"{printable(path)}: ")
    faces, unclear = finder.find(image)
    rows = []
    for number, face in enumerate(faces):
        style = masks.random_mask(
            np.random.default_rng((seed, crc32(name.encode("utf-8", "replace")), number)), tuple(kinds)
        )
        image = masks.draw(image, face.points, style.kind, style.colour, style.seed)
        sides = [f"{side:.1f}" for side in face.box.ltrb]
        rows.append([name, *sides, style.kind, style.colour, str(style.seed)])
    if rows:
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            picture.write(place, image)
        except PictureError as error:
            return [], str(error)
    if unclear:
        return rows, UNCLEAR if unclear == 1 else f"{UNCLEAR}, {unclear} times"
    return rows, "" if rows else "no face found"


def _place(name: Path) -> Path:
    return name if name.suffix.lower() in KEPT else name.with_name(f"{name.name}.png")


def _kind(reason: str) -> str:
    return reason.partition(",")[0] if reason.startswith(UNCLEAR) else reason


def _earlier(out: Path) -> Report:
    """What the tables of an interrupted run say; a line that was torn off counts as not there."""
    rows = [row for row in _lines(out / MASKS) if len(row) == len(HEAD)]
    skipped = [(row[0], row[1]) for row in _lines(out / SKIPPED) if len(row) == 2 and row[1] != "not a picture"]
    return Report(rows, skipped)


def _lines(path: Path) -> Iterator[list[str]]:
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return
    yield from itertools.islice(csv.reader(io.StringIO(text[: text.rfind("\n") + 1], newline="")), 1, None)


class _Table:
    """A csv that is on the disk after every call of `add`."""

    def __init__(self, path: Path, head: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> None:
        self._file = open(path, "w", newline="", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115
        self.add(head, *rows)

    def add(self, *rows: Sequence[str]) -> None:
        """Write rows, all in one go."""
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        self._file.write(text.getvalue())
        self._file.flush()

    def __enter__(self) -> _Table:
        return self

    def __exit__(self, *_: Any) -> None:
        self._file.close()
