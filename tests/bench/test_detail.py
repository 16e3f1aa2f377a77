from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from edge import picture
from tests.bench import detail
from training.data.boxes import load

TINY = Path(__file__).resolve().parent.parent / "tiny"  # its detector finds red squares of 48 pixels


@pytest.fixture
def data(tmp_path):
    """A set `wild` whose val split has three pictures with a face each, one of them too large for a mosaic."""
    folder = tmp_path / "wild"
    (folder / "images").mkdir(parents=True)
    sizes = {"a.png": (160, 120), "b.png": (160, 120), "c.png": (detail.CELL + 16, 120)}
    with open(folder / "annotations.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["image", "split", "x", "y", "w", "h", "label"])
        for name, (width, height) in sizes.items():
            pixels = np.zeros((height, width, 3), np.uint8)
            pixels[16:64, 32:80, 0] = 255
            picture.write(folder / "images" / name, pixels)
            rows.writerow([name, "val", 32, 16, 48, 48, "face"])
            rows.writerow([name, "val", 100, 80, 20, 20, "ignore"])
    return tmp_path


@pytest.mark.parametrize("size", [detail.LANDSCAPE, detail.PORTRAIT])
def test_a_mosaic_moves_each_picture_with_its_boxes(data, size):
    (made,) = detail.mosaics(load(data / "wild", "val"), size)
    assert made.image.shape == (size[1], size[0], 3)
    assert (len(made.ltrb), len(made.ignored)) == (2, 2)
    for left, top, right, bottom in made.ltrb.astype(int):
        assert (made.image[top:bottom, left:right] == (255, 0, 0)).all()
    assert (made.ignored[:, :2] - made.ltrb[:, :2]).tolist() == [[68, 64]] * 2


def test_no_picture_that_fits_is_no_mosaic():
    assert list(detail.mosaics([], detail.LANDSCAPE)) == []


@pytest.mark.parametrize(
    ("widths", "hits", "expected"),
    [
        ([], [], None),
        ([10, 20], [False, False], None),
        ([10, 20], [True, True], 10),
        ([5, 10, 20, 40], [False, False, True, True], 20),
        ([5, 20, 40], [True, False, True], 40),
    ],
)
def test_the_smallest_face_is_that_from_which_on_half_are_found(widths, hits, expected):
    assert detail.smallest(np.array(widths, float), np.array(hits, bool)) == expected


def test_each_level_is_a_row(data, capsys):
    words = ["--data", str(data), "--models", str(TINY), "--sets", "wild", "--detail", "fast", "auto"]
    assert detail.main([*words, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["set"], row["detail"], row["faces"]) for row in rows] == [("wild", "fast", 3), ("wild", "auto", 3)]
    assert [(row["recall"]["16"], row["wrong"]) for row in rows] == [(pytest.approx(2 / 3), 0)] * 2
    assert detail.main(words) == 0
    head, _, *lines = capsys.readouterr().out.splitlines()
    assert head.startswith("| pictures | detail | recall >= 16 px ")
    assert [line.split(" | ")[:2] for line in lines] == [["| wild", "fast"], ["| wild", "auto"]]


def test_a_missing_set_is_one_line(tmp_path, capsys):
    assert detail.main(["--data", str(tmp_path), "--models", str(TINY)]) == 1
    assert "annotations.csv: cannot read the boxes" in capsys.readouterr().err
