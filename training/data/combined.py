"""Several data sets of faces as one: each face found, cut out as FER2013 cuts its faces, and resized."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from zlib import crc32

import numpy as np

from edge import picture
from edge.errors import PictureError
from edge.frame import Box
from edge.labels import EMOTIONS, Emotion
from edge.text import printable
from edge.vision.crop import crop
from training.data import ckplus, fer2013, fer2013_csv, walk
from training.data.ckplus_frames import excerpts_of, images_of, subject_of
from training.data.emotion_folders import Sample, Skipped, Unusable
from training.data.emotion_words import emotion_of
from training.data.fer2013 import USAGES, DataError
from training.data.split_words import PARTS, part_of

# The face square of a picture uint8 (H, W, 3) RGB, or None where no face is seen.
Find = Callable[[np.ndarray], Box | None]

NAMED = 8  # folders that a message names
USAGE_OF = dict(zip(PARTS, USAGES, strict=True))


def samples(
    source: Path, size: int = 48, find: Find | None = None, drop: float = ckplus.DROP, seed: int = 1, prefix: str = ""
) -> Iterator[Sample | Skipped]:
    """The faces of one data set: FER2013's csv or npz, CK+ in either layout, or a folder with a sub-folder per emotion.

    FER2013's pictures and the 48x48 excerpts of CK+ are face squares already. Full frames of CK+ are cut by their
    landmarks. In other pictures `find` finds the face.

    Args:
        source: the file or folder.
        size: side of the squares that are given, in pixels.
        find: finds a face; None: pictures of a folder are face squares already.
        drop: part of each full sequence of CK+ that is left out at its beginning.
        seed: of CK+'s split by subject.
        prefix: of the names; pass one where several sets go into one folder.

    Raises:
        DataError: the source is none of these.
    """
    if source.is_file():
        return _fer2013(source, size, prefix)
    if not source.is_dir():
        raise DataError(f"{source}: no such file or folder; give FER2013's csv, a CK+ folder, or folders of emotions")
    return _ckplus(source, size, find, drop, seed, prefix) if is_ckplus(source) else _folder(source, size, find, prefix)


def name_of(source: Path) -> str:
    """A short name of a data set, for the names of its pictures."""
    return "fer2013" if source.is_file() else "ckplus" if is_ckplus(source) else source.resolve().name


def is_ckplus(folder: Path) -> bool:
    """Whether a folder is CK+: its full distribution, or classes with pictures named subject_sequence_frame."""
    return folder.is_dir() and (images_of(folder) or excerpts_of(folder)) is not None


def _fer2013(path: Path, size: int, prefix: str) -> Iterator[Sample | Skipped]:
    try:
        for row in _stored(path) if fer2013.is_npz(path) else fer2013_csv.rows(path):
            if isinstance(row, fer2013_csv.BadRow):
                yield Skipped(f"{prefix}row {row.number}", row.reason)
            else:
                read = partial(_resized, row.image, size)
                yield Sample(f"{prefix}{row.number}", USAGES[row.usage], EMOTIONS[row.emotion], read)
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: cannot read FER2013 ({error}); expected the Kaggle csv or fer2013.npz") from None


def _stored(path: Path) -> Iterator[fer2013_csv.Row | fer2013_csv.BadRow]:
    data = fer2013.load(path)
    for number, image in enumerate(data.images):
        usage = int(data.usage[number])
        if usage == fer2013.LEFT_OUT:
            yield fer2013_csv.BadRow(number, "left out when the csv was converted")
        else:
            yield fer2013_csv.Row(number, image, int(data.labels[number]), usage)


def _ckplus(
    folder: Path, size: int, find: Find | None, drop: float, seed: int, prefix: str
) -> Iterator[Sample | Skipped]:
    frames = list(ckplus.frames(folder, drop, in_grey(find) if find else None))
    usages = iter(ckplus.split([frame.subject for frame in frames if isinstance(frame, ckplus.Frame)], seed))
    for frame in frames:
        if isinstance(frame, Skipped):
            yield frame
            continue
        name = f"{prefix}{frame.path.stem}"
        yield Sample(name, USAGES[next(usages)], frame.emotion.label, partial(frame.read, size), frame.origin)


def in_grey(find: Find) -> ckplus.Find:
    """The same for grey pictures."""
    return lambda image: find(np.repeat(image[:, :, None], 3, axis=2))


def _folder(folder: Path, size: int, find: Find | None, prefix: str) -> Iterator[Sample | Skipped]:
    """Pictures below folders that are named as an emotion; a folder above it may name the split."""
    files, lost = walk.below(folder, hidden=False)
    called = Path(folder.resolve().name)
    yield from (Skipped(f"{called}/{name}", reason) for name, reason in lost)
    places: dict[Path, list[Path]] = {}
    for path in files:
        places.setdefault(path.parent, []).append(path)
    emotions = {place: _emotion(place.relative_to(folder).parts) for place in places}
    if not any(emotions.values()):
        raise DataError(
            f"{folder}: no picture in a folder named as an emotion ({', '.join(EMOTIONS)}, or words like them); "
            f"{_found({place.name for place in places if place != folder})}"
        )
    for place, paths in sorted(places.items()):
        pictures = [path for path in paths if path.suffix.lower() in picture.SUFFIXES]
        if place == folder:
            yield from (Skipped(str(called / path.name), "not in a folder named after an emotion") for path in pictures)
            continue
        if (found := emotions[place]) is None:
            yield Skipped(f"{called / place.relative_to(folder)}/", "no emotion of that name", len(paths))
            continue
        for path in sorted({*paths} - {*pictures}):
            yield Skipped(str(called / path.relative_to(folder)), "not a picture by its name")
        emotion, parts = found
        usage = next((USAGE_OF[part] for part in map(part_of, parts) if part), None)
        for path in pictures:
            name = f"{prefix}{'-'.join((*parts, path.stem))}"
            origin = str(called / path.relative_to(folder))
            yield Sample(name, usage or _by_name(path), emotion.label, partial(_face, path, size, find), origin)


def _found(names: Collection[str]) -> str:
    """What there is instead, for a message."""
    if not names:
        return "there is no folder in it"
    shown = ", ".join(map(printable, sorted(names)[:NAMED]))
    return f"found {shown}{', ...' if len(names) > NAMED else ''}: rename those that stand for an emotion"


def _emotion(parts: tuple[str, ...]) -> tuple[Emotion, tuple[str, ...]] | None:
    """The emotion that the innermost folder with such a name stands for, and the other folders; None without any."""
    for place in reversed(range(len(parts))):
        if (emotion := emotion_of(parts[place])) is not None:
            return emotion, (*parts[:place], *parts[place + 1 :])
    return None


def _by_name(path: Path) -> str:
    """A tenth of the pictures each for PublicTest and PrivateTest, by name, so that new pictures move none.

    All pictures of a subject of CK+ stay together.
    """
    name = subject_of(path.stem) or path.stem
    return {0: "PublicTest", 1: "PrivateTest"}.get(crc32(name.encode("utf-8", "replace")) % 10, "Training")


def _face(path: Path, size: int, find: Find | None) -> np.ndarray:
    try:
        pixels = picture.read(path)
    except PictureError as error:
        raise Unusable(walk.reason(error, path)) from None
    square = find(pixels) if find else Box(0, 0, pixels.shape[1], pixels.shape[0])
    if square is None:
        raise Unusable("no face found")
    return crop(pixels, square, size, size, channels=1)[:, :, 0]


def _resized(image: np.ndarray, size: int) -> np.ndarray:
    if image.shape == (size, size):
        return image
    return crop(image[:, :, None], Box(0, 0, image.shape[1], image.shape[0]), size, size, channels=1)[:, :, 0]
