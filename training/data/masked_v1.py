"""Masked FER2013, `masked-v1`: a frozen table that says which mask each test picture wears, and where.

For every PrivateTest row (`masked-v1`) and every PublicTest row (`masked-v1-public`) it holds a kind, a colour and the
whole-pixel points that the mask is drawn by; the row's number is the seed. Drawn with whole numbers alone, the pictures
are the same everywhere: `frozen` checks their hash. Nothing is skipped: where the points made no sense, the mean shape
stands in its place and is counted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from training.data import masks
from training.data.face_points import FacePoints
from training.data.fer2013 import PRIVATE, PUBLIC, DataError, Fer2013
from training.data.masks import COLOURS, KINDS, NEEDED

FOLDER = Path(__file__).resolve().parent
USAGES = {"masked-v1": PRIVATE, "masked-v1-public": PUBLIC}
SEED = 2013

# sha256 of the rendered pixels, uint8 (3589, 48, 48), row by row.
SHA256 = {
    "masked-v1": "eaafc5bf3fd3b1f26b8c469ef40dab3c250e82ba9155acabab6fd8efd7c5f725",
    "masked-v1-public": "30bf7d3719711ff47f2848300bd687ed160c6c1e7a60fc11e099b1807e86cfef",
}


@dataclass(frozen=True, eq=False)
class Table:
    """What each row wears.

    Attributes:
        rows: int32 (N,), rows of FER2013.
        kinds: uint8 (N,), index into KINDS.
        colours: uint8 (N,), index into the keys of COLOURS.
        points: int8 (N, len(NEEDED), 2), the pixel (x, y) that holds each point.
        mean: bool (N,), whether the mean shape stands for points that made no sense.
    """

    rows: np.ndarray
    kinds: np.ndarray
    colours: np.ndarray
    points: np.ndarray
    mean: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, rows: np.ndarray) -> Table:
        """The part of the table that stands for some rows of FER2013."""
        at = np.isin(self.rows, rows)
        return Table(self.rows[at], self.kinds[at], self.colours[at], self.points[at], self.mean[at])

    def held_out(self) -> np.ndarray:
        """Rows that wear a kind of mask that never appears in training, bool (N,)."""
        return np.isin(self.kinds, [KINDS.index(kind) for kind in masks.HELD_OUT])


def freeze(faces: FacePoints, rows: np.ndarray, seed: int = SEED) -> Table:
    """A table for these rows: kinds and colours drawn uniformly, points taken down to whole pixels.

    Args:
        faces: the points of all of FER2013.
        rows: which rows to dress.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    kinds, colours = rng.integers(len(KINDS), size=len(rows)), rng.integers(len(COLOURS), size=len(rows))
    trusted = faces.plausible[rows]
    points = np.where(trusted[:, None, None], faces.points[rows], faces.mean())[:, list(NEEDED)]
    whole = np.clip(np.floor(points), -128, 127).astype(np.int8)
    return Table(rows.astype(np.int32), kinds.astype(np.uint8), colours.astype(np.uint8), whole, ~trusted)


def save(table: Table, path: Path) -> None:
    """Write a table. Points are kept as steps from one to the next, which take half the room."""
    steps = np.diff(table.points, axis=1, prepend=np.int8(0)).astype(np.int8)
    np.savez_compressed(
        path,
        rows=table.rows,
        kinds=table.kinds,
        colours=table.colours,
        steps=np.moveaxis(steps, 0, -1),
        mean=table.mean,
        kind_names=np.array(KINDS),
        colour_names=np.array(list(COLOURS)),
    )


def load(name: str = "masked-v1", folder: Path = FOLDER) -> Table:
    """Read a table by its name.

    Raises:
        DataError: it is missing, or was made for other kinds or colours.
    """
    path = Path(folder) / f"{name}.npz"
    try:
        with np.load(path) as stored:
            if tuple(stored["kind_names"]) != KINDS or tuple(stored["colour_names"]) != tuple(COLOURS):
                raise ValueError("its kinds or colours are not those of training/data/masks.py")
            points = np.cumsum(np.moveaxis(stored["steps"], -1, 0), axis=1, dtype=np.int8)
            return Table(stored["rows"], stored["kinds"], stored["colours"], points, stored["mean"])
    except (OSError, KeyError, ValueError, BadZipFile) as problem:
        raise DataError(f"{path}: cannot read the table of masks ({problem}); reinstall edge-emotion") from None


def drawn(table: Table, data: Fer2013) -> np.ndarray:
    """The masked pictures of a table, uint8 (N, 48, 48), in its order.

    Raises:
        DataError: the data has fewer rows than the table.
    """
    if len(table) and int(table.rows.max()) >= len(data.images):
        raise DataError(
            f"masked-v1: its table is for FER2013's 35,887 rows, got {len(data.images)}; give the whole set, in the "
            f"order of the Kaggle csv"
        )
    names = tuple(COLOURS)
    points = np.zeros((len(table), 68, 2), np.int64)
    points[:, list(NEEDED)] = table.points
    pictures = [
        masks.draw(data.images[row], points[i], KINDS[table.kinds[i]], names[table.colours[i]], int(row))
        for i, row in enumerate(table.rows)
    ]
    return np.array(pictures, np.uint8).reshape(-1, *data.images.shape[1:])


def render(data: Fer2013, rows: np.ndarray) -> np.ndarray:
    """The masked pictures of some rows of either test, uint8 (N, 48, 48), in the order of `rows`.

    Raises:
        DataError: a row is in neither table.
    """
    found: dict[int, np.ndarray] = {}
    for name in USAGES:
        table = load(name).only(rows)
        found |= dict(zip(table.rows.tolist(), drawn(table, data), strict=True))
    if missing := [int(row) for row in rows if int(row) not in found]:
        raise DataError(f"masked-v1: FER2013's row {missing[0]} is neither PublicTest nor PrivateTest; it has no mask")
    return np.array([found[int(row)] for row in rows], np.uint8).reshape(-1, *data.images.shape[1:])


def digest(pictures: np.ndarray) -> str:
    """sha256 of pictures' pixels, row by row."""
    return hashlib.sha256(np.ascontiguousarray(pictures).tobytes()).hexdigest()


def frozen(data: Fer2013, name: str = "masked-v1") -> tuple[Table, np.ndarray]:
    """The whole frozen set: its table and its pictures uint8 (3589, 48, 48); labels are data.labels[table.rows].

    Raises:
        DataError: the pixels are not those that were frozen; figures taken on them could not be compared.
    """
    table = load(name)
    pictures = drawn(table, data)
    if (got := digest(pictures)) != SHA256[name]:
        raise DataError(
            f"{name}: sha256 of the drawn pixels is {got[:12]}..., expected {SHA256[name][:12]}...; "
            f"fer2013.npz or the drawing has changed"
        )
    return table, pictures
