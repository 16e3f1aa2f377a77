"""A report of a journal: one HTML page with charts in SVG, which needs nothing else and can be printed."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from edge.journals import report_charts as charts
from edge.journals.groups import WEEKDAYS, Group, Statistics
from edge.journals.summary import Summary, human
from edge.journals.timeline import WORDS

STYLE = """
:root { color-scheme: light; --ink: #1d2126; --muted: #5b646d; --line: #dfe3e6; --bar: #1f6fb2; }
* { box-sizing: border-box; }
body { font: 16px/1.45 system-ui, "Helvetica Neue", Arial, sans-serif; color: var(--ink); background: #fff;
  margin: 0 auto; padding: 32px 24px; max-width: 920px; }
h1 { font-size: 30px; line-height: 1.15; margin: 0 0 4px; }
h2 { font-size: 18px; margin: 36px 0 8px; }
p { margin: 4px 0; } .muted { color: var(--muted); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 24px 0 8px; }
.tile { border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; }
.tile b { display: block; font-size: 27px; line-height: 1.2; } .tile span { color: var(--muted); font-size: 14px; }
svg { display: block; width: 100%; height: auto; } svg text { font-family: inherit; fill: var(--ink); }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 28px; }
@media screen and (max-width: 640px) { .two { grid-template-columns: 1fr; gap: 0; }
  section { overflow-x: auto; } svg.wide { min-width: 640px; } }
footer { margin-top: 40px; padding-top: 12px; border-top: 1px solid var(--line); color: var(--muted); font-size: 14px; }
@page { size: A4; margin: 14mm; }
@media print { body { padding: 0; max-width: none; font-size: 12px; } h1 { font-size: 24px; } h2 { margin-top: 20px; }
  section { break-inside: avoid; } .tiles { grid-template-columns: repeat(5, 1fr); margin: 14px 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
""".strip()

NOTE = (
    "A visit is one face from when it appears until it leaves; someone who comes back counts again. Emotions are a "
    "network's opinion of single pictures and say nothing certain about anybody. The journal holds no pictures."
)


@dataclass(frozen=True)
class Report:
    """What the page is made of.

    Attributes:
        title: the page's heading.
        summary, statistics: of the same events.
        mark: a comment in the page, by which it is known as ours.
    """

    title: str
    summary: Summary
    statistics: Statistics
    mark: str = ""

    def page(self) -> str:
        """The whole page."""
        title = html.escape(self.title)
        return "\n".join(
            [
                f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                f'<meta name="generator" content="{html.escape(self.mark)}">',
                f"<style>\n{STYLE}\n</style>\n</head>\n<body>",
                f'<header><h1>{title}</h1><p class="muted">{self._period()}</p></header>\n<main>',
                *(self._sections() if self.statistics.hours else ["<p>No face in this period.</p>"]),
                *self._problems(),
                f"</main>\n<footer>{NOTE}</footer>\n</body>\n</html>\n",
            ]
        )

    def _period(self) -> str:
        if not self.summary.events:
            return "No events."
        begin, end = (datetime.fromtimestamp(time) for time in (self.summary.first, self.summary.last))
        first, last = (f"{_date(time)}, {time:%H:%M}" for time in (begin, end))
        until = f"{end:%H:%M}" if begin.date() == end.date() else last
        period = first if first == last else f"{first} to {until}"
        return f"{period}; watched for {human(self.summary.watched)}"

    def _sections(self) -> list[str]:
        stats, days = self.statistics, self.statistics.by("day")
        hours = stats.by("hour")
        made = [self._tiles()]
        if len(days) > 1:
            rows = [(day, group.faces) for day, group in days.items()]
            made.append(_section("Visits per day", charts.columns(rows, charts.day_label)))
        made.append(_section("Visits by hour of the day", charts.columns([(h, g.faces) for h, g in hours.items()])))
        if len(days) > 1:
            cells = self._heat()
            made.append(_section("Average visits by weekday and hour", charts.heat_map(WEEKDAYS, list(hours), cells)))
        whole = stats.whole()
        parts = [
            f"<div><h2>{name}</h2>{charts.shares(whole.shares(worn)) or '<p>None seen.</p>'}"
            f"{_untold(whole, worn)}</div>"
            for worn, name in ((False, "Emotions without a mask"), (True, "Emotions with a mask"))
        ]
        made.append(f'<section class="two">{"".join(parts)}</section>')
        if stats.dwell:
            made.append(_section("How long visits last", charts.columns(_dwell(stats.dwell))))
        return made

    def _tiles(self) -> str:
        stats = self.statistics
        whole, days = stats.whole(), stats.by("day")
        busiest = max(stats.by("hour").items(), key=lambda item: item[1].faces)[0]
        tiles = [(f"{whole.faces:,}", "visits"), (f"{100 * whole.masked:.0f} %", "of the time in sight with a mask")]
        if len(days) > 1:
            tiles.insert(1, (f"{whole.faces / len(days):,.1f}", "visits per day"))
        if stats.median_dwell is not None:
            tiles.append((human(stats.median_dwell), "median visit"))
        tiles.append((busiest, "start of the busiest hour"))
        return (
            f'<div class="tiles">{"".join(f"<div class=tile><b>{v}</b><span>{t}</span></div>" for v, t in tiles)}</div>'
        )

    def _heat(self) -> Mapping[tuple[str, str], float]:
        """Visits by (weekday, hour), averaged over the days of the period."""
        stats = self.statistics
        days = [WEEKDAYS[datetime.fromisoformat(day).weekday()] for day in stats.days()]
        cells: dict[tuple[str, str], float] = {}
        for (day, hour), group in stats.hours.items():
            weekday = WEEKDAYS[datetime.fromisoformat(day).weekday()]
            key = (weekday, f"{hour:02}:00")
            cells[key] = cells.get(key, 0.0) + group.faces / days.count(weekday)
        return cells

    def _problems(self) -> list[str]:
        if not self.summary.health:
            return []
        named = sorted((WORDS.get(what, what), count) for what, count in self.summary.health.items())
        rows = ", ".join(f"{html.escape(what)} {count} time{'s' * (count != 1)}" for what, count in named)
        return [f"<section><h2>Problems</h2><p>{rows}</p></section>"]


def _untold(group: Group, worn: bool) -> str:
    part = group.untold(worn)
    return f'<p class="muted">Unsure or too small for {100 * part:.0f} % of the time.</p>' if part else ""


def _dwell(seconds: Sequence[float]) -> list[tuple[str, float]]:
    """Visits by how long they lasted."""
    bounds = ((5, "< 5 s"), (15, "5-15 s"), (30, "15-30 s"), (60, "30-60 s"), (180, "1-3 min"), (600, "3-10 min"))
    counts = dict.fromkeys([*(name for _, name in bounds), "> 10 min"], 0)
    for value in seconds:
        counts[next((name for bound, name in bounds if value < bound), "> 10 min")] += 1
    return list(counts.items())


def _section(title: str, chart: str) -> str:
    # On a phone it scrolls sideways, by the keyboard, too.
    return f'<section tabindex="0" aria-label="{title}"><h2>{title}</h2>{chart}</section>'


def _date(time: datetime) -> str:
    return f"{time.day} {time:%B %Y}"
