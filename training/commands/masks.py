"""edge-emotion-train masks DATA: masks drawn on FER2013, to look at, to count and to train on elsewhere.

Writes contact sheets (one a kind, and one of each frozen test set), statistics.json, and masked-fer2013.npz: every
picture of the set with a mask, Training rows with random ones of the kinds meant for training, test rows with those of
masked-v1. With --freeze it makes new test tables instead of using the shipped ones, and prints their hashes.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from training.data import fer2013, masked_v1, masks
from training.data.face_points import FacePoints, locate
from training.data.fer2013 import TRAINING, Fer2013
from training.data.landmark_detector import LandmarkDetector
from training.data.masks import KINDS, TRAINING_KINDS, MaskStyle

COLUMNS, SCALE = 16, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("data", type=Path, metavar="DATA", help="the folder with fer2013.npz, or that file or its csv")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write into")
    parser.add_argument(
        "--models", type=Path, metavar="DIR", help="folder with a landmark model (default: the bundled models)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of the masks on the Training rows (default: 0)"
    )
    parser.add_argument("--freeze", action="store_true", help="make new test tables in DIR and print their hashes")


def main(arguments: argparse.Namespace) -> int:
    """Run the command."""
    data = fer2013.load(arguments.data / "fer2013.npz" if arguments.data.is_dir() else arguments.data)
    pointer = LandmarkDetector.open(arguments.models)
    faces = locate(lambda images: pointer.on_crops(images) / images.shape[1], data.images)
    arguments.out.mkdir(parents=True, exist_ok=True)
    statistics = write(data, faces, arguments.out, arguments.seed, freeze=arguments.freeze)
    print(json.dumps(statistics, indent=2))
    return 0


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
        cv2.imwrite(str(out / f"sheet-{name}.png"), sheet(test[:: max(1, len(test) // 256)][:256]))
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
        cv2.imwrite(str(out / f"sheet-{kind}.png"), sheet(pictures[worn == kind][:128]))
    np.savez_compressed(out / "masked-fer2013.npz", images=pictures, kinds=worn, labels=data.labels, usage=data.usage)
    (out / "statistics.json").write_text(json.dumps(statistics, indent=2) + "\n", encoding="utf-8")
    return statistics


def mask_training_rows(data: Fer2013, faces: FacePoints, seed: int) -> dict[int, MaskStyle]:
    """A random mask for each Training row with plausible landmarks; the others are skipped."""
    rows = data.rows(TRAINING)
    return {int(row): masks.random_mask(np.random.default_rng((seed, int(row)))) for row in rows[faces.plausible[rows]]}


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
