"""The packed training set of the mask and landmark trainings: face crops as WebP in one .npz, a few MiB in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np

from training.data.fer2013 import DataError

WIDE = 72  # pixels of a training crop: the model's square of 48 and half of it around
LEAST_SIDE = 16  # crops of small faces are stored at their own size
STEPS = 8  # stored points are whole eighths of a pixel of the wide crop
BARE, WORN, BACKGROUND, INCORRECT = range(4)
LABELS = ("bare", "worn", "background", "incorrect")
GROUPS = (
    "masked_faces", "faces", "wild", "street_masks", "news_masks", "faces80", "emotion_wild", "fer2013", "mask_pairs",
    "no_faces", "candidates", "random",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Pack:
    """Crops and what is known of them.

    Attributes:
        files: the WebP file of each crop; square, colour or grey.
        kinds: int8 (N,), positions in LABELS.
        groups: int8 (N,), positions in GROUPS.
        val: bool (N,), whether the crop is of the validation slice.
        loose: bool (N,), whether its box was drawn wider than a detector's.
        weights: float32 (N,), how often it is shown beside the others of its group.
        points: float32 (N, 68, 2), pixels of the crop scaled to WIDE, or all 0 where unknown.
        five: float32 (N, 5, 2), likewise: eyes, nose tip and corners of the mouth, left to right in the picture.
    """

    files: tuple[bytes, ...]
    kinds: np.ndarray
    groups: np.ndarray
    val: np.ndarray
    loose: np.ndarray
    weights: np.ndarray
    points: np.ndarray
    five: np.ndarray

    def __len__(self) -> int:
        return len(self.files)

    def image(self, row: int) -> np.ndarray:
        """One crop at its stored size, uint8 (S, S, 3) RGB."""
        return decode(self.files[row])


def decode(file: bytes) -> np.ndarray:
    """uint8 (H, W, 3) RGB of a picture file's bytes.

    Raises:
        DataError: it is no picture.
    """
    image = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise DataError("pack: a crop cannot be decoded; pack the data again")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def encode(image: np.ndarray, quality: int = 68) -> bytes:
    """WebP of uint8 (H, W, 3) RGB."""
    done, file = cv2.imencode(".webp", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, quality])
    if not done:
        raise DataError("pack: a crop cannot be written as WebP; install an OpenCV with WebP")
    return file.tobytes()


def joined(files: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """All files as one array uint8, and where each begins and the last ends, int64 (N + 1,)."""
    ends = np.cumsum([0, *(len(file) for file in files)], dtype=np.int64)
    return np.frombuffer(b"".join(files), np.uint8), ends


def split(data: np.ndarray, ends: np.ndarray) -> tuple[bytes, ...]:
    """What `joined` joined."""
    whole = data.tobytes()
    return tuple(whole[start:end] for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))


def save(pack: Pack, path: Path) -> int:
    """Write a pack and return its bytes."""
    data, ends = joined(pack.files)
    eighths = {name: np.round(getattr(pack, name) * STEPS).astype(np.int16) for name in ("points", "five")}
    columns = {name: getattr(pack, name) for name in ("kinds", "groups", "val", "loose")}
    np.savez_compressed(path, webp=data, ends=ends, weights=pack.weights.astype(np.float16), **columns, **eighths)
    return Path(path).stat().st_size


def load(path: Path) -> Pack:
    """Read a pack.

    Raises:
        DataError: it is missing or broken.
    """
    try:
        with np.load(path) as stored:
            files = split(stored["webp"], stored["ends"])
            points, five = (stored[name].astype(np.float32) / STEPS for name in ("points", "five"))
            kinds, groups, val, loose = (stored[name] for name in ("kinds", "groups", "val", "loose"))
            return Pack(files, kinds, groups, val, loose, stored["weights"].astype(np.float32), points, five)
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as problem:
        raise DataError(f"{path}: cannot read the pack ({problem}); pack the data again") from None
