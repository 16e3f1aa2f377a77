from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import JournalError
from edge.journals import repair as module
from edge.journals.jsonl import BOM, encode
from edge.journals.repair import repair

LINES = [encode({"monotonic": float(n), "event": "sample", "text": "é" * n}, n) for n in range(4)]
WHOLE = b"".join(LINES)
NESTED = b'{"time": "2026-11-27T05:00:00.000Z", "monotonic": 1.0, "event": "x", "a": ' + b"[" * 100_000 + b"\n"


def repaired(path, data):
    """What is left of a file with that content, and how many bytes repair says it cut."""
    path.write_bytes(data)
    fd = os.open(path, os.O_RDWR)
    try:
        cut = repair(fd, "journal")
    finally:
        os.close(fd)
    return path.read_bytes(), cut


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("repair") / "journal.jsonl"


@pytest.mark.parametrize("data", [b"", LINES[0], WHOLE])
def test_a_sound_journal_is_left_as_it_is(path, data):
    assert repaired(path, data) == (data, 0)


def test_wherever_a_power_cut_tears_the_last_line_the_lines_before_it_stay(path):
    before = WHOLE[: -len(LINES[-1])]
    for size in range(1, len(LINES[-1]) - 1):
        assert repaired(path, before + LINES[-1][:size]) == (before, size)


def test_a_first_line_that_was_torn_leaves_an_empty_journal(path):
    for size in range(1, len(LINES[0]) - 1):
        assert repaired(path, LINES[0][:size]) == (b"", size)


@pytest.mark.parametrize("tail", [b"\0" * 700, b'{"time": "2\0\0\0', LINES[1][:-2], LINES[1][:-2] + b"\0" * 5000])
def test_zeros_and_half_a_line_after_the_last_whole_line_are_cut(path, tail):
    assert repaired(path, WHOLE + tail) == (WHOLE, len(tail))


@pytest.mark.parametrize("before", [b"", WHOLE])
def test_a_last_event_that_lacks_only_its_line_end_gets_it(path, before):
    assert repaired(path, before + LINES[1][:-1]) == (before + LINES[1], 0)
    assert repaired(path, before + LINES[1][:-1] + b"\0" * 5000) == (before + LINES[1], 5000)


def test_an_object_of_ours_that_is_no_event_is_kept_too(path):
    odd = LINES[1].replace(b'"sample"', b"5")
    assert repaired(path, WHOLE + odd[:-1]) == (WHOLE + odd, 0)


def test_a_journal_with_an_editors_mark_is_a_journal(path):
    assert repaired(path, BOM + WHOLE + LINES[1][:9]) == (BOM + WHOLE, 9)
    assert repaired(path, BOM + LINES[1][:9]) == (b"", 12)


@pytest.mark.parametrize("tail", [b"\n", b"\n\n\0\n", LINES[1][:20] + b"\n", b"a note of somebody's\n", NESTED])
def test_whole_lines_that_are_no_events_are_left_for_the_reader_to_skip(path, tail):
    assert repaired(path, WHOLE + tail) == (WHOLE + tail, 0)
    assert repaired(path, WHOLE + tail + LINES[1][:7]) == (WHOLE + tail, 7)


@pytest.mark.parametrize("tail", [b"a note", b"\0\0x", b"x" * 200_000])
def test_what_is_not_half_a_line_of_ours_is_kept_as_a_line_of_its_own(path, tail):
    assert repaired(path, WHOLE + tail) == (WHOLE + tail + b"\n", 0)
    assert repaired(path, WHOLE + tail + b"\0" * 9) == (WHOLE + tail + b"\n", 9)


def test_nothing_but_zeros_is_a_journal_that_never_was(path):
    assert repaired(path, b"\0" * 50) == (b"", 50)


def test_rubbish_in_the_middle_is_left_for_the_reader_to_skip(path):
    data = LINES[0] + b"\0\0\0\n" + LINES[1]
    assert repaired(path, data) == (data, 0)


@settings(max_examples=30)
@given(st.integers(0, 300), st.integers(1, 60))
def test_however_large_the_window_the_answer_is_the_same(path, extra, window):
    data = WHOLE + b"\0" * extra
    old, module.WINDOW = module.WINDOW, window
    try:
        assert repaired(path, data) == (WHOLE, extra)
    finally:
        module.WINDOW = old


OTHERS = (
    b"my thesis\n", b'{"other": 1}\n', b"[", b'{"times": 3}\n', b"\n", b"\0x", b"\0" * 40_000 + b"CD001 data\n",
    b"\0" * 1_000_000, b'{"time": "2026-11-27T01:00:00Z", "a"', b'{"time": "2026-11-27T01:00:00.000Z", "level": "in',
    b'{"time": "2026-11-27T01:00:00Z", "level": "info", "msg": "a log of another program"}\n',
    b'{"time": "2026-11-27T01:00:00.000Z", "event": "login", "user": "x"}\n',
    b'{"time": "2026-11-27T01:00:00.000Z", "event": "login", "monotonic": 1.0}\n' * 3,
    b"my thesis\n" + WHOLE, NESTED,
)  # fmt: skip


@pytest.mark.parametrize("data", OTHERS)
def test_somebody_elses_file_is_not_touched(path, data):
    path.write_bytes(data)
    with pytest.raises(JournalError, match="journal: not a journal of edge-emotion"):
        repaired(path, data)
    assert path.read_bytes() == data


def test_a_journal_whose_first_line_is_damaged_is_still_ours(path):
    for damaged in (b"\0" * 30 + LINES[0][30:], LINES[0][:50] + b"\0\0\n"):
        assert repaired(path, damaged + WHOLE + LINES[1][:9]) == (damaged + WHOLE, 9)


def test_fifty_gigabytes_of_nothing_are_cut_without_being_read(path, monkeypatch):
    path.write_bytes(WHOLE)
    os.truncate(path, 50 << 30)
    real, read = os.pread, []

    def pread(fd, size, offset):
        read.append(size)
        return real(fd, size, offset)

    monkeypatch.setattr(os, "pread", pread)
    fd = os.open(path, os.O_RDWR)
    try:
        assert repair(fd, "journal") == (50 << 30) - len(WHOLE)
    finally:
        os.close(fd)
    assert path.read_bytes() == WHOLE
    assert sum(read) < 10 << 20
