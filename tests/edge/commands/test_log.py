from __future__ import annotations

import argparse
import csv
import io
import json
import os
import re
import shlex
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from edge import __main__ as program
from edge.clock import from_rfc3339, rfc3339
from edge.commands import log, log_csv, log_plot, log_summary, log_tail
from edge.journals import timeline
from edge.journals.groups import Group
from edge.journals.jsonl import encode
from edge.journals.spans import Span
from edge.labels import EMOTIONS
from edge.testing import FakeClock

BEGIN = 20_000 * 86400 + 8 * 3600  # 2024-10-04 08:00 UTC
P = {label: 0.05 for label in ("angry", "disgust", "fear", "happy", "sad", "surprise")} | {"neutral": 0.7}


def face(kind, monotonic, track=1, worn=False, **fields):
    base = {"monotonic": float(monotonic), "event": kind, "track": track, "box": [1.0, 2.0, 3.5, 4.0], "score": 0.9}
    return base | {"mask": 0.1, "worn": worn, "emotion": "neutral", "probabilities": P, "intensity": 0.3} | fields


EVENTS = [
    {"monotonic": 0.0, "event": "start", "source": "demo", "live": True, "models": {"face": "abc"}},
    face("appeared", 1),
    face("changed", 61, worn=True),
    {"monotonic": 90.0, "event": "health", "what": "throttled", "now": ["too-hot"], "celsius": 84.0},
    face("left", 121, worn=True, seconds=120.0),
    {"monotonic": 180.0, "event": "stop", "frames": 1800},
]


def lines(events):
    return b"".join(encode(event, BEGIN + event["monotonic"]) for event in events)


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    """Local time is three hours before UTC, for all that asks."""
    monkeypatch.setenv("TZ", "XYZ+3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def journal(tmp_path):
    """A journal in two files: its first three events were rotated away."""
    path = tmp_path / "journal.jsonl"
    path.with_name("journal.jsonl.1").write_bytes(lines(EVENTS[:3]))
    path.write_bytes(lines(EVENTS[3:]))
    return path


def call(capsys, *words):
    capsys.readouterr()
    code = program.main(["log", *map(str, words)])
    return code, *capsys.readouterr()


def test_an_empty_journal(tmp_path, capsys):
    path = tmp_path / "journal.jsonl"
    path.touch()
    assert call(capsys, "summary", path) == (0, "No events.\n", "")
    assert call(capsys, "tail", path) == (0, "", "")
    assert call(capsys, "csv", path) == (0, ",".join(log_csv.columns(EMOTIONS)) + "\n", "")
    code, _, err = call(capsys, "plot", path, "--out", tmp_path / "t.png")
    assert (code, "no face in this period; nothing to draw" in err) == (1, True)


@pytest.mark.parametrize("kind", ["summary", "tail", "csv", "plot", "report"])
def test_a_missing_journal_is_one_line(tmp_path, capsys, kind):
    code, out, err = call(capsys, kind, tmp_path / "absent.jsonl")
    assert (code, out) == (1, "")
    fix = "no such journal; name its file, or write one with: edge-emotion run --journal FILE"
    assert err == f"edge-emotion: {tmp_path}/absent.jsonl: {fix}\n"


def test_the_summary_reads_rotated_files_and_shows_local_time(journal, capsys):
    code, out, _ = call(capsys, "summary", journal)
    assert code == 0
    assert out.startswith("From 2024-10-04 05:00:00 to 2024-10-04 05:03:00: watched 3 min 0 s\nFaces: 1; 1 seen both")
    assert "no mask 1 min 0 s (50 %), mask 1 min 0 s (50 %)" in out
    assert out.endswith("Problems: throttled 1 time\n")


def test_since_and_until_are_local_times(journal, capsys):
    assert "watched 1 min 59 s" in call(capsys, "summary", journal, "--since", "2024-10-04T05:01")[1]
    assert "watched 1 min 1 s" in call(capsys, "summary", journal, "--until", "2024-10-04T05:01:30")[1]
    assert call(capsys, "summary", journal, "--since", "2024-10-05")[1] == "No events.\n"
    assert "watched 1 min 59 s" in call(capsys, "summary", journal, "--since", "2024-10-04T08:01Z")[1]


@pytest.mark.parametrize(("since", "until"), [("10:00", "09:00"), ("2024-10-04", "2024-10-04"), ("today", "yesterday")])
@pytest.mark.parametrize("kind", ["summary", "tail", "csv", "plot", "report"])
def test_a_range_the_wrong_way_round_is_refused(journal, capsys, kind, since, until):
    code, out, err = call(capsys, kind, journal, "--since", since, "--until", until)
    assert (code, out) == (2, "")
    assert re.fullmatch(r"edge-emotion: --since \S+ \S+ is not before --until \S+ \S+; swap them.*\n", err)


def test_a_journal_is_found_by_the_flag_that_run_wrote_it_with(journal, capsys, monkeypatch):
    monkeypatch.setenv("HOME", str(journal.parent))
    assert call(capsys, "summary", f"--journal=~/{journal.name}") == call(capsys, "summary", journal)


NOW = datetime(2026, 1, 31, 12, 0)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("2026-01-30", "2026-01-30 00:00"), ("2026-01-30T08:15", "2026-01-30 08:15"), ("08:15", "2026-01-31 08:15"),
        ("8:15", "2026-01-31 08:15"), ("8:15:30", "2026-01-31 08:15:30"), ("2h", "2026-01-31 10:00"),
        ("90s", "2026-01-31 11:58:30"), ("1.5h", "2026-01-31 10:30"), ("5m", "2026-01-31 11:55"),
        ("today", "2026-01-31 00:00"), ("yesterday", "2026-01-30 00:00"), ("2 hours", "2026-01-31 10:00"),
        ("1 hour ago", "2026-01-31 11:00"), ("30 min", "2026-01-31 11:30"), ("90 secs", "2026-01-31 11:58:30"),
        ("2 days", "2026-01-29 12:00"), ("1 week ago", "2026-01-24 12:00"), ("2h ago", "2026-01-31 10:00"),
        ("3d", "2026-01-28 12:00"), ("1w", "2026-01-24 12:00"), ("2026-01-30T08:15:00+00:00", "2026-01-30 05:15"),
    ],
)  # fmt: skip
def test_times_as_people_write_them(text, answer):
    assert log.moment(text, NOW) == datetime.fromisoformat(answer).timestamp()


@pytest.mark.parametrize(
    ("now", "text", "hours"),
    [
        ("2026-03-29T01:30Z", "2h", 2), ("2026-03-29T01:30Z", "90 min", 1.5), ("2026-03-29T01:30Z", "1d", 23),
        ("2026-10-25T01:30Z", "30m", 0.5), ("2026-10-25T01:30Z", "2h", 2), ("2026-10-25T00:30Z", "30m", 0.5),
        ("2026-10-25T01:30Z", "1d", 25),
    ],
)  # fmt: skip
def test_so_long_ago_is_so_long_even_where_the_clock_was_put_forward_or_back(monkeypatch, now, text, hours):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        at = datetime.fromisoformat(now).timestamp()
        assert at - log.moment(text, datetime.fromtimestamp(at)) == 3600 * hours
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "noon",
        "25:00",
        "2026-13-01",
        "h",
        "-1h",
        "2 fortnights",
        "tomorrow",
        "2 hoursago",
        "ago",
        "99999999999d",
        "999999d",
        "9" * 400 + "w",
    ],
)
def test_a_wrong_time_is_a_usage_error(text):
    with pytest.raises(argparse.ArgumentTypeError, match="expected a time such as 2026-01-31"):
        log.moment(text, NOW)


@pytest.mark.parametrize(
    ("text", "environment", "answer"),
    [
        (None, {}, "/var/log/edge-emotion/journal.jsonl"),
        (None, {"LOGS_DIRECTORY": "/logs"}, "/logs/journal.jsonl"),
        ('[journal]\nfile = "mine.jsonl"', {}, "mine.jsonl"),
        ("", {}, "/var/log/edge-emotion/journal.jsonl"),
    ],
)
def test_the_journal_that_is_meant_where_none_is_named(tmp_path, text, environment, answer):
    config = tmp_path / "config.toml"
    config.write_text(text or "")
    assert str(log.default_file(None if text is None else str(config), environment)) == answer


def test_standard_output_cannot_be_read_back(tmp_path, capsys):
    config = tmp_path / "config.toml"
    config.write_text('[journal]\nfile = "-"\n')
    code, _, err = call(capsys, "summary", "--config", config)
    assert (code, "standard output cannot be read; name a journal" in err) == (2, True)


def test_without_a_command_it_prints_its_help(capsys):
    code, out, err = call(capsys)
    assert (code, err) == (0, "")
    assert out.startswith("usage: ")
    assert "examples:" in out


def test_a_journal_may_be_named_as_for_run(journal, tmp_path, capsys):
    other = tmp_path / "other.jsonl"
    other.write_bytes(journal.read_bytes())
    assert call(capsys, "summary", "--journal", journal) == call(capsys, "summary", journal)
    both = call(capsys, "csv", journal, "--journal", other)[1]
    assert both.count(",stop,") == 2


def test_tail_shows_the_last_events_in_local_time(journal, capsys):
    code, out, _ = call(capsys, "tail", journal)
    assert code == 0
    assert out.splitlines() == [
        "2024-10-04 05:00:00  start: source demo, live yes, models face=abc",
        "2024-10-04 05:00:01  face 1 appeared: no mask, neutral 70 %, intensity 0.30",
        "2024-10-04 05:01:01  face 1 changed: mask, neutral 70 %, intensity 0.30",
        "2024-10-04 05:01:30  health throttled: now too-hot, celsius 84.0",
        "2024-10-04 05:02:01  face 1 left: mask, neutral 70 %, intensity 0.30, seen for 2 min 0 s",
        "2024-10-04 05:03:00  stop: frames 1800",
    ]
    assert call(capsys, "tail", "-n", 1, journal)[1] == "2024-10-04 05:03:00  stop: frames 1800\n"
    assert call(capsys, "tail", "-n", 0, journal)[1] == ""


def test_a_face_without_an_emotion_is_shown_with_its_reason():
    event = {
        "time": rfc3339(BEGIN),
        **face("sample", 0, emotion=None, probabilities=None, intensity=None, reason="too-small"),
    }
    assert log_tail.line(event, UTC) == "2024-10-04 08:00:00  face 1 sample: no mask, too small"


class Follower(FakeClock):
    """A clock whose sleeps make one step each; after the last one the user presses Ctrl-C."""

    def __init__(self, *steps):
        super().__init__()
        self.steps = list(steps)

    def sleep(self, seconds):
        super().sleep(seconds)
        if not self.steps:
            raise KeyboardInterrupt
        self.steps.pop(0)()


def arguments(**fields):
    return argparse.Namespace(**{"since": None, "until": None, "lines": 1, "follow": True} | fields)


def test_tail_follows_across_a_rotation(journal, capsys):
    def rotate():
        os.rename(journal.with_name("journal.jsonl.1"), journal.with_name("journal.jsonl.2"))
        os.rename(journal, journal.with_name("journal.jsonl.1"))
        journal.write_bytes(lines([face("sample", 300, 2)]))

    def add():
        with open(journal, "ab") as file:
            file.write(lines([face("sample", 310, 3)]))

    with pytest.raises(KeyboardInterrupt):
        log_tail.show(arguments(), [journal], Follower(lambda: None, rotate, add, lambda: None))
    assert [line.split("  ")[1].split(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        "stop", "face 2 sample", "face 3 sample",
    ]  # fmt: skip


@pytest.mark.parametrize("ahead", [-3600.0, 0.0, 2.0])
def test_tail_follows_until_the_time_that_is_given(journal, capsys, ahead):
    clock = FakeClock(wall=BEGIN + 86400.0)
    assert log_tail.show(arguments(until=clock.wall() + ahead), [journal], clock) == 0
    assert clock.slept == [log_tail.POLL_S] * max(1, int(ahead / log_tail.POLL_S))
    assert capsys.readouterr().out.count("\n") == 1


def test_tail_waits_for_a_journal_that_does_not_exist_yet(tmp_path, capsys):
    path = tmp_path / "journal.jsonl"
    with pytest.raises(KeyboardInterrupt):
        log_tail.show(arguments(), [path], Follower(lambda: path.write_bytes(lines(EVENTS[:1])), lambda: None))
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    assert err == f"edge-emotion: {path}: no such journal yet; waiting for it, Ctrl-C ends\n"


def test_only_one_journal_can_be_followed(journal, capsys):
    code, _, err = call(capsys, "tail", "-f", journal, journal)
    assert (code, err) == (1, "edge-emotion: cannot follow 2 journals at once; name only one\n")


def test_the_table_has_a_row_an_event_in_utc(journal, capsys, tmp_path):
    code, out, _ = call(capsys, "csv", journal)
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["event"] for row in rows] == [event["event"] for event in EVENTS]
    assert rows[1]["time"] == "2024-10-04T08:00:01.000Z"
    assert (rows[1]["box_left"], rows[1]["box_right"], rows[1]["p_neutral"], rows[1]["worn"]) == (
        "1.0",
        "3.5",
        "0.7",
        "False",
    )
    assert rows[4]["seconds"] == "120.0"
    assert json.loads(rows[3]["details"]) == {"what": "throttled", "now": ["too-hot"], "celsius": 84.0}
    assert rows[1]["details"] == ""
    out_file = tmp_path / "table.csv"
    assert call(capsys, "csv", journal, "--out", out_file)[:2] == (0, "")
    assert out_file.read_text() == out


def test_a_table_that_cannot_be_written_is_one_line(journal, capsys, tmp_path):
    code, _, err = call(capsys, "csv", journal, "--out", tmp_path / "absent" / "t.csv")
    assert (code, "t.csv: cannot write the table (No such file" in err) == (1, True)


@pytest.mark.parametrize("kind", ["csv", "plot", "report"])
def test_the_output_never_replaces_the_journal_nor_one_of_its_rotated_files(journal, capsys, tmp_path, kind):
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    link = tmp_path / "link.png"
    link.symlink_to(journal)
    for out in (*before, link):
        for force in ((), ("--force",)):
            code, _, err = call(capsys, kind, journal, "--out", out, *force)
            said = "is the journal itself; choose another --out"
            if kind == "plot" and out != link:
                said = "expected a file that ends in .png or .svg or .pdf"
            assert (code, err) == (1, f"edge-emotion: {out}: {said}\n")
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path != link} == before


@pytest.mark.parametrize(
    ("kind", "name"), [("csv", "t.csv"), ("report", "t.html"), ("plot", "t.png"), ("plot", "t.svg"), ("plot", "t.pdf")]
)
def test_the_output_replaces_an_earlier_one_but_somebody_elses_file_only_by_force(
    journal, capsys, tmp_path, kind, name
):
    out = tmp_path / name
    out.write_text("my thesis\n")
    code, _, err = call(capsys, kind, journal, "--out", out)
    assert (code, "exists and was not written by this command" in err, "--force" in err) == (1, True, True)
    assert out.read_text() == "my thesis\n"
    assert call(capsys, kind, journal, "--out", out, "--force")[0] == 0
    assert call(capsys, kind, journal, "--out", out)[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["journal.jsonl", "journal.jsonl.1", name]


def test_a_table_that_breaks_off_leaves_the_earlier_one(journal, capsys, tmp_path, monkeypatch):
    out = tmp_path / "t.csv"
    assert call(capsys, "csv", journal, "--out", out)[0] == 0
    before = out.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log_csv, "row", full)
    code, _, err = call(capsys, "csv", journal, "--out", out)
    assert (code, "t.csv: cannot write the table (No space left on device)" in err) == (1, True)
    assert out.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 3


ODD = (
    {"monotonic": "x", "event": "health", "what": "dark"}, face("changed", 5, track="1"), face("left", 5, seconds="x"),
    face("sample", 5, probabilities=[1]), face("sample", 5, box="box"), face("sample", 5, intensity="x"),
    face("changed", 5, emotion=["happy"]), face("changed", 5, worn=[]),
    {"monotonic": 5.0, "event": "health", "what": {}},
)  # fmt: skip


@pytest.mark.parametrize("kind", ["summary", "tail", "csv", "plot", "report"])
def test_one_odd_line_is_skipped_and_counted_by_every_command(journal, capsys, caplog, tmp_path, kind):
    nested = b'{"time": "2024-10-04T08:02:00.000Z", "event": ' + b"[" * 100_000 + b"\n"
    words = ("--out", tmp_path / "t.png") if kind in ("plot", "report") else ()
    want, good = call(capsys, kind, journal, *words), journal.read_bytes()
    for odd in ODD:
        caplog.clear()
        journal.write_bytes(good + encode(odd, BEGIN) + nested)
        assert call(capsys, kind, journal, *words)[:2] == want[:2], odd
        assert f"{journal}: skipped 2 lines that are not events" in caplog.text, odd


def test_escape_codes_in_a_journal_do_not_reach_the_terminal(journal, capsys):
    with open(journal, "ab") as file:
        file.write(encode({"monotonic": 1.0, "event": "health", "what": "\x1b[31m", "detail": "a\nb"}, BEGIN))
    assert call(capsys, "tail", "-n", 1, journal)[1] == r"2024-10-04 05:00:00  health \x1b[31m: detail a\nb" + "\n"


def test_the_plot_is_a_picture(journal, capsys, tmp_path):
    pytest.importorskip("matplotlib")
    out = tmp_path / "timeline.png"
    assert call(capsys, "plot", journal, "--out", out) == (0, f"{out}\n", "")
    image = cv2.imread(str(out))
    assert image.shape == (600, 1200, 3)
    # Neutral is grey: in the left half of the upper row, and in the right half of the middle one; below is intensity.
    grey = (np.abs(image.astype(int) - (0xB2, 0xAD, 0xA9)).max(axis=2) < 8)[:, 100:1000]
    grey = cv2.erode(grey.astype(np.uint8), np.ones((5, 5), np.uint8))  # the edges of letters are grey, too
    upper, middle = grey[:242], grey[242:440]
    assert upper[:, :400].mean() > 0.3
    assert middle[:, 550:].mean() > 0.3
    assert upper[:, 550:].mean() == middle[:, :400].mean() == 0


def titles(spans, marks, path, **options):
    """The texts of a plot."""
    made = timeline.Timeline(spans, marks, ["v4l2:0"], **options)
    log_plot.draw(made, log_plot.title(made, [path]), path)
    return [element.text.strip() for element in ElementTree.parse(path).iter() if element.text and element.text.strip()]


DAY = 86400.0
LONG = [Span(BEGIN + n * DAY, 600.0, n, False, "sad") for n in range(10)]


@pytest.mark.parametrize(
    ("spans", "marks", "options", "words"),
    [
        (LONG[:1], [], {}, ["Faces in sight: v4l2:0, 2024-10-04 05:00 to 05:10", "faces", "local time", "0", "1"]),
        (LONG, [], {}, ["hours in sight, all faces", "Oct 4", "Oct 13"]),
        (LONG[:1], [], {"clip": True, "start": BEGIN}, ["Faces in sight: v4l2:0", "seconds from the beginning", "600"]),
        (LONG[:1], [(BEGIN + 60, "camera lost")], {}, ["camera lost"]),
        (LONG, [(BEGIN + DAY * n, "dark") for n in range(3)], {}, ["dark"]),
    ],
    ids=["minutes", "days", "a clip", "a problem", "the same problem on several days"],
)
def test_a_plot_says_what_its_axes_are(tmp_path, monkeypatch, spans, marks, options, words):
    matplotlib = pytest.importorskip("matplotlib")
    monkeypatch.setitem(matplotlib.rcParams, "svg.fonttype", "none")
    found = titles(spans, marks, tmp_path / "t.svg", **options)
    assert {*words, "no mask", "mask", "sad"} <= set(found)
    # What was not seen is not in the legend, and there are no parts of faces.
    assert not {"happy", "unsure", "0.5"} & set(found)
    assert found.count("dark") == (len(marks) > 1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [1, 10], ids=["minutes", "days"])
def test_problems_long_before_and_after_the_faces_leave_them_their_room(tmp_path, monkeypatch, count):
    matplotlib = pytest.importorskip("matplotlib")
    monkeypatch.setitem(matplotlib.rcParams, "svg.fonttype", "none")
    marks = [(BEGIN - 40 * DAY, "dark"), (BEGIN + 60, "dark"), (BEGIN + 40 * DAY, "camera lost")]
    found = titles(LONG[:count], marks, tmp_path / "t.svg")
    assert (found.count("dark"), found.count("camera lost")) == (1, 0)


@pytest.mark.parametrize("count", [1, 10], ids=["minutes", "days"])
def test_a_plot_has_a_row_for_intensity_where_the_journal_tells_it(tmp_path, monkeypatch, count):
    matplotlib = pytest.importorskip("matplotlib")
    monkeypatch.setitem(matplotlib.rcParams, "svg.fonttype", "none")
    words = "intensity, 1 - P(neutral), mean of the faces"
    assert words not in titles(LONG[:count], [], tmp_path / "without.svg")
    known = [replace(span, intensity=0.5) for span in LONG[:count]]
    assert words in titles(known, [(BEGIN + 60, "dark")], tmp_path / "with.svg")


@pytest.mark.parametrize(("quiet", "rows"), [(0, 2), (3, 5), (31, 33), (32, 3), (900, 3)])
def test_a_long_time_without_a_face_is_one_row(quiet, rows):
    """A clock that was wrong once makes years of days without anybody."""
    groups = {f"day {n}": Group() for n in range(quiet + 2)}
    groups["day 0"].faces = groups[f"day {quiet + 1}"].faces = 1
    _, *printed = log_summary.table("day", groups).splitlines()
    assert len(printed) == rows
    assert [line.split(maxsplit=2)[2] for line in printed if line.startswith("...")] == (
        [f"on each of {quiet} days"] if quiet > 31 else []
    )


def test_summaries_by_hour_and_as_json(journal, capsys):
    code, out, _ = call(capsys, "summary", "--by", "hour", journal)
    assert (code, out.splitlines()) == (
        0,
        [
            "hour   faces       in sight  masked  mostly",
            "05:00      1      2 min 0 s    50 %  neutral 100 %   ####################",
        ],
    )
    code, out, _ = call(capsys, "summary", "--json", "--by", "weekday", journal)
    record = json.loads(out)
    assert (record["from"], record["watched_s"], record["problems"]) == (
        "2024-10-04T08:00:00.000Z", 180.0, {"throttled": 1},
    )  # fmt: skip
    friday = {"faces": 1, "seconds": 120.0, "masked": 0.5, "emotions": {"neutral": 1.0}}
    assert record["by_weekday"] == {"Friday": friday}
    assert {key: record[key] for key in friday} == friday
    assert record["median_dwell_s"] == 120.0


def test_the_report_is_one_page_with_nothing_from_elsewhere(journal, capsys, tmp_path):
    out = tmp_path / "report.html"
    assert call(capsys, "report", journal, "--out", out, "--title", "A & B <museum>")[:2] == (0, f"{out}\n")
    page = out.read_text()
    assert "<h1>A &amp; B &lt;museum&gt;</h1>" in page
    assert [word for word in ("http", "src=", "url(", "<script", "@import") if word in page] == []


def test_few_visits_are_more_than_none_a_day(tmp_path, capsys):
    path = tmp_path / "journal.jsonl"
    path.write_bytes(lines([EVENTS[0], face("appeared", 1), face("appeared", 4 * 86400, track=2)]))
    page = call(capsys, "report", path, "--out", "-")[1]
    assert "<b>0.4</b><span>visits per day</span>" in page


def test_of_decades_without_a_face_only_the_days_that_are_there_are_drawn():
    """As after a clock that began in 1970 and was set."""
    spans = [Span(wall, 60.0, 1, False, "happy") for wall in (5.0, 1.8e9)]
    drawn = []

    class Axis:
        def bar(self, places, heights, width, bottom, color):
            drawn.append((len(places), len(heights), len(bottom)))

    assert list(log_plot._days(Axis(), timeline.Timeline(spans), False)) == ["happy"]
    assert drawn == [(2, 2, 2)]


def test_the_plot_without_matplotlib_says_how_to_install_it(journal, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    code, _, err = call(capsys, "plot", journal)
    assert (code, f"{shlex.quote(sys.executable)} -m pip install 'edge-emotion[plot]'" in err) == (1, True)


def test_a_plot_that_cannot_be_written_is_one_line(journal, capsys, tmp_path):
    pytest.importorskip("matplotlib")
    code, _, err = call(capsys, "plot", journal, "--out", tmp_path / "absent" / "t.png")
    assert (code, "t.png: cannot write the picture" in err) == (1, True)


@pytest.mark.parametrize("kind", ["plot", "report", "csv"])
def test_a_folder_is_no_output(journal, capsys, tmp_path, kind):
    (tmp_path / "album").mkdir()
    (tmp_path / "album.png").write_bytes(b"mine")
    code, _, err = call(capsys, kind, journal, "--out", tmp_path / "album")
    assert (code, "album: is a folder; name a file" in err) == (1, True)
    assert (tmp_path / "album.png").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["p", "p.txt", "p.jpg", "-", ".png"])
def test_a_plot_of_another_kind_is_refused_before_the_journal_is_read(capsys, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    said = f"edge-emotion: {name}: expected a file that ends in .png or .svg or .pdf\n"
    assert call(capsys, "plot", tmp_path / "absent.jsonl", "--out", name) == (1, "", said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["png", "svg", "PDF"])
def test_a_plot_is_of_the_kind_that_its_name_says_and_known_as_ours(journal, capsys, tmp_path, suffix):
    pytest.importorskip("matplotlib")
    out = tmp_path / f"p.{suffix}"
    for _ in range(2):
        assert call(capsys, "plot", journal, "--out", out)[0] == 0
    assert out.read_bytes().startswith({"png": b"\x89PNG", "svg": b"<?xml", "PDF": b"%PDF"}[suffix])


@pytest.mark.parametrize(
    ("name", "kind"), [("a", b"\x89PNG"), ("a.jpg", b"\x89PNG"), ("a.png", b"\x89PNG"), ("a.svg", b"<?xm")]
)
def test_a_plot_goes_where_the_shell_redirects_it(journal, capsys, tmp_path, name, kind):
    pytest.importorskip("matplotlib")
    with open(tmp_path / name, "wb") as redirected:
        out = f"/dev/fd/{redirected.fileno()}"
        assert call(capsys, "plot", journal, "--out", out) == (0, f"{out}\n", "")
    assert (tmp_path / name).read_bytes()[:4] == kind


@pytest.mark.parametrize("kind", ["report", "csv"])
def test_a_dash_is_standard_output(journal, capsys, tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    code, out, err = call(capsys, kind, journal, "--out", "-")
    assert (code, err, sorted(tmp_path.iterdir())) == (0, "", before)
    assert call(capsys, kind, journal, "--out", "./-x")[0] == 0
    assert out.strip() == (tmp_path / "-x").read_text().strip() != ""


@pytest.mark.parametrize("title", ["$\\frac{$", "caf\udce9", "a\x1b[31m\nb", "100 $ and $ 200"], ids=ascii)
@pytest.mark.parametrize("kind", ["plot", "report"])
def test_any_title_is_written(journal, capsys, tmp_path, kind, title):
    pytest.importorskip("matplotlib")
    out = tmp_path / ("out.png" if kind == "plot" else "out")
    assert call(capsys, kind, journal, "--title", title, "--out", out) == (0, f"{out}\n", "")
    assert out.read_bytes()[:4] == (b"\x89PNG" if kind == "plot" else b"<!do")
    assert call(capsys, kind, journal, "--title", title, "--out", out)[0] == 0  # it is known as ours
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_events_without_a_time_are_left_out():
    bad = {"time": "noon", "event": "stop", "monotonic": 0.0}
    good = {"time": rfc3339(5), "event": "stop", "monotonic": 0.0}
    assert list(log.between(iter([bad, good]), None, None)) == [good]
    assert from_rfc3339(good["time"]) == 5


@pytest.mark.parametrize("words", [["summary"], ["tail"], ["csv"], ["plot"], ["report"]], ids=str)
def test_a_closed_standard_output_is_one_line(journal, capsys, monkeypatch, words):
    monkeypatch.setattr("sys.stdout", None)
    assert program.main(["log", *words, str(journal)]) == 1
    assert capsys.readouterr().err == "edge-emotion: standard output is closed; nothing could be printed\n"
