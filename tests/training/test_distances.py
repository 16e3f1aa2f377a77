"""Distances between landmarks: the numbers, the csv, and splits that keep people and pictures apart."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import edge.demo
from edge import picture
from edge.vision.crop import crop
from tests.training import made
from training import distances
from training.__main__ import main
from training.commands.prepare_folders import finder
from training.distance_splits import SPLITS, Faces, folds, units

NAMES = [split.name for split in SPLITS]


def faces() -> Faces:
    """12 people of CK+, two sequences of three frames each; 14 Training and 6 PrivateTest pictures of FER2013."""
    subjects = np.array([f"S{n // 6:03d}" for n in range(72)] + [""] * 20)
    sequences = np.array([f"S{n // 6:03d}/{n // 3}" for n in range(72)] + [""] * 20)
    usage = np.array([255] * 72 + [0] * 14 + [2] * 6, np.uint8)
    labels = np.arange(92) % 6
    return Faces(np.zeros((92, 68, 2), np.float32), labels, subjects, sequences, usage)


def part(given: Faces, sets: tuple[str, ...]) -> Faces:
    rows = np.isin(np.where(given.subjects == "", "fer2013", "ckplus"), sets)
    return Faces(*(getattr(given, name)[rows] for name in Faces.__dataclass_fields__))


def test_distances_do_not_depend_on_size_place_or_turn() -> None:
    points = made.points((0, 0, 10, 12))
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    both = distances.pairwise(np.stack([points, points @ turn * 7 + (3, 40)]))
    assert both.shape == (2, 4624)
    assert both.dtype == np.float32
    np.testing.assert_allclose(both[0], both[1], atol=1e-5)
    whole = both[0].reshape(68, 68)
    assert np.array_equal(whole, whole.T)
    assert not whole.diagonal().any()
    assert whole[36, 45] == pytest.approx(1.0)


@pytest.mark.parametrize("split", SPLITS, ids=NAMES)
def test_a_strict_split_keeps_people_and_pictures_apart(split) -> None:
    given = part(faces(), split.sets)
    tested = []
    for train, test in folds(split, given, seed=1):
        assert not set(train) & set(test)
        tested += test.tolist()
        if split.strict:
            known = set(given.subjects[train].tolist()) - {""}
            assert not known & set(given.subjects[test].tolist())
            assert not (given.usage[test] == 0).any()
            assert not (given.usage[train] == 2).any()
    assert len(tested) == len(set(tested))
    if split.sets == ("ckplus",):
        assert len(tested) == 72
    if split.strict and "fer2013" in split.sets:
        assert (given.usage[tested] == 2).sum() == 6


@pytest.mark.parametrize(("people", "expected"), [(1, 0), (2, 2), (4, 4), (7, 5)])
def test_there_are_no_more_folds_than_people(people, expected) -> None:
    given = faces()
    few = np.isin(given.subjects, sorted(set(given.subjects.tolist()) - {""})[:people])
    kept = Faces(*(getattr(given, name)[few] for name in Faces.__dataclass_fields__))
    parts = list(folds(SPLITS[0], kept, seed=1))
    assert len(parts) == expected
    assert all(len(train) and len(test) for train, test in parts)


def test_frames_of_one_sequence_count_as_one() -> None:
    assert units(faces(), np.arange(72)) == 24
    assert units(faces(), np.arange(92)) == 44


@pytest.fixture
def data(tmp_path, made_data):
    """A folder with a CK+ of 10 people, and FER2013."""
    rng = np.random.default_rng(1)
    for name, kind in (("anger", 0), ("happy", 3)):
        (tmp_path / f"data/ckplus48/{name}").mkdir(parents=True)
        for person in range(10):
            image = made.face(kind, 48, rng)
            cv2.imwrite(str(tmp_path / f"data/ckplus48/{name}/S{person:03d}_{kind:03d}_01.png"), image)
    (tmp_path / "data/fer2013.npz").symlink_to(made_data / "fer2013.npz")
    return tmp_path / "data"


@pytest.fixture
def people(tmp_path) -> Path:
    """A photograph of a face, lighter and darker, ten times of each of two classes."""
    portrait = picture.read(Path(edge.demo.__file__).with_name("portrait.jpg"))
    face = crop(portrait, finder(None)(portrait), 48, 48, channels=1)[:, :, 0]
    for name in ("anger", "Happy"):
        (tmp_path / "people" / name).mkdir(parents=True)
        for n in range(10):
            cv2.imwrite(str(tmp_path / "people" / name / f"{n}.png"), (face * (0.9 - 0.04 * n)).astype(np.uint8))
    return tmp_path / "people"


def test_the_csv_has_a_column_for_every_pair_and_the_label(people, tmp_path, capsys) -> None:
    out = tmp_path / "distances.csv"
    assert main(["features", str(people), "--distances", "--out", str(out)]) == 0
    assert "20 faces, 4,624 distances and the label each" in capsys.readouterr().out
    head, *rows = list(csv.reader(out.open()))
    assert len(head) == 4625
    assert (head[0], head[1], head[-2], head[-1]) == ("d0_0", "d0_1", "d67_67", "label")
    assert [row[-1] for row in rows] == ["happy"] * 10 + ["angry"] * 10
    assert {row[0] for row in rows} == {"0"}


def test_a_picture_without_a_face_has_no_row(people, tmp_path, capsys) -> None:
    out = tmp_path / "distances.csv"
    cv2.imwrite(str(people / "Happy/wall.png"), np.full((48, 48), 90, np.uint8))
    assert main(["features", str(people), "--distances", "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "20 faces, 4,624 distances" in told
    assert "skipped: 1, named in" in told
    with open(tmp_path / "distances.csv.skipped.csv", newline="") as file:
        assert list(csv.reader(file))[1:] == [["Happy/wall.png", "no landmarks of a face"]]
    (tmp_path / "walls").mkdir()
    cv2.imwrite(str(tmp_path / "walls/wall.png"), np.full((48, 48), 90, np.uint8))
    assert main(["features", str(tmp_path / "walls"), "--distances", "--out", str(out)]) == 1
    assert (
        "walls: no landmarks of a face in 1 picture; if these are whole photographs, add --find"
        in capsys.readouterr().err
    )


def test_the_csv_needs_a_name_that_says_so(data, tmp_path, capsys) -> None:
    assert main(["features", str(data / "ckplus48"), "--distances", "--out", str(tmp_path / "a.npz")]) == 1
    assert "--out: expected a .csv with --distances" in capsys.readouterr().err


def test_the_recipe_ends_with_a_table_beside_the_demos_figures(data, tmp_path, capsys, caplog) -> None:
    pytest.importorskip("keras")
    words = ["train", "distances", "--data", str(data), "--out", str(tmp_path / "run"), "--epochs", "1"]
    assert main(words) == 0
    printed = capsys.readouterr().out
    results = json.loads((tmp_path / "run/distances.json").read_text())
    assert list(results) == NAMES
    assert all(0 <= result["interval"][0] <= result["accuracy"] <= result["interval"][1] for result in results.values())
    assert results["CK+, other people"]["faces"] == 20
    assert results["FER2013"]["faces"] == made.ROWS[2]
    report = (tmp_path / "run/report.md").read_text()
    for figure in ("92.3 %", "below 70 %", "78.9 %"):
        assert figure in report
        assert figure in printed
    for more, told in ((), ""), (("--epochs", "2"), "fit.epochs was 1, now 2; the rows that are done stay"):
        assert main([*words, "--resume", *more]) == 0
        assert "fold 1" not in capsys.readouterr().out
        assert told in caplog.text
        assert ("fit." in caplog.text) == bool(told)


def test_a_set_that_is_missing_is_named_and_left_out(data, tmp_path, capsys) -> None:
    pytest.importorskip("keras")
    (data / "fer2013.npz").unlink()
    assert main(["train", "distances", "--data", str(data), "--out", str(tmp_path / "run"), "--epochs", "1"]) == 0
    assert "fer2013: left out:" in capsys.readouterr().out
    assert list(json.loads((tmp_path / "run/distances.json").read_text())) == NAMES[:2]


@pytest.mark.parametrize(("people", "left"), [(1, NAMES[1:2]), (2, NAMES[:2])])
def test_few_people_make_a_smaller_table(data, tmp_path, capsys, people, left) -> None:
    pytest.importorskip("keras")
    (data / "fer2013.npz").unlink()
    for path in data.rglob("S*.png"):
        if int(path.name[1:4]) >= people:
            path.unlink()
    assert main(["train", "distances", "--data", str(data), "--out", str(tmp_path / "run"), "--epochs", "1"]) == 0
    told = capsys.readouterr().out
    assert list(json.loads((tmp_path / "run/distances.json").read_text())) == left
    assert ("CK+, other people: left out: too few people" in told) == (people == 1)
    assert "five" not in told


def test_a_single_face_is_too_few(data, tmp_path, capsys) -> None:
    pytest.importorskip("keras")
    (data / "fer2013.npz").unlink()
    for path in sorted(data.rglob("S*.png"))[1:]:
        path.unlink()
    assert main(["train", "distances", "--data", str(data), "--out", str(tmp_path / "run")]) == 1
    assert "data: too few faces: no row of the table can be trained and tested" in capsys.readouterr().err
