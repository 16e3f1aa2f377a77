"""CK+ in both layouts, generated."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.frame import Box
from edge.labels import Emotion
from tests.training import made
from training.data import ckplus
from training.data.fer2013 import DataError


def write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


def frame(number: int) -> np.ndarray:
    """A frame of 160x120 whose grey is its number, with a brighter face at (40, 20, 100, 90)."""
    image = np.full((120, 160), number, np.uint8)
    image[20:90, 40:100] = 150 + number
    return image


def full(folder: Path, sequence: str, frames: int, code: str | None, landmarks: bool = True) -> None:
    """One sequence of the full distribution."""
    subject, take = sequence.split("/")
    for number in range(1, frames + 1):
        stem = f"{subject}_{take}_{number:08d}"
        write(folder / "cohn-kanade-images" / sequence / f"{stem}.png", frame(number))
        if landmarks:
            path = folder / "Landmarks" / sequence / f"{stem}_landmarks.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savetxt(path, made.points((45, 35, 95, 88)))
    if code is not None:
        path = folder / "Emotion" / sequence / f"{subject}_{take}_{frames:08d}_emotion.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"   {code}\n")


@pytest.mark.parametrize(
    ("count", "drop", "first"),
    [(0, 0.4, 0), (1, 0.4, 0), (5, 0.4, 2), (10, 0.4, 4), (35, 0.4, 14), (10, 0.0, 0), (100, 0.29, 29)],
)
def test_the_part_that_is_dropped(count, drop, first) -> None:
    assert ckplus.kept(count, drop) == first


def test_the_beginning_of_each_full_sequence_is_left_out(tmp_path) -> None:
    full(tmp_path, "S005/001", 10, "3.0000000e+00")
    full(tmp_path, "S010/002", 5, "5.0000000e+00")
    found = ckplus.load(tmp_path)
    assert found.sequences == ("S005/001",) * 6 + ("S010/002",) * 3
    assert found.subjects == ("S005",) * 6 + ("S010",) * 3
    assert found.labels.tolist() == [Emotion.DISGUST] * 6 + [Emotion.HAPPY] * 3
    assert found.dropped == {"beginning of a sequence": 4 + 2}
    assert found.images.shape == (9, 48, 48)
    assert (found.images[0, 20:28, 20:28] == 155).all()  # frame 5 of ten is the first that stays
    assert len(ckplus.load(tmp_path, drop=0.0).labels) == 15


def test_a_folder_whose_name_is_not_utf_8_is_read(tmp_path) -> None:
    full(tmp_path / "a", "S005/001", 10, "3.0000000e+00")
    (tmp_path / "a").rename(tmp_path / "\udce9")
    assert len(ckplus.load(tmp_path / "\udce9", drop=0.0).labels) == 10


def test_contempt_and_unlabelled_sequences_are_dropped_and_counted(tmp_path) -> None:
    full(tmp_path, "S005/001", 5, "1.0")
    full(tmp_path, "S005/002", 5, "2.0")
    full(tmp_path, "S005/003", 5, None)
    found = ckplus.load(tmp_path, drop=0.0)
    assert set(found.sequences) == {"S005/001"}
    assert found.dropped["contempt"] == 1
    assert found.dropped["unlabelled sequence"] == 1


def test_without_landmarks_faces_are_looked_for(tmp_path) -> None:
    full(tmp_path, "S005/001", 4, "7.0", landmarks=False)
    seen = []

    def find(image: np.ndarray) -> Box | None:
        seen.append(int(image[0, 0]))
        return None if image[0, 0] == 3 else Box(40, 20, 100, 80)

    found = ckplus.load(tmp_path, drop=0.5, find=find)
    assert seen == [3, 4]
    assert found.dropped["no face found"] == 1
    assert (found.images == 154).all()


def test_the_excerpts_are_read_as_they_are(tmp_path) -> None:
    for name, take in (("anger", "S010_004"), ("happy", "S010_006"), ("contempt", "S138_008")):
        for number in (17, 18, 19):
            write(tmp_path / name / f"{take}_{number:08d}.png", np.full((48, 48), number, np.uint8))
    found = ckplus.load(tmp_path)
    assert found.labels.tolist() == [Emotion.ANGRY] * 3 + [Emotion.HAPPY] * 3
    assert found.sequences == ("S010/004",) * 3 + ("S010/006",) * 3
    assert found.images[:, 0, 0].tolist() == [17, 18, 19] * 2
    assert found.dropped == {"contempt": 3}


def test_no_subject_stands_on_two_sides() -> None:
    subjects = tuple(f"S{n % 20:03d}" for n in range(200))
    usage = ckplus.split(subjects, seed=5)
    sides = {name: set(usage[[n for n, s in enumerate(subjects) if s == name]].tolist()) for name in set(subjects)}
    assert all(len(side) == 1 for side in sides.values())
    assert np.bincount(usage).tolist() == [140, 30, 30]
    assert np.array_equal(usage, ckplus.split(subjects, seed=5))
    assert not np.array_equal(usage, ckplus.split(subjects, seed=6))


def test_what_is_no_ck_plus_is_named(tmp_path) -> None:
    with pytest.raises(DataError, match="neither cohn-kanade-images"):
        ckplus.load(tmp_path)
    full(tmp_path, "S005/001", 2, None)
    with pytest.raises(DataError, match="no labelled frame"):
        ckplus.load(tmp_path)
    full(tmp_path, "S005/001", 2, "many")
    with pytest.raises(DataError, match=r"_emotion\.txt: expected a number"):
        ckplus.load(tmp_path)
    with pytest.raises(DataError, match="expected 0 to less than 1, got 1"):
        ckplus.load(tmp_path, drop=1)
