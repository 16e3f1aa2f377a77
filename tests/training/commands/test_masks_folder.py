"""edge-emotion-train masks IN OUT on a folder of pictures: a mask on each face, and a name for each picture without."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

import edge.demo
from edge import picture
from training.__main__ import main
from training.data import masked_folder
from training.data.masked_tables import Table

PORTRAIT = Path(edge.demo.__file__).with_name("portrait.jpg")


def run(*words: object) -> int:
    return main(["masks", *map(str, words)])


def rows(path: Path) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


@pytest.fixture
def photos(tmp_path):
    """Two people in two folders, a wall, a torn file and a letter."""
    folder = tmp_path / "photos"
    (folder / "friends").mkdir(parents=True)
    (folder / "anna.jpg").write_bytes(PORTRAIT.read_bytes())
    cv2.imwrite(str(folder / "friends/ben.bmp"), cv2.flip(cv2.imread(str(PORTRAIT)), 1))
    cv2.imwrite(str(folder / "wall.png"), np.full((120, 120, 3), 120, np.uint8))
    (folder / "torn.jpg").write_bytes(PORTRAIT.read_bytes()[:200])
    (folder / "letter.txt").write_text("dear")
    return folder


def test_each_face_wears_a_mask_and_all_else_is_named(photos, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    assert run(photos, out) == 0
    drawn = {row[0]: row for row in rows(out / "masks.csv")}
    assert set(drawn) == {"anna.jpg", "friends/ben.bmp"}
    before, after = picture.read(photos / "friends/ben.bmp"), picture.read(out / "friends/ben.bmp.png")
    assert before.shape == after.shape
    left, top, right, bottom = (round(float(side)) for side in drawn["friends/ben.bmp"][1:5])
    changed = (before != after).any(axis=2)
    middle = (top + bottom) // 2
    assert changed[middle:bottom, left:right].mean() > 0.5, "the lower half of the face"
    assert not changed[: top + (bottom - top) // 5].any(), "nothing above the eyes"
    assert dict(rows(out / "skipped.csv")).keys() == {"wall.png", "torn.jpg", "letter.txt"}
    told = capsys.readouterr().out
    assert "2 masks on 2 pictures" in told
    assert "- wall.png: no face found" in told
    assert "- letter.txt: not a picture" in told


def test_a_seed_decides_the_masks_and_kinds_can_be_chosen(photos, tmp_path) -> None:
    for name, more in {"a": (), "b": (), "c": ("--seed", 5), "d": ("--kinds", "surgical,valve")}.items():
        assert run(photos, tmp_path / name, *more) == 0
    a, b, c, d = (rows(tmp_path / name / "masks.csv") for name in "abcd")
    assert a == b
    assert a != c
    assert {row[5] for row in d} <= {"surgical", "valve"}


def test_an_interrupted_run_goes_on(photos, tmp_path, capsys, monkeypatch) -> None:
    whole = masked_folder._one

    def broken_off(path, *more):
        if path.name == "torn.jpg":
            raise KeyboardInterrupt
        return whole(path, *more)

    monkeypatch.setattr(masked_folder, "_one", broken_off)
    assert run(photos, tmp_path / "out") == 130
    assert "the same command goes on" in capsys.readouterr().out
    done = (tmp_path / "out/masks.csv").read_bytes()
    # The machine went down in the middle of a line, too.
    (tmp_path / "out/masks.csv").write_bytes(done + b"wall.png,1.0,2.")
    seen = []
    monkeypatch.setattr(masked_folder, "_one", lambda path, *more: (seen.append(path.name), whole(path, *more))[1])
    assert run(photos, tmp_path / "out") == 0
    assert seen == ["torn.jpg", "wall.png"]
    assert "2 masks on 2 pictures (2 pictures were done before)" in capsys.readouterr().out
    assert run(photos, tmp_path / "once") == 0
    for name in ("masks.csv", "skipped.csv"):
        assert sorted(rows(tmp_path / "out" / name)) == sorted(rows(tmp_path / "once" / name))


def test_a_full_disk_ends_the_run_and_the_next_one_goes_on(photos, tmp_path, capsys, monkeypatch) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("edge.picture.writer.os.write", full)
        assert run(photos, tmp_path / "out") == 1
    err = capsys.readouterr().err.splitlines()
    assert "cannot be written (No space left on device); the same command goes on once it can" in err[-1]
    assert run(photos, tmp_path / "out") == 0
    assert "2 masks on 2 pictures (0 pictures were done before)" in capsys.readouterr().out
    assert dict(rows(tmp_path / "out/skipped.csv")).keys() == {"wall.png", "torn.jpg", "letter.txt"}


def test_a_full_disk_takes_no_table_away(tmp_path, monkeypatch) -> None:
    Table(tmp_path / "a.csv", ("name",), [("first",)]).__exit__()
    before = (tmp_path / "a.csv").read_bytes()

    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        Table(tmp_path / "a.csv", ("name",), [("first",), ("second",)])
    assert (tmp_path / "a.csv").read_bytes() == before


def test_what_changed_is_drawn_again_and_what_was_deleted_too(photos, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    assert run(photos, out) == 0
    (photos / "torn.jpg").write_bytes(PORTRAIT.read_bytes())
    (photos / "anna.jpg").unlink()
    cv2.imwrite(str(photos / "anna.jpg"), np.full((120, 120, 3), 120, np.uint8))
    (out / "friends/ben.bmp.png").unlink()
    cv2.imwrite(str(photos / "new.png"), cv2.imread(str(PORTRAIT)))
    capsys.readouterr()
    assert run(photos, out) == 0
    assert "3 masks on 3 pictures (0 pictures were done before)" in capsys.readouterr().out
    assert sorted(row[0] for row in rows(out / "masks.csv")) == ["friends/ben.bmp", "new.png", "torn.jpg"]
    assert dict(rows(out / "skipped.csv")).keys() == {"anna.jpg", "letter.txt", "wall.png"}
    assert not (out / "anna.jpg").exists()
    assert (out / "friends/ben.bmp.png").is_file()
    (photos / "new.png").unlink()
    assert run(photos, out) == 0
    assert "3 masks on 3 pictures (3 pictures were done before)" in capsys.readouterr().out


def test_links_are_followed_and_no_picture_takes_the_place_of_another(tmp_path, capsys) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "away").mkdir()
    face = cv2.imread(str(PORTRAIT))
    cv2.imwrite(str(tmp_path / "away/a.bmp"), face)
    cv2.imwrite(str(tmp_path / "away/a.bmp.png"), face)
    cv2.imwrite(str(tmp_path / "photos" / f"{'n' * 251}.bmp"), face)
    (tmp_path / "photos/friends").symlink_to(tmp_path / "away")
    (tmp_path / "away/up").symlink_to(tmp_path / "photos")
    assert run(tmp_path / "photos", tmp_path / "out") == 0
    skipped = dict(rows(tmp_path / "out/skipped.csv"))
    assert skipped.pop(f"{'n' * 251}.bmp").endswith("cannot write the picture (File name too long)")
    assert skipped == {
        "friends/a.bmp.png": "friends/a.bmp.png is drawn from friends/a.bmp",
        "friends/up/": "a link to a folder that contains the link",
    }
    assert "1 mask on 1 picture (0 pictures were done before)" in capsys.readouterr().out


def test_a_picture_without_a_face_takes_no_place(tmp_path, capsys) -> None:
    (tmp_path / "photos").mkdir()
    face, wall = cv2.imread(str(PORTRAIT)), np.full((120, 120, 3), 120, np.uint8)
    first, second = str(tmp_path / "photos/a.bmp"), str(tmp_path / "photos/a.bmp.png")
    cv2.imwrite(first, wall)
    cv2.imwrite(second, face)
    for before in (0, 1):
        assert run(tmp_path / "photos", tmp_path / "out") == 0
        assert f"1 mask on 1 picture ({before} picture" in capsys.readouterr().out
        assert dict(rows(tmp_path / "out/skipped.csv")) == {"a.bmp": "no face found"}
    drawn = (tmp_path / "out/a.bmp.png").read_bytes()
    cv2.imwrite(first, face)  # what is drawn from the other stays
    assert run(tmp_path / "photos", tmp_path / "out") == 0
    assert dict(rows(tmp_path / "out/skipped.csv")) == {"a.bmp": "a.bmp.png is drawn from a.bmp.png"}
    cv2.imwrite(first, wall[:90])
    assert run(tmp_path / "photos", tmp_path / "out") == 0
    assert [row[0] for row in rows(tmp_path / "out/masks.csv")] == ["a.bmp.png"]
    assert (tmp_path / "out/a.bmp.png").read_bytes() == drawn


def test_a_crop_of_one_face_is_a_face_and_a_crop_of_a_wall_is_not(tmp_path) -> None:
    (tmp_path / "crops").mkdir()
    face = cv2.imread(str(PORTRAIT), cv2.IMREAD_GRAYSCALE)
    assert run(tmp_path / "crops", tmp_path / "none") == 1
    cv2.imwrite(str(tmp_path / "crops/face.png"), face)
    cv2.imwrite(str(tmp_path / "crops/wall.png"), np.full((48, 48), 90, np.uint8))
    assert run(tmp_path / "crops", tmp_path / "out") == 0
    assert [row[0] for row in rows(tmp_path / "out/masks.csv")] == ["face.png"]


def test_what_was_written_into_the_folder_is_not_masked_again(photos, capsys) -> None:
    assert run(photos, photos / "masked") == 0
    assert run(photos, photos / "masked") == 0
    assert "2 masks on 2 pictures (2 pictures were done before)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("empty", "out"), 1, "empty: no picture below it, and no fer2013.npz in it"),
        (("walls", "out"), 1, "walls: no face in 1 picture; "),
        (("walls",), 1, "masks: expected one folder to write into"),
        (("walls", "out", "--out", "other"), 1, "masks: expected one folder to write into"),
        (("walls", "mine"), 1, "mine: exists and holds other files"),
        (("walls", "walls"), 1, "walls: OUT is IN; choose another folder"),
        (("walls", "."), 1, ".: IN lies in OUT; choose another folder"),
        (("nowhere", "out"), 1, "nowhere: no such file or folder; check the path"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path, monkeypatch, capsys, words, code, expected) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "walls", "mine"):
        (tmp_path / name).mkdir()
    cv2.imwrite("walls/wall.png", np.full((120, 120, 3), 120, np.uint8))
    (tmp_path / "mine/letter.txt").write_text("dear")
    assert run(*words) == code
    err = capsys.readouterr().err
    assert expected in err
    assert err.count("\n") == 1


def test_an_unknown_kind_of_mask_is_a_usage_error(tmp_path, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, tmp_path / "out", "--kinds", "surgical,venetian")
    assert ended.value.code == 2
    assert "got 'venetian'" in capsys.readouterr().err
