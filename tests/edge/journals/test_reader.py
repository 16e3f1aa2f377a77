from __future__ import annotations

import bz2
import gzip
import logging
import lzma
import os
import re

import pytest

from edge.errors import JournalError
from edge.journals.backwards import read_last
from edge.journals.jsonl import BOM
from edge.journals.reader import read
from tests.edge.journals.made import line, tracks


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
    with open(path, "ab") as file:
        file.write(b"\n" + line(2))
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


def test_older_files_that_somebody_renamed_or_compressed_are_named(path, tmp_path, caplog):
    path.write_bytes(line(2))
    for name in ("journal.jsonl.1.gz", "journal.jsonl-20260131", "journal.jsonl.bak", "other.jsonl.1.gz"):
        (tmp_path / name).write_bytes(line(1))
    assert tracks(read([path])) == [2]
    first = f"{path}-20260131"
    assert [record.getMessage() for record in caplog.records] == [
        f"{first} and 1 more: not read, because renamed or compressed; to include such files, unpack them and name "
        "them, too"
    ]
    caplog.clear()
    (tmp_path / "journal.jsonl.1.gz").unlink()
    assert tracks(read([tmp_path / "journal.jsonl-20260131", path])) == [1, 2]
    assert tracks(read([path], warn=False)) == [2]
    assert caplog.records == []


def test_a_fifo_is_not_a_journal_and_is_not_waited_for(path):
    os.mkfifo(path)
    message = r"cannot read the journal \(a FIFO, expected a regular file\)"
    with pytest.raises(JournalError, match=message):
        list(read([path]))


@pytest.mark.parametrize("name", ["journal.jsonl", "absent/journal.jsonl"])
def test_a_missing_journal_is_named_with_a_fix(tmp_path, name):
    with pytest.raises(JournalError, match=r"journal\.jsonl: no such journal; name its file"):
        list(read([tmp_path / name]))


def test_a_folder_is_not_a_journal_but_may_have_one(tmp_path):
    with pytest.raises(JournalError, match=r": is a folder; name the journal in it$"):
        list(read([tmp_path]))
    (tmp_path / "b.jsonl").touch()
    (tmp_path / "a.jsonl").touch()
    with pytest.raises(JournalError, match=rf": is a folder; name the journal in it, such as {tmp_path}/a\.jsonl$"):
        list(read([tmp_path]))


@pytest.mark.parametrize("tail", [b"", b"\0" * 700])
def test_a_last_event_without_a_line_end_is_an_event(path, caplog, tail):
    path.write_bytes(line(1) + line(2)[:-1] + tail)
    assert tracks(read([path])) == tracks(read_last([path], 9)) == [1, 2]
    path.with_name("journal.jsonl.1").write_bytes(line(0)[:-1])
    assert tracks(read([path])) == tracks(read_last([path], 9)) == [0, 1, 2]
    assert caplog.text == ""


def test_a_last_line_without_a_line_end_that_is_no_event_is_counted(path, caplog):
    path.write_bytes(line(1) + b"a note")
    for reader in read, lambda paths: read_last(paths, 9):
        caplog.clear()
        assert tracks(reader([path])) == [1]
        assert caplog.messages == [f"{path}: skipped 1 line that is not an event"]


def test_a_mark_of_an_editor_in_front_of_a_journal_hides_no_event(path, caplog):
    path.write_bytes(BOM + line(1) + BOM + line(2))
    assert tracks(read([path])) == tracks(read_last([path], 9)) == [1, 2]
    assert caplog.text == ""


@pytest.mark.parametrize("data", [b"my thesis\n", b"my thesis", line(1).decode().encode("utf-16"), b'{"a": 1}\n' * 9])
def test_a_file_without_an_event_is_not_a_journal(path, caplog, data):
    path.write_bytes(data)
    for reader in read, lambda paths: read_last(paths, 9):
        with pytest.raises(JournalError, match=r"journal\.jsonl: not a journal of edge-emotion, none of its lines is"):
            list(reader([path]))
    assert caplog.text == ""
    path.with_name("journal.jsonl.1").write_bytes(line(0))
    assert tracks(read([path])) == tracks(read_last([path], 9)) == [0]


@pytest.mark.parametrize(
    ("pack", "name", "command"), [(gzip.compress, "gzip", "zcat"), (bz2.compress, "bzip2", "bzcat"),
                                  (lzma.compress, "xz", "xzcat")],
)  # fmt: skip
def test_a_compressed_journal_says_so(tmp_path, pack, name, command):
    path = tmp_path / "journal 1.jsonl.gz"
    path.write_bytes(pack(line(1)))
    fix = re.escape(f"compressed with {name}; unpack it first, such as with: {command} '{path}' > unpacked.jsonl")
    for reader in read, lambda paths: read_last(paths, 9):
        with pytest.raises(JournalError, match=fix):
            list(reader([path]))
