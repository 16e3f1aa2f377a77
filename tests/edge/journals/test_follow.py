from __future__ import annotations

import os

import pytest

from edge.errors import JournalError
from edge.files import open_regular
from edge.journals.follow import follow
from edge.journals.jsonl import encode
from edge.journals.rotation import rotate
from edge.journals.writer import JournalWriter
from edge.settings import JournalSettings
from edge.testing import FakeClock
from tests.edge.journals.made import line, tracks


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

    monkeypatch.setattr("edge.journals.follow.open_regular", slow)
    assert followed(path, twice, lambda: None) == [1, 2, 3, 4]
    assert [name.name for name in opened[2:6]] == [path.name, *(f"{path.name}.{n}" for n in (1, 2, 3))]


def test_following_continues_after_a_torn_end_was_cut(path):
    path.touch()

    def cut():
        os.truncate(path, len(line(1)))

    assert followed(path, append(path, line(1) + line(9)[:12]), cut, lambda: None, append(path, line(2))) == [1, 2]


@pytest.mark.parametrize("torn", [b"", line(9)[:12]])
@pytest.mark.parametrize("left", [b"", line(2), line(2) + line(3)])
def test_following_begins_again_where_a_file_was_emptied_in_place(path, torn, left):
    """As logrotate's copytruncate does, or `> journal.jsonl`."""
    path.write_bytes(line(0) + line(0))

    def empty():
        os.truncate(path, 0)
        append(path, left)()

    added = [append(path, line(1) + line(1) + torn), empty, lambda: None, append(path, line(4))]
    assert followed(path, *added) == [1, 1, *([2, 3][: left.count(b"\n")]), 4]


def test_following_misses_nothing_that_is_written_right_after_a_torn_end_was_cut(path):
    path.touch()

    def cut():
        os.truncate(path, len(line(1)))
        append(path, b"{}\n")()

    long = encode({"monotonic": 1.0, "event": "sample", "track": 9, "text": "x" * 500}, 1)[:-2]
    assert followed(path, append(path, line(1) + long), cut, append(path, line(2))) == [1, 2]


def test_following_takes_a_last_event_without_a_line_end_when_a_new_file_begins(path):
    path.touch()

    def turn_over():
        append(path, line(2)[:-1])()
        turn(path)

    assert followed(path, append(path, line(1)), turn_over, append(path, line(3))) == [1, 2, 3]


def test_a_fifo_cannot_be_followed(path):
    os.mkfifo(path)
    with pytest.raises(JournalError, match=r"cannot read the journal \(a FIFO, expected a regular file\)"):
        followed(path)


def test_following_a_real_journal_through_its_own_rotations(path):
    journal = JournalWriter(path, JournalSettings(max_bytes=4096), FakeClock())
    steps = [lambda n=n: journal.write({"monotonic": 0.0, "event": "sample", "track": n}) for n in range(120)]
    assert followed(path, *steps) == list(range(120))
    assert path.with_name("journal.jsonl.2").exists()
    journal.close()
