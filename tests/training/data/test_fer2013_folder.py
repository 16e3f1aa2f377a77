"""FER2013 in a data folder, as the npz or as the Kaggle csv, and rows of the csv that cannot be used."""

from __future__ import annotations

import shlex

import numpy as np
import pytest

from tests.training import made
from tests.training.data.test_fer2013 import write_csv
from training.__main__ import main
from training.data import combined, fer2013, fer2013_pack
from training.data.emotion_folders import Skipped
from training.data.fer2013 import DataError, Fer2013


@pytest.fixture(scope="module")
def rows() -> Fer2013:
    return made.fer()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), "fer2013.npz"),
        (("fer2013.csv",), "fer2013.csv"),
        (("FER2013.CSV", "other.csv"), "FER2013.CSV"),
        (("fer2013.csv", "fer2013.npz"), "fer2013.npz"),
    ],
)
def test_a_data_folder_has_the_npz_or_the_csv(tmp_path, names, expected) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert fer2013.find(tmp_path) == tmp_path / expected
    assert fer2013.find(tmp_path / "nowhere") == tmp_path / "nowhere/fer2013.npz"


def test_the_csv_of_a_data_folder_is_read_once_and_the_faster_way_is_told(rows, tmp_path, caplog) -> None:
    write_csv(tmp_path / "FER2013.CSV", rows)
    with caplog.at_level("INFO"):
        first, again = (fer2013.of_folder(tmp_path) for _ in range(2))
    assert np.array_equal(first.images, rows.images)
    assert again is first
    (line,) = caplog.messages
    words = shlex.split(line.partition("once: ")[2])
    made = ["--csv", f"{tmp_path}/FER2013.CSV", "--out", f"{tmp_path}/fer2013.npz"]
    assert words == ["edge-emotion-train", "prepare", *made]
    assert main(words[1:]) == 0
    assert fer2013.find(tmp_path).suffix == ".npz"


def test_without_fer2013_the_command_that_makes_it_is_named(tmp_path) -> None:
    expected = r"fer2013\.npz: no such file or folder.*prepare --csv .*fer2013\.csv --out"
    with pytest.raises(DataError, match=expected):
        fer2013.of_folder(tmp_path)


def test_bad_rows_keep_their_numbers_and_are_used_for_nothing(rows, tmp_path) -> None:
    """FER+'s votes and the frozen test sets count rows."""
    write_csv(tmp_path / "a.csv", rows)
    lines = (tmp_path / "a.csv").read_text().splitlines()
    lines[1 + 5], lines[1 + 60] = "9,1 2 3,Training", "x"
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    data, bad = fer2013.read(tmp_path / "a.csv")
    assert [row.number for row in bad] == [5, 60]
    assert data.usage[[5, 60]].tolist() == [fer2013.LEFT_OUT] * 2
    kept = data.usage != fer2013.LEFT_OUT
    assert np.array_equal(data.images[kept], rows.images[kept])
    assert np.array_equal(data.labels[kept], rows.labels[kept])
    used = np.concatenate([data.rows(usage) for usage in range(3)])
    assert sorted(used.tolist()) == [n for n in range(len(rows.labels)) if n not in (5, 60)]
    fer2013_pack.save(data, tmp_path / "fer2013.npz")
    found = list(combined.samples(tmp_path / "fer2013.npz"))
    assert [item.name for item in found if isinstance(item, Skipped)] == ["row 5", "row 60"]
    assert len(found) == len(rows.labels)


def test_a_csv_without_a_good_row_is_refused(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("emotion,pixels,Usage\n0,1 2 3,Training\n")
    with pytest.raises(DataError, match=r"a\.csv: no row can be used; row 0: pixels: expected 2304, got 3"):
        fer2013.read(tmp_path / "a.csv")


def test_prepare_names_the_bad_rows_and_keeps_the_votes_of_the_others(rows, tmp_path, capsys) -> None:
    write_csv(tmp_path / "a.csv", rows)
    lines = (tmp_path / "a.csv").read_text().splitlines()
    lines[1 + 5] = "9,1 2 3,Training"
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    votes = [",".join(fer2013_pack.VOTES), *(",".join([str(n % 10)] * 10) for n in range(len(rows.labels)))]
    (tmp_path / "votes.csv").write_text("\n".join(votes) + "\n")
    out = tmp_path / "fer2013.npz"
    words = ["prepare", "--csv", str(tmp_path / "a.csv"), "--ferplus", str(tmp_path / "votes.csv"), "--out", str(out)]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "left out: 1 bad row; the others keep their numbers\n- row 5: emotion: expected 0-6, got '9'\n" in told
    assert "training: 55\n" in told
    assert fer2013.load(out).ferplus[:, 0].tolist() == [n % 10 for n in range(len(rows.labels))]
