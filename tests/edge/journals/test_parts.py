"""Reading a journal while its files are renamed and removed: every event once, and never an error."""

from __future__ import annotations

import threading

import pytest

from edge.journals.backwards import read_last
from edge.journals.jsonl import encode
from edge.journals.parts import open_part, parts
from edge.journals.reader import read
from edge.journals.rotation import rotate


def events(first, last):
    return [{"monotonic": float(n), "event": "sample", "track": n} for n in range(first, last)]


def write(path, first, last):
    with open(path, "ab") as file:
        file.write(b"".join(encode(event, float(event["track"])) for event in events(first, last)))


def numbers(found):
    return [event["track"] for event in found]


@pytest.fixture
def journal(tmp_path):
    """Events 0 to 29 in three files."""
    path = tmp_path / "journal.jsonl"
    for start in (0, 10, 20):
        if path.exists():
            rotate(path)
        write(path, start, start + 10)
    return path


def test_of_no_journal_there_are_no_parts(tmp_path):
    assert parts(tmp_path / "journal.jsonl") == []


def test_the_parts_are_the_oldest_first(journal):
    found = parts(journal)
    assert [part.path.name for part in found] == ["journal.jsonl.2", "journal.jsonl.1", "journal.jsonl"]
    assert [part.size for part in found] == [part.path.stat().st_size for part in found]


@pytest.mark.parametrize("rotations", [0, 1, 5])
@pytest.mark.parametrize("again", [False, True], ids=["renamed", "and-written-anew"])
def test_a_rotation_after_the_list_was_made_changes_nothing(journal, rotations, again):
    found = read([journal])
    for n in range(rotations):
        rotate(journal)
        if again or n < rotations - 1:
            write(journal, 100, 101)
    assert numbers(found) == list(range(30))


def test_between_the_two_steps_of_a_rotation_all_is_there(journal):
    rotate(journal)  # the current file has its new name, and the next one does not exist yet
    assert not journal.exists()
    assert numbers(read([journal])) == list(range(30))
    assert numbers(read_last([journal], 12)) == list(range(18, 30))


def test_what_was_removed_meanwhile_is_left_out(journal):
    found = read([journal])
    journal.with_name("journal.jsonl.2").unlink()
    assert numbers(found) == list(range(10, 30))


def test_a_part_is_opened_under_its_new_name(journal):
    newest = parts(journal)[-1]
    rotate(journal)
    write(journal, 100, 101)
    with open_part(newest) as file:
        assert file.name != journal
        assert file.read().count(b"\n") == 10


def test_reading_again_and_again_beside_a_writer_that_rotates_twenty_times_a_second(journal):
    stop = threading.Event()

    def rotating():
        n = 30
        while not stop.wait(0.05):
            rotate(journal)
            write(journal, n, n + 1)
            n += 1

    writer = threading.Thread(target=rotating)
    writer.start()
    try:
        for _ in range(20):
            found = numbers(read([journal]))
            assert found == list(range(len(found)))
            assert len(found) >= 30
            last = numbers(read_last([journal], 5))
            assert last == list(range(last[0], last[0] + 5))
    finally:
        stop.set()
        writer.join()
