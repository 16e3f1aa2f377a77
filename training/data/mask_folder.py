"""Any folder of two classes, faces with and without a mask: what is in it, and a split that does not leak."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from edge import picture
from edge.errors import InvalidValue, PictureError
from edge.frame import Box
from edge.picture.folder import is_picture
from edge.text import decoded, printable
from edge.vision.crop import crop
from training.data import mask_split, walk
from training.data.fer2013 import DataError
from training.data.mask_split import Kept
from training.data.split_words import PARTS, part_of

__all__ = ["PARTS", "DataError", "Faces", "Find", "Listed", "kind_of", "listing", "load"]

NAMED = 8  # folders that a message names
WORN = frozenset(
    ("correctmask", "facemask", "mask", "masked", "maskedface", "maskon", "masks", "wearingmask", "with", "withmask",
     "worn", "yes")
)  # fmt: skip
BARE = frozenset(
    ("bare", "bareface", "maskoff", "no", "nomask", "nonmask", "notmasked", "notwearingmask", "off", "unmasked",
     "without", "withoutmask")
)  # fmt: skip
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
        contents: a hash of each picture's file.
    """

    images: np.ndarray
    worn: np.ndarray
    parts: np.ndarray
    names: tuple[str, ...]
    classes: tuple[str, str]
    skipped: tuple[tuple[str, str], ...]
    whole: tuple[str, ...]
    about: str
    contents: tuple[str, ...] = ()

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

    >>> kind_of("with_mask"), kind_of("No Mask"), kind_of("0_no_masks"), kind_of("holiday")
    (True, False, False, None)
    """
    letters = "".join(letter for letter in name.lower() if letter.isalnum()).lstrip("0123456789")
    for plain in (letters, letters.removesuffix("s")):
        if plain in WORN or plain in BARE:
            return plain in WORN
    return None


def listing(folder: Path) -> tuple[list[Listed], list[tuple[str, str]]]:
    """The pictures of both classes, and what else is there.

    Raises:
        DataError: a class is missing or has no picture.
    """
    if not folder.is_dir():
        raise DataError(f"{printable(folder)}: no such folder; give one with a sub-folder for each of the two classes")
    files, skipped = walk.below(folder, hidden=False)
    names = {str(path.relative_to(folder)): path for path in files}
    given, lost = _manifest(folder / "manifest.csv", names)
    skipped += lost
    found: list[Listed] = []
    for name, path in names.items():
        parents = path.relative_to(folder).parts[:-1]
        worn = next((kind for part in reversed(parents) if (kind := kind_of(part)) is not None), None)
        if worn is None:
            if parents or is_picture(path):
                skipped.append((name, "in no folder named as one of the classes"))
        elif not is_picture(path):
            skipped.append((name, "not a picture"))
        else:
            part = given.get(name) or next(filter(None, map(part_of, parents)), "")
            found.append(Listed(path, worn, part))
    for worn, words in ((True, "with_mask, mask, ..."), (False, "without_mask, no_mask, ...")):
        if not any(one.worn == worn for one in found):
            others = {path.parent.name for path in names.values() if path.parent != folder and is_picture(path)}
            unknown = sorted(name for name in others if kind_of(name) is None)
            shown = (
                f"; found {', '.join(map(printable, unknown[:NAMED]))}: rename those that hold one" if unknown else ""
            )
            raise DataError(f"{printable(folder)}: no picture in a folder named {words}; expected both classes{shown}")
    return found, skipped


def load(
    folder: Path, find: Find | None, size: int, around: float, margin: float, shift: float, seed: int = 1,
    progress: Callable[[int], None] = lambda done: None, earlier: Kept | None = None,
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
        earlier: the split of the run that is resumed.

    Raises:
        DataError: a class is missing, no picture of it can be read, there are too few to train on, or pictures of the
            run that is resumed are not there.
    """
    listed, skipped = listing(folder)
    contents = [walk.digest(one.path) for one in listed]
    if earlier:
        earlier.check(folder, contents)
    kept, images, whole, known = [], [], [], []
    for number, one in enumerate(listed):
        progress(number)
        name = _name(one, folder)
        try:
            pixels = picture.read(one.path)
        except PictureError as error:
            skipped.append((name, walk.reason(error, one.path)))
            continue
        box = find(pixels) if find else None
        if box is None and find:
            whole.append(name)
        square = box.square(margin * around, shift) if box else _whole(pixels).square(around)
        images.append(crop(pixels, square, size, size))
        kept.append(one)
        known.append(contents[number])
    worn = np.array([one.worn for one in kept], bool)
    if worn.all() or not worn.any():
        absent = not worn.all()
        others = {_name(one, folder) for one in listed if one.worn == absent}
        name, reason = next((name, why) for name, why in skipped if name in others)
        raise DataError(
            f"{printable(folder)}: no readable picture of one of the classes; the first: {printable(name)}: {reason}"
        )
    stacked, given = np.stack(images), [one.part for one in kept]
    names = tuple(_name(one, folder) for one in kept)
    parts, about = (
        earlier.extend(names, known, given, stacked) if earlier else mask_split.split(given, worn, stacked, seed)
    )
    classes = _called(kept, folder, False), _called(kept, folder, True)
    mask_split.check(parts, given, worn, stacked, classes, folder)
    return Faces(stacked, worn, parts, names, classes, tuple(skipped), tuple(whole), about, tuple(known))


def _name(one: Listed, folder: Path) -> str:
    return str(one.path.relative_to(folder))


def _whole(pixels: np.ndarray) -> Box:
    return Box(0, 0, pixels.shape[1], pixels.shape[0])


def _manifest(path: Path, names: Collection[str]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Part by picture, where a manifest.csv with the columns image and split says so, and its rows without a picture.

    Commas, semicolons or tabs may part the columns, slashes or backslashes the folders.

    Raises:
        DataError: it has other columns, another part, or none of its pictures is in the folder.
    """
    try:
        text = decoded(path.read_bytes())
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        raise DataError(f"{printable(path)}: cannot be read ({error.strerror})") from None
    except InvalidValue as error:
        raise DataError(f"{printable(path)}: {error}") from None
    first = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    head = [name.strip().lower() for name in next(rows, [])]
    if missing := [name for name in ("image", "split") if name not in head]:
        raise DataError(f"{printable(path)}: expected the columns image and split, there is no {missing[0]}")
    places = head.index("image"), head.index("split")
    parts: dict[str, str] = {}
    for row in rows:
        if not any(row):
            continue
        image, part = (row[place].strip() if place < len(row) else "" for place in places)
        if (known := part_of(part)) is None:
            raise DataError(
                f"{printable(path)}, line {rows.line_num}: split: expected train, val or test, got {part!r}"
            )
        name = image if image in names else str(PurePosixPath(image.replace("\\", "/")))
        parts[name] = known
    lost = [name for name in parts if name not in names]
    if parts and len(lost) == len(parts):
        raise DataError(
            f"{printable(path)}: none of the pictures that it lists is there, such as {printable(lost[0])}; "
            "give names relative to the folder, such as with_mask/1.jpg"
        )
    return parts, [(name, "in manifest.csv, but there is no such file") for name in lost]


def _called(listed: Sequence[Listed], folder: Path, worn: bool) -> str:
    """How the folder calls a class: the commonest name of its folders."""
    names: Counter[str] = Counter()
    for one in listed:
        if one.worn == worn:
            parents = one.path.relative_to(folder).parts[:-1]
            names[next(part for part in reversed(parents) if kind_of(part) is not None)] += 1
    return names.most_common(1)[0][0]
