"""A folder of two classes: their names, what is left out, and the split that it says itself."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.frame import Box
from training.data import mask_folder
from training.data.fer2013 import DataError
from training.data.mask_folder import kind_of, listing, load


def noise(seed: int, size: int = 64) -> np.ndarray:
    """A picture unlike any other, smooth enough to survive compression: uint8 (size, size, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    return cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)


def write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


def folder_of(tmp_path: Path, count: int = 20) -> Path:
    """So many pictures of each class, two of each being mirror images of each other."""
    for kind, first in (("with_mask", 0), ("without_mask", 1000)):
        for n in range(count):
            image = noise(first + n // 2)
            write(tmp_path / "set" / kind / f"{n}.png", image[:, ::-1] if n % 2 else image)
    return tmp_path / "set"


def crops(folder: Path, find=None, **more):
    return load(folder, find, 64, 1.0, 1.0, 0.0, **more)


@pytest.mark.parametrize(
    ("name", "worn"),
    [
        ("with_mask", True), ("WithMask", True), ("mask", True), ("Masked", True), ("face-mask", True),
        ("without_mask", False), ("No Mask", False), ("non_mask", False), ("bare", False), ("mask_off", False),
        ("1. With Mask", True), ("0_no_masks", False), ("masked faces", True), ("2", None),
        ("", None), ("holiday", None), ("mask_weared_incorrect", None), ("images", None),
    ],
)  # fmt: skip
def test_classes_are_known_by_many_names(name, worn) -> None:
    assert kind_of(name) is worn


def test_all_that_is_left_out_is_named(tmp_path) -> None:
    folder = folder_of(tmp_path, 6)
    write(folder / "mask_weared_incorrect/a.png", noise(1))
    (folder / "with_mask/letter.txt").write_text("dear")
    (folder / "without_mask/torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    faces = crops(folder)
    assert len(faces.worn) == 12
    reasons = dict(faces.skipped)
    assert reasons.keys() == {"mask_weared_incorrect/a.png", "with_mask/letter.txt", "without_mask/torn.jpg"}
    assert reasons["mask_weared_incorrect/a.png"] == "in no folder named as one of the classes"
    assert reasons["with_mask/letter.txt"] == "not a picture"
    assert faces.classes == ("without_mask", "with_mask")


def test_the_largest_face_is_cut_out_and_a_picture_without_one_is_used_whole(tmp_path) -> None:
    folder = tmp_path / "set"
    image = np.zeros((100, 200, 3), np.uint8)
    image[20:60, 120:160] = 255
    for n, part in enumerate(("", "train", "val", "test")):
        for kind in ("mask", "no_mask"):
            write(folder / part / kind / f"{n}.png", image if n else np.full((50, 50, 3), 90, np.uint8))

    def find(pixels: np.ndarray) -> Box | None:
        return Box(120, 20, 160, 60) if pixels.shape[1] == 200 else None

    faces = crops(folder, find)
    assert set(faces.whole) == {"mask/0.png", "no_mask/0.png"}
    for name, pixels in zip(faces.names, faces.images, strict=True):
        assert (pixels == (90 if name in faces.whole else 255)).all()


def test_a_split_that_the_folder_gives_is_kept(tmp_path) -> None:
    for part in ("Train", "Validation", "Test"):
        for kind in ("WithMask", "WithoutMask"):
            for n in range(3):
                write(tmp_path / part / kind / f"{n}.png", noise(hash((part, kind, n)) % 1000))
    faces = crops(tmp_path)
    assert [len(faces.of(part)) for part in ("train", "val", "test")] == [6, 6, 6]
    assert faces.about == "as the folder says"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])  # spreadsheets put a mark in front
def test_a_manifest_says_the_split(tmp_path, encoding) -> None:
    folder = folder_of(tmp_path, 20)
    with open(folder / "manifest.csv", "w", newline="", encoding=encoding) as file:
        writer = csv.writer(file)
        writer.writerow(["image", "split"])
        for kind in ("with_mask", "without_mask"):
            writer.writerows([f"{kind}/{n}.png", "test" if n < 4 else "train"] for n in range(20))
    faces = crops(folder)
    assert {faces.names[n] for n in faces.of("test")} == {
        f"{k}/{n}.png" for k in ("with_mask", "without_mask") for n in range(4)
    }
    assert len(faces.of("val")) > 0
    assert faces.about.startswith("the rest as the folder says; val: 15 %")
    (folder / "manifest.csv").write_text("image,part\na,train\n")
    with pytest.raises(DataError, match=r"manifest\.csv: expected the columns image and split"):
        crops(folder)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((), "no picture in a folder named with_mask"),
        (("with_mask",), "no picture in a folder named without_mask"),
        (("no_mask",), "no picture in a folder named with_mask"),
        (("cats", "dogs"), r"no picture in a folder named with_mask.*; found cats, dogs: rename those that hold one$"),
    ],
)
def test_both_classes_are_needed(tmp_path, kinds, expected) -> None:
    for kind in kinds:
        write(tmp_path / kind / "a.png", noise(1))
    with pytest.raises(DataError, match=expected):
        listing(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        listing(tmp_path / "absent")


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffimage,split\n{0},test\n{1},Test\n",
        "image;split;who\n{0};test;me\n{1};testing;you\n",
        "Split\tImage\ntest\t{0}\n\ntest\t{1}\n",
        "image,split\nwith_mask\\0.png,test\n.\\without_mask\\0.png,test\n",
        '"image","split"\r\n"./{0}","test"\r\n"{1}","test"\r\nwith_mask/gone.png,train\r\n',
    ],
    ids=["byte order mark", "semicolons", "tabs", "backslashes", "a row without a picture"],
)
def test_a_manifest_may_come_from_any_program(tmp_path, text) -> None:
    folder = folder_of(tmp_path, 12)
    table = text.format("with_mask/0.png", "without_mask/0.png")
    (folder / "manifest.csv").write_bytes(table.encode())
    faces = crops(folder)
    assert {faces.names[n] for n in faces.of("test")} == {"with_mask/0.png", "without_mask/0.png"}
    lost = [("with_mask/gone.png", "in manifest.csv, but there is no such file")] if "gone" in text else []
    assert list(faces.skipped) == lost


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("image,split\nwith_mask/0.png,holdout\n", "line 2: split: expected train, val or test, got 'holdout'"),
        ("image,split\nwith_mask/0.png\n", "line 2: split: expected train, val or test, got ''"),
        (
            "image,split\nset/with_mask/0.png,test\n",
            "none of the pictures that it lists is there, such as set/with_mask/0.png",
        ),
        ("picture,split\n", "expected the columns image and split, there is no image"),
        ("", "expected the columns image and split, there is no image"),
    ],
)
def test_what_is_wrong_in_a_manifest_is_named(tmp_path, text, expected) -> None:
    folder = folder_of(tmp_path, 6)
    (folder / "manifest.csv").write_text(text)
    with pytest.raises(DataError) as told:
        crops(folder)
    assert expected in str(told.value)


def test_links_are_followed_and_what_cannot_be_is_named(tmp_path) -> None:
    folder = folder_of(tmp_path, 6)
    (folder / "with_mask").rename(tmp_path / "elsewhere")
    (folder / "with_mask").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/loop").symlink_to(tmp_path / "elsewhere")
    (folder / "without_mask/lost.png").symlink_to(tmp_path / "nowhere.png")
    faces = crops(folder)
    assert len(faces.worn) == 12
    assert dict(faces.skipped).keys() == {"with_mask/loop/", "without_mask/lost.png"}


def test_too_few_pictures_are_counted_in_one_line(tmp_path) -> None:
    for n in range(2):
        write(tmp_path / "few/mask" / f"{n}.png", noise(n))
        write(tmp_path / "few/no_mask" / f"{n}.png", noise(100 + n))
        for part in ("val", "test"):
            write(tmp_path / "untrained" / part / "mask" / f"{n}.png", noise(n))
            write(tmp_path / "untrained" / part / "no_mask" / f"{n}.png", noise(n))
    for name in ("few", "untrained"):
        with pytest.raises(DataError, match=rf"{name}: no picture of (no_)?mask is left to train on: train has \d"):
            crops(tmp_path / name)


def test_a_class_without_a_readable_picture_is_an_error(tmp_path) -> None:
    write(tmp_path / "mask/a.png", noise(1))
    (tmp_path / "no_mask").mkdir()
    (tmp_path / "no_mask/a.png").write_text("nothing")
    with pytest.raises(DataError, match=r"no readable picture of one of the classes.*no_mask/a\.png"):
        mask_folder.load(tmp_path, None, 64, 1.0, 1.0, 0.0)
