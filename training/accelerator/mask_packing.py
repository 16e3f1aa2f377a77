"""Write the pack of the mask training: python -m training.accelerator.mask_packing --data DATA --out FILE."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge import manifest
from edge.engines import open_engine
from edge.frame import Box
from edge.pipeline.classifier import MaskModel
from edge.pipeline.detector import FaceDetector
from edge.vision.crop import crop
from training.accelerator import mask_pack, mask_sources
from training.accelerator.mask_pack import BARE, GROUPS, INCORRECT, LEAST_SIDE, WIDE, WORN, Pack
from training.accelerator.mask_sources import Found
from training.data import fer2013
from training.data.candidates import LEAST
from training.data.landmark_detector import LandmarkDetector
from training.data.masks import plausible

MARGIN = 1.05  # of the model's square; the stored crop is half as wide again
POINTED = 22.0  # narrower faces have no points that could be trusted
SURE = 0.1  # what is taken for bare without a hand-made label looks masked to the present model by less than this


class Packer:
    """Cuts crops and finds their points, with the shipped models."""

    def __init__(self) -> None:
        served = manifest.load(None)
        self.landmarks = LandmarkDetector.open()
        self.mask = MaskModel(open_engine(served, "mask", 1, "cpu"))
        self.finder = FaceDetector(open_engine(served, "face", 1, "cpu"), LEAST, limit=100)
        self.rows: list[tuple[bytes, Found, np.ndarray, np.ndarray]] = []

    def add(self, found: Found) -> bool:
        """Pack one crop, unless its label is doubtful."""
        if found.doubtful and self.mask.classify(found.image, found.box).worn > SURE:
            return False
        square = found.box.square(MARGIN * WIDE / 48)
        side = int(np.clip(round(square.width), LEAST_SIDE, WIDE))
        file = mask_pack.encode(crop(found.image, square, side, side))
        self.rows.append((file, found, self._points(found, square), _scaled(found.five, square)))
        return True

    def _points(self, found: Found, square: Box) -> np.ndarray:
        nothing = np.zeros((68, 2), np.float32)
        if found.kind != BARE or found.box.width < POINTED:
            return nothing
        points = self.landmarks.in_box(found.image, found.box)
        size = round(found.box.width), round(found.box.height)
        return _scaled(points, square) if plausible(points - found.box.ltrb[:2], *size) else nothing

    def pack(self) -> Pack:
        """Everything that was added."""
        files, found, points, five = zip(*self.rows, strict=True)
        return Pack(
            files,
            np.array([one.kind for one in found], np.int8),
            np.array([GROUPS.index(one.group) for one in found], np.int8),
            np.array([one.val for one in found], bool),
            np.array([one.loose for one in found], bool),
            np.array([one.weight for one in found], np.float32),
            np.array(points, np.float32),
            np.array(five, np.float32),
        )


def _scaled(points: np.ndarray, square: Box) -> np.ndarray:
    """Points in pixels of the picture, in pixels of the wide crop; unknown ones (all 0) stay 0."""
    if not points.any():
        return points.astype(np.float32)
    return ((points - [square.left, square.top]) * WIDE / square.width).astype(np.float32)


def everything(data: Path, packer: Packer, part: float) -> Iterator[Found]:
    """All sources; `part` is the share of the usual amounts, for a trial."""
    rng = np.random.default_rng(1)

    def some(count: int) -> int:
        return max(4, round(count * part))

    yield from mask_sources.masked_faces(data / "masked_faces", some(9000), rng)
    yield from mask_sources.news_masks(data / "news_masks", some(2000), rng)
    yield from mask_sources.street_masks(data / "street_masks", some(1200), rng)
    yield from mask_sources.faces(data / "faces", "train", some(1900), rng)
    yield from mask_sources.faces(data / "faces", "val", some(450), rng)
    yield from mask_sources.wild(data / "wild", "train", some(2100), rng)
    yield from mask_sources.wild(data / "wild", "val", some(250), rng)
    yield from mask_sources.faces80(data / "faces80", some(4400), rng)
    yield from mask_sources.emotion_wild(data / "emotion_wild", some(500), rng)
    yield from mask_sources.fer2013_rows(fer2013.find(data), some(1100), rng)
    yield from mask_sources.mask_pairs(data / "mask_pairs", packer.finder, some(560), rng)
    yield from mask_sources.no_faces(data / "no_faces", packer.finder, some(1700), rng)
    yield from mask_sources.candidates_of(data, packer.finder, some(1500), rng)
    yield from mask_sources.random_places(data, some(900), rng)


def main() -> None:
    """Read the data sets, write the pack, say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="where to write")
    parser.add_argument("--part", type=float, default=1.0, help="share of the usual amounts, for a trial (default 1)")
    arguments = parser.parse_args()
    packer = Packer()
    for found in everything(arguments.data, packer, arguments.part):
        packer.add(found)
    pack = packer.pack()
    size = mask_pack.save(pack, arguments.out)
    for number, group in enumerate(GROUPS):
        rows = pack.groups == number
        kinds = " ".join(
            f"{label} {np.sum(rows & (pack.kinds == kind))}" for kind, label in enumerate(mask_pack.LABELS)
        )
        print(f"{group:14} {kinds} val {np.sum(rows & pack.val)} points {np.sum(pack.points[rows].any(axis=(1, 2)))}")
    worn, incorrect = np.sum(pack.kinds == WORN), np.sum(pack.kinds == INCORRECT)
    print(f"{arguments.out}: {len(pack)} crops, {worn} worn, {incorrect} incorrect, {size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
