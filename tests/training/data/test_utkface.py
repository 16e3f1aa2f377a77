"""UTKFace as a folder: what names say, what is skipped, and what is left out because it is tested."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.training.data.test_likeness import face
from training.data import utkface
from training.data.faces_gender import People
from training.data.fer2013 import DataError


def put(folder: Path, name: str, image: np.ndarray) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", image[..., ::-1])[1].tobytes())  # the content decides, not the name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", None),
        ("readme.jpg", None),
        ("39_1_20170116174525125.jpg.chip.jpg", None),  # in the original without a group
        ("20_3_0_20170104230051977.jpg.chip.jpg", None),  # in the original, too
        ("20_1_7_20170104230051977.jpg.chip.jpg", None),
        ("-1_1_0_20170104230051977.jpg.chip.jpg", None),
        ("1_0_0_20161219140623097.jpg.chip.jpg", (1, "male", "white")),
        ("116_1_3_20170120134921760.jpg", (116, "female", "indian")),
        ("24_0_1_20170116220224657 .jpg.chip.jpg", (24, "male", "black")),
        ("55_0_2_20170116232725357jpg.chip.jpg", (55, "male", "asian")),
    ],
)
def test_a_name_says_age_gender_and_group_or_is_skipped(tmp_path, name, said) -> None:
    put(tmp_path, "30_1_4_1.jpg", face(1))
    if name:
        put(tmp_path / "part1", name, face(2))
    found = utkface.load(tmp_path)
    people = found.people
    told = list(zip(people.ages.tolist(), people.genders.tolist(), people.groups.tolist(), strict=True))
    assert sorted(told) == sorted([(30, "female", "other")] + ([said] if said else []))
    assert [skipped for skipped, _ in found.skipped] == ([name] if name and not said else [])


def test_pictures_become_64_pixels_wide_in_rgb(tmp_path) -> None:
    red = np.zeros((200, 200, 3), np.uint8)
    red[..., 0] = 255
    put(tmp_path, "30_1_4_1.jpg", red)
    images = utkface.load(tmp_path).people.images
    assert images.shape == (1, 64, 64, 3)
    assert images[0, 32, 32].tolist() == [255, 0, 0]


def test_a_broken_picture_is_named_and_the_others_are_read(tmp_path) -> None:
    put(tmp_path, "30_1_4_1.jpg", face(1))
    (tmp_path / "31_1_4_2.jpg").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    (tmp_path / "32_1_4_3.jpg").write_bytes(b"")
    found = utkface.load(tmp_path)
    assert len(found.people.images) == 1
    assert [name for name, _ in found.skipped] == ["31_1_4_2.jpg", "32_1_4_3.jpg"]
    assert all(str(tmp_path) not in reason for _, reason in found.skipped)


def test_folders_in_an_archive_may_hold_the_same_pictures_links_or_capitals(tmp_path) -> None:
    put(tmp_path / "UTKFace", "30_1_4_1.jpg", face(1))
    put(tmp_path / "again", "30_1_4_1.jpg", face(1))
    put(tmp_path.parent / "elsewhere", "31_1_4_2.JPG", face(2))
    (tmp_path / "linked").symlink_to(tmp_path.parent / "elsewhere")
    found = utkface.load(tmp_path)
    assert found.people.ages.tolist() == [30, 31]
    assert found.skipped == (("30_1_4_1.jpg", "a picture of that name was read already"),)


@pytest.mark.parametrize("made", [False, True])
def test_an_empty_folder_says_what_to_do(tmp_path, made) -> None:
    folder = tmp_path / "utkface"
    if made:
        folder.mkdir()
    with pytest.raises(DataError, match=r"utkface: no picture; unpack UTKFace.*or train the recipe gender"):
        utkface.load(folder)


def test_a_folder_of_something_else_is_told_by_its_first_picture(tmp_path) -> None:
    put(tmp_path, "holiday.jpg", face(1))
    with pytest.raises(DataError, match=r"no face of UTKFace; the first of 1: holiday.jpg: its name does not say"):
        utkface.load(tmp_path)


def test_a_tenth_is_held_out_by_name_wherever_it_lies(tmp_path) -> None:
    for number in range(200):
        put(tmp_path / "a", f"30_1_4_{number}.jpg", face(number))
    before = utkface.load(tmp_path).people.splits.tolist()
    assert 8 <= before.count("val") <= 35
    assert before.count("val") + before.count("train") == 200
    (tmp_path / "a").rename(tmp_path / "b")
    for number in range(0, 200, 2):
        (tmp_path / "b" / f"30_1_4_{number}.jpg").unlink()
    names = sorted(f"30_1_4_{number}.jpg" for number in range(200))
    kept = [split for name, split in zip(names, before, strict=True) if int(name[7:-4]) % 2]
    assert utkface.load(tmp_path).people.splits.tolist() == kept


def people(images: list[np.ndarray], splits: list[str]) -> People:
    count = len(images)
    same = np.array(["x"] * count)
    pixels = np.array(images, np.uint8).reshape(-1, 64, 64, 3)
    return People(pixels, np.arange(count), same, same, np.array(splits, dtype="U5"))


def test_what_is_tested_is_not_learned() -> None:
    others = people([face(1), face(2), face(3)], ["test", "val", "train"])
    more = [face(1), face(2)[:, ::-1], face(3), face(4), face(5), face(5)[:, ::-1], face(6), face(6)]
    splits = ["train", "val", "train", "train", "val", "train", "train", "train"]
    left = utkface.apart(people(more, splits), others)
    assert left.ages.tolist() == [3, 4, 6, 7], "5 is a picture of 4, which is held out; twice in training does no harm"
    assert left.splits.tolist() == ["train", "val", "train", "train"]


def test_apart_from_nobody_all_stay() -> None:
    nobody = people([], [])
    some = people([face(1), face(2)], ["train", "train"])
    assert utkface.apart(some, nobody).ages.tolist() == [0, 1]
    assert utkface.apart(nobody, some).ages.tolist() == []
