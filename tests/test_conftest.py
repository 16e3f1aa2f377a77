"""Absent data skips a test on a maker's machine and fails it where CI promises the data."""

from __future__ import annotations

import gzip

import pytest

from tests import conftest


@pytest.mark.parametrize(
    ("value", "name"), [(b"", None), (b"\xff\xd8\xff", None), ("a" * 99, None), (bytes(17), "17 bytes"), (7, None)]
)
def test_long_bytes_are_named_by_their_length(value, name):
    assert conftest.pytest_make_parametrize_id(value) == name


def test_what_is_packed_at_another_time_has_the_same_name():
    one, other = (conftest.pytest_make_parametrize_id(gzip.compress(b"", mtime=time)) for time in (1, 2))
    assert one == other == "20 bytes"


def test_absent_skips_with_its_reason():
    with pytest.raises(pytest.skip.Exception, match="no bottles"):
        conftest.absent("no bottles", ci="")


def test_absent_fails_under_ci():
    with pytest.raises(pytest.fail.Exception, match="no bottles; with CI=true"):
        conftest.absent("no bottles", ci="true")


@pytest.mark.parametrize("ci", ["", "false", "1"])
def test_only_the_word_true_is_ci(ci):
    with pytest.raises(pytest.skip.Exception):
        conftest.absent("no bottles", ci=ci)


def test_a_folder_without_its_sign_counts_as_absent(tmp_path, monkeypatch):
    monkeypatch.setattr(conftest, "SHARED", tmp_path)
    monkeypatch.delenv("CI", raising=False)
    (tmp_path / "data").mkdir()
    with pytest.raises(pytest.skip.Exception, match=r"\.\./shared/data"):
        conftest._folder("data", "fer2013.npz")
    (tmp_path / "data" / "fer2013.npz").touch()
    assert conftest._folder("data", "fer2013.npz") == tmp_path / "data"
