"""edge-emotion-train prepare: what lies in a folder, and conversions."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from edge.labels import Emotion
from tests.training import made
from tests.training.data.test_ckplus import full
from tests.training.data.test_fer2013 import write_csv
from training import inventory
from training.__main__ import main
from training.data import fer2013


def test_a_folder_is_surveyed(made_data, capsys) -> None:
    assert main(["prepare", "--data", str(made_data), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {name: entry["state"] for name, entry in found.items()} == {
        "fer2013.npz": "ok",
        "faces": "ok",
        "masked_faces": "ok",
        "mask_pairs": "ok",
        "landmarks68": "ok",
        "ckplus48": "missing",
        "clips": "missing",
    }
    facts = found["fer2013.npz"]["facts"]
    assert (facts["training"], facts["training_rows_used"]) == (56, 53)
    assert (facts["training_rows_dropped_as_in_a_test"], facts["training_rows_dropped_as_flat"]) == (2, 1)
    assert facts["public_test_rows_also_in_training"] == facts["private_test_rows_also_in_training"] == 1
    assert found["faces"]["facts"]["train"]["boxes"] == {"face": 16}
    assert found["mask_pairs"]["facts"]["test"] == {"pictures": 8, "absent": 0, "worn": 4, "clusters": 4}
    assert found["landmarks68"]["facts"]["held_out"] == 6


def test_a_broken_set_is_said_and_the_rest_is_looked_at(tmp_path, capsys) -> None:
    (tmp_path / "fer2013.npz").write_text("nothing")
    made.pairs(tmp_path / "mask_pairs")
    (tmp_path / "mask_pairs/with_mask/1.png").unlink()
    assert main(["prepare", "--data", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "fer2013.npz: broken" in out
    assert "pictures that are missing: 1" in out


def test_the_kaggle_csv_becomes_the_npz(tmp_path, capsys) -> None:
    rows = made.fer()
    write_csv(tmp_path / "fer.csv", rows)
    assert main(["prepare", "--csv", str(tmp_path / "fer.csv"), "--out", str(tmp_path / "fer2013.npz")]) == 0
    assert np.array_equal(fer2013.load(tmp_path / "fer2013.npz").images, rows.images)
    assert "training rows used: 53" in capsys.readouterr().out


def test_the_npz_is_written_where_it_is_asked_for(tmp_path, capsys) -> None:
    write_csv(tmp_path / "fer.csv", made.fer())
    words = ["prepare", "--csv", str(tmp_path / "fer.csv"), "--out"]
    assert main([*words, str(tmp_path / "data")]) == 1
    assert "data: expected a file that ends in .npz" in capsys.readouterr().err
    assert main([*words, str(tmp_path / "new/data.npz")]) == 0
    assert (tmp_path / "new/data.npz").is_file()


def test_the_csv_is_not_replaced_by_what_is_made_of_it(tmp_path, capsys) -> None:
    write_csv(tmp_path / "fer.csv", made.fer())
    before = (tmp_path / "fer.csv").read_bytes()
    assert main(["prepare", "--csv", str(tmp_path / "fer.csv"), "--out", str(tmp_path / "fer.csv")]) == 1
    assert "fer.csv: is one of the files that are read; choose another --out" in capsys.readouterr().err
    assert (tmp_path / "fer.csv").read_bytes() == before


def test_ck_plus_becomes_an_npz_split_by_subject(tmp_path, capsys) -> None:
    for number in range(10):
        full(tmp_path / "ck", f"S{number:03d}/001", 5, "3.0" if number else "2.0")
    assert main(["prepare", "--ckplus", str(tmp_path / "ck"), "--out", str(tmp_path / "ck.npz")]) == 0
    with np.load(tmp_path / "ck.npz") as stored:
        assert stored["images"].shape == (27, 48, 48)
        assert set(stored["labels"].tolist()) == {Emotion.DISGUST}
        for subject in set(stored["subjects"].tolist()):
            assert len(set(stored["usage"][stored["subjects"] == subject].tolist())) == 1
        assert set(stored["usage"].tolist()) == {0, 1, 2}
    out = capsys.readouterr().out
    assert "contempt: 1" in out
    assert "research only" in out
    words = ["prepare", "--ckplus", str(tmp_path / "ck"), "--out", str(tmp_path / "all.npz"), "--drop", "0"]
    assert main(words) == 0
    with np.load(tmp_path / "all.npz") as stored:
        assert len(stored["labels"]) == 45


def test_clips_are_listed_with_their_frames(tmp_path, capsys) -> None:
    (tmp_path / "clips").mkdir()
    writer = cv2.VideoWriter(str(tmp_path / "clips/a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for grey in range(5):
        writer.write(np.full((48, 64, 3), grey * 40, np.uint8))
    writer.release()
    (tmp_path / "clips/b.mp4").write_text("nothing")
    assert main(["prepare", "--data", str(tmp_path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)["clips"]["facts"]
    assert facts == {"a.avi": "5 frames", "b.mp4": "unreadable"}


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["--data", "/nowhere"], 1, "/nowhere: no such folder"),
        (["--csv", "/nowhere.csv"], 1, "--out: expected the .npz to write"),
        (["--csv", "/nowhere.csv", "--out", "x.npz"], 1, "nowhere.csv: no such file or folder"),
        (["--ckplus", "/nowhere", "--out", "x.npz"], 1, "neither cohn-kanade-images"),
    ],
)
def test_what_is_wrong_is_one_line(words, code, expected, capsys) -> None:
    assert main(["prepare", *words]) == code
    err = capsys.readouterr().err
    assert expected in err
    assert err.count("\n") == 1


def test_a_csv_without_rows_is_refused_and_the_file_of_before_kept(tmp_path, capsys) -> None:
    (tmp_path / "a.csv").write_text("emotion,pixels,Usage\n")
    (tmp_path / "a.npz").write_text("old")
    assert main(["prepare", "--csv", str(tmp_path / "a.csv"), "--out", str(tmp_path / "a.npz")]) == 1
    assert "a.csv: no rows below the header; copy or download it again" in capsys.readouterr().err
    assert (tmp_path / "a.npz").read_text() == "old"


def test_a_set_without_rows_has_facts() -> None:
    images, none = np.zeros((0, 48, 48), np.uint8), np.zeros(0, np.uint8)
    empty = fer2013.Fer2013(images, none.astype(np.int8), none, np.zeros((0, 10), np.uint8))
    assert inventory.fer2013_facts(empty)["flat_pictures"] == 0
