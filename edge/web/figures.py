"""A journal in figures, as JSON: visits by day and hour, shares of emotions, dwell times; and one day's timeline.

`python -m edge.web.figures JOURNAL overview DAYS|day YYYY-MM-DD` prints one object. It reads line by line and
holds what is in sight, so that its memory does not grow with the journal; files and parts of files that are older
than what was asked for are skipped without being read. Days and hours are those of this machine's time zone.
"""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from edge.clock import rfc3339
from edge.errors import EdgeError, JournalError, one_line
from edge.journals.jsonl import HEAD, decode, ended
from edge.journals.parts import Part, parts
from edge.journals.reader import reading
from edge.journals.spans import Span, Spans
from edge.text import printable
from edge.web.dwell import Dwell
from edge.web.zone import offsets

EARLIER_S = 900.0  # read from so long before, for faces that were in sight at the beginning
STRIDE = 65_536  # bytes from one place where a file's time is looked at to the next
SPANS = 20_000  # of a day, at most
FIRST_YEAR, LAST_YEAR = 1971, 9000  # of a day that can be asked for
TROUBLE = ("camera-lost", "camera-back", "paused", "resumed", "dark", "light", "throttled", "engine-failed")


def overview(events: Iterable[Mapping[str, Any]], begin: float, end: float) -> dict[str, Any]:
    """Figures for the time from `begin` to `end`, seconds since 1970.

    Returns:
        days: visits and seconds in sight by day; hours: visits, 7 rows (Monday first) of 24; shares: seconds by label,
        "bare" and "masked"; dwell: number of visits, their median and mean in seconds, and counts by class.
    """
    spans = Spans()
    visits: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    hours = [[0] * 24 for _ in range(7)]
    shares: dict[str, dict[str, float]] = {"bare": defaultdict(float), "masked": defaultdict(float)}
    dwell = Dwell()
    for event in events:
        found = spans.add(event)
        for span in found:
            if begin <= span.wall < end:
                seconds[_day(span.wall)] += span.seconds
                shares["masked" if span.worn else "bare"][span.label] += span.seconds
        kind = event["event"]
        if kind not in ("appeared", "left"):
            continue
        wall = spans.wall
        if not begin <= wall < end:
            continue
        if kind == "appeared":
            when = datetime.fromtimestamp(wall)
            visits[when.date().isoformat()] += 1
            hours[when.weekday()][when.hour] += 1
        elif isinstance(event.get("seconds"), int | float):
            dwell.add(float(event["seconds"]))
    days = [
        {"day": day, "visits": visits.get(day, 0), "seconds": round(seconds.get(day, 0.0), 1)}
        for day in _days(begin, end)
    ]
    told = {mask: {label: round(s, 3) for label, s in by.items()} for mask, by in shares.items()}
    return {"days": days, "hours": hours, "shares": told, "dwell": dwell.told()}


def timeline(events: Iterable[Mapping[str, Any]], begin: float, end: float) -> dict[str, Any]:
    """Who was in sight from `begin` to `end`, seconds since 1970.

    Returns:
        spans: rows [start, seconds, visit, masked, label], `start` in seconds since 1970 and `visit` counted from 0;
        notes: rows [time, what]; complete: whether all spans are there.
    """
    spans = Spans()
    rows: list[list[Any]] = []
    last: dict[int, list[Any]] = {}  # the newest row of each track of this run
    visits: dict[int, int] = {}
    notes: list[list[Any]] = []
    complete, count = True, 0
    for event in events:
        kind = event["event"]
        if kind == "start":
            last.clear()
            visits.clear()
        for span in spans.add(event):
            if span.wall + span.seconds <= begin or span.wall >= end:
                continue
            if span.track not in visits:
                visits[span.track], count = count, count + 1
            row = last.get(span.track)
            if row and row[3] == span.worn and row[4] == span.label and _follows(row, span):
                row[1] = round(span.wall + span.seconds - row[0], 2)
            elif len(rows) < SPANS:
                row = [round(span.wall, 2), round(span.seconds, 2), visits[span.track], span.worn, span.label]
                last[span.track] = row
                rows.append(row)
            else:
                complete = False
        if kind == "left":
            last.pop(event.get("track"), None)  # type: ignore[arg-type]
            visits.pop(event.get("track"), None)  # type: ignore[arg-type]
        if kind == "health" and event.get("what") in TROUBLE and begin <= spans.wall < end and len(notes) < SPANS:
            notes.append([round(spans.wall, 2), event["what"]])
    return {"spans": rows, "notes": notes, "complete": complete}


def _follows(row: list[Any], span: Span) -> bool:
    return bool(abs(row[0] + row[1] - span.wall) < 0.5)


def between(files: Iterable[Part], begin: float, end: float) -> Iterator[dict[str, Any]]:
    """The events of these files, the oldest first, from somewhat before `begin` up to `end`; other lines are skipped.

    Raises:
        JournalError: a file cannot be read, or is compressed.
    """
    first, last = (HEAD + rfc3339(max(0.0, wall)).encode() for wall in (begin - EARLIER_S, end))
    for part in files:
        with reading(part) as file:
            for line in _stretch(file, first, last) if file else ():  # else removed meanwhile
                # A clock that was ahead for a while, and set right since, ends nothing.
                if line[: len(last)] >= last and line.startswith(HEAD):
                    continue
                event = decode(ended(line))
                if event is not None:
                    yield event


def _stretch(file: BinaryIO, first: bytes, last: bytes) -> Iterator[bytes]:
    """The lines of the stretch in which those that begin with `first` or more, and less than `last`, are; all of them
    where the times of the file go back, as those of a clock that was set do.
    """
    size = os.fstat(file.fileno()).st_size
    begin, end = 0, size
    before = b""
    for place in range(STRIDE, size, STRIDE):
        file.seek(place)
        file.readline(STRIDE)
        line = file.readline(STRIDE)
        if not line.startswith(HEAD):
            continue
        time = line[: len(first)]
        if time < before:
            begin, end = 0, size
            break
        before = time
        if time < first:
            begin = place
        elif time >= last:
            end = min(end, place)
    file.seek(begin)
    if begin:
        file.readline()
    while file.tell() <= end and (line := file.readline()):
        yield line


def _days(begin: float, end: float) -> list[str]:
    day, last = date.fromtimestamp(begin), date.fromtimestamp(end - 1)
    found = []
    while day <= last:
        found.append(day.isoformat())
        day += timedelta(days=1)
    return found


def _day(wall: float) -> str:
    return date.fromtimestamp(wall).isoformat()


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day).timestamp()


def _calendar_day(text: str) -> date:
    """The day that YYYY-MM-DD names; in its year, times are positive, and the day after it has a name, too."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"day: expected a day that the calendar has, as YYYY-MM-DD, got {printable(text)}") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"day: expected a day of the years {FIRST_YEAR} to {LAST_YEAR}, got {text}")
    return day


def made(journal: Path, what: str, argument: str, now: datetime) -> dict[str, Any]:
    """The object that is printed.

    Raises:
        ValueError: no such day. JournalError: the journal cannot be read.
    """
    try:
        files = parts(journal)
    except OSError as error:
        raise JournalError(f"{journal.name}: cannot read the journal ({error.strerror})") from None
    if what == "day":
        day = _calendar_day(argument)
        begin, end = _midnight(day), _midnight(day + timedelta(days=1))
        body = timeline(between(files, begin, end), begin, end)
    else:
        begin = _midnight(now.date() - timedelta(days=int(argument) - 1))
        end = _midnight(now.date() + timedelta(days=1))
        body = overview(between(files, begin, end), begin, end)
    zone = {"zone": now.astimezone().tzname() or "", "offsets": offsets(begin, end)}
    return {"from": begin, "to": end, **zone, "made": rfc3339(now.timestamp()), **body}


def main(words: list[str]) -> int:
    """Print the object; 0, or 1 and one line on standard error; 2 for a wrong argument."""
    with suppress(OSError):
        os.nice(15)
    journal, what, argument = words
    try:
        told = made(Path(journal), what, argument, datetime.now())
    except ValueError as error:
        if isinstance(error, EdgeError):
            raise
        print(one_line(error), file=sys.stderr)
        return 2
    except EdgeError as error:
        print(one_line(error), file=sys.stderr)
        return 1
    json.dump(told, sys.stdout, separators=(",", ":"))  # in ASCII: labels of edited journals may be no Unicode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
