from __future__ import annotations

import logging
import os

import pytest

from edge.errors import JournalError
from edge.files import open_regular
from edge.journals.jsonl import encode
from edge.journals.reader import follow, read
from edge.journals.rotation import rotate
from edge.journals.writer import JournalWriter
from edge.settings import JournalSettings
from edge.testing import FakeClock


def line(n):
    return encode({"monotonic": float(n), "event": "sample", "track": n}, n)


def tracks(events):
    return [event["track"] for event in events]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


def test_an_empty_journal_has_no_events(path):
    path.touch()
    assert list(read([path])) == []
    assert list(read([])) == []


def test_rotated_files_are_read_too_the_oldest_first(path):
    path.write_bytes(line(4))
    path.with_name("journal.jsonl.2").write_bytes(line(0) + line(1))
    path.with_name("journal.jsonl.1").write_bytes(line(2) + line(3))
    assert tracks(read([path])) == [0, 1, 2, 3, 4]
    assert tracks(read([path.with_name("journal.jsonl.1")])) == [2, 3]


def test_several_journals_are_read_one_after_the_other(path, tmp_path):
    other = tmp_path / "other.jsonl"
    path.write_bytes(line(1))
    other.write_bytes(line(2))
    assert tracks(read([other, path])) == [2, 1]


def test_lines_that_are_not_events_are_counted_except_one_that_is_being_written(path, caplog):
    path.write_bytes(line(1) + b"rubbish\n\0\0\n" + line(2) + line(3)[:20])
    with caplog.at_level(logging.WARNING):
        assert tracks(read([path])) == [1, 2]
    assert [record.getMessage() for record in caplog.records] == [f"{path}: skipped 2 lines that are not events"]


NESTED = b'{"time": "2026-11-27T05:00:00.000Z", "monotonic": 1.0, "event": "x", "a": ' + b"[" * 100_000 + b"\n"


@pytest.mark.parametrize("bad", [NESTED, NESTED[:-1] + b"]" * 100_000 + b"}\n", b"x" * 3_000_000 + b"\n"])
def test_a_line_that_is_nested_or_long_is_skipped_and_counted(path, caplog, bad):
    path.write_bytes(line(1) + bad + line(2))
    assert tracks(read([path])) == [1, 2]
    assert f"{path}: skipped 1 line that is not an event" in caplog.text


def test_gigabytes_without_a_line_end_are_skipped_without_being_read_or_held(path):
    path.write_bytes(line(1))
    os.truncate(path, 50 << 30)
    assert tracks(read([path])) == [1]
    append(path, b"\n" + line(2))()
    assert tracks(read([path])) == [1, 2]


def test_what_only_has_the_name_of_an_older_file_is_named_and_skipped(path, caplog):
    path.write_bytes(line(1))
    path.with_name("journal.jsonl.1").symlink_to("absent")
    path.with_name("journal.jsonl.2").mkdir()
    path.with_name("journal.jsonl.3").write_bytes(line(0))
    os.mkfifo(path.with_name("journal.jsonl.4"))
    assert tracks(read([path])) == [0, 1]
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}.{n}: skipped, not a regular file" for n in (1, 2, 4)
    ]


def test_a_fifo_is_not_a_journal_and_is_not_waited_for(path):
    os.mkfifo(path)
    message = r"cannot read the journal \(a FIFO, expected a regular file\)"
    with pytest.raises(JournalError, match=message):
        list(read([path]))
    with pytest.raises(JournalError, match=message):
        followed(path)


@pytest.mark.parametrize("name", ["journal.jsonl", "absent/journal.jsonl"])
def test_a_missing_journal_is_named_with_a_fix(tmp_path, name):
    with pytest.raises(JournalError, match=r"journal\.jsonl: no such journal; name its file"):
        list(read([tmp_path / name]))


def test_a_folder_is_not_a_journal(tmp_path):
    with pytest.raises(JournalError, match=r"cannot read the journal \(Is a directory\)"):
        list(read([tmp_path]))


def followed(path, *steps, from_end=True):
    """The tracks that `follow` tells of, while each wait makes one of the steps."""
    left = list(steps)

    def wait():
        if not left:
            return False
        left.pop(0)()
        return True

    return tracks(follow(path, wait, from_end))


def append(path, data):
    def step():
        with open(path, "ab") as file:
            file.write(data)

    return step


def test_following_gives_what_is_added_but_not_what_was_there(path):
    path.write_bytes(line(1))
    assert followed(path, append(path, line(2)), append(path, line(3) + line(4))) == [2, 3, 4]
    assert followed(path, from_end=False) == [1, 2, 3, 4]


def test_following_waits_for_a_journal_that_does_not_exist_yet(path):
    assert followed(path, lambda: None, append(path, line(1))) == [1]


def test_following_waits_for_the_rest_of_a_line(path):
    path.touch()
    data = line(1)
    assert followed(path, append(path, data[:9]), append(path, data[9:]), append(path, line(2))) == [1, 2]


def test_following_crosses_a_rotation_without_losing_a_line(path):
    path.write_bytes(line(1))

    def rotate():
        append(path, line(3))()
        os.rename(path, path.with_name("journal.jsonl.1"))

    assert followed(path, append(path, line(2)), rotate, append(path, line(4)), append(path, line(5))) == [2, 3, 4, 5]


def turn(path):
    """What the journal's writer does with the names when a file is full."""
    rotate(path)
    path.touch()


@pytest.mark.parametrize("times", [2, 3, 12])
def test_following_sees_files_that_came_and_went_between_two_looks(path, times):
    path.write_bytes(line(0))

    def much():
        for n in range(times):
            append(path, line(2 * n + 2))()
            turn(path)
            append(path, line(2 * n + 3))()

    assert followed(path, append(path, line(1)), much, append(path, line(99))) == [*range(1, 2 * times + 2), 99]


def test_following_a_deleted_file_continues_with_the_new_one(path):
    path.write_bytes(line(1))
    path.with_name("journal.jsonl.1").write_bytes(line(0))

    def remove():
        append(path, line(2))()
        path.unlink()
        append(path, line(3))()

    assert followed(path, lambda: None, remove, append(path, line(4))) == [2, 3, 4]


def test_a_rotation_while_it_looks_for_newer_files_loses_nothing(path, monkeypatch):
    path.write_bytes(line(0))
    opened = []

    def slow(name):
        file = open_regular(name)
        opened.append(name)
        if len(opened) == 3:  # the new current file is open, and becomes number 1
            turn(path)
            append(path, line(4))()
        return file

    def twice():
        for n in (1, 2):
            append(path, line(n))()
            turn(path)
        append(path, line(3))()

    monkeypatch.setattr("edge.journals.reader.open_regular", slow)
    assert followed(path, twice, lambda: None) == [1, 2, 3, 4]
    assert [name.name for name in opened[2:6]] == [path.name, *(f"{path.name}.{n}" for n in (1, 2, 3))]


def test_following_continues_after_a_torn_end_was_cut(path):
    path.touch()

    def cut():
        os.truncate(path, len(line(1)))

    assert followed(path, append(path, line(1) + line(9)[:12]), cut, lambda: None, append(path, line(2))) == [1, 2]


def test_following_a_real_journal_through_its_own_rotations(path):
    journal = JournalWriter(path, JournalSettings(max_bytes=4096), FakeClock())
    steps = [lambda n=n: journal.write({"monotonic": 0.0, "event": "sample", "track": n}) for n in range(120)]
    assert followed(path, *steps) == list(range(120))
    assert path.with_name("journal.jsonl.2").exists()
    journal.close()
