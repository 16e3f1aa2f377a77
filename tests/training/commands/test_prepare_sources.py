"""edge-emotion-train prepare on sources that change, break off or are named otherwise: nothing is silent."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.training import made
from tests.training.commands.test_prepare_folders import PORTRAIT, pictures, rows, run
from tests.training.data.test_ckplus import full, write
from tests.training.data.test_fer2013 import write_csv
from training.data.fer2013 import USAGES


@pytest.fixture
def table(tmp_path) -> Path:
    write_csv(tmp_path / "fer.csv", made.fer())
    return tmp_path / "fer.csv"


def excerpts(folder: Path, classes=("anger", "happy"), subjects: int = 20) -> Path:
    """CK+'s excerpts: two frames of each subject, one class after the other."""
    for number in range(2 * subjects):
        image = np.full((48, 48), 60 + number, np.uint8)
        write(folder / classes[number % 2] / f"S{number // 2:03d}_001_{number % 2 + 1:08d}.png", image)
    return folder


def sides(out: Path) -> dict[str, set[str]]:
    """The usages of each subject of CK+."""
    found: dict[str, set[str]] = {}
    for name in pictures(out):
        found.setdefault(Path(name).stem[-17:-13], set()).add(name.partition("/")[0])
    return found


@pytest.mark.parametrize("set_", ["ckplus", "combined"])
def test_a_source_that_has_changed_is_not_mixed_with_what_it_was(tmp_path, capsys, set_) -> None:
    source = excerpts(tmp_path / "ck")
    assert run(set_, source, tmp_path / "out") == 0
    before = pictures(tmp_path / "out")
    assert run(set_, source, tmp_path / "out") == 0
    assert "0 written now, 40 already there" in capsys.readouterr().out
    (source / "anger/S000_001_00000001.png").rename(source / "happy/S000_001_00000001.png")
    write(source / "anger/S900_001_00000001.png", np.full((48, 48), 7, np.uint8))
    assert run(set_, source, tmp_path / "out") == 1
    assert "out: was prepared from something else, or the source or the options have changed" in capsys.readouterr().err
    assert pictures(tmp_path / "out").keys() == before.keys()


def test_a_csv_of_the_same_size_with_another_label_is_another_source(table, tmp_path, capsys) -> None:
    assert run("fer2013", table, tmp_path / "out") == 0
    text = table.read_text()
    at = text.index("\n") + 1
    table.write_text(text[:at] + "6" + text[at + 1 :])
    os.utime(table, (1, 1))
    assert run("fer2013", table, tmp_path / "out") == 1
    assert "have changed since" in capsys.readouterr().err


def test_pictures_of_others_and_torn_ones_are_not_taken_for_ours(table, tmp_path, capsys) -> None:
    assert run("fer2013", table, tmp_path / "out") == 0
    cv2.imwrite(str(tmp_path / "out/Training/happy/mine.png"), np.zeros((48, 48), np.uint8))
    (tmp_path / "out/Training/happy/torn.png.new").write_bytes(b"\x89PNG")
    assert run("fer2013", table, tmp_path / "out") == 0
    assert "- not from the source; something else wrote it: 1" in capsys.readouterr().out
    notes = dict(rows(tmp_path / "out/notes.csv"))
    assert notes["Training/happy/mine.png"].startswith("not from the source")
    assert not (tmp_path / "out/Training/happy/torn.png.new").exists()


def test_the_corrected_command_may_use_the_folder_of_the_failed_one(table, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    (tmp_path / "text.csv").write_text("dear diary\n")
    assert run("fer2013", tmp_path / "text.csv", out) == 1
    assert not out.exists()
    (tmp_path / "bad.csv").write_text("emotion,pixels,Usage\n8,1 2 3,Training\n")
    assert run("fer2013", tmp_path / "bad.csv", out) == 1
    assert [row[:2] for row in rows(out / "skipped.csv")] == [["row 0", "emotion: expected 0-6, got '8'"]]
    assert run("fer2013", table, out) == 0
    assert "98 pictures: 98 written now" in capsys.readouterr().out


def test_a_disk_that_is_full_ends_the_run_and_the_next_one_goes_on(table, tmp_path, capsys, monkeypatch) -> None:
    whole, calls = Path.write_bytes, []

    def full_disk(path: Path, data: bytes) -> int:
        calls.append(path)
        if len(calls) > 30:
            raise OSError(28, "No space left on device", str(path))
        return whole(path, data)

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    assert run("fer2013", table, tmp_path / "out") == 1
    err = capsys.readouterr().err
    assert "cannot be written (No space left on device); the same command goes on" in err
    assert err.count("\n") == 1
    monkeypatch.setattr(Path, "write_bytes", whole)
    assert run("fer2013", table, tmp_path / "out") == 0
    assert "98 pictures: 68 written now, 30 already there." in capsys.readouterr().out


@pytest.mark.parametrize("set_", ["ckplus", "combined"])
@pytest.mark.parametrize("inner", ["", "CK+48"])
def test_the_excerpts_are_known_by_capital_letters_and_one_folder_deeper(tmp_path, set_, inner) -> None:
    excerpts(tmp_path / "ck" / inner, ("Surprise", "Happy"))
    assert run(set_, tmp_path / "ck", tmp_path / "out") == 0
    found = sides(tmp_path / "out")
    assert len(found) == 20
    assert all(len(side) == 1 for side in found.values())
    assert set().union(*found.values()) == set(USAGES)


def test_subjects_stay_together_among_ordinary_photographs(tmp_path) -> None:
    excerpts(tmp_path / "photos/mine/ck")
    for number in range(2):
        write(tmp_path / f"photos/others/happy/{number}.png", np.full((60, 60), 90 + number, np.uint8))
    assert run("combined", tmp_path / "photos", tmp_path / "out", "--crops") == 0
    found = {subject: side for subject, side in sides(tmp_path / "out").items() if subject.startswith("S0")}
    assert len(found) == 20
    assert all(len(side) == 1 for side in found.values())


def test_folders_are_named_in_many_ways(tmp_path, capsys) -> None:
    places = ("0_Angry", "1. disgusted", "Suprise", "happy/anna", "val_set/sad", "eval/sad", "Test/fear/ben")
    for number, place in enumerate(places):
        write(tmp_path / f"photos/{place}/{number}.png", np.full((60, 60), 90 + number, np.uint8))
    assert run("combined", tmp_path / "photos", tmp_path / "out", "--crops") == 0
    found = {Path(name).stem.rpartition("-")[2]: Path(name).parts[:2] for name in pictures(tmp_path / "out")}
    emotions = ("angry", "disgust", "surprise", "happy", "sad", "sad", "fear")
    assert [found[str(number)][1] for number in range(7)] == list(emotions)
    assert [found[str(number)][0] for number in (4, 5, 6)] == ["PublicTest", "PublicTest", "PrivateTest"]


def test_folders_of_numbers_are_named(tmp_path, capsys) -> None:
    for number in range(1, 8):
        write(tmp_path / f"photos/train/{number}/a.png", np.full((60, 60), 90 + number, np.uint8))
    assert run("combined", tmp_path / "photos", tmp_path / "out", "--crops") == 1
    assert (
        "or words like them); found 1, 2, 3, 4, 5, 6, 7: rename those that stand for an emotion\n"
        in capsys.readouterr().err
    )


def test_all_that_lies_beside_the_excerpts_is_named(tmp_path) -> None:
    source = excerpts(tmp_path / "ck")
    for place in ("happy/foo.jpg", "happy/Thumbs.db", "happy/sub/a.png", "bored/a.png", "root.png"):
        (source / place).parent.mkdir(exist_ok=True)
        (source / place).write_bytes(b"nothing")
    (source / "happy/S000_001_00000002.png").rename(source / "happy/S000_001_00000002.PNG")
    (source / "happy/gone.png").symlink_to("nowhere.png")
    assert run("ckplus", source, tmp_path / "out") == 0
    assert len(pictures(tmp_path / "out")) == 40
    assert {name: reason for name, reason, _ in rows(tmp_path / "out/skipped.csv")} == {
        "bored/": "no emotion of that name",
        "happy/Thumbs.db": "not a picture by its name",
        "happy/foo.jpg": "cannot be read as a picture",
        "happy/gone.png": "cannot be read as a picture",
        "happy/sub/": "a folder inside that of an emotion",
        "root.png": "not in a folder named after an emotion",
    }


def test_links_are_followed_and_unreadable_pictures_are_named_with_their_folder(tmp_path, capsys) -> None:
    photos = tmp_path / "photos"
    for place in ("happy/1.jpg", "sad/1.jpg", "root.jpg"):
        (photos / place).parent.mkdir(parents=True, exist_ok=True)
        (photos / place).write_bytes(PORTRAIT.read_bytes()[:300])
    (tmp_path / "away").mkdir()
    (tmp_path / "away/anna.JPG").write_bytes(PORTRAIT.read_bytes())
    (photos / "fear").symlink_to(tmp_path / "away")
    (tmp_path / "away/up").symlink_to(tmp_path / "away")
    assert run("combined", photos, tmp_path / "out", "--crops") == 0
    assert [Path(name).name for name in pictures(tmp_path / "out")] == ["photos-anna.png"]
    skipped = {name: reason for name, reason, _ in rows(tmp_path / "out/skipped.csv")}
    assert skipped.keys() == {"photos/happy/1.jpg", "photos/sad/1.jpg", "photos/root.jpg", "photos/fear/up/"}
    assert skipped["photos/root.jpg"] == "not in a folder named after an emotion"
    assert "1 picture: 1 written now" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ("", "landmarks: expected 68 points, got 0 numbers"),
        ("nan nan\n" * 68, "landmarks: not points of this picture"),
        ("0 0\n" * 68, "landmarks: all in one place"),
        ("1e9 1\n2 -1e9\n" * 34, "landmarks: not points of this picture"),
        ("1e300 1e300\n0 0\n" * 34, "landmarks: not points of this picture"),
        ("12 abc\n" * 68, "landmarks: expected 68 points (could not"),
    ],
)
def test_absurd_landmarks_cost_one_frame(tmp_path, capsys, points, reason) -> None:
    folder = tmp_path / "ck"
    full(folder, "S005/001", 3, "3.0")
    (folder / "Landmarks/S005/001/S005_001_00000002_landmarks.txt").write_text(points)
    assert run("ckplus", folder, tmp_path / "out", "--drop", "0") == 0
    assert len(pictures(tmp_path / "out")) == 2
    ((name, told, _),) = rows(tmp_path / "out/skipped.csv")
    assert name == "S005/001/S005_001_00000002.png"
    assert told.startswith(reason)
    assert capsys.readouterr().err == ""


def test_the_full_set_may_lie_deeper_and_hold_other_kinds_of_pictures(tmp_path) -> None:
    full(tmp_path / "ck/download/CK+", "S005/001", 4, "3.0")
    for path in sorted((tmp_path / "ck").rglob("*.png"))[:2]:
        cv2.imwrite(str(path.with_suffix(".JPG")), cv2.imread(str(path)))
        path.unlink()
    assert run("ckplus", tmp_path / "ck", tmp_path / "out", "--drop", "0") == 0
    assert len(pictures(tmp_path / "out")) == 4


def test_the_full_set_is_known_in_any_case_and_its_texts_may_have_a_mark(tmp_path) -> None:
    full(tmp_path / "ck", "S005/001", 2, "3.0")
    for path in (tmp_path / "ck").rglob("*.txt"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    for name, new in {
        "cohn-kanade-images": "Cohn-Kanade-Images",
        "Emotion": "EMOTION",
        "Landmarks": "landmarks",
    }.items():
        (tmp_path / "ck" / name).rename(tmp_path / "ck" / new)
    assert run("ckplus", tmp_path / "ck", tmp_path / "out", "--drop", "0") == 0
    assert len(pictures(tmp_path / "out")) == 2
    assert {Path(name).parent.name for name in pictures(tmp_path / "out")} == {"disgust"}
    assert rows(tmp_path / "out/skipped.csv") == []


def test_the_commonest_reason_says_why_there_is_no_picture(tmp_path, capsys) -> None:
    full(tmp_path / "ck", "S001/001", 2, "2.0")
    for number in range(2, 5):
        full(tmp_path / "ck", f"S{number:03d}/001", 2, None)
    assert run("ckplus", tmp_path / "ck", tmp_path / "out") == 1
    assert "no picture could be written; S002/001 and 2 more: unlabelled sequence; " in capsys.readouterr().err
    assert len(rows(tmp_path / "out/skipped.csv")) == 4


@pytest.mark.parametrize("name", ["fer2013.CSV", "fer2013.txt", "fer2013", "fer2013.csv.gz"])
def test_the_content_says_whether_it_is_the_csv(table, tmp_path, capsys, name) -> None:
    data = table.read_bytes()
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    assert run("fer2013", tmp_path / "x" / name, tmp_path / "out") == 0
    assert "98 pictures: 98 written now" in capsys.readouterr().out


def test_a_folder_inside_the_source_is_refused(tmp_path, capsys) -> None:
    source = excerpts(tmp_path / "ck")
    assert run("ckplus", source, source / "out") == 2
    assert "lies in the source" in capsys.readouterr().err
