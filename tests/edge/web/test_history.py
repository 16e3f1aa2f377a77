"""The history: figures of journals, and the page's charts of them."""

from __future__ import annotations

import gzip
import json
import os
import time
import tracemalloc
from datetime import datetime, timedelta

import pytest

from edge.clock import rfc3339
from edge.errors import JournalError
from edge.journals.jsonl import encode
from edge.journals.parts import parts
from edge.web.dwell import Dwell
from edge.web.figures import between, made
from edge.web.zone import offsets
from tests.edge.web.test_page import HURRY

DAY = datetime(2026, 5, 4)  # a Monday


def at(hour, minute=0, second=0.0, day=0):
    return DAY.timestamp() + 86400 * day + 3600 * hour + 60 * minute + second


def visit(track, begin, *parts):
    """A track's events: parts are (seconds, worn, emotion)."""
    events, time_ = [], begin
    for n, (seconds, worn, emotion) in enumerate(parts):
        state = {"track": track, "worn": worn, "emotion": emotion}
        if emotion is None:
            state["reason"] = "too-small"
        events.append((time_, {"event": "changed" if n else "appeared", **state}))
        time_ += seconds
    return [*events, (time_, {"event": "left", **state, "seconds": time_ - begin})]


def minute_ago():
    """A whole second, as the csv rounds times in its own way; of today at `noon`: the page opens on the last day."""
    return int(time.time()) - 60


def note(when, kind, **fields):
    return [(when, {"event": kind, **fields})]


def write(path, *groups):
    lines = sorted((entry for group in groups for entry in group), key=lambda entry: entry[0])
    with open(path, "wb") as file:
        for wall, event in lines:
            file.write(encode({"monotonic": round(wall - at(0), 4), **event}, wall))
    return path


@pytest.fixture
def journal(tmp_path):
    """Two days: three visits, one with a mask; a pause."""
    return write(
        tmp_path / "journal.jsonl",
        note(at(8), "start", live=True),
        visit(1, at(10), (4, False, "happy"), (6, False, "neutral")),
        visit(2, at(10, 30), (20, True, "neutral")),
        note(at(12), "health", what="paused"),
        note(at(8, day=1), "start", live=True),
        visit(1, at(9, day=1), (3, False, None)),
        note(at(17, day=1), "stop"),
    )


def figures(path, what, argument, now=None):
    return made(path, what, argument, now or datetime.fromtimestamp(at(20, day=1)))


def test_an_empty_journal_has_figures_too(tmp_path):
    (tmp_path / "journal.jsonl").touch()
    told = figures(tmp_path / "journal.jsonl", "overview", "2")
    assert [day["visits"] for day in told["days"]] == [0, 0]
    assert told["dwell"] == {"visits": 0, "median": None, "mean": None, "classes": []}
    assert figures(tmp_path / "journal.jsonl", "day", "2026-05-04")["spans"] == []


def test_the_overview_counts_visits_shares_and_times(journal):
    told = figures(journal, "overview", "3")
    assert told["days"] == [
        {"day": "2026-05-03", "visits": 0, "seconds": 0.0},
        {"day": "2026-05-04", "visits": 2, "seconds": 30.0},
        {"day": "2026-05-05", "visits": 1, "seconds": 3.0},
    ]
    assert {(day, hour): n for day, row in enumerate(told["hours"]) for hour, n in enumerate(row) if n} == {
        (0, 10): 2, (1, 9): 1,
    }  # fmt: skip
    assert told["shares"] == {"bare": {"happy": 4.0, "neutral": 6.0, "too-small": 3.0}, "masked": {"neutral": 20.0}}
    assert told["dwell"]["visits"] == 3
    assert told["dwell"]["mean"] == 11.0
    assert told["dwell"]["median"] == pytest.approx(10, rel=0.005)
    assert [entry["visits"] for entry in told["dwell"]["classes"]] == [0, 1, 1, 1, 0, 0, 0]


def test_a_day_has_its_spans_and_nothing_of_others(journal):
    told = figures(journal, "day", "2026-05-04")
    assert told["spans"] == [
        [at(10), 4.0, 0, False, "happy"],
        [at(10, 0, 4), 6.0, 0, False, "neutral"],
        [at(10, 30), 20.0, 1, True, "neutral"],
    ]
    assert told["notes"] == [[at(12), "paused"]]
    assert told["complete"]
    assert [span[4] for span in figures(journal, "day", "2026-05-05")["spans"]] == ["too-small"]


def test_samples_of_one_state_are_one_span(tmp_path):
    events = [
        (at(9, 0, n), {"event": "sample" if n else "appeared", "track": 1, "worn": False, "emotion": "sad"})
        for n in range(5)
    ]
    assert figures(write(tmp_path / "j", events), "day", "2026-05-04")["spans"] == [[at(9), 4.0, 0, False, "sad"]]


def test_a_median_is_near_what_a_sorted_list_says():
    dwell = Dwell()
    for seconds in range(1, 1002):
        dwell.add(seconds / 10)
    assert dwell.told()["median"] == pytest.approx(50.1, rel=0.005)


@pytest.mark.parametrize("seconds", [float("inf"), 1e300, 0.0, -5.0])
def test_visits_that_cannot_be_so_long_are_counted_too(seconds):
    dwell = Dwell()
    dwell.add(seconds)
    assert dwell.told()["visits"] == 1


@pytest.mark.parametrize(
    ("day", "message"),
    [
        ("2026-02-30", "day: expected a day that the calendar has, as YYYY-MM-DD, got 2026-02-30"),
        ("0000-01-01", "day: expected a day that the calendar has, as YYYY-MM-DD, got 0000-01-01"),
        ("1970-12-31", "day: expected a day of the years 1971 to 9000, got 1970-12-31"),
        ("9999-12-31", "day: expected a day of the years 1971 to 9000, got 9999-12-31"),
        ("2026-5-4", "day: expected a day as YYYY-MM-DD"),
        ("", "day: expected a day as YYYY-MM-DD"),
    ],
)
def test_a_day_that_does_not_exist_is_refused_under_its_arguments_name(serve, tmp_path, day, message):
    (tmp_path / "journal.jsonl").touch()
    house = serve(journal=tmp_path / "journal.jsonl")
    assert house.get(f"/api/history/day?day={day}") == (400, {"error": message})


def test_of_a_long_journal_only_the_day_is_read(tmp_path, monkeypatch):
    path = tmp_path / "journal.jsonl"
    state = {"event": "sample", "track": 1, "worn": False, "emotion": "sad", "monotonic": 0.0, "filler": "x" * 300}
    with open(path, "wb") as file:
        for n in range(20_000):
            file.write(encode(state, at(0) + 86.4 * n))  # twenty days
    read = list(between(parts(path), at(0, day=10), at(24, day=10)))
    assert len(read) < 1400
    assert read[0]["time"] < rfc3339(at(0, day=10)) <= read[200]["time"]
    assert read[-1]["time"] < rfc3339(at(24, day=10))
    everything = [event for event in between(parts(path), at(0), at(0, day=30))]
    assert [event for event in everything if rfc3339(at(0, day=10)) <= event["time"] < rfc3339(at(0, day=11))] == [
        event for event in read if event["time"] >= rfc3339(at(0, day=10))
    ]


def write_as_it_came(path, groups):
    """A journal of a clock that was set: its times go back."""
    path.write_bytes(
        b"".join(encode({"monotonic": wall - at(0), **event}, wall) for group in groups for wall, event in group)
    )
    return path


@pytest.mark.parametrize("filler", ["", "x" * 3000])  # of a short file, and of one that is looked at in places first
@pytest.mark.parametrize("visitors", [0, 1, 40])  # while the clock was ahead
def test_a_clock_that_was_ahead_hides_no_later_visit(tmp_path, visitors, filler):
    path = write_as_it_came(
        tmp_path / "journal.jsonl",
        [
            note(at(20, day=-1), "start", live=True, filler=filler),
            *(visit(n, at(20, n, day=-1), (5, False, "sad")) for n in range(3)),
            note(at(14, day=1), "start", live=True, filler=filler),  # starts by a clock that is a day ahead,
            *(visit(n, at(14, n, day=1), (5, False, "sad")) for n in range(visitors)),
            *(note(at(6, n), "health", what="light", filler=filler) for n in range(60)),
            *(visit(100 + n, at(7, n), (5, False, "happy")) for n in range(3)),  # and is set right
            *(note(at(8, n), "health", what="light", filler=filler) for n in range(60)),
            *(visit(200 + n, at(10, n, day=2), (5, False, "fear")) for n in range(3)),
        ],
    )
    spans = figures(path, "day", "2026-05-04")["spans"]
    assert spans == [[at(7, n), 5.0, n, False, "happy"] for n in range(3)]
    days = figures(path, "overview", "2", datetime.fromtimestamp(at(12)))["days"]
    assert [day["visits"] for day in days] == [3, 3]


def test_memory_does_not_grow_with_the_journal(tmp_path):
    peaks = []
    for days in (1, 8):
        path = write(
            tmp_path / f"{days}.jsonl", *(visit(n, at(0) + 80 * n, (30, False, "sad")) for n in range(1000 * days))
        )
        tracemalloc.start()
        figures(path, "overview", "30", datetime.fromtimestamp(at(20, day=20)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]


def test_broken_lines_are_skipped(journal):
    before = figures(journal, "day", "2026-05-04")["spans"]
    with open(journal, "ab") as file:
        file.write(b'{"time": "2026-05-05T20:00:00.000Z", "event": 5}\nrubbish\n\xff\xfe\n{"time": "2026-05-0')
    assert figures(journal, "day", "2026-05-04")["spans"] == before


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("label", ["fröhlich", "\ud800"])
def test_a_label_that_is_no_text_spoils_nothing(serve, journal, monkeypatch, label, encoding):
    monkeypatch.setenv("PYTHONIOENCODING", encoding)  # of the process that reads the journal
    with open(journal, "ab") as file:
        for wall, event in visit(9, at(18, day=1), (4, False, "happy")):
            line = encode({"monotonic": wall - at(0), **event}, wall)
            file.write(line.replace(b'"happy"', json.dumps(label).encode()))
    status, told = serve(journal=journal).get("/api/history/day?day=2026-05-05")
    assert (status, [span[4] for span in told["spans"]]) == (200, ["too-small", label])


def test_the_page_asks_over_http(serve, journal):
    house = serve(journal=journal)
    assert len(house.get("/api/history/day?day=2026-05-04")[1]["spans"]) == 3
    assert len(house.get("/api/history?days=7")[1]["days"]) == 7


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/history?days=0", 400), ("/api/history?days=367", 400), ("/api/history?days=-1", 400),
        ("/api/history?days=x", 400), ("/api/history?days=99999999999999999999", 400), ("/api/history/day", 400),
        ("/api/history/day?day=2026-13-01", 400), ("/api/history/day?day=0001-01-01", 400),
        ("/api/history/day?day=..%2f..", 400), ("/api/history/day?day=9999-12-31", 400), ("/api/history?days=1", 200),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_one_line(serve, journal, path, status):
    got, told = serve(journal=journal).get(path)
    assert got == status, told
    assert status == 200 or list(told) == ["error"]


def test_without_a_journal_it_says_how_to_have_one(serve, tmp_path):
    assert "--journal" in serve().get("/api/history")[1]["error"]
    status, told = serve(journal=tmp_path / "none.jsonl").get("/api/history")
    assert (status, "no such journal yet" in told["error"]) == (404, True)


def test_an_answer_is_kept_until_midnight_at_most(serve, journal, zone):
    house = serve(journal=journal)
    days = []
    for name in ("Etc/GMT+12", "Pacific/Kiritimati"):  # where it is the next day already
        zone(name)
        days.append(house.get("/api/history?days=1")[1]["days"][0]["day"])
    assert days[0] < days[1]


def test_a_compressed_journal_is_named_as_that(tmp_path, journal):
    packed = tmp_path / "packed.jsonl"
    packed.write_bytes(gzip.compress(journal.read_bytes()))
    with pytest.raises(JournalError, match="compressed with gzip"):
        figures(packed, "overview", "7")


@pytest.mark.parametrize(
    ("name", "day", "rows"),
    [
        ("UTC", "2026-05-04", [("00:00", 0)]),
        ("Asia/Kolkata", "2026-05-04", [("00:00", 19800)]),
        ("Europe/Berlin", "2026-03-29", [("00:00", 3600), ("03:00", 7200)]),
        ("Europe/Berlin", "2026-10-25", [("00:00", 7200), ("02:00", 3600)]),
    ],
)
def test_the_machines_clock_is_told_through_its_changes(zone, name, day, rows):
    zone(name)
    begin = datetime.fromisoformat(day)
    found = offsets(begin.timestamp(), (begin + timedelta(days=1)).timestamp())
    assert [(f"{datetime.fromtimestamp(wall):%H:%M}", offset) for wall, offset in found] == rows


def test_the_page_and_the_summary_say_the_same_times_in_whatever_zone_the_browser_is(serve, tmp_path, browser, noon):
    from edge.journals.summary import Summary

    begin = datetime.combine(datetime.now().date(), datetime.min.time()).timestamp() + 60
    # A clip of 600 s that took a tenth of that: what happened in it is told in its own time.
    events = [*note(begin, "start", live=False), *visit(1, begin, (400, False, "happy"), (200, True, "sad"))]
    journal, summary = tmp_path / "journal.jsonl", Summary()
    with open(journal, "wb") as file:
        for wall, event in events:
            event = {"time": rfc3339(begin + (wall - begin) / 10), "monotonic": wall - begin, **event}
            file.write(encode(event, begin + (wall - begin) / 10))
            summary.add(event)
    assert summary.last - summary.first == pytest.approx(600)
    house = serve(journal=journal)
    browser.ask("Emulation.setTimezoneOverride", timezoneId="America/New_York")
    browser.open(house.address + "#history")
    browser.wait("document.querySelectorAll('#timeline .fill').length === 2")
    words = browser.eval("document.querySelector('#timeline svg').getAttribute('aria-label')")
    assert words == "1 visit from 00:00 to 00:11"
    assert browser.eval("document.getElementById('day').value") == f"{datetime.fromtimestamp(begin):%Y-%m-%d}"
    assert f"{datetime.fromtimestamp(summary.first):%H:%M:%S}" == "00:01:00"


def downloads(browser, button):
    """The table that a button saves."""
    return browser.eval(
        """(async () => {
        let saved;
        URL.createObjectURL = blob => { saved = blob; return "data:,"; };
        document.getElementById(BUTTON).click();
        return (await saved.text()).trim().split("\\r\\n").map(line => line.split(","));
    })()""".replace("BUTTON", repr(button))
    )


def test_the_charts_show_what_the_journal_says(serve, tmp_path, browser, noon):
    now = minute_ago()
    journal = write(tmp_path / "journal.jsonl", visit(1, now, (4, False, "happy"), (6, True, "sad")))
    house = serve(journal=journal)
    browser.open(house.address + "#history")
    browser.wait("document.querySelectorAll('#timeline .fill').length === 2")
    assert browser.text("#tiles b") == "1"
    labels = browser.eval("[...document.querySelectorAll('#timeline .fill')].map(e => e.classList[1])")
    assert labels == ["happy", "sad"]
    assert browser.eval("document.querySelectorAll('#heat rect').length") == 7 * 24
    assert browser.eval("[...document.querySelectorAll('#shares td')].map(e => e.textContent)") == [
        "100 %",
        "-",
        "-",
        "100 %",
    ]
    assert browser.visible("#dwell svg")
    assert downloads(browser, "day-csv") == [
        ["start", "seconds", "visit", "mask", "emotion"],
        [rfc3339(now), "4", "1", "no mask", "happy"],
        [rfc3339(now + 4), "6", "1", "mask", "sad"],
    ]
    assert downloads(browser, "days-csv")[-1][1:] == ["1", "10"]
    browser.eval("document.getElementById('before').click(); document.getElementById('before').click()")
    browser.wait("document.getElementById('timeline').textContent.startsWith('Nobody was in sight on this day.')")
    assert "Visits per day" in browser.text("#timeline")
    browser.eval("document.querySelectorAll('#visits .hit').item(29).dispatchEvent(new Event('click'))")
    browser.wait("document.querySelectorAll('#timeline .fill').length === 2")
    assert browser.console == []
    if folder := os.environ.get("EDGE_EMOTION_SCREENSHOTS"):
        browser.screenshot(os.path.join(folder, "history.png"))


def choose_day(browser, day):
    browser.eval(f"document.getElementById('day').value = '{day}'")
    browser.eval("document.getElementById('day').dispatchEvent(new Event('change'))")


def test_a_day_is_typed_digit_by_digit_and_an_error_lasts_until_the_next_day(serve, tmp_path, browser, noon):
    path = tmp_path / "journal.jsonl"
    house = serve(journal=write(path, visit(1, minute_ago(), (4, False, "happy"))))
    browser.open(house.address + "#history")
    browser.wait("document.querySelectorAll('#timeline .fill').length === 1")
    for year in ("0002", "0020", "0202"):
        choose_day(browser, f"{year}-05-04")
    assert not any("day=0" in request for request in browser.requests)
    path.rename(tmp_path / "away.jsonl")
    choose_day(browser, "2026-05-04")
    browser.wait("document.getElementById('history-said').textContent.includes('no such journal yet')")
    assert browser.eval("document.querySelectorAll('#timeline *').length") == 0  # not that of the day before
    (tmp_path / "away.jsonl").rename(path)
    choose_day(browser, "2026-05-05")
    browser.wait("document.getElementById('timeline').textContent.startsWith('Nobody was in sight on this day.')")
    assert not browser.visible("#history-said")


def test_a_period_that_takes_a_while_to_read_is_not_taken_for_the_one_before(serve, tmp_path, browser, noon):
    house = serve(journal=write(tmp_path / "journal.jsonl", visit(1, minute_ago(), (4, False, "happy"))))
    browser.ask("Page.addScriptToEvaluateOnNewDocument", source=HURRY)
    browser.open(house.address + "#history")
    browser.wait("document.querySelectorAll('#visits .hit').length === 30")
    browser.eval(
        """const notice = document.getElementById('history-said');
        window.told = new Set();
        new MutationObserver(() => told.add(notice.textContent)).observe(notice, { childList: true });
        0"""
    )
    browser.eval("document.getElementById('days').value = '366'")
    browser.eval("document.getElementById('days').dispatchEvent(new Event('change'))")
    browser.wait("document.querySelectorAll('#visits .hit').length === 366")
    assert browser.eval("told.has('Reading the journal...')")
    assert not browser.visible("#history-said")


OVERLAPS = """[...document.querySelectorAll('#history-body svg')].flatMap(svg => {
  const boxes = [...svg.querySelectorAll('text')].map(text => text.getBoundingClientRect());
  return boxes.flatMap((a, n) => boxes.slice(n + 1).filter(b =>
    a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom));
}).length"""


@pytest.mark.parametrize("width", [320, 390, 1280])  # 320: also a window of 1280 pixels that is enlarged fourfold
def test_no_text_of_a_chart_lies_on_another(serve, tmp_path, browser, width, noon):
    house = serve(journal=write(tmp_path / "journal.jsonl", visit(1, minute_ago(), (4, False, "happy"))))
    browser.size(width, 640)
    browser.open(house.address + "#history")
    browser.wait("document.querySelectorAll('#dwell text').length > 0")
    assert browser.eval(OVERLAPS) == 0
    classes = [{"below": None, "visits": 1_234_567}]
    told = json.dumps({"visits": 1_234_567, "median": 5, "classes": classes})
    browser.eval(f"import('./charts.js').then(charts => charts.dwell(document.getElementById('dwell'), {told}))")
    begins = "document.querySelector('#dwell svg').getBoundingClientRect().left"
    browser.wait("[...document.querySelectorAll('#dwell text')].some(text => text.textContent === '1,234,567')")
    assert browser.eval(
        f"[...document.querySelectorAll('#dwell text')].every(text => text.getBoundingClientRect().left >= {begins})"
    )
