"""Charts in SVG: columns, a heat map, shares. Numbers are written beside what is drawn, for print and readers."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from edge.text import printable
from edge.vision import palette

WIDE, HIGH = 880, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 16, 16, 26
BLUE, GRID, MUTED, INK = "#1f6fb2", "#dfe3e6", "#5b646d", "#1d2126"
DIGIT = 8  # no digit is wider
MANY = 1000  # of more columns, those of nothing are left out: decades, after a clock that was not set yet
LABELS = 16  # at most this many below a chart of columns


def columns(rows: Sequence[tuple[str, float]], label: Callable[[str], str] = str) -> str:
    """A column for each row; numbers above them where they fit."""
    top, step = scale(max(value for _, value in rows))
    left = max(LEFT, 8 + DIGIT * len(f"{top:,.0f}"))
    slot = (WIDE - left - RIGHT) / len(rows)
    tall = HIGH - TOP - BOTTOM
    parts = []
    for n in range(round(top / step) + 1):
        y = HIGH - BOTTOM - tall * n * step / top
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{WIDE - RIGHT}" y2="{y:.1f}" stroke="{GRID}"/>')
        parts.append(_text(left - 8, y + 4, f"{n * step:,.0f}", "end", MUTED))
    every = math.ceil(len(rows) / LABELS)
    for n, (name, value) in enumerate(rows):
        high, x = tall * value / top, left + (n + 0.5) * slot
        wide = min(0.76 * slot, 64)
        base = HIGH - BOTTOM - high
        if value or len(rows) <= MANY:
            parts.append(
                f'<rect x="{x - wide / 2:.1f}" y="{base:.1f}" width="{wide:.1f}" height="{high:.1f}" rx="2" '
                f'fill="{BLUE}"><title>{html.escape(name)}: {value:,.0f}</title></rect>'
            )
        number = f"{value:,.0f}"
        if slot >= max(30, DIGIT * len(number)) and value:
            parts.append(_text(x, base - 4, number, "middle", MUTED))
        if n % every == 0:
            parts.append(_text(x, HIGH - 8, label(name), "middle"))
    told = rows if len(rows) <= MANY else [(name, value) for name, value in rows if value]
    return _svg(WIDE, HIGH, parts, ", ".join(f"{label(name)}: {value:,.0f}" for name, value in told))


def heat_map(rows: Sequence[str], columns: Sequence[str], cells: Mapping[tuple[str, str], float]) -> str:
    """A square for each pair, the darker the more; the number in it."""
    left, row = 96, 30
    slot = (WIDE - RIGHT - left) / max(1, len(columns))
    most = max([*cells.values(), 0.0]) or 1.0
    parts = []
    for n, name in enumerate(rows):
        parts.append(_text(left - 10, n * row + 20, name, "end"))
        for m, column in enumerate(columns):
            value = cells.get((name, column), 0.0)
            share = value / most
            fill = _mixed((240, 244, 247), (16, 78, 139), share**0.8)
            parts.append(
                f'<rect x="{left + m * slot + 1:.1f}" y="{n * row + 1}" width="{slot - 2:.1f}" height="{row - 2}" '
                f'rx="3" fill="{fill}"><title>{html.escape(name)} {html.escape(column)}: {value:.1f}</title></rect>'
            )
            if slot >= 26 and value >= 0.05:
                ink = "#ffffff" if share > 0.6 else INK
                shown = f"{value:.1f}" if value < 10 else f"{value:.0f}"
                parts.append(_text(left + (m + 0.5) * slot, n * row + 20, shown, "middle", ink))
    every = math.ceil(len(columns) / LABELS)
    for m, column in enumerate(columns):
        if m % every == 0:
            parts.append(_text(left + (m + 0.5) * slot, len(rows) * row + 18, column, "middle"))
    (day, column), value = max(cells.items(), key=lambda cell: cell[1], default=(("", ""), 0.0))
    return _svg(WIDE, len(rows) * row + 26, parts, f"most: {day} {column}, {value:.1f}")


def shares(found: Mapping[str, float]) -> str:
    """A bar for each emotion in its colour, with its percentage; empty where there is none."""
    if not found:
        return ""
    wide, row, left = 420, 30, 84
    parts, words = [], []
    for n, (label, share) in enumerate(found.items()):
        colour = "#a9adb2" if label == "neutral" else "#" + bytes(palette.of(label)).hex()
        name = printable(label)  # a journal that was edited may have anything there
        words.append(f"{name} {100 * share:.0f} %")
        parts.append(_text(left - 10, n * row + 20, name, "end"))
        parts.append(
            f'<rect x="{left}" y="{n * row + 5}" width="{wide - left - 52}" height="20" rx="3" fill="#eef1f3"/>'
        )
        length = (wide - left - 52) * share
        parts.append(f'<rect x="{left}" y="{n * row + 5}" width="{length:.1f}" height="20" rx="3" fill="{colour}"/>')
        parts.append(_text(wide, n * row + 20, f"{100 * share:.0f} %", "end"))
    return _svg(wide, len(found) * row, parts, ", ".join(words))


def day_label(day: str) -> str:
    """Such as "Jan 31"."""
    time = datetime.fromisoformat(day)
    return f"{time:%b} {time.day}"


def scale(most: float) -> tuple[float, float]:
    """The top of an axis and the step of its lines, whole numbers: 1, 2 or 5 times a power of ten."""
    rough = max(most, 1.0) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = max(1.0, next(power * n for n in (1, 2, 5, 10) if power * n >= rough))
    return step * math.ceil(max(most, 1.0) / step), step


def _mixed(light: Sequence[int], dark: Sequence[int], share: float) -> str:
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(light, dark, strict=True))


def _text(x: float, y: float, text: str, anchor: str, colour: str = INK) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="13" style="fill:{colour}">'
        f"{html.escape(text)}</text>"
    )


def _svg(width: float, height: float, parts: Sequence[str], words: str) -> str:
    """The chart, and the same in words for those who do not see it."""
    kind = ' class="wide"' if width == WIDE else ""
    words = html.escape(words)
    return f'<svg{kind} viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{words}">{"".join(parts)}</svg>'
