"""Everything that the emotion trainings read, packed into one file small enough to travel to another machine.

FER2013's Training and PublicTest rows and emotion_wild's `train` (with a `val` made from it, by person) as WebP, the
points that masks are drawn by, and crops of real masked faces that are looked at but have no label. No test rows.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np

from edge.files import utf8_path
from edge.frame import Box
from edge.labels import EMOTIONS
from edge.vision.crop import crop
from training.data import emotion_wild, fer2013, masked_v1, wild_masks
from training.data.face_points import locate
from training.data.fer2013 import DataError
from training.data.landmark_detector import LandmarkDetector
from training.data.masks import NEEDED

MARGIN = 1.08  # of the square about emotion_wild's boxes in training: it is changed by up to a tenth there
SERVED = 1.05  # of the square that the device cuts, and that is chosen by
ACROSS = 100  # tiles in a row of a mosaic
CHOSEN = 90  # WebP quality of the pictures that are chosen by
UNSURE = 5  # of ten annotators of FER+ who saw no face: such a row counts little
SMALLEST = 24.0  # pixels, of a real masked face


def mosaic(images: np.ndarray, quality: int) -> np.ndarray:
    """uint8 (N, S, S) as the bytes of one WebP (quality over 100: lossless)."""
    size = images.shape[1]
    padded = np.concatenate([images, np.zeros((-len(images) % ACROSS, size, size), np.uint8)])
    tiles = padded.reshape(-1, ACROSS, size, size).transpose(0, 2, 1, 3).reshape(-1, ACROSS * size)
    return cv2.imencode(".webp", tiles, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].ravel()


def tiles(stored: np.ndarray, size: int, count: int) -> np.ndarray:
    """The pictures uint8 (count, size, size) of a mosaic's bytes."""
    picture = cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise DataError("the pack's mosaic is not a picture; pack it again")
    cut = picture.reshape(-1, size, ACROSS, size).transpose(0, 2, 1, 3).reshape(-1, size, size)
    return np.ascontiguousarray(cut[:count])


def real_masks(data: Path) -> np.ndarray:
    """Faces with real masks of the train splits of street_masks and masked_faces, uint8 (N, 48, 48)."""
    cut: list[np.ndarray] = []
    for name in ("street_masks", "masked_faces"):
        with open(data / name / "annotations.csv", newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["split"] == "train" and row["label"] == "with_mask"]
        for row in rows:
            left, top, width, height = (float(row[key]) for key in "xywh")
            squeezed = name == "street_masks" and row["image"].startswith("r")
            if width < SMALLEST or squeezed or (name == "masked_faces" and not row["image"].startswith("maks")):
                continue
            path = data / name / "images" / row["image"]
            with utf8_path(path) as text:
                image = cv2.imread(text)
            if image is None:
                raise DataError(f"{path}: cannot read this picture; expected the data set whole")
            image = image[:, :, ::-1]
            cut.append(crop(image, Box(left, top, left + width, top + height).square(SERVED), 48, 48, 1)[:, :, 0])
    return np.array(cut, np.uint8).reshape(-1, 48, 48)


def pack(data: Path, quality: int) -> dict[str, np.ndarray]:
    """All arrays of the file."""
    landmarks = LandmarkDetector.open()
    fer = fer2013.of_folder(data)
    train, val = (emotion_wild.load(data / "emotion_wild", split) for split in ("train", "val"))
    rows, public = fer.training_rows(), fer.selection_rows()
    print(f"FER2013: {len(rows)} rows, {len(public)} to choose by", flush=True)
    points = locate(lambda images: landmarks.on_crops(images) / 48, fer.images[rows])
    print(f"emotion_wild: {len(train)} rows, {len(val)} to choose by", flush=True)
    located = wild_masks.locate_in_pictures(train, landmarks)
    squares = emotion_wild.squares(val, SERVED)
    real = real_masks(data)
    print(
        f"drawable: {points.plausible.mean():.3f}, {located.plausible.mean():.3f}; real masks: {len(real)}", flush=True
    )
    one_hot = np.eye(len(EMOTIONS), dtype=np.float32)
    return {
        "fer": mosaic(fer.images[rows], quality),
        "fer_labels": fer.labels[rows],
        "fer_targets": fer2013.soft_labels(fer, rows, 0.2, 0.05).astype(np.float16),
        "fer_weights": np.where(fer.ferplus[rows, 9] >= UNSURE, 0.2, 1).astype(np.float32),
        "fer_points": _whole(points.points),
        "fer_good": points.plausible,
        "wild": mosaic(train.images, quality),
        "wild_labels": train.labels,
        "wild_targets": (0.95 * one_hot[train.labels] + 0.05 / len(EMOTIONS)).astype(np.float16),
        "wild_boxes": _sides(train.boxes),
        "wild_points": _whole(located.points),
        "wild_good": located.plausible,
        "val_fer": mosaic(fer.images[public], CHOSEN),
        "val_fer_labels": fer.labels[public],
        "val_fer_masked": mosaic(masked_v1.render(fer, public), CHOSEN),
        "val_wild": mosaic(squares, CHOSEN),
        "val_wild_labels": val.labels,
        "val_wild_masked": mosaic(wild_masks.with_masks(squares, val.index), CHOSEN),
        "val_real": mosaic(real, CHOSEN),
        "val_real_count": np.array(len(real)),
    }


def _sides(boxes: np.ndarray) -> np.ndarray:
    """Boxes (N, 4) of left, top, right, bottom as left, top, width, height."""
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


def _whole(points: np.ndarray) -> np.ndarray:
    return np.clip(np.floor(points[:, list(NEEDED)]), -128, 127).astype(np.int8)


def main() -> None:
    """Pack the data sets of a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz")
    parser.add_argument("--quality", type=int, default=80, help="of WebP, 1-100")
    arguments = parser.parse_args()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arrays = pack(arguments.data, arguments.quality)
    np.savez_compressed(arguments.out, **arrays)  # type: ignore[arg-type]
    for name, values in arrays.items():
        print(f"  {name:16} {values.nbytes:10,}")
    print(f"{arguments.out}: {arguments.out.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
