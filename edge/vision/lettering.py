"""Text on pictures, in Inter Semi Bold (edge/fonts): Latin, Greek and Cyrillic letters.

A text of a size that live pictures have is rendered once for each size and colour, and stamped on the picture from then
on. A character that the font lacks, such as a Chinese one, is drawn as a box.
"""

from __future__ import annotations

import functools
import math
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge.vision.canvas import Stamp
from edge.vision.palette import Colour

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

FONT = Path(__file__).resolve().parent.parent / "fonts" / "Inter-SemiBold.otf"
CAPITALS = 2048 / 2816  # height of the font's capitals as a part of its size
ASCENT, DESCENT = 1.45, 0.45  # room above and below the base line, in heights of capitals: Å and g
ELLIPSIS = "…"
KEPT = 64  # height of capitals, pixels: larger texts are rendered anew, as 256 of them would take a gigabyte


@dataclass(frozen=True)
class Style:
    """Sizes in pixels, all derived from one: the height of capitals."""

    capitals: int

    @property
    def row(self) -> int:
        """From one line of text to the next."""
        return round(self.capitals * 1.8)

    @property
    def pad(self) -> int:
        """Around text on a plate."""
        return max(3, self.capitals // 2)

    @property
    def line(self) -> int:
        """Thickness of a box."""
        return max(1, round(self.capitals / 5))

    @property
    def icon(self) -> int:
        """Diameter of a pictogram beside a line of text."""
        return round(self.capitals * 1.55)

    def width_of(self, text: str) -> int:
        """Pixels that a text is wide."""
        return _width(text, self.capitals)


def write(canvas: np.ndarray, text: str, at: tuple[int, int], colour: Colour, style: Style) -> None:
    """Write a line of text on uint8 (H, W, 3) RGB, in place; `at` is the left end of its base line."""
    if text:
        render = _rendered if style.capitals <= KEPT else _rendered.__wrapped__
        render(text, style.capitals, colour).put(canvas, at[0] - _margin(style.capitals), at[1] - _rise(style))


def _rise(style: Style) -> int:
    return math.ceil(style.capitals * ASCENT)


def _margin(capitals: int) -> int:
    """Room at both ends, for letters that lean over."""
    return max(1, capitals // 6)


@functools.lru_cache(maxsize=16)
def _font(capitals: int) -> FreeTypeFont:
    # Only when there is something to write: importing Pillow takes as long as a frame of work.
    from PIL import ImageFont

    return ImageFont.truetype(FONT, max(1, round(capitals / CAPITALS)), layout_engine=ImageFont.Layout.BASIC)


@functools.lru_cache(maxsize=1024)
def _width(text: str, capitals: int) -> int:
    return math.ceil(float(_font(capitals).getlength(plain(text))))


@functools.lru_cache(maxsize=256)
def _rendered(text: str, capitals: int, colour: Colour) -> Stamp:
    from PIL import Image, ImageDraw

    margin, rise = _margin(capitals), math.ceil(capitals * ASCENT)
    size = (_width(text, capitals) + 2 * margin, rise + math.ceil(capitals * DESCENT))
    image = Image.new("L", size)
    ImageDraw.Draw(image).text((margin, rise), plain(text), fill=255, font=_font(capitals), anchor="ls")
    return Stamp.of(colour, np.asarray(image))


def plain(text: str) -> str:
    """One line, accents joined to their letters, without invisible characters."""
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(char for char in composed if unicodedata.category(char) not in ("Cc", "Cf"))


def wrap(text: str, width: int, most: int, style: Style) -> list[str]:
    """The text in at most so many lines of that width in pixels; what does not fit ends in an ellipsis."""
    lines: list[str] = []
    rest = plain(text).split()
    while rest and len(lines) < most:
        count = _fitting(rest, width, style)
        if len(lines) == most - 1 and count < len(rest):
            lines.append(_cut(" ".join(rest), width, style))
            return [line for line in lines if line]
        if count == 0:  # a word that is wider than a line is broken
            head = _longest(rest[0], width, style)
            lines.append(rest[0][:head])
            rest[0] = rest[0][head:]
            continue
        lines.append(" ".join(rest[:count]))
        rest = rest[count:]
    return lines


def balanced(text: str, width: int, most: int, style: Style) -> list[str]:
    """As `wrap`, with lines of about the same length, so that no word stands alone in the last one."""
    lines = wrap(text, width, most, style)
    if len(lines) < 2 or lines[-1].endswith(ELLIPSIS):
        return lines
    low, high = 1, width
    while low < high:
        middle = (low + high) // 2
        tried = wrap(text, middle, most, style)
        if len(tried) == len(lines) and " ".join(tried) == " ".join(lines):
            high = middle
        else:
            low = middle + 1
    return wrap(text, high, most, style)


def _fitting(words: list[str], width: int, style: Style) -> int:
    """How many of the words fit into a line."""
    count = 0
    while count < len(words) and style.width_of(" ".join(words[: count + 1])) <= width:
        count += 1
    return count


def _longest(word: str, width: int, style: Style) -> int:
    """How many letters of a word fit into a line; at least one, so that wrapping ends."""
    count = len(word)
    while count > 1 and style.width_of(word[:count]) > width:
        count -= 1
    return count


def _cut(text: str, width: int, style: Style) -> str:
    """The text's beginning and an ellipsis, as wide as a line."""
    while text and style.width_of(text + ELLIPSIS) > width:
        text = text[:-1].rstrip()
    return text + ELLIPSIS if text else ""
