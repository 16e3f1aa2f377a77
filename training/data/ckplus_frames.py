"""The frames of CK+ in either layout, and what is left out.

The full distribution has `cohn-kanade-images/`, `Emotion/` and `Landmarks/`; the 48x48 excerpts are folders of classes
that hold pictures named subject_sequence_frame.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from edge import picture
from edge.labels import Emotion
from edge.text import decoded
from training.data import walk
from training.data.ckplus_faces import Find, face, places, whole_face
from training.data.emotion_folders import Skipped
from training.data.emotion_words import emotion_of
from training.data.fer2013 import DataError

DROP = 0.4  # of a full sequence: its beginning is still neutral
# The code of an Emotion file; 0 is neutral, which the distribution never writes, and 2 contempt.
CODES = {
    1: Emotion.ANGRY,
    3: Emotion.DISGUST,
    4: Emotion.FEAR,
    5: Emotion.HAPPY,
    6: Emotion.SAD,
    7: Emotion.SURPRISE,
}
CONTEMPT = 2
CLASSES = "anger, disgust, fear, happy, sadness, surprise"
IMAGES = "cohn-kanade-images"
BROKEN_LABEL = "expected a number"
NO_EMOTION, UNLABELLED = "no emotion of that name", "unlabelled sequence"
NO_PICTURE = "not a picture by its name"
_NAME = re.compile(r"(S\d+)_\d+_\d+$", re.IGNORECASE)


@dataclass(frozen=True)
class Frame:
    """One labelled frame.

    Attributes:
        path: of the picture.
        emotion: what its sequence shows.
        sequence: such as "S005/001".
        read: gives the face, uint8 (side, side) grey, of a given side; raises Unusable, or Damaged where a file is.
        origin: the file with its folder, for people.
    """

    path: Path
    emotion: Emotion
    sequence: str
    read: Callable[[int], np.ndarray]
    origin: str = ""

    @property
    def subject(self) -> str:
        """Such as "S005"."""
        return self.sequence.split("/")[0]


def frames(folder: Path, drop: float = DROP, find: Find | None = None) -> Iterator[Frame | Skipped]:
    """Every frame of either layout, and what is left out; the folder's content says which layout it is.

    Args:
        folder: of the set.
        drop: part of each full sequence that is left out at its beginning; the excerpts hold the last frames already.
        find: the face square of a full frame that has no landmark file; without it such frames are unusable.

    Raises:
        DataError: neither layout.
    """
    folder = Path(folder)
    if not 0 <= drop < 1:
        raise DataError(f"CK+: the part to drop: expected 0 to less than 1, got {drop}")
    if images := images_of(folder):
        return _full(folder, images, drop, find)
    classes = excerpts_of(folder) or (
        folder if any(emotion_of(path.name) is not None for path in _folders(folder)) else None
    )
    if classes:
        return _excerpt(classes)
    raise DataError(f"{folder}: neither {IMAGES}/ nor folders named {CLASSES}; check the path")


def images_of(folder: Path) -> Path | None:
    """The folder with the frames of the full distribution, at any depth."""
    any_case = "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else letter for letter in IMAGES)
    if found := sorted(path for path in folder.rglob(any_case) if path.is_dir()):
        return found[0]
    parents = (place for path in walk.below(folder, hidden=False)[0] for place in path.relative_to(folder).parents)
    return next((folder / place for place in parents if place.name.lower() == IMAGES), None)


def excerpts_of(folder: Path) -> Path | None:
    """The folder with the classes of the excerpts, itself or its only sub-folder with any; the pictures' names tell."""
    if _are_excerpts(folder):
        return folder
    below = [place for place in _folders(folder) if _are_excerpts(place)]
    return below[0] if len(below) == 1 else None


def subject_of(stem: str) -> str:
    """The subject of a picture named as CK+'s are; "" of another."""
    match = _NAME.match(stem)
    return match[1].upper() if match else ""


def kept(count: int, drop: float) -> int:
    """The first frame of a sequence of `count` that is kept, when the part `drop` is left out."""
    return int(round(count * drop, 9))


def _are_excerpts(folder: Path) -> bool:
    classes = [place for place in _folders(folder) if emotion_of(place.name) is not None]
    stems = [path.stem for place in classes for path in place.iterdir() if path.suffix.lower() in picture.SUFFIXES]
    return sum(bool(subject_of(stem)) for stem in stems) * 2 > len(stems)


def _folders(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.is_dir()]


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []


def _excerpt(folder: Path) -> Iterator[Frame | Skipped]:
    for place in _entries(folder):
        emotion, count = emotion_of(place.name), len(walk.below(place, hidden=False)[0])
        if not place.is_dir():
            if place.suffix.lower() in picture.SUFFIXES:
                yield Skipped(place.name, "not in a folder named after an emotion")
        elif emotion is None:
            yield Skipped(f"{place.name}/", "contempt" if place.name.lower() == "contempt" else NO_EMOTION, count)
        else:
            yield from _class(place, emotion)


def _class(place: Path, emotion: Emotion) -> Iterator[Frame | Skipped]:
    for path in _entries(place):
        name = f"{place.name}/{path.name}"
        if path.is_dir():
            yield Skipped(f"{name}/", "a folder inside that of an emotion", len(walk.below(path)[0]))
        elif path.suffix.lower() not in picture.SUFFIXES:
            yield Skipped(name, NO_PICTURE)
        else:
            subject, sequence = path.stem.split("_")[:2] if path.stem.count("_") >= 2 else (path.stem, "")
            yield Frame(path, emotion, f"{subject}/{sequence}", partial(whole_face, path), name)


def _full(folder: Path, images: Path, drop: float, find: Find | None) -> Iterator[Frame | Skipped]:
    # The archives may lie one beside the other, or all in a folder of their own.
    between = images.relative_to(folder).parents
    roots = tuple(folder / place for place in between)
    labels, marks = places(roots, "Emotion"), places(roots, "Landmarks")
    for path in (path for place in (images, *_folders(images)) for path in _entries(place) if not path.is_dir()):
        if path.suffix.lower() in picture.SUFFIXES:
            yield Skipped(str(path.relative_to(images)), "in no folder SUBJECT/SEQUENCE")
    for sequence in (sequence for subject in _folders(images) for sequence in _folders(subject)):
        name = f"{sequence.parent.name}/{sequence.name}"
        path, code = _code(labels, name)
        if isinstance(code, str):
            yield Skipped(str(path), code)
            continue
        if code not in CODES:
            reason = UNLABELLED if code is None else "contempt" if code == CONTEMPT else "unknown label"
            if code is None and not labels:
                reason = f"{UNLABELLED}: there is no Emotion/ beside {IMAGES}/"
            yield Skipped(name, reason)
            continue
        pictures = []
        for path in _entries(sequence):
            if path.suffix.lower() in picture.SUFFIXES and not path.is_dir():
                pictures.append(path)
            else:
                yield Skipped(f"{name}/{path.name}", NO_PICTURE)
        first = kept(len(pictures), drop)
        if first:
            yield Skipped(name, "beginning of a sequence", first)
        if not pictures:
            yield Skipped(name, "no picture in the sequence")
        for path in pictures[first:]:
            yield Frame(path, CODES[code], name, partial(face, marks, name, path, find), f"{name}/{path.name}")


def _code(labels: Sequence[Path], sequence: str) -> tuple[Path, int | str | None]:
    """The sequence's label file and emotion code; None where it was never labelled, a text that says what is wrong."""
    files = [path for place in labels for path in sorted((place / sequence).glob("*_emotion.txt"))]
    if not files:
        return Path(sequence), None
    try:
        return files[0], round(float(decoded(files[0].read_bytes()).split()[0]))
    except (OSError, ValueError, IndexError, OverflowError) as error:
        return files[0], f"{BROKEN_LABEL} ({error})"
