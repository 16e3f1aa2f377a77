"""edge-emotion-train prepare fer2013, ckplus and combined: folders of pictures, and what is missing, by name."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

import edge.demo
from edge.labels import EMOTIONS
from tests.training import made
from tests.training.data.test_ckplus import full, write
from tests.training.data.test_fer2013 import write_csv
from training.__main__ import main
from training.data import emotion_folders
from training.data.fer2013 import USAGES

PORTRAIT = Path(edge.demo.__file__).with_name("portrait.jpg")


def run(*words: object) -> int:
    return main(["prepare", *map(str, words)])


def pictures(out: Path) -> dict[str, np.ndarray]:
    """Every picture below a folder, by its path there."""
    return {str(path.relative_to(out)): cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in out.rglob("*.png")}


def rows(path: Path) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


@pytest.fixture
def table(tmp_path):
    """FER2013's csv as made.fer has it, 98 rows."""
    write_csv(tmp_path / "fer.csv", made.fer())
    return tmp_path / "fer.csv"


def test_every_row_becomes_the_picture_of_its_pixels(table, tmp_path) -> None:
    data = made.fer()
    assert run("fer2013", table, tmp_path / "out") == 0
    found = pictures(tmp_path / "out")
    assert len(found) == 98
    for number, image in enumerate(data.images):
        place = f"{USAGES[data.usage[number]]}/{EMOTIONS[data.labels[number]]}/{number}.png"
        assert np.array_equal(found[place], image)


def test_bad_rows_are_named_and_the_others_are_written(table, tmp_path, capsys) -> None:
    lines = table.read_text().splitlines()
    lines[1 + 10] = lines[1 + 10].replace(" ", "", 1)
    lines[1 + 20] = "8" + lines[1 + 20][1:]
    lines[1 + 97] = lines[1 + 97][:500]
    table.write_text("\n".join(lines))
    assert run("fer2013", table, tmp_path / "out") == 0
    out = capsys.readouterr().out
    assert "95 pictures" in out
    assert "Skipped: 3" in out
    assert "- row 10: pixels: expected 2304, got 2303" in out
    assert "- row 20: emotion: expected 0-6, got '8'" in out
    assert "- row 97: expected 3 columns, got 2" in out
    assert [name for name, _, _ in rows(tmp_path / "out/skipped.csv")] == ["row 10", "row 20", "row 97"]
    assert "row 20" in (tmp_path / "out/report.md").read_text()


def test_what_is_odd_about_kept_pictures_is_noted(table, tmp_path, capsys) -> None:
    assert run("fer2013", table, tmp_path / "out") == 0
    notes = dict(rows(tmp_path / "out/notes.csv"))
    assert notes["Training/happy/3.png"] == "flat, shows nothing"
    first_public, first_private = (int(np.flatnonzero(made.fer().usage == usage)[0]) for usage in (1, 2))
    twins = {name: note for name, note in notes.items() if "the same picture in another usage" in note}
    assert {Path(name).stem for name in twins} == {str(first_public), str(first_private)}
    assert "the same picture in another usage" in capsys.readouterr().out


def test_an_interrupted_run_goes_on(table, tmp_path, capsys, monkeypatch) -> None:
    whole, calls = emotion_folders._picture, []

    def broken_off(path, item):
        calls.append(path)
        if len(calls) == 40:
            raise KeyboardInterrupt
        return whole(path, item)

    monkeypatch.setattr(emotion_folders, "_picture", broken_off)
    assert run("fer2013", table, tmp_path / "out") == 130
    assert "the same command goes on" in capsys.readouterr().out
    monkeypatch.setattr(emotion_folders, "_picture", whole)
    assert len(pictures(tmp_path / "out")) == 39
    assert run("fer2013", table, tmp_path / "out") == 0
    assert "98 pictures: 59 written now, 39 already there." in capsys.readouterr().out
    resumed = pictures(tmp_path / "out")
    assert run("fer2013", table, tmp_path / "once") == 0
    once = pictures(tmp_path / "once")
    assert resumed.keys() == once.keys()
    assert all(np.array_equal(resumed[name], once[name]) for name in once)
    assert (tmp_path / "out/notes.csv").read_text() == (tmp_path / "once/notes.csv").read_text()


def test_two_sources_are_never_mixed_in_one_folder(table, tmp_path, capsys) -> None:
    assert run("fer2013", table, tmp_path / "out") == 0
    table.write_text("\n".join(table.read_text().splitlines()[:50]))
    assert run("fer2013", table, tmp_path / "out") == 1
    assert "out: was prepared from something else" in capsys.readouterr().err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear")
    assert run("fer2013", table, tmp_path / "mine") == 1
    assert "mine: exists and holds other files" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(("words", "frames"), [((), 6), (("--drop", "0"), 10), (("--drop", "0.9"), 1)])
def test_the_beginning_of_each_full_sequence_is_dropped(tmp_path, capsys, words, frames) -> None:
    full(tmp_path / "ck", "S005/001", 10, "3.0")
    assert run("ckplus", tmp_path / "ck", tmp_path / "out", *words) == 0
    found = pictures(tmp_path / "out")
    assert {Path(name).stem for name in found} == {f"S005_001_{n:08d}" for n in range(11 - frames, 11)}
    assert all(image.shape == (48, 48) for image in found.values())
    out = capsys.readouterr().out
    assert ("beginning of a sequence" in out) == (frames < 10)
    assert "research only" in out


def test_all_that_is_wrong_in_a_full_ck_plus_is_named(tmp_path, capsys) -> None:
    folder = tmp_path / "ck"
    for number, code in enumerate(["1.0", "2.0", "9.0", "many", None, "7.0"]):
        full(folder, f"S{number:03d}/001", 3, code)
    (folder / "cohn-kanade-images/S000/001/S000_001_00000003.png").write_text("not a picture")
    (folder / "Landmarks/S000/001/S000_001_00000002_landmarks.txt").write_text("1 2 3")
    (folder / "Landmarks/S005/001/S005_001_00000003_landmarks.txt").unlink()
    assert run("ckplus", folder, tmp_path / "out", "--drop", "0") == 0
    reasons = {name: reason for name, reason, _ in rows(tmp_path / "out/skipped.csv")}
    assert reasons["S001/001"] == "contempt"
    assert reasons["S002/001"] == "unknown label"
    assert next(
        reason for name, reason in reasons.items() if name.endswith("S003_001_00000003_emotion.txt")
    ).startswith("expected a number")
    assert reasons["S004/001"] == "unlabelled sequence"
    assert reasons["S000/001/S000_001_00000003.png"] == "cannot be read as a picture"
    assert "expected 68 points" in reasons["S000/001/S000_001_00000002.png"]
    assert reasons["S005/001/S005_001_00000003.png"] == "no face found"
    assert "No picture of disgust in" in capsys.readouterr().out


def test_the_excerpts_are_split_by_subject(tmp_path) -> None:
    for subject in range(20):
        for number in (1, 2):
            image = np.full((48, 48), 10 * subject + number, np.uint8)
            write(tmp_path / f"ck/anger/S{subject:03d}_001_{number:08d}.png", image)
    assert run("ckplus", tmp_path / "ck", tmp_path / "out") == 0
    sides: dict[str, set[str]] = {}
    for name in pictures(tmp_path / "out"):
        sides.setdefault(Path(name).stem[:4], set()).add(name.partition("/")[0])
    assert len(sides) == 20
    assert all(len(side) == 1 for side in sides.values())
    assert set().union(*sides.values()) == set(USAGES)


def test_a_combined_set_has_faces_that_were_found_cut_out_and_resized(table, tmp_path, capsys) -> None:
    full(tmp_path / "ck", "S005/001", 5, "5.0")
    photos = tmp_path / "photos"
    for place in ("train/Happiness", "test/neutral", "train/bored"):
        (photos / place).mkdir(parents=True)
    portrait = PORTRAIT.read_bytes()
    (photos / "train/Happiness/anna.jpg").write_bytes(portrait)
    (photos / "train/Happiness/torn.jpg").write_bytes(portrait[:300])
    (photos / "train/Happiness/notes.txt").write_text("hello")
    (photos / "test/neutral/ben.jpg").write_bytes(portrait)
    write(photos / "test/neutral/wall.png", np.full((120, 160), 90, np.uint8))
    (photos / "train/bored/carl.jpg").write_bytes(portrait)
    assert run("combined", table, tmp_path / "ck", photos, tmp_path / "out", "--size", "64") == 0
    found = pictures(tmp_path / "out")
    assert all(image.shape == (64, 64) for image in found.values())
    ours = {name for name in found if "photos-" in name}
    assert ours == {"Training/happy/photos-train-anna.png", "PrivateTest/neutral/photos-test-ben.png"}
    assert sum("ckplus-S005" in name for name in found) == 3
    assert sum("fer2013-" in name for name in found) == 98
    skipped = {Path(name).name: (reason, count) for name, reason, count in rows(tmp_path / "out/skipped.csv")}
    assert skipped["bored"] == ("no emotion of that name", "1")
    assert skipped["notes.txt"] == ("not a picture by its name", "1")
    assert skipped["wall.png"] == ("no face found", "1")
    assert "torn.jpg" in skipped
    assert "Skipped: 6" in capsys.readouterr().out  # two frames of CK+'s beginning


def test_the_face_of_a_picture_is_what_is_cut_out(tmp_path) -> None:
    (tmp_path / "photos/happy").mkdir(parents=True)
    portrait = cv2.imread(str(PORTRAIT))
    height, width = portrait.shape[:2]
    wide = cv2.copyMakeBorder(portrait, height, height, width, width, cv2.BORDER_CONSTANT, value=(90, 90, 90))
    cv2.imwrite(str(tmp_path / "photos/happy/a.png"), wide)
    assert run("combined", tmp_path / "photos", tmp_path / "found") == 0
    assert run("combined", tmp_path / "photos", tmp_path / "whole", "--crops") == 0
    (found,), (whole,) = (list(pictures(tmp_path / name).values()) for name in ("found", "whole"))
    assert (whole == 90).mean() > 0.6, "the border is part of it"
    assert (found == 90).mean() < 0.1


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("fer2013", "nowhere.csv", "out"), 1, "nowhere.csv: no such file or folder"),
        (("fer2013", "here", "out"), 2, "here: expected a file, FER2013's csv or npz"),
        (("fer2013", "text.csv", "out"), 1, "text.csv: cannot read FER2013 (expected the columns"),
        (("fer2013", "empty.csv", "out"), 1, "out: no picture could be written"),
        (("ckplus", "here", "out"), 2, "here: not a CK+ folder"),
        (("combined", "here", "out"), 1, "here: no picture in a folder named as an emotion"),
        (("combined", "here", "here", "out"), 2, "combined: two sources are named here"),
        ((), 1, "prepare: expected one of fer2013, ckplus, combined, or --data DIR"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path, monkeypatch, capsys, words, code, expected) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    (tmp_path / "text.csv").write_text("dear diary\n")
    (tmp_path / "empty.csv").write_text("emotion,pixels,Usage\n")
    assert run(*words) == code
    err = capsys.readouterr().err
    assert expected in err
    assert err.count("\n") == 1
