"""Rows of FER2013's csv: good ones, and what is said about each kind of bad one."""

from __future__ import annotations

import gzip
import os
import zipfile

import numpy as np
import pytest

from training.data import fer2013, fer2013_csv
from training.data.fer2013 import DataError
from training.data.fer2013_csv import BadRow

HEAD = "emotion,pixels,Usage"
GREY = " ".join(["7"] * 2304)


def read(path, text: str) -> list:
    path.write_text(text, encoding="utf-8")
    return list(fer2013_csv.rows(path))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("3", "expected 3 columns, got 1"),
        (f"7,{GREY},Training", "emotion: expected 0-6, got '7'"),
        (f"happy,{GREY},Training", "emotion: expected 0-6, got 'happy'"),
        (f"-1,{GREY},Training", "emotion: expected 0-6, got '-1'"),
        (f"3,{GREY},Test", "usage: expected one of Training, PublicTest, PrivateTest, got 'Test'"),
        (f"3,{GREY[:-2]},Training", "pixels: expected 2304, got 2303"),
        ("3,,Training", "pixels: expected 2304, got 0"),
        (f"3,{GREY[:-1]}256,Training", "pixels: expected 0-255, got 256"),
        (f"3,{GREY[:-1]}-1,Training", "pixels: expected 0-255, got -1"),
        (f"3,{GREY[:-1]}x,Training", "pixels: expected whole numbers, got 'x'"),
        (f"3,{GREY[:-1]}1.5,Training", "pixels: expected whole numbers, got '1.5'"),
        (f"3,{GREY[:-1]}{9:030d}9999999999999999999999,Training", "pixels: expected whole numbers"),
        (f"3,{GREY[:-1]}1_0,Training", "pixels: expected whole numbers, got '1_0'"),
        (f"3,{GREY[:-1]}+7,Training", "pixels: expected whole numbers, got '+7'"),
        (f"3,{GREY[:-1]}\u0667,Training", "pixels: expected whole numbers, got '\u0667'"),
        (f"3,{GREY * 100},Training", "a field of more than 131,072 characters"),
        (f'3,"{GREY},Training', "expected 3 columns, got 2"),
    ],
)
def test_a_bad_row_is_named_and_the_next_one_is_read(tmp_path, line, reason) -> None:
    good, bad, last = read(tmp_path / "a.csv", f"{HEAD}\n0,{GREY},Training\n{line}\n6,{GREY},PrivateTest\n")
    assert isinstance(bad, BadRow)
    assert bad.number == 1
    assert bad.reason.startswith(reason)
    assert (good.number, good.emotion, good.usage) == (0, 0, 0)
    assert (last.number, last.emotion, last.usage) == (2, 6, 2)
    assert (last.image == 7).all()


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_what_a_spreadsheet_saved_again_is_read(tmp_path, separator, quote) -> None:
    lines = [HEAD.split(","), ["2", GREY, "PublicTest"]]
    text = "\r\n".join(separator.join(f"{quote}{field}{quote}" for field in line) for line in lines)
    (row,) = read(tmp_path / "a.csv", text)
    assert (row.emotion, row.usage, int(row.image.max())) == (2, 1, 7)


def test_a_fifo_is_not_waited_for(tmp_path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(DataError, match=r"a FIFO, expected a regular file"):
        fer2013.load(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "head", ["emotion,pixels,Usage", "\ufeffemotion,pixels,Usage", "emotion, pixels, Usage", "Emotion,Pixels,USAGE"]
)
def test_columns_are_known_by_their_names(tmp_path, head) -> None:
    (row,) = read(tmp_path / "a.csv", f"{head}\n2, {GREY} , PublicTest\n\n")
    assert (row.emotion, row.usage, row.image.shape) == (2, 1, (48, 48))


def test_columns_may_come_in_another_order(tmp_path) -> None:
    (row,) = read(tmp_path / "a.csv", f"emotion, Usage, pixels\n2,Training,{GREY}\n")
    assert (row.emotion, row.usage) == (2, 0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected the columns emotion, pixels and Usage; .*its first line is empty"),
        ("\0\1\2", "expected the columns emotion, pixels and Usage"),
        (f"0,{GREY},Training\n", "there is no 'emotion': the first line is '0,7 7"),
        ("<!DOCTYPE html>\n", "the first line is '<!DOCTYPE html>'"),
        ("emotion,pixels\n", "no column Usage, as in the competition's train.csv, .*take icml_face_data.csv"),
    ],
)
def test_another_table_is_an_error(tmp_path, text, says) -> None:
    with pytest.raises(ValueError, match=says):
        read(tmp_path / "a.csv", text)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (gzip.compress(f"{HEAD}\n0,{GREY},Training\n".encode(), mtime=0)[:-20], "what gzip packed is damaged"),
        (gzip.compress(b"fer2013/fer2013.csv".ljust(257, b"\0") + b"ustar", mtime=0), "an archive; unpack it"),
        (f"{HEAD}\n".encode("utf-16"), "text in UTF-16; save it as UTF-8"),
    ],
)
def test_what_is_packed_otherwise_is_named(tmp_path, data, expected) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(DataError, match=rf"a\.csv: cannot read FER2013 \({expected}"):
        fer2013.load(tmp_path / "a.csv")


def test_an_archive_with_the_csv_in_it_is_not_an_npz(tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("fer2013.csv", HEAD)
    with pytest.raises(DataError, match="an archive without labels; if the csv is in it, unpack it"):
        fer2013.load(tmp_path / "a.zip")
    with pytest.raises(DataError, match="nowhere: no such file or folder"):
        fer2013.load(tmp_path / "nowhere")


def test_a_training_does_not_skip_rows_but_names_the_first_bad_one(tmp_path) -> None:
    (tmp_path / "a.csv").write_text(f"{HEAD}\n0,{GREY},Training\n9,{GREY},Training\n")
    with pytest.raises(
        DataError, match=r"a\.csv: row 1: emotion: expected 0-6.*prepare --csv .*a\.csv --out .*fer2013\.npz"
    ):
        fer2013.load(tmp_path / "a.csv")


def test_no_rows_are_no_pictures(tmp_path) -> None:
    (tmp_path / "a.csv").write_text(f"{HEAD}\n")
    assert fer2013.load(tmp_path / "a.csv").images.shape == (0, 48, 48)
    assert np.array_equal(fer2013.load(tmp_path / "a.csv").labels, [])
