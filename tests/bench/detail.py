"""Recall, precision and time of each level of detail: python -m tests.bench.detail --data D [--split val].

Large pictures with known boxes are made by pasting photographs side by side on a canvas of 1536x1152 or 1152x1536; what
is reported of them is counted as by `evaluate` (IoU .35; boxes labelled `ignore` and boxes under 12 px excuse).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from edge import manifest
from edge.engines import open_engine
from edge.errors import EdgeError
from edge.pipeline.classifier import MaskModel
from edge.pipeline.detail import DETAILS
from edge.pipeline.verifier import VerifiedDetector
from training.data import boxes
from training.metrics import iou_matrix

IOU = 0.35  # from which a reported box is on a face
SMALLEST = 12.0  # px: smaller boxes are neither right nor wrong
WIDTHS = (16.0, 8.0, 4.0)  # px in a picture with a long side of SIDE, the faces whose recall is taken
SIDE = 320.0
CELL = 384  # px: a place on a mosaic
GREY = 96
LANDSCAPE, PORTRAIT = (1536, 1152), (1152, 1536)
SETS = ("wild", "wild, mosaics", "wild, upright mosaics", "faces, mosaics")


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture uint8 (H, W, 3) RGB with its faces, and with what is neither right nor wrong, both float32 (N, 4)."""

    image: np.ndarray
    ltrb: np.ndarray
    ignored: np.ndarray


@dataclass(frozen=True)
class Row:
    """One level on one set.

    Attributes:
        set, detail: which.
        recall: by the smallest width counted, in pixels at a long side of 320.
        precision: of the boxes reported; `wrong` of them are on no face.
        smallest: px at a long side of 320: half of the faces this wide (within a quarter) are found; None: never.
        reported, faces: how many; faces of any width of SMALLEST or more.
        milliseconds: a picture, detector and verification.
    """

    set: str
    detail: str
    recall: dict[str, float]
    precision: float
    wrong: int
    smallest: float | None
    reported: int
    faces: int
    milliseconds: float


def single(listed: Sequence[boxes.Boxed]) -> Iterator[Picture]:
    """The photographs as they are stored."""
    for one in listed:
        yield Picture(one.read(), one.ltrb, one.ignored)


def mosaics(listed: Sequence[boxes.Boxed], size: tuple[int, int], seed: int = 1) -> Iterator[Picture]:
    """Photographs in random order on canvases of a (width, height), one a place, each at its stored size.

    What does not fit its place of CELL x CELL is left out; the rest lies anywhere in it.
    """
    rng = np.random.default_rng(seed)
    columns, rows = size[0] // CELL, size[1] // CELL
    fitting = [one for n in rng.permutation(len(listed)) if max((one := listed[n]).read().shape[:2]) <= CELL]
    for start in range(0, len(fitting), columns * rows):
        canvas = np.full((size[1], size[0], 3), GREY, np.uint8)
        faces, ignored = [], []
        for place, one in enumerate(fitting[start : start + columns * rows]):
            image = one.read()
            height, width = image.shape[:2]
            x = place % columns * CELL + int(rng.integers(CELL - width + 1))
            y = place // columns * CELL + int(rng.integers(CELL - height + 1))
            canvas[y : y + height, x : x + width] = image
            moved = np.array([x, y, x, y], np.float32)
            faces.append(one.ltrb + moved)
            ignored.append(one.ignored + moved)
        yield Picture(canvas, np.concatenate(faces), np.concatenate(ignored))


def measure(name: str, detail: str, detector: VerifiedDetector, pictures: Sequence[Picture]) -> Row:
    """What one level reports of some pictures, and how long it takes."""
    widths, hits = [], []
    reported = wrong = 0
    seconds = 0.0
    for picture in pictures:
        height, width = picture.image.shape[:2]
        began = time.perf_counter()
        found = detector.detect(picture.image, detail=detail)
        seconds += time.perf_counter() - began
        ltrb = boxes.as_boxes(list(box.ltrb) for face in found if (box := face.box.clipped(width, height)))
        own = picture.ltrb[:, 2] - picture.ltrb[:, 0]
        overlaps = iou_matrix(ltrb, picture.ltrb) >= IOU
        counted = own >= SMALLEST
        widths += (own[counted] * SIDE / max(width, height)).tolist()
        hits += overlaps.any(axis=0)[counted].tolist()
        excused = overlaps.any(axis=1) | (iou_matrix(ltrb, picture.ignored) >= IOU).any(axis=1)
        excused |= ltrb[:, 2] - ltrb[:, 0] < SMALLEST
        reported += len(ltrb)
        wrong += int((~excused).sum())
    wide, hit = np.array(widths), np.array(hits, bool)
    recall = {f"{least:g}": float(hit[wide >= least].mean()) for least in WIDTHS if (wide >= least).any()}
    return Row(
        name, detail, recall, 1 - wrong / max(reported, 1), wrong, smallest(wide, hit), reported, len(wide),
        1000 * seconds / max(len(pictures), 1),
    )  # fmt: skip


def smallest(widths: np.ndarray, hits: np.ndarray) -> float | None:
    """The width from which on at least half of the faces are found, each taken with those a quarter wider or narrower.

    Args:
        widths: px, (N,).
        hits: bool (N,), whether each was found.
    """
    order = np.sort(widths)
    shares = np.array([hits[(widths >= w / 1.25) & (widths <= w * 1.25)].mean() for w in order])
    below = np.flatnonzero(shares < 0.5)
    first = below[-1] + 1 if below.size else 0
    return float(order[first]) if first < len(order) else None


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown."""
    heads = " | ".join(f"recall >= {width:g} px" for width in WIDTHS)
    lines = [f"| pictures | detail | {heads} | precision | smallest | ms |", "|---" * (len(WIDTHS) + 5) + "|"]
    for row in rows:
        recalls = " | ".join(f"{row.recall[key]:.3f}" if (key := f"{w:g}") in row.recall else "-" for w in WIDTHS)
        size = "-" if row.smallest is None else f"{row.smallest:.1f} px"
        right = f"{row.precision:.3f} ({row.wrong} of {row.reported} wrong)"
        lines.append(f"| {row.set} | {row.detail} | {recalls} | {right} | {size} | {row.milliseconds:.0f} |")
    return "\n".join(lines)


def load(name: str, data: Path, split: str, limit: int) -> list[Picture]:
    """One of SETS."""
    folder, _, kind = name.partition(", ")
    listed = boxes.load(data / folder, split)[: limit or None]
    if not kind:
        return list(single(listed))
    return list(mosaics(listed, PORTRAIT if "upright" in kind else LANDSCAPE))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.detail", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--models", type=Path, help="our models (default: the shipped ones)")
    parser.add_argument("--split", default="val", choices=("val", "test"), help="(default: %(default)s)")
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS, metavar="SET", help=", ".join(SETS))
    parser.add_argument("--detail", nargs="+", default=("fast", "auto", "full"), choices=DETAILS, help="the levels")
    parser.add_argument("--pictures", type=int, default=0, help="so many photographs of each set; 0: all")
    parser.add_argument("--threads", type=int, default=1, help="of each model (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    options = parser.parse_args(arguments)
    try:
        listed = manifest.load(options.models)
        face, mask = (open_engine(listed, task, options.threads) for task in ("face", "mask"))
        detector = VerifiedDetector(face, MaskModel(mask))
        rows = []
        for name in options.sets:
            pictures = load(name, options.data, options.split, options.pictures)
            rows += [measure(name, detail, detector, pictures) for detail in options.detail]
    except EdgeError as error:
        print(f"bench: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps([asdict(row) for row in rows]) if options.json else table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
