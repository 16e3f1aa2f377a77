"""edge-emotion-train masks IN OUT: masks drawn on the faces of a folder of pictures, or on FER2013.

Of a folder, each picture with a face is written under its name below OUT, its faces masked; masks.csv says what was
drawn where, and skipped.csv names every picture without a face.

Of FER2013 (fer2013.npz, its csv, or the folder that it is in), to look at, to count and to train on elsewhere: contact
sheets (one a kind, and one of each frozen test set), statistics.json, and masked-fer2013.npz: every picture of the set
with a mask, Training rows with random ones of the kinds meant for training, test rows with those of masked-v1. With
--freeze it makes new test tables instead of using the shipped ones, and prints their hashes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from edge import manifest
from edge.cli.terminal import Progress
from edge.errors import InvalidValue
from edge.files import utf8_path
from edge.text import printable
from edge.values import whole_number
from training.commands import INTERRUPTED
from training.data import fer2013, masked_folder, masked_v1, masks
from training.data.face_points import FacePoints, locate
from training.data.fer2013 import TRAINING, DataError, Fer2013
from training.data.landmark_detector import LandmarkDetector
from training.data.masked_folder import FaceFinder
from training.data.masks import KINDS, TRAINING_KINDS, MaskStyle
from training.evaluate.context import EvaluationContext

COLUMNS, SCALE = 16, 2

EXAMPLES = (
    "edge-emotion-train masks photos masked-photos",
    "edge-emotion-train masks photos masked-n95 --kinds n95,surgical --seed 7",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        "data", type=Path, metavar="IN", help="a folder of pictures; or fer2013.npz, its csv, or the folder it is in"
    )
    parser.add_argument("folder", nargs="?", type=Path, metavar="OUT", help="folder to write into")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the same as OUT")
    parser.add_argument(
        "--models",
        type=Path,
        metavar="DIR",
        help="models folder with detector and landmark model (default: the bundled models)",
    )
    parser.add_argument("--seed", type=whole_number(0), default=0, metavar="N", help="seed of the masks (default: 0)")
    parser.add_argument(
        "--kinds",
        type=_kinds,
        metavar="KIND,...",
        default=TRAINING_KINDS,
        help=f"for a folder: kinds of masks to draw, from {', '.join(KINDS)} (default: {','.join(TRAINING_KINDS)})",
    )
    parser.add_argument(
        "--freeze", action="store_true", help="for FER2013: make new test tables in OUT and print their hashes"
    )


def main(arguments: argparse.Namespace) -> int:
    """Run the command."""
    out = arguments.folder or arguments.out
    if out is None or (arguments.folder and arguments.out):
        raise InvalidValue("masks: expected one folder to write into, as in: edge-emotion-train masks IN OUT")
    if not arguments.data.exists():
        raise DataError(f"{printable(arguments.data)}: no such file or folder; check the path")
    if arguments.data.is_dir() and not fer2013.find(arguments.data).is_file():
        return _folder(arguments, out)
    data = (fer2013.of_folder if arguments.data.is_dir() else fer2013.load)(arguments.data)
    pointer = LandmarkDetector.open(arguments.models)
    faces = locate(lambda images: pointer.on_crops(images) / images.shape[1], data.images)
    out.mkdir(parents=True, exist_ok=True)
    statistics = write(data, faces, out, arguments.seed, freeze=arguments.freeze)
    print(json.dumps(statistics, indent=2))
    return 0


def _folder(arguments: argparse.Namespace, out: Path) -> int:
    """Draw on the pictures of a folder."""
    paths, _ = masked_folder.pictures_below(arguments.data, out)
    if not paths:
        raise DataError(f"{arguments.data}: no picture below it, and no fer2013.npz in it; check the path")
    detector = EvaluationContext(manifest.load(arguments.models), arguments.data).finder()
    finder = FaceFinder(detector, LandmarkDetector.open(arguments.models))
    progress = Progress(sys.stderr, "pictures", len(paths))
    try:
        report = masked_folder.add_masks(arguments.data, out, finder, arguments.seed, arguments.kinds, progress.update)
    except KeyboardInterrupt:
        progress.clear()
        print(f"\ninterrupted; the same command goes on with {out}")
        return INTERRUPTED
    finally:
        progress.clear()
    print(f"{report.text()}\nwrote {out}: the pictures, masks.csv, skipped.csv and report.md")
    return 0


def _kinds(text: str) -> tuple[str, ...]:
    """Names of masks, separated by commas."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if unknown := [name for name in names if name not in KINDS] or ([] if names else [text]):
        raise argparse.ArgumentTypeError(f"expected some of {', '.join(KINDS)}, got {unknown[0]!r}")
    return names


def write(data: Fer2013, faces: FacePoints, out: Path, seed: int = 0, *, freeze: bool = False) -> dict[str, Any]:
    """Write everything that the command promises; returns the statistics.

    Raises:
        DataError: the shipped tables do not fit the data.
    """
    pictures = np.zeros_like(data.images)
    worn = np.full(len(data.images), "", dtype="<U12")
    statistics: dict[str, Any] = {"rows": len(data.images)}
    for name, usage in masked_v1.USAGES.items():
        if freeze:
            table = masked_v1.freeze(faces, data.rows(usage), masked_v1.SEED + usage)
            masked_v1.save(table, out / f"{name}.npz")
            test = masked_v1.drawn(table, data)
        else:
            table, test = masked_v1.frozen(data, name)
        pictures[table.rows], worn[table.rows] = test, np.array(KINDS)[table.kinds]
        statistics[name] = {
            "rows": len(table),
            "mean_shape": int(table.mean.sum()),
            "sha256": masked_v1.digest(test),
            "kinds": dict(Counter(worn[table.rows].tolist())),
        }
        _write(out / f"sheet-{name}.png", sheet(test[:: max(1, len(test) // 256)][:256]))
    looks = mask_training_rows(data, faces, seed)
    for row, look in tqdm(looks.items(), desc="drawing", unit="row"):
        pictures[row] = masks.draw(data.images[row], faces.points[row], look.kind, look.colour, look.seed)
        worn[row] = look.kind
    statistics["training"] = {
        "rows": len(looks),
        "skipped": len(data.rows(TRAINING)) - len(looks),
        "kinds": dict(Counter(look.kind for look in looks.values())),
        "colours": dict(Counter(look.colour for look in looks.values())),
        "covered": covered(data.images[list(looks)], pictures[list(looks)]),
    }
    for kind in TRAINING_KINDS:
        _write(out / f"sheet-{kind}.png", sheet(pictures[worn == kind][:128]))
    np.savez_compressed(out / "masked-fer2013.npz", images=pictures, kinds=worn, labels=data.labels, usage=data.usage)
    (out / "statistics.json").write_text(json.dumps(statistics, indent=2) + "\n", encoding="utf-8")
    return statistics


def mask_training_rows(data: Fer2013, faces: FacePoints, seed: int) -> dict[int, MaskStyle]:
    """A random mask for each Training row with plausible landmarks; the others are skipped."""
    rows = data.rows(TRAINING)
    return {int(row): masks.random_mask(np.random.default_rng((seed, int(row)))) for row in rows[faces.plausible[rows]]}


def _write(path: Path, picture: np.ndarray) -> None:
    with utf8_path(path) as text:
        cv2.imwrite(text, picture)


def covered(bare: np.ndarray, masked: np.ndarray) -> float:
    """Mean part of a picture that a mask changes by more than its own noise, 0-1; 0 for an empty set."""
    if not len(bare):
        return 0.0
    return round(float((np.abs(bare.astype(int) - masked.astype(int)) > 8).mean()), 4)


def sheet(pictures: np.ndarray, columns: int = COLUMNS) -> np.ndarray:
    """A contact sheet, uint8, of squares uint8 (N, S, S), twice as large; a white square for an empty set."""
    size = pictures.shape[1]
    count = max(1, -(-len(pictures) // columns)) * columns
    tiles = np.full((count, size, size), 255, np.uint8)
    tiles[: len(pictures)] = pictures
    whole = tiles.reshape(-1, columns, size, size).swapaxes(1, 2).reshape(-1, columns * size)
    return np.repeat(np.repeat(whole, SCALE, axis=0), SCALE, axis=1)
