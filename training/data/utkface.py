"""UTKFace's "Aligned & Cropped Faces", some 23,700 pictures whose names say age, gender and group (Zhang et al.,
"Age progression/regression by conditional adversarial autoencoder", CVPR 2017). For research alone, as its terms say.

`faces_gender` is a part of it, so what comes from here is first cleaned of everything that is tested.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np

from edge import picture
from edge.errors import PictureError
from edge.text import printable
from training.data import walk
from training.data.faces_gender import People, without_doubles
from training.data.fer2013 import DataError
from training.data.likeness import SAME, likeness

NAME = re.compile(r"(?P<age>\d{1,3})_(?P<gender>[01])_(?P<group>[0-4])_.*\.jpg", re.IGNORECASE)
GENDERS = ("male", "female")  # as numbered in the names
GROUPS = ("white", "black", "asian", "indian", "other")
SIZE = 64
HELD_OUT = 10  # one face of so many is for choosing, by its name


@dataclass(frozen=True, eq=False)
class Further:
    """Faces from a folder of UTKFace.

    Attributes:
        people: their splits are "train" and "val".
        skipped: (name, reason) of each picture that is not among them.
    """

    people: People
    skipped: tuple[tuple[str, str], ...]


def load(folder: Path) -> Further:
    """All faces below a folder, sorted by name; archives hold some folders twice, so one picture of each name.

    Raises:
        DataError: there is no such folder, or no face of UTKFace in it.
    """
    folder = Path(folder)
    files, lost = walk.below(folder, hidden=False)
    skipped = [(printable(name), reason) for name, reason in lost]
    paths = sorted((path for path in files if path.suffix.lower() == ".jpg"), key=lambda path: (path.name, path))
    if not paths:
        raise DataError(
            f"{printable(folder)}: no picture; unpack UTKFace's 'Aligned & Cropped Faces' into this folder, or train "
            "the recipe gender, which does without"
        )
    images, said, seen = [], [], set()
    for path in paths:
        known = NAME.fullmatch(path.name)
        if path.name in seen:
            skipped.append((printable(path.name), "a picture of that name was read already"))
            continue
        seen.add(path.name)
        if known is None:
            skipped.append((printable(path.name), "its name does not say age, gender and group"))
            continue
        try:
            image = picture.read(path)
        except PictureError as error:
            skipped.append((printable(path.name), walk.reason(error, path)))
            continue
        images.append(cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA))
        said.append((known, path.name))
    if not images:
        raise DataError(
            f"{printable(folder)}: no face of UTKFace; the first of {len(skipped)}: {': '.join(skipped[0])}"
        )
    people = People(
        images=np.array(images, np.uint8),
        ages=np.array([int(known["age"]) for known, _ in said], np.int64),
        genders=np.array([GENDERS[int(known["gender"])] for known, _ in said]),
        groups=np.array([GROUPS[int(known["group"])] for known, _ in said]),
        splits=np.array(["train" if crc32(name.encode()) % HELD_OUT else "val" for _, name in said]),
    )
    return Further(people, tuple(skipped))


def apart(people: People, others: People) -> People:
    """Those that are no picture of others, nor, of the part train, a picture of the part val.

    Args:
        people: from `load`.
        others: with which they share no picture, whatever their splits.
    """
    return without_doubles(people.of(np.flatnonzero(likeness(people.images, others.images) < SAME)))
