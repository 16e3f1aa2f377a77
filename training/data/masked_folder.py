"""A copy of a folder of pictures with a mask drawn on each face; the same seed draws the same masks."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from edge import picture
from edge.errors import PictureError
from edge.frame import Box
from edge.picture.folder import is_picture
from edge.pipeline.verifier import VerifiedDetector
from edge.text import printable
from edge.vision.crop import crop
from training.counted import counted
from training.data import masks, walk
from training.data.drawn import SMALLEST, fits
from training.data.face_points import locate
from training.data.fer2013 import DataError
from training.data.landmark_detector import LandmarkDetector
from training.data.masked_tables import DONE_HEAD, HEAD, SKIPPED_HEAD, UNCLEAR, Report, Table, earlier, stamp
from training.data.prepared import DONE, MASKS, REPORT, SKIPPED, begin

KEPT = (".jpg", ".jpeg", ".png", ".webp")  # formats that are kept; other pictures become PNGs
SQUARE = 1.35  # the longer side / the shorter one up to which a whole picture may be a face crop
# P(face) of the mask model from which a whole picture counts as a face crop. Of 911 pictures without a face (no_faces)
# 187 have plausible landmarks, 3 this too; of 21 faces of FER2013 that the detector misses, 15 and 8.
SURE = 0.9


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


def add_masks(
    folder: Path,
    out: Path,
    finder: FaceFinder,
    seed: int = 0,
    kinds: Sequence[str] = masks.TRAINING_KINDS,
    progress: Callable[[int], None] = lambda done: None,
) -> Report:
    """Write the pictures below `folder` that have a face, with masks, under the same names below `out`.

    An interrupted run goes on: done.csv says what is done. Pictures that were added or have changed since are drawn.

    Raises:
        DataError: there is no picture, no face in any, `out` holds something else, or it cannot be written.
    """
    paths, others = pictures_below(folder, out)
    if not paths:
        raise DataError(f"{printable(folder)}: no picture below it, and no fer2013.npz in it; check the path")
    begin(out, {"masks": str(folder.resolve()), "seed": seed, "kinds": list(kinds)})
    pictures = {str(path.relative_to(folder)): path for path in paths}

    def one(path: Path, place: Path, name: str) -> tuple[list[list[str]], str]:
        return _one(path, place, name, finder, seed, kinds)

    try:
        report = _draw(pictures, others, out, one, progress)
    except OSError as error:
        raise DataError(
            f"{printable(error.filename or out)}: cannot be written ({error.strerror or error}); "
            "the same command goes on once it can"
        ) from None
    if not report.rows:
        raise DataError(f"{printable(folder)}: no face in {counted(len(paths), 'picture')}; {out / SKIPPED} says why")
    (out / REPORT).write_text(f"# {out.name}\n\n{report.text()}\n", encoding="utf-8")
    return report


def pictures_below(folder: Path, out: Path) -> tuple[list[Path], list[tuple[str, str]]]:
    """The pictures below a folder, told by their content, and (name, what it is) of the other files.

    Raises:
        DataError: `out`, whose content is left out, is the folder or holds it.
    """
    inner = out.resolve()
    if folder.resolve() == inner:
        raise DataError(f"{printable(out)}: OUT is IN; choose another folder to write into")
    if inner in folder.resolve().parents:
        raise DataError(f"{printable(out)}: IN lies in OUT; choose another folder to write into")
    files, lost = walk.below(folder, out, hidden=False)
    pictures = [path for path in files if is_picture(path)]
    chosen = set(pictures)
    others = [(str(path.relative_to(folder)), "not a picture") for path in files if path not in chosen]
    return pictures, sorted(others + lost)


def _draw(
    pictures: Mapping[str, Path],
    others: Sequence[tuple[str, str]],
    out: Path,
    one: Callable[[Path, Path, str], tuple[list[list[str]], str]],
    progress: Callable[[int], None],
) -> Report:
    """Draw on all that is not done; the tables grow with every picture."""
    report, done = earlier(out, pictures, lambda name: (out / _place(Path(name))).is_file())
    report.before = report.pictures
    report.skipped = [*others, *report.skipped]
    taken = {_place(Path(row[0])): row[0] for row in report.rows if row[0] in done}
    with (
        Table(out / MASKS, HEAD, report.rows) as drawn,
        Table(out / SKIPPED, SKIPPED_HEAD, report.skipped) as skipped,
        Table(out / DONE, DONE_HEAD, [(name, *known) for name, known in done.items()]) as finished,
    ):
        for number, (name, path) in enumerate(pictures.items()):
            progress(number)
            if name in done:
                continue
            place, known = _place(Path(name)), stamp(path)
            first = taken.get(place)
            rows, reason = ([], f"{place} is drawn from {first}") if first else one(path, out / place, name)
            if rows:
                taken[place] = name
            drawn.add(*rows)
            if reason:
                skipped.add((name, reason))
                report.skipped.append((name, reason))
            if not first:
                finished.add((name, *known))
            report.rows += rows
    return report


def _one(
    path: Path, place: Path, name: str, finder: FaceFinder, seed: int, kinds: Sequence[str]
) -> tuple[list[list[str]], str]:
    """Draw on one picture: the rows of its masks, and why a face has none, or ""."""
    try:
        image = picture.read(path)
    except PictureError as error:
        place.unlink(missing_ok=True)
        return [], walk.reason(error, path)
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
            cause = error.__cause__
            if isinstance(cause, OSError) and cause.errno != errno.ENAMETOOLONG:
                raise cause from None  # a full disk says nothing about the picture
            return [], str(error)
    else:
        place.unlink(missing_ok=True)  # drawn from what the file held before
    if unclear:
        return rows, UNCLEAR if unclear == 1 else f"{UNCLEAR}, {unclear} times"
    return rows, "" if rows else "no face found"


def _place(name: Path) -> Path:
    return name if name.suffix.lower() in KEPT else name.with_name(f"{name.name}.png")
