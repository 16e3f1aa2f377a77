from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest

from edge.clock import rfc3339
from edge.journals.groups import Group, Statistics
from edge.journals.report import Report
from edge.journals.report_charts import columns, heat_map, scale, shares
from edge.journals.summary import Summary

ZONE = timezone(timedelta(hours=5, minutes=30))
MONDAY = datetime(2024, 1, 1, 9, tzinfo=ZONE).timestamp()


def visit(begin, seconds, track=1, worn=False, emotion="happy"):
    """The events of one face."""
    wall = {
        "time": rfc3339(MONDAY + begin),
        "monotonic": float(begin),
        "track": track,
        "worn": worn,
        "emotion": emotion,
    }
    left = {"time": rfc3339(MONDAY + begin + seconds), "monotonic": float(begin + seconds), "seconds": float(seconds)}
    return [wall | {"event": "appeared"}, wall | left | {"event": "left"}]


def statistics(*visits):
    made = Statistics(ZONE)
    for events in visits:
        for event in events:
            made.add(event)
    return made


HOUR, DAY = 3600, 86400


def test_nothing_at_all():
    empty = statistics()
    assert [empty.by(kind) for kind in ("hour", "day", "weekday")] == [{}, {}, {}]
    assert (empty.days(), empty.median_dwell, empty.whole().record()["faces"]) == ([], None, 0)


def test_a_visit_is_counted_where_it_began_and_its_time_where_it_was():
    found = statistics(visit(HOUR - 60, 180)).by("hour")
    assert {key: (group.faces, group.in_sight) for key, group in found.items()} == {"09:00": (1, 60), "10:00": (0, 120)}


def test_faces_of_a_clip_are_counted_when_they_came_in_it():
    start = {"time": rfc3339(MONDAY), "monotonic": 0.0, "event": "start", "live": False}
    events = [event | {"time": rfc3339(MONDAY + 5)} for event in visit(HOUR + 60, 120)]
    found = statistics([start, *events]).by("hour")
    assert {key: (group.faces, group.in_sight) for key, group in found.items()} == {"10:00": (1, 120)}


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("hour", ["09:00", "10:00", "11:00"]),
        ("day", ["2024-01-01", "2024-01-02", "2024-01-03"]),
        ("weekday", ["Monday", "Tuesday", "Wednesday"]),
    ],
)
def test_groups_without_anything_stand_between_those_that_have_something(kind, keys):
    found = statistics(visit(0, 10), visit(2 * DAY + 2 * HOUR, 10)).by(kind)
    assert list(found) == keys
    assert [group.faces for group in found.values()] == [1, 0, 1]


def test_shares_of_masks_and_emotions():
    made = statistics(
        visit(0, 30), visit(60, 10, emotion="sad"), visit(100, 60, worn=True), visit(200, 20, emotion=None)
    )
    whole = made.whole()
    assert whole.masked == pytest.approx(0.5)
    assert whole.shares() == pytest.approx({"happy": 0.9, "sad": 0.1})
    assert whole.shares(True) == pytest.approx({"happy": 1.0})
    assert whole.shares(False) == pytest.approx({"happy": 0.75, "sad": 0.25})
    assert (whole.untold(True), whole.untold(False)) == (0.0, pytest.approx(20 / 60))
    assert made.median_dwell == 25
    assert (Group().shares(), Group().untold(False)) == ({}, 0.0)


@pytest.mark.parametrize(
    ("most", "answer"), [(0, (1, 1)), (1, (1, 1)), (4, (4, 1)), (5, (6, 2)), (97, (100, 50)), (1325, (1500, 500))]
)
def test_axes_have_whole_numbers_that_people_count_in(most, answer):
    assert scale(most) == answer


def test_charts_have_a_mark_and_words_for_each_number():
    assert columns([("<a>", 1), ("b", 3)]).count("<title>") == 2
    assert "&lt;a&gt;: 1" in columns([("<a>", 1), ("b", 3)])
    assert heat_map(["Monday"], ["09:00", "10:00"], {("Monday", "10:00"): 2.5}).count("<rect") == 2
    assert shares({}) == ""
    assert ">75 %<" in shares({"happy": 0.75})
    assert "\\ud800 50 %" in shares({"\ud800": 0.5})  # of a journal that was edited


def test_of_decades_without_a_face_only_the_columns_that_are_there_are_written():
    """As after a clock that began in 1970 and was set."""
    chart = columns([("1970-01-01", 3), *[(str(n), 0) for n in range(20_000)], ("2026-01-31", 2)])
    assert chart.count("<title>") == 2
    assert 'aria-label="1970-01-01: 3, 2026-01-31: 2"' in chart


TEXT = re.compile(r'<text x="([0-9.]+)" y="([0-9.]+)" text-anchor="(end|middle)"[^>]*>([0-9,]+)<')


@pytest.mark.parametrize("most", [3, 999, 16_440, 1_234_567])
@pytest.mark.parametrize("count", [7, 24, 366])
def test_large_numbers_are_neither_cut_off_nor_on_one_another(most, count):
    rows = {}
    for x, y, anchor, text in TEXT.findall(columns([("x", most)] * count)):
        wide = 8 * len(text)
        right = float(x) + (wide / 2 if anchor == "middle" else 0)
        rows.setdefault(y, []).append((right - wide, right))
    assert min(left for row in rows.values() for left, _ in row) >= 0
    for row in rows.values():
        assert all(before[1] <= after[0] for before, after in pairwise(sorted(row)))


def report(*visits):
    summary = Summary()
    for events in visits:
        for event in events:
            summary.add(event)
    return Report("Museum", summary, statistics(*visits)).page()


def test_a_report_has_what_there_is_to_say_and_no_more():
    assert "No face in this period." in report()
    one = report(visit(0, 10))
    assert "Visits by hour of the day" in one
    assert "Visits per day" not in one
    several = report(visit(0, 10), visit(2 * DAY, 700, worn=True))
    assert "Average visits by weekday and hour" in several
    assert "&gt; 10 min: 1" in several
    assert "Unsure" not in several
    assert "Unsure or too small for 100 % of the time." in report(visit(0, 10, emotion=None))
    assert several.count("<svg") == several.count("</svg>") == 6


@pytest.mark.parametrize(
    ("seconds", "period"),
    [(10, "#, #:#; "), (10 * 60, "#, #:# to #:#; "), (2 * DAY, "#, #:# to #, #:#; ")],
)
def test_a_report_names_its_period_as_briefly_as_it_can(seconds, period):
    page = re.sub(r"\d+ [A-Z][a-z]+ \d+|\d+", "#", report(visit(0, seconds)))
    assert f">{period}watched" in page
