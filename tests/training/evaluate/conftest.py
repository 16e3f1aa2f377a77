"""Data that the tiny models of tests/tiny understand, so that every figure is known beforehand.

A face is bright red in a square of 48 pixels; blue in it means a mask. The bare model says happy to a bright grey
square and sad to a dark one, the masked model surprise and neutral; the mask model calls a bright grey square worn.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import manifest
from edge.labels import Emotion
from training.data import fer2013_pack
from training.data.fer2013 import Fer2013
from training.evaluate.context import EvaluationContext

TINY = Path(__file__).resolve().parents[2] / "tiny"
SIDE = 48


def painted(*faces: tuple[int, int, bool]) -> np.ndarray:
    """A black picture of 160x120, RGB, with faces (left, top, masked); found where left and top divide by 16."""
    image = np.zeros((120, 160, 3), np.uint8)
    for left, top, masked in faces:
        image[top : top + SIDE, left : left + SIDE] = (255, 0, 255 * masked)
    return image


def write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image[:, :, ::-1])


def table(path: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])


HEAD = ["image", "split", "x", "y", "w", "h", "label"]


def faces(folder: Path) -> None:
    """Two faces are found, a third is painted black: recall 2 of 3, precision 1."""
    rows = []
    for number, (left, top, shown) in enumerate([(16, 16, True), (64, 32, True), (96, 48, False)]):
        write(folder / f"images/{number}.png", painted(*[(left, top, False)] * shown))
        rows.append([f"{number}.png", "test", left, top, SIDE, SIDE, "face"])
        rows.append([f"{number}.png", "val", left, top, SIDE, SIDE, "face"])
    table(folder / "annotations.csv", HEAD, rows)


def masked_faces(folder: Path) -> None:
    """Of four with a mask one looks bare, of two without both look bare, one incorrect looks worn; a tiny box."""
    rows = []
    looks = [(True, "with_mask")] * 3 + [(False, "with_mask"), (False, "without_mask"), (False, "without_mask")]
    for number, (masked, label) in enumerate([*looks, (True, "incorrect_mask")]):
        name = f"maksssksksss{number}.png" if number != 1 else "web1.png"
        write(folder / f"images/{name}", painted((32, 32, masked)))
        rows.append([name, "test", 32, 32, SIDE, SIDE, label])
    rows.append(["maksssksksss0.png", "test", 0, 0, 19, 19, "without_mask"])
    table(folder / "annotations.csv", HEAD, rows)


def mask_pairs(folder: Path) -> None:
    """Of four test pictures two are right, one is wrong, one shows no face; of two of training one has a face."""
    shown = [("with_mask", painted((32, 32, True))), ("without_mask", painted((32, 32, False)))]
    shown += [("with_mask", painted((32, 32, False))), ("without_mask", painted())]
    rows = []
    for number, (kind, image) in enumerate(shown):
        write(folder / f"{kind}/{number}.png", image)
        rows.append([f"{kind}/{number}.png", number, "test", 0, 0])
    rows += [[f"with_mask/{number}.png", number, "train", 0, 0] for number in (10, 11)]
    write(folder / "with_mask/10.png", painted((32, 32, True)))
    write(folder / "with_mask/11.png", painted())
    table(folder / "manifest.csv", ["image", "cluster", "split", "augmented", "exact_duplicate"], rows)


BRIGHT, DARK = 240, 20


def fer() -> Fer2013:
    """PrivateTest: three bright (happy, happy, angry) and two dark (sad, happy); PublicTest one of each, both right.

    The first PrivateTest row also stands in Training.
    """
    greys = [(BRIGHT, Emotion.HAPPY, 0), (BRIGHT - 1, Emotion.HAPPY, 1), (DARK - 1, Emotion.SAD, 1)]
    greys += [(BRIGHT, Emotion.HAPPY, 2), (BRIGHT - 2, Emotion.HAPPY, 2), (BRIGHT - 3, Emotion.ANGRY, 2)]
    greys += [(DARK, Emotion.SAD, 2), (DARK + 1, Emotion.HAPPY, 2)]
    images = np.stack([np.full((SIDE, SIDE), grey, np.uint8) for grey, _, _ in greys])
    labels = np.array([label for _, label, _ in greys], np.int8)
    usage = np.array([number for _, _, number in greys], np.uint8)
    return Fer2013(images, labels, usage, np.zeros((len(greys), 10), np.uint8))


@pytest.fixture(scope="session")
def known_data(tmp_path_factory) -> Path:
    """A data folder whose figures are known."""
    folder = tmp_path_factory.mktemp("known")
    faces(folder / "faces")
    masked_faces(folder / "masked_faces")
    mask_pairs(folder / "mask_pairs")
    fer2013_pack.save(fer(), folder / "fer2013.npz")
    return folder


@pytest.fixture
def context(known_data):
    made = EvaluationContext(manifest.load(TINY), known_data)
    yield made
    made.close()
