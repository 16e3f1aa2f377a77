"""emotion_wild: rows by split, the device's squares, and masks on the whole pictures."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training import made
from training.data import emotion_wild, wild_masks
from training.data.face_points import FacePoints
from training.data.fer2013 import DataError
from training.data.landmark_detector import LandmarkDetector


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("wild") / "emotion_wild"
    made.emotion_wild(path)
    return path


def test_rows_of_a_split(folder) -> None:
    faces = emotion_wild.load(folder, "val")
    assert len(faces) == 14
    assert faces.images.shape == (14, 72, 72)
    assert faces.labels.tolist() == list(range(7)) * 2
    assert set(faces.smile.tolist()) == {-1, 0, 1}
    assert len(emotion_wild.load(folder, "val", "test")) == 28


def test_some_of_the_faces(folder) -> None:
    faces = emotion_wild.load(folder, "train")
    some = faces.only(faces.labels == 3)
    assert len(some) == 3
    assert some.persons == tuple(f"train{n}" for n in (3, 10, 17))
    assert faces.only(np.array([2, 0])).index.tolist() == [faces.index[2], faces.index[0]]
    assert len(faces.only(np.zeros(len(faces), bool))) == 0


def test_squares_are_cut_as_the_device_cuts_them(folder) -> None:
    faces = emotion_wild.load(folder, "val")
    assert np.array_equal(emotion_wild.squares(faces, 1.0), faces.images[:, 12:60, 12:60])
    assert emotion_wild.squares(faces, 1.3).shape == (14, 48, 48)


@pytest.mark.parametrize("broken", ["annotations.csv", "images.npz"])
def test_a_missing_file_is_named(broken, tmp_path) -> None:
    made.emotion_wild(tmp_path / "set")
    (tmp_path / "set" / broken).unlink()
    with pytest.raises(DataError, match="cannot read emotion_wild"):
        emotion_wild.load(tmp_path / "set", "val")


def test_a_split_without_rows(folder) -> None:
    with pytest.raises(DataError, match="no row of split"):
        emotion_wild.load(folder, "nobody")


def test_points_in_the_squares_become_points_of_the_pictures(folder, monkeypatch) -> None:
    faces = emotion_wild.load(folder, "val")
    middle = np.full((len(faces), 68, 2), 24, np.float32)
    monkeypatch.setattr(wild_masks, "locate", lambda predict, images: FacePoints(middle, np.ones(len(images), bool)))
    located = wild_masks.locate_in_pictures(faces, LandmarkDetector)
    assert located.points == pytest.approx(np.full((14, 68, 2), 36), abs=0.6)


@pytest.mark.parametrize("varied", [False, True])
def test_masks_are_drawn_below_the_eyes_and_repeat_for_a_seed(varied) -> None:
    images = np.full((3, 72, 72), 120, np.uint8)
    points = np.repeat(made.points((16, 20, 56, 64))[None], 3, axis=0)
    drawn, again, other = (wild_masks.drawings(images, points, seed, varied) for seed in (1, 1, 2))
    assert np.array_equal(drawn, again)
    assert not np.array_equal(drawn, other)
    assert (drawn[:, :18] == 120).all()
    assert (drawn[:, 48:58, 28:44] != 120).mean() > 0.5
