"""Small data sets made by numbers, laid out as the real ones: enough to run every task, not enough to learn from."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np

from edge.labels import EMOTIONS
from training.data import fer2013_pack
from training.data.fer2013 import Fer2013

ROWS = {0: 56, 1: 21, 2: 21}


def face(kind: int, size: int, rng: np.random.Generator, masked: bool = False) -> np.ndarray:
    """A drawn face uint8 (size, size), whose mouth tells its kind 0-6."""
    image = np.full((size, size), 40 + rng.integers(30), np.uint8)
    unit = size / 48
    middle = (int(24 * unit), int(25 * unit))
    cv2.ellipse(image, middle, (int(16 * unit), int(21 * unit)), 0, 0, 360, int(170 + rng.integers(40)), -1)
    for x in (17, 31):
        cv2.circle(image, (int(x * unit), int(19 * unit)), max(1, int(2.5 * unit)), 30, -1)
    height = int((33 + kind) * unit)
    cv2.line(image, (int((18 + kind) * unit), height), (int(30 * unit), height), 20, max(1, int(2 * unit)))
    if masked:
        cv2.rectangle(image, (int(9 * unit), int(27 * unit)), (int(39 * unit), int(46 * unit)), 235, -1)
    return np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)


def fer(seed: int = 1) -> Fer2013:
    """98 rows. Row 1 also stands in PublicTest and row 2 in PrivateTest, row 3 is flat."""
    rng = np.random.default_rng(seed)
    usage = np.concatenate([np.full(count, number, np.uint8) for number, count in ROWS.items()])
    labels = (np.arange(len(usage)) % 7).astype(np.int8)
    images = np.stack([face(int(label), 48, rng) for label in labels])
    first = {number: int(np.flatnonzero(usage == number)[0]) for number in ROWS}
    images[first[1]], images[first[2]] = images[1], images[2]
    images[3] = 77
    votes = np.zeros((len(usage), 10), np.uint8)
    votes[::2, 1] = 6
    votes[::2, 0] = 4
    return Fer2013(images, labels, usage, votes)


def points(box: tuple[float, float, float, float]) -> np.ndarray:
    """68 points (68, 2) that make sense as a face whose points reach over `box`, left, top, right, bottom."""
    jaw = [(x, 0.35 + 0.65 * (1 - (2 * x - 1) ** 2) ** 0.5) for x in np.linspace(0, 1, 17)]
    brows = [(x, 0.0 + 0.1 * abs(x - 0.28)) for x in np.linspace(0.14, 0.42, 5)]
    brows += [(x, 0.0 + 0.1 * abs(x - 0.72)) for x in np.linspace(0.58, 0.86, 5)]
    nose = [(0.5, y) for y in np.linspace(0.2, 0.48, 4)] + [(x, 0.54) for x in np.linspace(0.42, 0.58, 5)]
    eye = [(-0.09, 0.0), (-0.03, -0.03), (0.03, -0.03), (0.09, 0.0), (0.03, 0.03), (-0.03, 0.03)]
    eyes = [(x + dx, 0.2 + dy) for x in (0.29, 0.71) for dx, dy in eye]
    turns = np.linspace(np.pi, -np.pi, 12, endpoint=False)
    mouth = [(0.5 + 0.15 * np.cos(t), 0.74 - 0.06 * np.sin(t)) for t in turns]
    mouth += [(0.5 + 0.1 * np.cos(t), 0.74 - 0.02 * np.sin(t)) for t in np.linspace(np.pi, -np.pi, 8, endpoint=False)]
    shape = np.array(jaw + brows + nose + eyes + mouth)
    low, high = np.array(box[:2]), np.array(box[2:])
    shape = (shape - shape.min(axis=0)) / (shape.max(axis=0) - shape.min(axis=0))
    return low + shape * (high - low)


def scene(
    rng: np.random.Generator,
    faces: list[tuple[int, int, int]],
    masked: bool = False,
    size: tuple[int, int] = (160, 120),
) -> np.ndarray:
    """A picture uint8 (H, W, 3), BGR as OpenCV writes it, with square faces at (left, top, side)."""
    image = rng.integers(0, 90, (size[1], size[0], 3)).astype(np.uint8)
    for left, top, side in faces:
        drawn = face(int(rng.integers(7)), side, rng, masked)
        image[top : top + side, left : left + side] = drawn[:, :, None]
    return image


def boxed(folder: Path, splits: dict[str, int], labels: tuple[str, ...], prefix: str) -> None:
    """A set with annotations.csv: two faces a picture."""
    rng = np.random.default_rng(len(prefix))
    (folder / "images").mkdir(parents=True)
    rows = []
    for split, count in splits.items():
        for number in range(count):
            name = f"{prefix}{split}{number}.png"
            label = labels[number % len(labels)]
            places = [(10 + number % 5, 20, 40), (90, 40 + number % 7, 32)]
            cv2.imwrite(str(folder / "images" / name), scene(rng, places, label == "with_mask"))
            rows += [[name, split, left, top, side, side, label] for left, top, side in places]
    _table(folder / "annotations.csv", ["image", "split", "x", "y", "w", "h", "label"], rows)


def pairs(folder: Path) -> None:
    """mask_pairs: 8 pictures of each kind, half of them test."""
    rng = np.random.default_rng(3)
    rows = []
    for kind in ("with_mask", "without_mask"):
        (folder / kind).mkdir(parents=True)
        for number in range(8):
            name = f"{kind}/{number}.png"
            cv2.imwrite(str(folder / name), scene(rng, [(40, 20, 80)], kind == "with_mask"))
            rows.append([name, number, ("train", "test")[number % 2], 0, 0])
    _table(folder / "manifest.csv", ["image", "cluster", "split", "augmented", "exact_duplicate"], rows)


def landmarks(folder: Path) -> None:
    """landmarks68: faces of 128 pixels in the real set's folders and splits."""
    rng = np.random.default_rng(4)
    rows = []
    splits = {"helen_train": ("train", 12), "video_train": ("val", 4), "helen_test": ("test", 4), "afw": ("test", 2)}
    for place, (split, count) in splits.items():
        (folder / place).mkdir(parents=True)
        for number in range(count):
            name = f"{place}/{number}.png"
            cv2.imwrite(str(folder / name), face(number % 7, 128, rng))
            at = points((22, 34, 106, 122))
            rows.append([name, split, *(f"{v:.2f}" for v in at.reshape(-1))])
    head = ["image", "split", *(f"{axis}{n}" for n in range(68) for axis in "xy")]
    _table(folder / "points.csv", head, rows)


def joined(folder: Path, pictures: list[np.ndarray]) -> None:
    """images.npz of a folder: all pictures one after the other."""
    files = [cv2.imencode(".png", picture)[1].ravel() for picture in pictures]
    offset = np.cumsum([0, *(len(file) for file in files)])
    np.savez(folder / "images.npz", webp=np.concatenate(files), offset=offset)


def emotion_wild(folder: Path) -> None:
    """emotion_wild: faces of 48 pixels in pictures of 72; 21 to train with, 14 of each other split."""
    rng = np.random.default_rng(5)
    folder.mkdir(parents=True)
    rows: list[list[object]] = []
    pictures = []
    for split, count in {"train": 21, "val": 14, "test": 14}.items():
        for number in range(count):
            picture = rng.integers(0, 60, (72, 72)).astype(np.uint8)
            picture[12:60, 12:60] = face(number % 7, 48, rng)
            smile = ("", 0, 1)[number % 3]
            rows.append([len(pictures), "lfw", split, f"{split}{number}", EMOTIONS[number % 7], smile, 12, 12, 48, 48])
            pictures.append(picture)
    joined(folder, pictures)
    head = ["image", "source", "split", "person", "emotion", "smile", "face_x", "face_y", "face_w", "face_h"]
    _table(folder / "annotations.csv", head, rows)


def faces_gender(folder: Path, people: list[tuple[int, str, str, int]]) -> None:
    """faces_gender: (age, gender, group, shade of the flat picture) each; every fourth is of the test part."""
    folder.mkdir(parents=True)
    joined(folder, [np.full((64, 64, 3), shade, np.uint8) for *_, shade in people])
    splits = ("train", "train", "train", "test")
    rows = [[n, splits[n % 4], age, gender, group] for n, (age, gender, group, _) in enumerate(people)]
    _table(folder / "annotations.csv", ["image", "split", "age", "gender", "group"], rows)


def everything(folder: Path) -> Path:
    """All sets under one folder, as `--data` wants them."""
    folder.mkdir(parents=True, exist_ok=True)
    fer2013_pack.save(fer(), folder / "fer2013.npz")
    boxed(folder / "faces", {"train": 8, "val": 4, "test": 4}, ("face",), "")
    boxed(
        folder / "masked_faces",
        {"train": 18, "test": 6},
        ("with_mask", "without_mask", "incorrect_mask"),
        "maksssksksss",
    )
    pairs(folder / "mask_pairs")
    landmarks(folder / "landmarks68")
    emotion_wild(folder / "emotion_wild")
    kinds = [("female", "a", 60), ("male", "b", 190), ("male", "a", 120)]
    faces_gender(folder / "faces_gender", [(20 + n, *kinds[n % 3]) for n in range(40)])
    return folder


def _table(path: Path, head: list[str], rows: list[list[object]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
