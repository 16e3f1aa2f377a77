"""The split of a folder of two classes: no near-duplicate crosses it, and a resumed run keeps it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.training.data.test_mask_folder import crops, folder_of, noise, write
from training.data.fer2013 import DataError
from training.data.mask_split import Kept, near_groups


def test_near_duplicates_share_a_group_mirrored_ones_too() -> None:
    a, b = noise(1), noise(2)
    brighter = np.clip(a.astype(int) + 12, 0, 255).astype(np.uint8)
    groups = near_groups(np.stack([a, b, a[:, ::-1], brighter, b]))
    assert groups[0] == groups[2] == groups[3]
    assert groups[1] == groups[4] != groups[0]
    assert near_groups(np.zeros((0, 64, 64, 3), np.uint8)).shape == (0,)


def test_no_near_duplicate_stands_on_two_sides(tmp_path) -> None:
    faces = crops(folder_of(tmp_path, 40))
    sides: dict[tuple[bool, int], set[str]] = {}
    for name, worn, part in zip(faces.names, faces.worn, faces.parts, strict=True):
        sides.setdefault((bool(worn), int(Path(name).stem) // 2), set()).add(str(part))
    assert all(len(side) == 1 for side in sides.values())
    for part in ("val", "test"):
        assert len(set(faces.worn[faces.of(part)])) == 2
        assert 10 <= len(faces.of(part)) <= 20
    assert "80 pictures, 40 groups of near-duplicates" in faces.about
    assert np.array_equal(faces.parts, crops(tmp_path / "set").parts)
    assert not np.array_equal(faces.parts, crops(tmp_path / "set", seed=2).parts)


def kept(tmp_path: Path, faces) -> Kept:
    """The split of a run, written and read again."""
    Kept.save(tmp_path / "split.csv", faces.names, faces.parts.tolist(), faces.contents)
    return Kept.load(tmp_path / "split.csv")


def test_a_resumed_run_keeps_its_split_and_new_pictures_are_trained_on(tmp_path) -> None:
    folder = folder_of(tmp_path, 20)
    first = crops(folder)
    before = dict(zip(first.names, first.parts, strict=True))
    earlier = kept(tmp_path, first)
    tested = folder / first.names[first.of("test")[0]]
    brighter = np.clip(cv2.imread(str(tested)).astype(int) + 9, 0, 255).astype(np.uint8)
    write(tested.with_name("brighter.png"), brighter)
    for n in range(30):
        write(folder / "with_mask" / f"new{n}.png", noise(5000 + n))
    moved = first.names[first.of("val")[0]]
    (folder / moved).rename(folder / moved.replace(".png", "-moved.png"))
    again = crops(folder, earlier=earlier)
    parts = dict(zip(again.names, again.parts, strict=True))
    assert parts.pop(moved.replace(".png", "-moved.png")) == before.pop(moved)
    assert all(parts[name] == part for name, part in before.items())
    assert parts[f"{tested.parent.name}/brighter.png"] == "test", "it nearly equals a picture that is tested"
    assert {parts[f"with_mask/new{n}.png"] for n in range(30)} == {"train"}
    assert again.about == "as in the run that is resumed; 31 new pictures: train 30, test 1"
    assert np.array_equal(crops(folder, earlier=kept(tmp_path, again)).parts, again.parts)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ((), "train"), (("train",), "train"), (("val",), "val"), (("test",), "test"), (("train", "val"), "val"),
        (("val", "test"), "test"), (("train", "test"), "test"), (("train", "val", "test"), "test"),
    ],
)  # fmt: skip
def test_a_new_picture_near_to_several_parts_stays_out_of_training(tmp_path, known, expected) -> None:
    names = [f"{part}.png" for part in known]
    earlier = Kept(dict(zip(names, known, strict=True)), dict(zip(names, known, strict=True)), tmp_path / "split.csv")
    images = np.stack([noise(1)] * (len(known) + 1))
    parts, _ = earlier.extend([*names, "new.png"], [*known, "new"], [""] * len(images), images)
    assert parts.tolist() == [*known, expected]


def test_a_class_of_near_duplicates_is_named_as_such(tmp_path) -> None:
    """A group goes to one part as a whole, so none of it is left to train on."""
    for n in range(12):
        write(tmp_path / "drawn/mask" / f"{n}.png", noise(1))
        write(tmp_path / "drawn/no_mask" / f"{n}.png", noise(100 + n))
    with pytest.raises(DataError) as told:
        crops(tmp_path / "drawn")
    assert "drawn: no picture of mask is left to train on, as all are near-duplicates of one another: " in str(
        told.value
    )
    for part in ("val", "test"):
        write(tmp_path / "given" / part / "mask/a.png", noise(1))
    write(tmp_path / "given/train/no_mask/a.png", noise(2))
    with pytest.raises(
        DataError, match=r"given: no picture of mask is left to train on: train has 1 no_mask and 0 mask"
    ):
        crops(tmp_path / "given")


def test_another_folder_is_not_that_of_the_run(tmp_path) -> None:
    earlier = kept(tmp_path, crops(folder_of(tmp_path, 12)))
    for kind in ("with_mask", "without_mask"):
        for n in range(12):
            write(tmp_path / "other" / kind / f"{n}.png", noise(9000 + n))
    with pytest.raises(DataError, match=r"other: 24 of the 24 pictures of this run are not there or have changed"):
        crops(tmp_path / "other", earlier=earlier)
    (tmp_path / "set/with_mask/3.png").unlink()
    with pytest.raises(DataError, match=r"set: 1 of the 24 pictures.*such as with_mask/3\.png; resume with"):
        crops(tmp_path / "set", earlier=earlier)


@pytest.mark.parametrize("text", [None, "", "picture,part\na,train\n", "picture,part,content\na,exam,12\n"])
def test_a_run_whose_split_is_unknown_is_not_resumed(tmp_path, text) -> None:
    if text is not None:
        (tmp_path / "split.csv").write_text(text)
    with pytest.raises(DataError, match=r"split\.csv: cannot tell which pictures this run has trained on"):
        Kept.load(tmp_path / "split.csv")
