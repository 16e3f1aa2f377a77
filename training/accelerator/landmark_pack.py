"""The packed training set of the landmark training: python -m training.accelerator.landmark_pack --data D --out F."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile
from zlib import crc32

import cv2
import numpy as np

from training.accelerator.mask_pack import joined, split
from training.data import landmarks68
from training.data.fer2013 import DataError

WIDE = 72  # pixels of a training square: the model's square of 48 and half of it around
ROOM = 1.5
KINDS = ("video", "helen", "val_video", "val_helen")
SLICE = 9  # one Helen photograph in so many is for validation: the set's own validation rows are of videos alone


@dataclass(frozen=True, eq=False)
class Points68:
    """Wide squares uint8 (N, WIDE, WIDE), their points float32 (N, 68, 2) as parts of them, kinds int8 (N,)."""

    images: np.ndarray
    points: np.ndarray
    kinds: np.ndarray


def collect(folder: Path, frames: int) -> Points68:
    """Training and validation rows of landmarks68; at most `frames` of its training frames of videos."""

    def wanted(name: str, part: str) -> bool:
        return landmarks68.training_row(name, part) or landmarks68.validation_row(name, part)

    parts = {name: part for name, part, _ in landmarks68.rows(folder / "points.csv")}
    faces = landmarks68.load(folder, wanted, WIDE, margin=landmarks68.MARGIN * ROOM)
    kinds = np.array([_kind(name, parts[name]) for name in faces.names], np.int8)
    order = np.random.default_rng(1).permutation(len(kinds))
    videos = order[kinds[order] == KINDS.index("video")]
    rows = np.sort(np.concatenate([videos[:frames], np.flatnonzero(kinds != KINDS.index("video"))]))
    return Points68(faces.images[rows], faces.points[rows], kinds[rows])


def _kind(name: str, part: str) -> int:
    if part == "val":
        return KINDS.index("val_video")
    if not name.startswith("helen"):
        return KINDS.index("video")
    return KINDS.index("val_helen" if crc32(name.encode()) % SLICE == 0 else "helen")


def save(pack: Points68, path: Path, quality: int = 70) -> int:
    """Write a pack and return its bytes."""
    files = [cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes() for image in pack.images]
    data, ends = joined(files)
    np.savez_compressed(path, webp=data, ends=ends, points=pack.points.astype(np.float16), kinds=pack.kinds)
    return path.stat().st_size


def load(path: Path) -> Points68:
    """Read a pack.

    Raises:
        DataError: it is missing or broken.
    """
    try:
        with np.load(path) as stored:
            files = split(stored["webp"], stored["ends"])
            images = [cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_GRAYSCALE) for file in files]
            return Points68(np.array(images, np.uint8), stored["points"].astype(np.float32), stored["kinds"])
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as problem:
        raise DataError(f"{path}: cannot read the pack ({problem}); pack the data again") from None


def main() -> None:
    """Read landmarks68 and write the pack."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="where to write")
    parser.add_argument("--frames", type=int, default=2200, help="training frames of videos (default 2200)")
    given = parser.parse_args()
    pack = collect(given.data / "landmarks68", given.frames)
    size = save(pack, given.out)
    counts = " ".join(f"{name} {np.sum(pack.kinds == kind)}" for kind, name in enumerate(KINDS))
    print(f"{given.out}: {counts}, {size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
