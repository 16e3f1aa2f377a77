"""Stories of a journal: flushed, rotated, torn, on a full disk, under a clock that jumps."""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import stat

import pytest

from edge.clock import RELEASED
from edge.errors import JournalError
from edge.journals.stream import DeviceWriter, StreamWriter
from edge.journals.writer import JournalWriter
from edge.settings import JournalSettings, Settings
from edge.sinks.journal import open_journal
from edge.testing import FakeClock

DAY = 86400
NOON = int(RELEASED) + DAY // 2  # an earlier clock is not believed; files made now are not older than this


@pytest.fixture
def clock():
    return FakeClock(wall=NOON)


@pytest.fixture
def opened(path, clock):
    """opened(settings...): the journal at `path`, under a synchronized clock by default; closed after the test."""
    journals = []

    def make(synchronized=True, **settings):
        journals.append(JournalWriter(path, JournalSettings(**settings), clock, lambda: synchronized))
        return journals[-1]

    yield make
    for journal in journals:
        journal.close()


def to(file):
    return Settings(journal=JournalSettings(file=str(file)))


class Disk:
    """os.write and os.fsync of a disk that can be full or broken, and that counts its flushes."""

    def __init__(self, monkeypatch):
        self.room = None  # bytes that still fit, None: no limit
        self.broken = None
        self.syncs = 0
        self._write, self._fsync = os.write, os.fsync
        monkeypatch.setattr(os, "write", self.write)
        monkeypatch.setattr(os, "fsync", self.fsync)

    def write(self, fd, data):
        if self.broken:
            raise OSError(self.broken, os.strerror(self.broken))
        if self.room is None:
            return self._write(fd, data)
        if self.room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self._write(fd, data[: self.room])
        self.room -= written
        return written

    def fsync(self, fd):
        self.syncs += 1
        self._fsync(fd)


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


def sample(n=0):
    return {"monotonic": float(n), "event": "sample", "track": n}


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def kinds(path):
    return [event.get("what", event["event"]) for event in lines(path)]


def test_an_empty_journal_is_an_empty_file_that_only_its_user_and_group_read(opened, path):
    old = os.umask(0o077)
    try:
        opened()
    finally:
        os.umask(old)
    assert path.read_bytes() == b""
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_every_event_is_in_the_file_at_once_with_the_time_of_day(opened, path, clock):
    journal = opened()
    journal.write(sample(1))
    clock.advance(1.5)
    journal.write(sample(2))
    assert lines(path) == [
        {"time": "2026-11-27T12:00:00.000Z", **sample(1)},
        {"time": "2026-11-27T12:00:01.500Z", **sample(2)},
    ]


def test_a_second_run_continues_where_the_first_ended(opened, path):
    opened().write(sample(1))
    with pytest.raises(JournalError, match="in use by another edge-emotion"):
        opened()


def test_after_a_close_another_may_write(opened, path):
    first = opened()
    first.write(sample(1))
    first.close()
    opened().write(sample(2))
    assert [event["track"] for event in lines(path)] == [1, 2]


def test_a_flush_comes_within_fsync_s_of_the_first_event_and_not_for_each(opened, clock, disk):
    journal = opened(fsync_s=1)
    begin = disk.syncs
    for n in range(7):
        journal.write(sample(n))
        clock.advance(0.1)
    journal.tick()
    assert disk.syncs == begin
    clock.advance(0.2)
    journal.tick()
    assert disk.syncs == begin + 1
    clock.advance(60)
    journal.tick()
    assert disk.syncs == begin + 1, "nothing new was written"
    journal.write(sample(8))
    journal.close()
    assert disk.syncs == begin + 2


def test_fsync_s_of_zero_flushes_every_event(opened, disk):
    journal = opened(fsync_s=0)
    begin = disk.syncs
    for n in range(3):
        journal.write(sample(n))
    assert disk.syncs == begin + 3


def test_a_torn_last_line_is_cut_and_noted_when_the_journal_is_opened(opened, path, caplog):
    journal = opened()
    journal.write(sample(1))
    journal.close()
    with open(path, "ab") as file:
        file.write(b'{"time": "20')
    journal = opened()
    journal.write(sample(2))
    assert kinds(path) == ["sample", "journal-repaired", "sample"]
    assert lines(path)[1]["bytes"] == 12
    assert ["removed a torn last line (12 bytes)" in record.getMessage() for record in caplog.records] == [True]


def test_the_file_is_rotated_before_it_grows_over_its_limit(opened, path):
    journal = opened(max_bytes=4096, keep_files=2)
    for n in range(150):
        journal.write(sample(n))
    files = [path.with_name("journal.jsonl.2"), path.with_name("journal.jsonl.1"), path]
    assert sorted(path.parent.iterdir()) == sorted(files)
    assert all(0 < file.stat().st_size <= 4096 for file in files)
    tracks = [event["track"] for file in files for event in lines(file)]
    assert tracks == list(range(150 - len(tracks), 150)), "the newest, in order, none missing"
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o640 for file in files)


def test_a_new_day_begins_a_new_file_and_old_days_go(opened, path, clock):
    journal = opened(keep_days=3)
    for day in range(6):
        journal.write(sample(day))
        os.utime(path, (clock.wall(), clock.wall()))
        clock.advance(DAY)
    days = {file.name: [event["track"] for event in lines(file)] for file in path.parent.iterdir()}
    assert days == {"journal.jsonl": [5], "journal.jsonl.1": [4], "journal.jsonl.2": [3], "journal.jsonl.3": [2]}


def written(path, name, days_ago):
    """A file of that journal that was last written to so many days before NOON."""
    file = path.with_name(name)
    file.write_bytes(b"")
    os.utime(file, (NOON - days_ago * DAY, NOON - days_ago * DAY))
    return file


YEARS = 365 * DAY


@pytest.mark.parametrize("jump", [20 * YEARS, -60 * YEARS, 60 * DAY, -100 * DAY])
def test_a_clock_far_from_the_newest_entry_deletes_nothing(opened, path, clock, jump):
    for n in range(6):
        written(path, f"journal.jsonl.{n}" if n else "journal.jsonl", 5 * n)
    clock.jump(jump)
    journal = opened(keep_days=3)
    journal.write(sample(1))
    for _ in range(23):
        clock.advance(3600)
        journal.tick()
    assert len(list(path.parent.iterdir())) == 6


@pytest.mark.parametrize("synchronized", [True, False])
def test_a_clock_that_jumps_in_the_middle_of_a_run_deletes_nothing(opened, path, clock, synchronized):
    written(path, "journal.jsonl.1", 1)
    journal = opened(synchronized, keep_days=3)
    journal.write(sample(1))
    clock.advance(4000)
    clock.jump(20 * YEARS)
    journal.write(sample(2))
    clock.advance(3600)
    journal.tick()
    assert path.with_name("journal.jsonl.2").exists(), "rotated, as the day is another one, but kept"


@pytest.mark.parametrize("synchronized", [True, False])
@pytest.mark.parametrize("starts", [2, 3])
def test_a_clock_that_is_years_ahead_at_one_start_after_the_other_deletes_nothing(
    opened, path, clock, synchronized, starts
):
    """At the second, the newest entry is as far ahead, and there is no jump to be seen."""
    for n in range(6):
        written(path, f"journal.jsonl.{n}" if n else "journal.jsonl", 5 * n)
    clock.jump(20 * YEARS)
    for _ in range(starts):
        journal = opened(synchronized, keep_days=3)
        for _ in range(5):
            journal.write(sample(1))
            os.utime(path, (clock.wall(), clock.wall()))
            clock.advance(3600)
        journal.close()
    assert sum(file.stat().st_mtime < NOON for file in path.parent.iterdir()) == 5, "all but the one written to"


@pytest.mark.parametrize("synchronized", [True, False])
def test_once_the_clock_was_ahead_old_days_still_go(opened, path, clock, synchronized):
    """A device that is on for eight hours a day, and was years ahead on the first."""
    clock.jump(20 * YEARS)
    for day in range(12):
        journal = opened(synchronized, keep_days=3)
        for _ in range(8):
            journal.write(sample(day))
            journal.tick()
            os.utime(path, (clock.wall(), clock.wall()))
            clock.advance(3600)
        journal.close()
        clock.advance(16 * 3600)
        if day == 0:
            clock.jump(-20 * YEARS)
    days = {event["track"] for file in path.parent.iterdir() for event in lines(file) if event["event"] == "sample"}
    assert days == {8, 9, 10, 11}


def test_a_clock_that_is_behind_until_it_is_set_begins_no_new_file(opened, path, clock):
    """A machine without a clock of its own starts in the past, every day."""
    journal = opened()
    journal.write(sample(1))
    journal.close()
    clock.jump(-40 * DAY)
    opened(synchronized=False).write(sample(2))
    assert [file.name for file in path.parent.iterdir()] == ["journal.jsonl"]


def test_after_a_month_without_power_a_synchronized_clock_deletes_what_is_too_old_a_day_later(opened, path, clock):
    old = written(path, "journal.jsonl.1", 31)
    written(path, "journal.jsonl", 30)
    journal = opened(keep_days=3)
    for _ in range(23):
        clock.advance(3600)
        journal.tick()
    assert old.exists()
    clock.advance(3601)
    journal.tick()
    assert not old.exists()


def test_a_clock_that_nobody_synchronizes_is_believed_after_an_hour_but_not_across_a_gap(opened, path, clock):
    kept, old = written(path, "journal.jsonl.6", 40), written(path, "journal.jsonl.5", 5)
    for days in range(5):
        written(path, f"journal.jsonl.{days}" if days else "journal.jsonl", days)
    journal = opened(synchronized=False, keep_days=3)
    clock.advance(3000)
    journal.tick()
    assert old.exists()
    clock.advance(1000)
    journal.tick()
    assert (old.exists(), kept.exists()) == (False, True)


def live(journal, path, clock, hours, track):
    """So many hours with an event in each."""
    for _ in range(hours):
        journal.write(sample(track))
        os.utime(path, (clock.wall(), clock.wall()))
        clock.advance(3600)
        journal.tick()


def kept_tracks(path):
    return {event["track"] for file in path.parent.iterdir() for event in lines(file) if event["event"] == "sample"}


@pytest.mark.parametrize(
    ("synchronized", "ahead", "starts", "kept"),
    [
        (False, 0.0, 1, True),
        (False, 0.5, 1, True),
        (False, 1.5, 1, True),
        (False, 1.5, 3, True),
        (False, 3.0, 2, True),
        (False, 6.9, 1, True),
        (False, 6.9, 3, True),
        (False, 7.1, 3, True),
        (True, 0.5, 1, True),
        (True, 3.0, 1, False),  # the device was off for so long
    ],
)
def test_a_clock_that_is_days_ahead_deletes_nothing_that_is_younger_than_keep_days(
    opened, path, clock, synchronized, ahead, starts, kept
):
    journal = opened(synchronized, keep_days=1)
    live(journal, path, clock, 48, track=1)
    journal.close()
    clock.jump(ahead * DAY)
    for _ in range(starts):
        journal = opened(synchronized, keep_days=1)
        live(journal, path, clock, 5, track=2)
        journal.close()
    assert kept_tracks(path) == ({1, 2} if kept else {2})


@pytest.mark.parametrize("ahead", [0.5, 3.0, 6.9])
@pytest.mark.parametrize("jumps", ["at a start", "in the middle of a run"])
def test_days_that_were_really_lived_make_old_whatever_the_clock_says(opened, path, clock, ahead, jumps):
    journal = opened(synchronized=False, keep_days=1)
    live(journal, path, clock, 48, track=1)
    if jumps == "at a start":
        journal.close()
    clock.jump(ahead * DAY)
    if jumps == "at a start":
        journal = opened(synchronized=False, keep_days=1)
    live(journal, path, clock, 5, track=2)
    assert kept_tracks(path) == {1, 2}
    live(journal, path, clock, 3 * 24, track=3)
    assert 1 not in kept_tracks(path)


def test_a_file_of_a_time_before_the_clock_was_set_is_not_old(opened, path, clock):
    file = written(path, "journal.jsonl.1", 20_000)
    written(path, "journal.jsonl", 0)
    opened(keep_days=3)
    assert file.exists()


def test_old_days_also_go_when_the_journal_is_opened(opened, path, clock):
    old = written(path, "journal.jsonl.1", 31)
    written(path, "journal.jsonl", 0)
    opened(keep_days=30)
    assert not old.exists()


def test_a_clock_that_jumps_back_does_not_rotate_nor_disturb(opened, path, clock):
    journal = opened()
    journal.write(sample(1))
    clock.jump(-50 * 365 * DAY)
    journal.write(sample(2))
    assert [event["time"][:4] for event in lines(path)] == ["2026", "1976"]
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_drops_events_reports_it_once_and_resumes_when_there_is_room(opened, path, disk, caplog):
    journal = opened()
    journal.write(sample(0))
    disk.room = 30
    with caplog.at_level(logging.WARNING):
        for n in range(1, 20):
            journal.write(sample(n))
        assert kinds(path) == ["sample"], "and no half line"
        disk.room = None
        for n in range(20, 23):
            journal.write(sample(n))
    assert kinds(path) == ["sample", "journal-resumed", "sample", "sample", "sample"]
    resumed = lines(path)[1]
    assert (resumed["dropped"], resumed["reason"]) == (19, "No space left on device")
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "cannot be written (No space left on device); events are dropped until it works again",
        "writing again; 19 events were dropped",
    ]


def test_a_disk_with_room_for_the_news_only_has_not_resumed(opened, path, disk, caplog):
    journal = opened()
    journal.write(sample(0))
    with caplog.at_level(logging.WARNING):
        for n in range(1, 5):
            disk.room = 250
            journal.write({**sample(n), "probabilities": "x" * 300})
    assert kinds(path) == ["sample"]
    assert len(caplog.records) == 1
    disk.room = None
    journal.write(sample(5))
    assert lines(path)[1]["dropped"] == 4


def test_a_disk_that_is_full_at_the_start_does_not_keep_the_daemon_from_starting(opened, path, disk, monkeypatch):
    real = os.open

    def full(name, flags, *mode):
        if name == path and flags & os.O_CREAT:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(name, flags, *mode)

    monkeypatch.setattr(os, "open", full)
    journal = opened()
    journal.write(sample(1))
    monkeypatch.setattr(os, "open", real)
    journal.write(sample(2))
    assert kinds(path) == ["journal-resumed", "sample"]


def test_a_broken_card_does_not_end_the_run_either(opened, path, disk, caplog):
    journal = opened()
    disk.broken = errno.EIO
    journal.write(sample(1))
    disk.broken = errno.EROFS
    journal.write(sample(2))
    journal.write(sample(3))
    assert [record.getMessage().partition("(")[2].partition(")")[0] for record in caplog.records] == [
        "Input/output error", "Read-only file system",
    ]  # fmt: skip
    disk.broken = None
    journal.write(sample(4))
    assert lines(path)[0]["dropped"] == 3


def test_a_file_that_somebody_removed_is_made_anew(opened, path):
    journal = opened()
    journal.write(sample(1))
    path.unlink()
    journal.write(sample(2))
    assert [event["track"] for event in lines(path)] == [2]


def tracks_in(folder):
    """The tracks in every file of a folder."""
    return {file.name: [e["track"] for e in lines(file) if "track" in e] for file in folder.iterdir() if file.is_file()}


def test_a_journal_that_was_moved_away_is_followed_by_a_new_one_and_no_event_is_lost(opened, path):
    journal = opened()
    journal.write(sample(1))
    path.rename(path.with_name("old"))
    for n in range(2, 5):
        journal.write(sample(n))
    assert tracks_in(path.parent) == {"old": [1], "journal.jsonl": [2, 3, 4]}


def test_a_folder_that_was_moved_away_costs_no_event_and_is_reported_once(opened, tmp_path, path, clock, caplog):
    (tmp_path / "logs").mkdir()
    journal = JournalWriter(tmp_path / "logs" / "j.jsonl", JournalSettings(max_bytes=4096), clock, lambda: True)
    journal.write(sample(0))
    (tmp_path / "logs").rename(tmp_path / "elsewhere")
    for n in range(1, 100):
        journal.write(sample(n))
        clock.advance(1)
    assert tracks_in(tmp_path / "elsewhere") == {"j.jsonl": list(range(100))}
    assert kinds(tmp_path / "elsewhere" / "j.jsonl").count("journal-not-rotated") == 1
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "cannot begin a new file (No such file or directory); going on in the open one, trying again every minute"
    ]
    (tmp_path / "logs").mkdir()
    clock.advance(61)
    journal.write(sample(100))
    assert tracks_in(tmp_path / "logs") == {"j.jsonl": [100]}
    assert caplog.records[-1].getMessage().endswith("continued in a new file")
    journal.close()


@pytest.mark.parametrize("call", ["rename", "open"])
def test_a_folder_that_cannot_be_written_at_a_rotation_costs_no_event(opened, path, clock, caplog, monkeypatch, call):
    journal = opened(max_bytes=4096)
    journal.write(sample(0))
    with monkeypatch.context() as context:

        def refuse(*_):
            raise PermissionError(errno.EACCES, "Permission denied")

        context.setattr(os, call, refuse)
        for n in range(1, 150):
            journal.write(sample(n))
            clock.advance(1)
    everything = sorted(track for tracks in tracks_in(path.parent).values() for track in tracks)
    assert everything == list(range(150))
    assert len(caplog.records) == 1
    clock.advance(61)
    journal.write(sample(150))
    assert tracks_in(path.parent)["journal.jsonl"] == [150], "and begins a new file as soon as that works"


def test_somebody_elses_file_in_the_place_of_a_journal_that_was_moved_is_not_touched(opened, path, clock):
    journal = opened()
    journal.write(sample(1))
    path.rename(path.with_name("old"))
    path.write_text("my thesis\n")
    journal.write(sample(2))
    assert path.read_text() == "my thesis\n"
    assert [event.get("track") for event in lines(path.with_name("old"))] == [1, None, 2]


def test_what_only_has_the_name_of_an_older_file_does_not_stop_the_journal(opened, path, clock):
    path.with_name("journal.jsonl.1").symlink_to("absent")
    path.with_name("journal.jsonl.2").mkdir()
    journal = opened(max_bytes=4096, keep_days=1)
    for n in range(60):
        journal.write(sample(n))
    assert path.with_name("journal.jsonl.3").exists()
    assert kinds(path).count("journal-not-rotated") == 0


def test_a_nested_last_line_does_not_stop_the_journal(opened, path):
    journal = opened()
    journal.write(sample(1))
    journal.close()
    with open(path, "ab") as file:
        file.write(b'{"time": "2026-11-27T05:00:00.000Z", "event": ' + b"[" * 100_000 + b"\n")
    opened().write(sample(2))
    assert json.loads(path.read_bytes().splitlines()[-1])["track"] == 2


def test_a_failed_flush_is_reported_and_so_is_its_end(opened, path, disk, clock, caplog):
    journal = opened(fsync_s=0)

    def broken(fd):
        raise OSError(errno.EIO, "Input/output error")

    disk._fsync = broken
    journal.write(sample(1))
    assert "Input/output error" in caplog.text
    disk._fsync = lambda fd: None
    journal.write(sample(2))
    assert kinds(path) == ["sample", "journal-resumed", "sample"]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("absent/journal.jsonl", r"cannot write the journal \(no such folder\); change \[journal\] file"),
        ("thesis.txt", "not a journal of edge-emotion"),
        ("folder", r"cannot write the journal \(Is a directory\)"),
    ],
)
def test_a_journal_that_cannot_be_written_is_one_line(tmp_path, clock, where, message):
    (tmp_path / "thesis.txt").write_text("my thesis\n")
    (tmp_path / "folder").mkdir()
    with pytest.raises(JournalError, match=message) as caught:
        open_journal(to(tmp_path / where), clock)
    assert caught.value.exit_code == 1
    assert (tmp_path / "thesis.txt").read_text() == "my thesis\n"


def test_a_journal_that_cannot_be_used_is_closed(path, clock):
    path.write_text("my thesis\n")
    with pytest.raises(JournalError):
        JournalWriter(path, JournalSettings(), clock)
    with open(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_what_is_not_a_regular_file_is_written_to_like_a_stream(clock, capfdbinary):
    journal = open_journal(to("-"), clock)
    assert isinstance(journal, StreamWriter)
    journal.tick()
    journal.write(sample(1))
    journal.close()
    assert json.loads(capfdbinary.readouterr().out) == {"time": "2026-11-27T12:00:00.000Z", **sample(1)}
    null = open_journal(to("/dev/null"), clock)
    assert isinstance(null, DeviceWriter)
    null.close()


def test_a_fifo_that_nobody_reads_is_one_line_and_is_not_waited_for(tmp_path, clock):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(JournalError, match="nobody reads from it; start its reader first"):
        open_journal(to(tmp_path / "fifo"), clock)


def test_a_reader_that_is_slow_or_gone_does_not_hold_up_the_loop(tmp_path, clock, caplog):
    os.mkfifo(tmp_path / "fifo")
    reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    journal = open_journal(to(tmp_path / "fifo"), clock)
    for n in range(5000):
        journal.write(sample(n))
    assert len(caplog.records) == 1
    first, *_ = os.read(reader, 1 << 20).splitlines()
    assert json.loads(first)["track"] == 0
    journal.write(sample(1))
    assert caplog.records[-1].getMessage().endswith("events were dropped")
    os.close(reader)
    journal.write(sample(2))
    assert "Broken pipe" in caplog.records[-1].getMessage()
    journal.tick()
    journal.close()


@pytest.mark.parametrize("path", ["/dev/full"])
def test_a_device_without_room_is_reported_once(clock, caplog, path):
    journal = open_journal(to(path), clock)
    for n in range(3):
        journal.write(sample(n))
    journal.close()
    assert [record.getMessage() for record in caplog.records] == [
        "/dev/full: cannot be written (No space left on device); events are dropped until it works again"
    ]
