"""Real pictures to calibrate, check and score with: a folder, an .npz, FER2013, or an annotated set of photos."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convert.errors import CalibrationError
from edge import picture
from edge.errors import EdgeError, one_line
from edge.frame import Box
from edge.labels import EMOTIONS
from edge.text import printable
from edge.vision.crop import crop
from edge.vision.letterbox import letterbox, resize, to_grey


@dataclass(frozen=True)
class View:
    """How a model sees a picture.

    Attributes:
        width, height, channels: of the input.
        whole: letterbox the whole picture, as a detector sees it; otherwise the picture is stretched to the size.
        margin, shift: of the square cut around an annotated face (Box.square).
    """

    width: int
    height: int
    channels: int
    whole: bool = False
    margin: float = 1.0
    shift: float = 0.0

    def __call__(self, picture: np.ndarray, box: Box | None = None) -> np.ndarray:
        """uint8 (H, W, C) of any size to uint8 (height, width, channels), through the device's own code."""
        if self.whole:
            fitted = letterbox(_colours(picture, 3), self.width, self.height)[0]
            return _colours(fitted, self.channels)
        if box is not None:
            return crop(picture, box.square(self.margin, self.shift), self.width, self.height, self.channels)
        return _colours(resize(picture, self.width, self.height), self.channels)


@dataclass(frozen=True, eq=False)
class Source:
    """A set of pictures that are read when asked for.

    Attributes:
        name: for messages and cards; a base name, never a path.
        read: picture number -> uint8 (H, W, C), and the box to cut out of it or None.
        size: number of pictures.
        labels: int (size,) with places in `classes`, or None.
        classes: names of the labels.
    """

    name: str
    read: Callable[[int], tuple[np.ndarray, Box | None]]
    size: int
    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", printable(self.name))  # a card is UTF-8, a file's name need not be

    def pictures(self, rows: Sequence[int] | np.ndarray, view: View) -> np.ndarray:
        """uint8 (n, height, width, channels)."""
        return np.stack([view(*self.read(int(row))) for row in rows])


def open_source(path: Path, *, held_out: bool = False, faces: bool = True) -> Source:
    """The pictures at a path.

    Args:
        path: a folder of pictures or of class folders, a folder with annotations.csv or manifest.csv, an .npz with
            `images` uint8 (N, H, W[, C]) and maybe `labels`, fer2013.npz, or the Kaggle csv.
        held_out: take the rows kept for testing, where the set has such.
        faces: cut the annotated boxes out; otherwise whole pictures.

    Raises:
        CalibrationError: nothing there, or nothing that can be used.
    """
    path = Path(path)
    if not path.exists():
        raise CalibrationError(f"{path}: no such file or folder; give real pictures, a folder or an .npz")
    if path.suffix.lower() == ".csv" and path.is_file():
        return _fer2013(path, held_out)
    if path.is_file():
        return _npz(path, held_out)
    if (path / "annotations.csv").is_file():
        return _annotated(path, held_out, faces)
    if (path / "manifest.csv").is_file():
        return _listed(path, held_out)
    _one_set(path)
    return _folder(path, held_out)


def _one_set(path: Path) -> None:
    """The folder that holds all data sets is no set: its pictures are of everything."""
    from training.evaluate import float_vs_int8

    if float_vs_int8.is_data(path):
        first = float_vs_int8.sets_in(path)[0]
        raise CalibrationError(f"{path}: a folder of data sets; name one of them, such as {first}")


def from_arrays(name: str, images: np.ndarray, labels: np.ndarray | None = None, classes: Sequence[str] = ()) -> Source:
    """A Source of uint8 (N, H, W[, C]) in memory.

    Raises:
        CalibrationError: another type or shape, or labels that do not fit.
    """
    if not images.size:
        raise CalibrationError(f"{name}: no images; give a set that has some")
    if images.dtype != np.uint8:
        raise CalibrationError(
            f"{name}: images: expected uint8 pixels 0-255, got {images.dtype}; undo the normalization and save as uint8"
        )
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or images.shape[3] not in (1, 3):
        raise CalibrationError(f"{name}: images: expected (N, H, W), (N, H, W, 1) or (N, H, W, 3), got {images.shape}")
    if labels is not None:
        labels = _numbers(name, np.asarray(labels), len(images), classes)
    return Source(name, lambda row: (images[row], None), len(images), labels, tuple(classes))


def _numbers(name: str, labels: np.ndarray, images: int, classes: Sequence[str]) -> np.ndarray:
    """Labels as int (N,).

    Raises:
        CalibrationError: they are not one whole number from 0 for each image, or more than there are classes.
    """
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise CalibrationError(f"{name}: labels: expected (N,), got {labels.shape}; save labels.argmax(axis=1)")
    labels = labels.reshape(-1)
    if len(labels) != images:
        raise CalibrationError(f"{name}: expected a label an image, got {len(labels)} for {images}")
    with np.errstate(invalid="ignore"):
        whole = labels.astype(np.int64) if labels.dtype.kind in "buif" else None
    if whole is None or (whole != labels).any():
        raise CalibrationError(
            f"{name}: labels: expected whole numbers, got {labels.dtype}; save the names as `classes`, and for each "
            "image its place among them"
        )
    if whole.min() < 0 or (classes and whole.max() >= len(classes)):
        most = f"{len(classes) - 1}, one for each of its classes" if classes else "the number of classes less one"
        raise CalibrationError(f"{name}: labels: expected 0 to {most}, got {whole.min()} to {whole.max()}")
    return whole


def _colours(picture: np.ndarray, channels: int) -> np.ndarray:
    if picture.shape[2] == channels:
        return picture
    return to_grey(picture) if channels == 1 else np.repeat(picture, 3, axis=2)


def _npz(path: Path, held_out: bool) -> Source:
    if not zipfile.is_zipfile(path):
        raise CalibrationError(
            f"{path}: not a readable .npz; give a folder of pictures, or write it with np.savez(FILE, images=...)"
        )
    try:
        with np.load(path) as stored:
            keys = set(stored.files)
            if {"png", "usage"} <= keys:
                return _fer2013(path, held_out)
            if "images" not in keys:
                raise CalibrationError(f"{path}: expected an array 'images', got {', '.join(sorted(keys))}")
            labels = stored["labels"] if "labels" in keys else None
            classes = [str(name) for name in stored["classes"]] if "classes" in keys else []
            return from_arrays(path.name, stored["images"], labels, classes)
    except CalibrationError:
        raise
    except Exception as error:  # numpy raises many kinds for a file that is not its own
        raise CalibrationError(f"{path}: not a readable .npz ({one_line(error, 80)}); write it with np.savez") from None


def _fer2013(path: Path, held_out: bool) -> Source:
    from training.data import fer2013

    try:
        data = fer2013.load(path)
    except EdgeError as error:
        raise CalibrationError(str(error)) from None
    rows = data.rows(fer2013.PRIVATE) if held_out else data.training_rows()
    part = "PrivateTest" if held_out else "Training"
    return from_arrays(f"{path.name} ({part})", data.images[rows], data.labels[rows], EMOTIONS)


def _files(folder: Path) -> list[Path]:
    """The pictures below a folder; none that is hidden or lies in a hidden folder, as macOS and Jupyter leave them."""
    from training.data import walk

    found = walk.below(folder)[0]
    return [p for p in found if p.suffix.lower() in picture.SUFFIXES and not _hidden(p.relative_to(folder))]


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _folder(path: Path, held_out: bool) -> Source:
    from training.data.mask_split import SEEN_LAST
    from training.data.split_words import part_of

    pictures = _files(path)
    classes = sorted({path / file.relative_to(path).parts[0] for file in pictures})
    parts = pictures and all(part_of(folder.name) for folder in classes)
    if parts and held_out:
        part = min(classes, key=lambda folder: SEEN_LAST.index(part_of(folder.name) or ""))
        raise CalibrationError(f"{path}: its folders are parts of a set; give one of them, such as {part}")
    if pictures and not parts and not any(folder in pictures for folder in classes):
        files = [(file, k) for k, folder in enumerate(classes) for file in _files(folder)]
        labels = np.array([k for _, k in files], np.int64)
        names = tuple(folder.name.lower() for folder in classes)
        return Source(path.name, lambda row: (picture.read(files[row][0]), None), len(files), labels, names)
    if not pictures:
        raise CalibrationError(f"{path}: no picture in this folder; give one with real pictures, such as .jpg or .png")
    return Source(path.name, lambda row: (picture.read(pictures[row]), None), len(pictures))


def _annotated(path: Path, held_out: bool, faces: bool) -> Source:
    """Photos with face boxes, as training.data.boxes reads them."""
    from training.data import boxes

    try:
        photos = boxes.load(path, "test" if held_out else "train")
    except EdgeError as error:
        raise CalibrationError(str(error)) from None
    if not faces:
        return Source(path.name, lambda row: (picture.read(photos[row].path), None), len(photos))
    cut = [(photo.path, ltrb, label) for photo in photos for ltrb, label in zip(photo.ltrb, photo.labels, strict=True)]
    classes = tuple(sorted({label for *_, label in cut}))
    labels = np.array([classes.index(label) for *_, label in cut], np.int64)

    def read(row: int) -> tuple[np.ndarray, Box | None]:
        photo, ltrb, _ = cut[row]
        return picture.read(photo), Box(*(float(side) for side in ltrb))

    return Source(path.name, read, len(cut), labels if len(classes) > 1 else None, classes)


def _listed(path: Path, held_out: bool) -> Source:
    """Pictures named by manifest.csv with image and maybe split; the folder that an image lies in is its class."""
    file, wanted = path / "manifest.csv", "test" if held_out else "train"
    try:
        with open(file, newline="", encoding="utf-8-sig") as stream:
            names = [row["image"] for row in csv.DictReader(stream) if row.get("split", wanted) == wanted]
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
        raise CalibrationError(f"{file}: expected a csv with a column 'image' ({one_line(error, 80)})") from None
    if not names:
        raise CalibrationError(f"{file}: no row of split {wanted!r}; give a set that has some")
    folders = [Path(name).parent.name.lower() for name in names]
    classes = tuple(sorted(set(folders)))
    labels = np.array([classes.index(name) for name in folders], np.int64)
    known = labels if len(classes) > 1 else None
    return Source(path.name, lambda row: (picture.read(path / names[row]), None), len(names), known, classes)
