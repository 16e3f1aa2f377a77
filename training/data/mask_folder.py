"""Any folder of two classes, faces with and without a mask: what is in it, and a split that does not leak."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge import picture
from edge.errors import PictureError
from edge.frame import Box
from edge.picture.folder import is_picture
from edge.text import printable
from edge.vision.crop import crop
from training.data.fer2013 import DataError

WORN = frozenset(
    ("correctmask", "facemask", "mask", "masked", "maskedface", "maskon", "masks", "wearingmask", "with", "withmask",
     "worn", "yes")
)  # fmt: skip
BARE = frozenset(
    ("bare", "bareface", "maskoff", "no", "nomask", "nonmask", "notmasked", "notwearingmask", "off", "unmasked",
     "without", "withoutmask")
)  # fmt: skip
SPLITS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test",
    "testing": "test",
}  # fmt: skip
PARTS = ("train", "val", "test")
SHARE = 0.15  # of the pictures, for validation and test each, where the folder does not say
NEAR = 5  # bits of 64 by which the hashes of nearly equal pictures differ at most

# The box of the largest face of a picture uint8 (H, W, 3) RGB, or None where none is seen.
Find = Callable[[np.ndarray], Box | None]


@dataclass(frozen=True, eq=False)
class Faces:
    """The pictures of a folder as crops.

    Attributes:
        images: uint8 (N, S, S, 3) RGB.
        worn: bool (N,), whether the folder says that a mask is worn.
        parts: of each, one of PARTS.
        names: of each, relative to the folder.
        classes: how the folder calls the two classes, bare first.
        skipped: (name, reason) of what was left out.
        whole: names of pictures without a face that was found: they are used as they are.
        about: how the split came about, for the report.
    """

    images: np.ndarray
    worn: np.ndarray
    parts: np.ndarray
    names: tuple[str, ...]
    classes: tuple[str, str]
    skipped: tuple[tuple[str, str], ...]
    whole: tuple[str, ...]
    about: str

    def of(self, part: str) -> np.ndarray:
        """Positions of the pictures of a part, int64."""
        return np.flatnonzero(self.parts == part)


@dataclass(frozen=True)
class Listed:
    """A picture of the folder: its path, whether a mask is worn, and its part or "" where the folder does not say."""

    path: Path
    worn: bool
    part: str = ""


def kind_of(name: str) -> bool | None:
    """Whether a folder of that name holds faces with a mask; None: it is not a name of either class.

    >>> kind_of("with_mask"), kind_of("No Mask"), kind_of("holiday")
    (True, False, None)
    """
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    return True if plain in WORN else False if plain in BARE else None


def listing(folder: Path) -> tuple[list[Listed], list[tuple[str, str]]]:
    """The pictures of both classes, and what else is there.

    Raises:
        DataError: a class is missing or has no picture.
    """
    if not folder.is_dir():
        raise DataError(f"{printable(folder)}: no such folder; give one with a sub-folder for each of the two classes")
    given = _manifest(folder / "manifest.csv")
    found: list[Listed] = []
    skipped: list[tuple[str, str]] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")):
        name = str(path.relative_to(folder))
        parents = path.relative_to(folder).parts[:-1]
        worn = next((kind for part in reversed(parents) if (kind := kind_of(part)) is not None), None)
        if worn is None:
            if parents or is_picture(path):
                skipped.append((name, "in no folder named as one of the classes"))
        elif not is_picture(path):
            skipped.append((name, "not a picture"))
        else:
            part = given.get(name) or next((SPLITS[one.lower()] for one in parents if one.lower() in SPLITS), "")
            found.append(Listed(path, worn, part))
    for worn, words in ((True, "with_mask, mask, ..."), (False, "without_mask, no_mask, ...")):
        if not any(one.worn == worn for one in found):
            raise DataError(f"{printable(folder)}: no picture in a folder named {words}; expected both classes")
    return found, skipped


def load(
    folder: Path, find: Find | None, size: int, around: float, margin: float, shift: float, seed: int = 1,
    progress: Callable[[int], None] = lambda done: None,
) -> Faces:  # fmt: skip
    """Read the folder and cut out the largest face of each picture; a picture without one is used as it is.

    Args:
        folder: with both classes.
        find: finds faces; None: each picture is a face crop already.
        size: side of the crops, pixels.
        around: side of the crops / side of the part in their middle that a network sees.
        margin, shift: of that part, the square around the face's box (edge.frame.Box.square).
        seed: of the split, where the folder does not say.
        progress: told how many pictures are done.

    Raises:
        DataError: a class is missing, or no picture of it can be read.
    """
    listed, skipped = listing(folder)
    kept, images, whole = [], [], []
    for number, one in enumerate(listed):
        progress(number)
        name = str(one.path.relative_to(folder))
        try:
            pixels = picture.read(one.path)
        except PictureError as error:
            skipped.append((name, str(error).removeprefix(f"{printable(one.path)}: ")))
            continue
        box = find(pixels) if find else None
        if box is None and find:
            whole.append(name)
        square = box.square(margin * around, shift) if box else _whole(pixels).square(around)
        images.append(crop(pixels, square, size, size))
        kept.append(one)
    worn = np.array([one.worn for one in kept], bool)
    if worn.all() or not worn.any():
        raise DataError(f"{printable(folder)}: no readable picture of one of the classes; the first: {skipped[0]}")
    stacked = np.stack(images)
    parts, about = split([one.part for one in kept], worn, stacked, seed)
    classes = tuple(_called(kept, folder, kind) for kind in (False, True))
    names = tuple(str(one.path.relative_to(folder)) for one in kept)
    return Faces(stacked, worn, parts, names, (classes[0], classes[1]), tuple(skipped), tuple(whole), about)


def _whole(pixels: np.ndarray) -> Box:
    return Box(0, 0, pixels.shape[1], pixels.shape[0])


def split(given: Sequence[str], worn: np.ndarray, images: np.ndarray, seed: int) -> tuple[np.ndarray, str]:
    """Each picture's part, and how it came about.

    Parts that the folder names stay. What is missing of validation and test is taken from the training part, groups of
    nearly equal pictures as a whole: a random split would show a network in training what it is tested on.

    Args:
        given: of each picture, "" where the folder does not say.
        worn: bool (N,).
        images: uint8 (N, S, S, 3).
        seed: of the draw.
    """
    parts = np.array([part or "train" for part in given], dtype="<U5")
    missing = [part for part in ("val", "test") if part not in set(given)]
    if not missing:
        return parts, "as the folder says"
    rows = np.flatnonzero(parts == "train")
    groups = near_groups(images[rows])
    rng = np.random.default_rng(seed)
    wanted = max(1, round(SHARE * len(rows)))
    order = iter(rng.permutation(np.unique(groups)))
    for part in missing:
        taken = np.zeros(len(rows), bool)
        for group in order:
            taken |= groups == group
            if taken.sum() >= wanted and len(set(worn[rows[taken]])) == 2:
                break
        parts[rows[taken]] = part
    drawn = f"{100 * SHARE:.0f} % each of {len(rows)} pictures, {len(np.unique(groups))} groups of near-duplicates"
    words = f"{' and '.join(missing)}: {drawn}"
    return parts, words if len(missing) == 2 and not any(given) else f"the rest as the folder says; {words}"


def near_groups(images: np.ndarray) -> np.ndarray:
    """The group of each picture uint8 (N, S, S, 3), int64 (N,); nearly equal pictures share one, mirrored ones too.

    Nearly equal: the difference hashes of two pictures (9x8 grey pixels, each against its right neighbour) differ in
    at most NEAR of 64 bits.
    """
    straight = np.array([_hash(image) for image in images]).reshape(-1, 64)
    mirrored = np.array([_hash(image[:, ::-1]) for image in images]).reshape(-1, 64)
    group = np.arange(len(images))
    for n in range(len(images)):
        near = np.minimum((straight[:n] != straight[n]).sum(axis=1), (straight[:n] != mirrored[n]).sum(axis=1)) <= NEAR
        if near.any():
            joined = {*group[:n][near].tolist(), int(group[n])}
            group[np.isin(group, list(joined))] = min(joined)
    return group


def _hash(image: np.ndarray) -> np.ndarray:
    grey = cv2.resize(
        cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY), (9, 8), interpolation=cv2.INTER_AREA
    )
    bits: np.ndarray = (grey[:, 1:] > grey[:, :-1]).reshape(-1)
    return bits


def _manifest(path: Path) -> Mapping[str, str]:
    """Part by picture, where a manifest.csv with the columns image and split says so."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        return {row["image"]: SPLITS[row["split"].lower()] for row in rows}
    except FileNotFoundError:
        return {}
    except (KeyError, OSError, UnicodeDecodeError, AttributeError) as error:
        raise DataError(f"{path}: expected the columns image and split (train, val or test), got {error}") from None


def _called(listed: Sequence[Listed], folder: Path, worn: bool) -> str:
    """How the folder calls a class: the commonest name of its folders."""
    names: Counter[str] = Counter()
    for one in listed:
        if one.worn == worn:
            parents = one.path.relative_to(folder).parts[:-1]
            names[next(part for part in reversed(parents) if kind_of(part) is not None)] += 1
    return names.most_common(1)[0][0]
