"""The 68-point set: rows by split, framed as FER2013 frames faces, points that stay on their pixels."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.training import made
from training.data import landmarks68
from training.data.fer2013 import DataError
from training.data.landmarks68 import MIRROR, OUTER_EYES, error, face_square, load

POINTS = made.points((30, 34, 84, 90))
ROWS = (
    ("helen_train/a.png", "train"),
    ("video_test/b.png", "train"),
    ("video_train/c.png", "val"),
    ("helen_test/d.png", "test"),
    ("afw/e.png", "test"),
    ("video_train/f.png", "test"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six pictures of noise with the same points; a white dot lies under the chin point."""
    header = ",".join(["image", "split", *(f"{axis}{i}" for i in range(68) for axis in "xy")])
    lines = [header]
    for name, split in ROWS:
        image = np.random.default_rng(1).integers(0, 60, (120, 116), dtype=np.uint8)
        cv2.circle(image, tuple(int(v) for v in POINTS[8]), 3, 255, -1)
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), image)
        lines.append(",".join([name, split, *(f"{v:.2f}" for v in POINTS.reshape(-1))]))
    (tmp_path / "points.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (lambda name, split: False, ()),
        (landmarks68.training_row, ("helen_train/a.png", "video_test/b.png")),
        (landmarks68.validation_row, ("video_train/c.png",)),
        (landmarks68.held_out_row, ("helen_test/d.png", "afw/e.png")),
    ],
)
def test_rows_are_chosen_by_the_split_column(folder: Path, wanted, expected: tuple[str, ...]) -> None:
    faces = load(folder, wanted)
    assert faces.names == expected
    assert faces.images.shape == (len(expected), 48, 48)
    assert faces.images.dtype == np.uint8
    assert faces.points.shape == (len(expected), 68, 2)
    assert faces.points.dtype == np.float32


@pytest.mark.parametrize(
    ("size", "margin", "shift"), [(48, 1.3, -0.13), (96, 1.95, -0.13), (24, 1.0, 0.0), (48, 3, 0.4)]
)
def test_points_stay_on_their_pixels(folder: Path, size: int, margin: float, shift: float) -> None:
    faces = load(folder, landmarks68.training_row, size, margin, shift)
    for image, points in zip(faces.images, faces.points, strict=True):
        ys, xs = np.nonzero(image > 150)
        chin = points[8] * size
        assert abs(xs.mean() + 0.5 - chin[0]) < 1
        assert abs(ys.mean() + 0.5 - chin[1]) < 1


def test_the_framing_is_fer2013s(folder: Path) -> None:
    points = load(folder, landmarks68.training_row).points[0]
    assert 0.15 < points[17:27, 1].min() < 0.3, "the forehead shows above the brows"
    assert 0.93 < points[8, 1] < 1, "the chin is inside"
    assert abs(points[:, 0].min() + points[:, 0].max() - 1) < 0.03, "the face is in the middle"
    assert face_square(POINTS).width == pytest.approx(face_square(POINTS).height)


def test_a_limit_stops_early(folder: Path) -> None:
    assert len(load(folder, landmarks68.training_row, limit=1)) == 1


def test_the_mirror_is_its_own_inverse_and_swaps_the_sides() -> None:
    assert np.array_equal(MIRROR[MIRROR], np.arange(68))
    assert [MIRROR[i] for i in (0, 8, 17, 27, 31, 36, 39, 48, 51, 60, 67)] == [
        16,
        8,
        26,
        27,
        35,
        45,
        42,
        54,
        51,
        64,
        65,
    ]
    assert np.allclose(POINTS[MIRROR] * [-1, 1] + [114, 0], POINTS, atol=0.6), "a symmetric face is its mirror image"


@pytest.mark.parametrize(
    ("offset", "expected"),
    [([0, 0], 0.0), ([3, 4], 5.0), ([-6, 8], 10.0)],
)
def test_error_is_mean_distance_over_the_outer_eyes(offset: list[int], expected: float) -> None:
    eyes = np.linalg.norm(POINTS[OUTER_EYES[0]] - POINTS[OUTER_EYES[1]])
    assert error(POINTS[None] + offset, POINTS[None]) == pytest.approx([expected / eyes])
    assert error(np.zeros((0, 68, 2)), np.zeros((0, 68, 2))).shape == (0,)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: (folder / "points.csv").unlink(), "points.csv: expected image, split and 68 points"),
        (lambda folder: (folder / "points.csv").write_text("image\nx.png,train,1,2\n"), "expected image, split"),
        (lambda folder: (folder / "helen_train/a.png").write_bytes(b""), "a.png: cannot be read as a picture"),
    ],
)
def test_what_is_broken_is_named(folder: Path, harm, message: str) -> None:
    harm(folder)
    with pytest.raises(DataError, match=message):
        load(folder, landmarks68.training_row)
