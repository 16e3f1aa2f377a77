from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import JournalError
from edge.journals import repair as module
from edge.journals.jsonl import encode
from edge.journals.repair import repair

LINES = [encode({"monotonic": float(n), "event": "sample", "text": "é" * n}, n) for n in range(4)]
WHOLE = b"".join(LINES)


def mended(path, data):
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
    assert mended(path, data) == (data, 0)


def test_wherever_a_power_cut_tears_the_last_line_the_lines_before_it_stay(path):
    before = WHOLE[: -len(LINES[-1])]
    for size in range(1, len(LINES[-1])):
        assert mended(path, before + LINES[-1][:size]) == (before, size)


def test_a_first_line_that_was_torn_leaves_an_empty_journal(path):
    for size in range(1, len(LINES[0])):
        assert mended(path, LINES[0][:size]) == (b"", size)


@pytest.mark.parametrize(
    "tail",
    [
        b"\0" * 700,
        b'{"time": "2\0\0\0',
        LINES[1][:20] + b"\n",
        b"\n",
        b"\n\n\0\n",
        LINES[1][:9] + b"\0\n" + LINES[2][:7],
    ],
)
def test_zeros_and_rubbish_after_the_last_whole_line_are_cut(path, tail):
    assert mended(path, WHOLE + tail) == (WHOLE, len(tail))


def test_nothing_but_zeros_is_a_journal_that_never_was(path):
    assert mended(path, b"\0" * 50) == (b"", 50)


def test_rubbish_in_the_middle_is_left_for_the_reader_to_skip(path):
    data = LINES[0] + b"\0\0\0\n" + LINES[1]
    assert mended(path, data) == (data, 0)


@settings(max_examples=30)
@given(st.integers(0, 300), st.integers(1, 60))
def test_however_large_the_window_the_answer_is_the_same(path, extra, window):
    data = WHOLE + b"\0" * extra
    old, module.WINDOW = module.WINDOW, window
    try:
        assert mended(path, data) == (WHOLE, extra)
    finally:
        module.WINDOW = old


@pytest.mark.parametrize("data", [b"my thesis\n", b'{"other": 1}\n', b"[", b'{"times": 3}\n', b"\n", b"\0x"])
def test_somebody_elses_file_is_not_touched(path, data):
    path.write_bytes(data)
    with pytest.raises(JournalError, match="journal: not a journal of edge-emotion"):
        mended(path, data)
    assert path.read_bytes() == data
