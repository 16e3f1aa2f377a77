"""Outputs are files of their own."""

from __future__ import annotations

import pytest

from edge.errors import OutputError
from edge.files import expect_apart


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
