from __future__ import annotations

import json
import os

import pytest

from edge.journals.jsonl import encode
from edge.journals.rotation import foreign, prune, rotate, rotated, whole

DAY = 86400


@pytest.fixture
def journal(tmp_path):
    """journal(name, ...): files beside journal.jsonl, each with an event that holds its name; path of journal.jsonl."""

    def make(*names):
        for name in names:
            (tmp_path / name).write_bytes(encode({"monotonic": 1.0, "event": "health", "what": name}, 1.8e9))
        return tmp_path / "journal.jsonl"

    return make


def name_in(file):
    return json.loads(file.read_bytes())["what"]


def contents(path):
    return {file.name: name_in(file) for file in path.parent.iterdir()}


def test_without_files_there_is_no_journal(journal):
    path = journal()
    assert rotated(path) == {}
    assert whole(path) == []


def test_files_are_ordered_by_number_and_strangers_left_out(journal):
    path = journal(
        "journal.jsonl", "journal.jsonl.2", "journal.jsonl.10", "journal.jsonl.01", "journal.jsonl.old",
        "journal.jsonl.", "other.jsonl.1", "journal.jsonl.²",
    )  # fmt: skip
    assert [file.name for file in whole(path)] == ["journal.jsonl.10", "journal.jsonl.2", "journal.jsonl"]
    assert list(rotated(path)) == [2, 10]


def test_rotation_moves_every_file_one_on(journal):
    path = journal("journal.jsonl", "journal.jsonl.1", "journal.jsonl.2")
    rotate(path)
    assert contents(path) == {
        "journal.jsonl.1": "journal.jsonl", "journal.jsonl.2": "journal.jsonl.1", "journal.jsonl.3": "journal.jsonl.2",
    }  # fmt: skip


def test_a_gap_is_filled_and_what_is_behind_it_stays(journal):
    path = journal("journal.jsonl", "journal.jsonl.1", "journal.jsonl.3")
    rotate(path)
    assert contents(path) == {
        "journal.jsonl.1": "journal.jsonl", "journal.jsonl.2": "journal.jsonl.1", "journal.jsonl.3": "journal.jsonl.3",
    }  # fmt: skip


def test_what_only_has_the_name_of_an_older_file_is_neither_renamed_nor_removed(journal):
    path = journal("journal.jsonl", "journal.jsonl.2", "journal.jsonl.99999999999999999999")
    (path.parent / "journal.jsonl.1").symlink_to("absent")
    (path.parent / "journal.jsonl.3").mkdir()
    rotate(path)
    assert list(rotated(path)) == [2, 4]
    assert [name_in(file) for file in rotated(path).values()] == ["journal.jsonl", "journal.jsonl.2"]
    assert [file.name for file in foreign(path)] == ["journal.jsonl.1", "journal.jsonl.3"]
    assert [file.name for file in prune(path, 1, 99, 0)] == ["journal.jsonl.4"]
    assert len(foreign(path)) == 2


def test_files_of_others_that_are_counted_up_in_the_same_way_are_neither_renamed_nor_removed(journal):
    path = journal("journal.jsonl", "journal.jsonl.2", "journal.jsonl.4")
    others = {"journal.jsonl.1": b"chapter 1\n", "journal.jsonl.3": b"\x1f\x8b\x08"}
    for name, text in others.items():
        (path.parent / name).write_bytes(text)
        os.utime(path.parent / name, (1.6e9, 1.6e9))
    rotate(path)
    assert [file.name for file in prune(path, 2, 1000, 1.8e9)] == ["journal.jsonl.5"]
    assert {name: (path.parent / name).read_bytes() for name in others} == others
    assert {number: name_in(file) for number, file in rotated(path).items() if file.name not in others} == {
        2: "journal.jsonl", 4: "journal.jsonl.2",
    }  # fmt: skip


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_a_power_cut_within_a_rotation_loses_no_file_and_the_next_one_works(journal, monkeypatch, fails_at):
    path = journal("journal.jsonl", "journal.jsonl.1", "journal.jsonl.2")
    before = sorted(contents(path).values())
    real, calls = os.rename, []

    def rename(*names):
        calls.append(names)
        if len(calls) == fails_at:
            raise OSError("power cut")
        real(*names)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(OSError, match="power cut"):
        rotate(path)
    assert sorted(contents(path).values()) == before
    monkeypatch.setattr(os, "rename", real)
    rotate(path)
    assert sorted(contents(path).values()) == before
    assert not path.exists()
    assert name_in(path.parent / "journal.jsonl.1") == "journal.jsonl"


@pytest.mark.parametrize(
    ("keep_files", "keep_days", "kept"),
    [(0, 99, []), (2, 99, [1, 2]), (9, 99, [1, 2, 3]), (9, 2.5, [1, 2]), (1, 2.5, [1]), (9, 0, [])],
)
def test_files_that_are_too_many_or_too_old_go(journal, keep_files, keep_days, kept):
    path = journal("journal.jsonl", "journal.jsonl.1", "journal.jsonl.2", "journal.jsonl.3")
    now = 21_000 * DAY
    for number in (1, 2, 3):
        os.utime(f"{path}.{number}", (now, now - number * DAY))
    removed = prune(path, keep_files, keep_days, now)
    assert list(rotated(path)) == kept
    assert len(removed) == 3 - len(kept)
    assert path.exists()


def test_a_clock_in_the_past_removes_nothing_by_age(journal):
    path = journal("journal.jsonl.1")
    assert prune(path, 9, 1, wall=0) == []


def test_a_file_from_a_clock_that_was_ahead_is_as_old_as_the_one_after_it(journal):
    path, now = journal("journal.jsonl.1", "journal.jsonl.2", "journal.jsonl.3"), 21_000 * DAY
    for number, days in ((1, -1), (2, 7000), (3, -3)):
        os.utime(f"{path}.{number}", (now + days * DAY, now + days * DAY))
    assert prune(path, 9, 2, now, longest_gap=7 * DAY) == [path.with_name("journal.jsonl.3")]
    assert prune(path, 9, 2, now + 1.5 * DAY, longest_gap=7 * DAY) == [
        path.with_name("journal.jsonl.1"),
        path.with_name("journal.jsonl.2"),
    ]
