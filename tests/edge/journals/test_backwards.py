"""The last events, without reading what comes before them."""

from __future__ import annotations

import os

import pytest

from edge.errors import JournalError
from edge.journals import backwards
from edge.journals.backwards import BLOCK, lines_backwards, read_last
from edge.journals.jsonl import LONGEST, encode
from edge.journals.reader import read


def event(n, detail=""):
    return encode({"monotonic": float(n), "event": "health", "what": "dark", "detail": detail}, 1_700_000_000 + n)


def numbers(events):
    return [event["monotonic"] for event in events]


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (b"", []),
        (b"torn", [b"torn"]),
        (b"one\n", [b"one\n"]),
        (b"one\ntorn", [b"torn", b"one\n"]),
        (b"one\n" + b"a" * LONGEST, [b"one\n"]),
        (b"one\n\nthree\n", [b"three\n", b"\n", b"one\n"]),
        (b"a" * (BLOCK - 1) + b"\nb\n", [b"b\n", b"a" * (BLOCK - 1) + b"\n"]),
        (b"a" * BLOCK + b"\nb\n", [b"b\n", b"a" * BLOCK + b"\n"]),
        (b"a\n" + b"b" * (3 * BLOCK) + b"\n", [b"b" * (3 * BLOCK) + b"\n", b"a\n"]),
        (b"a\n" + b"b" * LONGEST + b"\nc\n", [b"c\n", b"\n", b"a\n"]),
        (b"a" * LONGEST + b"\nc\n", [b"c\n", b"\n"]),
    ],
    ids=[
        "empty", "torn", "one", "torn after one", "too long and torn", "an empty line",
        "ends with a block", "begins with a block",
        "longer than blocks", "too long", "too long at the beginning",
    ],
)  # fmt: skip
def test_lines_come_from_the_last_to_the_first(path, content, answer):
    path.write_bytes(content)
    with open(path, "rb") as file:
        assert list(lines_backwards(file)) == answer


@pytest.mark.parametrize("count", [0, 1, 7, 500, 2000])
def test_they_are_the_last_of_what_reading_forwards_gives(path, count):
    path.with_name("journal.jsonl.2").write_bytes(b"".join(event(n, "x" * (n % 700)) for n in range(300)))
    path.with_name("journal.jsonl.1").write_bytes(b"".join(event(n) for n in range(300, 600)) + b"odd\n")
    path.write_bytes(b"".join(event(n, "é" * n) for n in range(600, 900)) + event(900)[:-9])
    everything = numbers(read([path]))
    assert numbers(read_last([path], count)) == everything[len(everything) - min(count, len(everything)) :]


def test_only_what_is_accepted_counts(path):
    path.write_bytes(b"".join(event(n) for n in range(1000)))
    assert numbers(read_last([path], 3, lambda e: e["monotonic"] % 100 == 5)) == [705, 805, 905]


def test_of_a_big_journal_only_the_end_is_read(path, monkeypatch):
    line = event(1, "x" * 200)
    with open(path, "wb") as file:
        for _ in range(32):
            file.write(line * (1_000_000 // len(line)))
        file.write(event(2))
    path.with_name("journal.jsonl.1").write_bytes(event(0))
    taken = []
    pread = os.pread
    monkeypatch.setattr(backwards.os, "pread", lambda fd, size, at: taken.append(size) or pread(fd, size, at))
    assert numbers(read_last([path], 10)) == [1] * 9 + [2]
    assert taken == [8, BLOCK]  # its beginning tells whether it is compressed


def test_a_hole_is_not_read(path, monkeypatch):
    with open(path, "wb") as file:
        file.write(event(1))
        file.truncate(1 << 33)
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + event(2))
    taken = []
    pread = os.pread
    monkeypatch.setattr(backwards.os, "pread", lambda fd, size, at: taken.append(size) or pread(fd, size, at))
    with open(path, "rb") as file:
        lines = list(lines_backwards(file))
    assert lines == [event(2), b"\n", event(1)]
    assert sum(taken) < 8 * BLOCK


def test_lines_that_are_not_events_are_skipped_and_counted(path, caplog):
    path.write_bytes(event(1) + b"odd\n" + event(2) + b"odd\nodd\n")
    assert numbers(read_last([path], 2)) == [1, 2]
    assert f"{path}: skipped 3 lines that are not events" in caplog.text


def test_a_journal_that_does_not_exist_is_an_error(path):
    with pytest.raises(JournalError, match="no such journal"):
        read_last([path], 10)


def test_fifty_gigabytes_of_nothing_at_the_end_are_not_read(path, monkeypatch):
    path.write_bytes(event(1))
    os.truncate(path, 50 << 30)
    blocks, real = [], backwards._block
    monkeypatch.setattr(backwards, "_block", lambda file, *place: blocks.append(place) or real(file, *place))
    assert numbers(read_last([path], 1)) == [1.0]
    assert len(blocks) < 10
