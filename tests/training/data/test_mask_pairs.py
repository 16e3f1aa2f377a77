"""The mask / no-mask set: by its split column, clusters on one side, the largest face of a finder."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import PictureError
from edge.frame import Box
from training.data.fer2013 import DataError
from training.data.mask_pairs import largest_faces, load

HEADER = "image,cluster,split,augmented,exact_duplicate\n"
ROWS = "with_mask/0.png,5,train,0,0\nwith_mask/1.png,1,test,0,0\nwithout_mask/2.png,2,test,1,0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures whose top left pixel is pure red."""
    (tmp_path / "manifest.csv").write_text(HEADER + ROWS, encoding="utf-8")
    image = np.zeros((30, 40, 3), np.uint8)
    image[0, 0] = (0, 0, 255)
    for name in ("with_mask/0.png", "with_mask/1.png", "without_mask/2.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), image)
    return tmp_path


def test_a_split_keeps_its_rows_and_their_side(folder: Path) -> None:
    assert [(pair.path.name, pair.worn, pair.cluster) for pair in load(folder, "train")] == [("0.png", True, 5)]
    assert [(pair.path.name, pair.worn) for pair in load(folder, "test")] == [("1.png", True), ("2.png", False)]


def test_pictures_come_as_rgb(folder: Path) -> None:
    image = load(folder, "train")[0].read()
    assert image.shape == (30, 40, 3)
    assert image[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], None),
        ([Box(0, 0, 5, 5)], Box(0, 0, 5, 5)),
        ([Box(0, 0, 5, 5), Box(3, 3, 20, 12), Box(1, 1, 9, 9)], Box(3, 3, 20, 12)),
    ],
)
def test_the_largest_face_is_taken(folder: Path, found: list[Box], expected: Box | None) -> None:
    seen: list[tuple[int, ...]] = []

    def find(image: np.ndarray) -> list[Box]:
        seen.append(image.shape)
        return found

    answers = largest_faces(load(folder, "test"), find)
    assert [box for _, _, box in answers] == [expected, expected]
    assert seen == [(30, 40, 3)] * 2
    assert largest_faces([], find) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no row of split 'test'"),
        (HEADER, "no row of split 'test'"),
        ("image,split\na/b.png,test\n", "cannot read the pairs"),
        (HEADER + "with_mask/0.png,x,test,0,0\n", "cannot read the pairs"),
        (HEADER + "veiled/0.png,1,test,0,0\n", "cannot read the pairs"),
        (HEADER + "with_mask/0.png,1,test,0,0\nwith_mask/1.png,1,train,0,0\n", "cluster 1 stands in two splits"),
    ],
)
def test_a_bad_manifest_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        load(tmp_path, "test")


def test_a_missing_manifest_and_a_broken_picture_are_named(folder: Path) -> None:
    with pytest.raises(DataError, match=r"manifest\.csv"):
        load(folder / "nowhere", "test")
    (folder / "with_mask/0.png").write_bytes(b"no picture")
    with pytest.raises(PictureError, match=r"0\.png: not a picture"):
        load(folder, "train")[0].read()
