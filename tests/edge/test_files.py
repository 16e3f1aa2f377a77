"""Outputs are files of their own."""

from __future__ import annotations

import pytest

from edge.errors import InUse, OutputError
from edge.files import alone_in, expect_apart, expect_folder, replacing


def test_without_outputs_nothing_is_read_or_written_twice(tmp_path):
    expect_apart({})
    expect_apart({"--out": None, "--plot": None}, (None, "some text"))
    expect_apart({"--out": tmp_path / "a", "--plot": tmp_path / "b"}, (tmp_path / "absent", tmp_path))


def test_an_output_that_is_read_or_written_twice_is_refused_by_whatever_name(tmp_path):
    data = tmp_path / "data.npz"
    data.write_text("data")
    (tmp_path / "soft").symlink_to(data)
    (tmp_path / "hard").hardlink_to(data)
    for name in ("data.npz", "soft", "hard"):
        with pytest.raises(OutputError, match=f"{name}: is one of the files that are read; choose another --out"):
            expect_apart({"--out": tmp_path / name}, (data,))
        with pytest.raises(OutputError, match=f"{name}: choose two files for --out and --plot"):
            expect_apart({"--out": data, "--plot": tmp_path / name})
    (tmp_path / "dangling").symlink_to("new")
    with pytest.raises(OutputError, match="dangling: choose two files for --out and --plot"):
        expect_apart({"--out": tmp_path / "new", "--plot": tmp_path / "dangling"})


def test_the_folders_of_outputs_are_made_before_the_work(tmp_path):
    expect_folder(tmp_path / "new/folder/table.csv", None, tmp_path / "plot.png")
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == ["new", "folder"]
    (tmp_path / "file").write_text("text")
    with pytest.raises(OutputError, match=r"table\.csv: cannot be written \(.+\); choose another place"):
        expect_folder(tmp_path / "file/table.csv")
    with pytest.raises(OutputError, match=r"new: cannot be written \(there is a folder of this name"):
        expect_folder(tmp_path / "new")


def test_what_was_not_written_to_its_end_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "table.npz"
    path.write_text("old")

    def half() -> None:
        with replacing(path) as scratch:
            scratch.write_text("ne")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        half()
    assert [one.read_text() for one in tmp_path.iterdir()] == ["old"]


def test_a_folder_is_worked_in_by_one_at_a_time(tmp_path):
    with (
        alone_in(tmp_path),
        pytest.raises(InUse, match="in use by another process; wait for it"),
        alone_in(tmp_path, wait=False),
    ):
        pytest.fail("entered twice")
    with alone_in(tmp_path, wait=False):
        assert list(tmp_path.iterdir()) == [], "no file is left"
