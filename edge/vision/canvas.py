"""Rectangles, plates, boxes and text on pictures uint8 (H, W, 3) RGB, drawn in place. Sizes follow the text's."""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass

import cv2
import numpy as np

Colour = tuple[int, int, int]
Rect = tuple[int, int, int, int]

# Okabe and Ito's palette, which colour-blind people can tell apart; the words say the same.
BARE = (86, 180, 233)
MASKED = (240, 165, 20)
UNKNOWN = (185, 185, 185)
INK = (255, 255, 255)
TROUGH = (70, 70, 76)
PLATE = (18, 18, 22)
# What a plate adds to the quarter of what is below it.
GROUND = (14, 14, 17)

FONT = cv2.FONT_HERSHEY_SIMPLEX
# Height of Hershey Simplex's capitals at scale 1, pixels.
CAPITALS = 22.0
# Letters that Unicode does not take apart into a letter of the font and a mark.
SPELT = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
     "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "ı": "i", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"',
     "„": '"', "«": '"', "»": '"', "…": "...", "·": "-", "•": "-", "€": "EUR", "\u00a0": " "}
)  # fmt: skip
# Marks as strokes, in half widths of the letter across and in heights of capitals, up from the letter's top.
MARKS: dict[str, tuple[tuple[float, float, float, float], ...]] = {
    "\u0300": ((-0.5, 0.4, 0.2, 0.15),),
    "\u0301": ((-0.2, 0.15, 0.5, 0.4),),
    "\u0302": ((-0.5, 0.15, 0.0, 0.38), (0.0, 0.38, 0.5, 0.15)),
    "\u0303": ((-0.6, 0.15, -0.2, 0.3), (-0.2, 0.3, 0.2, 0.18), (0.2, 0.18, 0.6, 0.32)),
    "\u0304": ((-0.5, 0.22, 0.5, 0.22),),
    "\u0306": ((-0.5, 0.35, 0.0, 0.15), (0.0, 0.15, 0.5, 0.35)),
    "\u0307": ((0.0, 0.22, 0.0, 0.25),),
    "\u0308": ((-0.42, 0.22, -0.42, 0.25), (0.42, 0.22, 0.42, 0.25)),
    "\u030a": ((-0.2, 0.15, 0.2, 0.15), (0.2, 0.15, 0.2, 0.38), (0.2, 0.38, -0.2, 0.38), (-0.2, 0.38, -0.2, 0.15)),
    "\u030b": ((-0.5, 0.15, -0.2, 0.4), (0.1, 0.15, 0.4, 0.4)),
    "\u030c": ((-0.5, 0.38, 0.0, 0.15), (0.0, 0.15, 0.5, 0.38)),
    "\u0326": ((0.0, -1.15, -0.15, -1.35),),
    "\u0327": ((0.0, -1.08, 0.15, -1.22), (0.15, -1.22, -0.2, -1.35)),
    "\u0328": ((0.2, -1.05, 0.05, -1.25), (0.05, -1.25, 0.35, -1.33)),
}  # fmt: skip
SMALL_TOP = 0.68  # height of Hershey's x, as a part of its capitals'
TALL = frozenset("bdfhklt")


@dataclass(frozen=True)
class Style:
    """Sizes in pixels, all from one: the height of capitals."""

    capitals: int

    @classmethod
    def of(cls, width: int, height: int) -> Style:
        """For a picture of that size, to be looked at from near."""
        return cls(max(9, round(min(width, height) * 0.022)))

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
    def scale(self) -> float:
        """For cv2.putText."""
        return self.capitals / CAPITALS

    @property
    def stroke(self) -> int:
        """For cv2.putText."""
        return max(1, round(self.capitals / 9))

    def width_of(self, text: str) -> int:
        """Pixels that a text is wide."""
        return _width(_letters(text)[0], self.scale, self.stroke)


def text(canvas: np.ndarray, words: str, at: tuple[int, int], colour: Colour, style: Style) -> None:
    """Words in Latin letters, with their accents; what the font lacks is a question mark. `at`: left of the base line.

    OpenCV's Hershey fonts know ASCII only, and its headless wheels have no others.
    """
    letters, marks = _letters(words)
    cv2.putText(canvas, letters, at, FONT, style.scale, colour, style.stroke, cv2.LINE_AA)
    for index, mark in marks:
        _mark(canvas, letters, index, mark, at, colour, style)


def _mark(
    canvas: np.ndarray, letters: str, index: int, mark: str, at: tuple[int, int], colour: Colour, style: Style
) -> None:
    """The accent over (or the cedilla under) the letter of that index."""
    first = _width(letters[:index], style.scale, style.stroke) if index else 0
    last = _width(letters[: index + 1], style.scale, style.stroke)
    letter = letters[index]
    top = 1.0 if letter.isupper() or letter in TALL else SMALL_TOP
    middle, half = at[0] + (first + last) / 2, max(2.0, (last - first) / 2)
    for x1, y1, x2, y2 in MARKS[mark]:
        ends = [
            # Below the letter is measured from the base line, whatever the letter's height.
            (round(middle + x * half), round(at[1] - style.capitals * (y + (top if y > 0 else 1.0))))
            for x, y in ((x1, y1), (x2, y2))
        ]
        cv2.line(canvas, ends[0], ends[1], colour, style.stroke + (mark in "\u0307\u0308"), cv2.LINE_AA)


@functools.lru_cache(maxsize=256)
def _letters(words: str) -> tuple[str, tuple[tuple[int, str], ...]]:
    """The words in ASCII, and the marks to draw as (index of the letter, mark)."""
    letters: list[str] = []
    marks: list[tuple[int, str]] = []
    for char in unicodedata.normalize("NFD", " ".join(words.split()).translate(SPELT)):
        if not unicodedata.combining(char):
            letters.append(char if " " <= char <= "~" else "?")
        elif char in MARKS and letters:
            marks.append((len(letters) - 1, char))
    return "".join(letters), tuple(marks)


@functools.lru_cache(maxsize=1024)
def _width(letters: str, scale: float, stroke: int) -> int:
    return cv2.getTextSize(letters, FONT, scale, stroke)[0][0]


def plate(canvas: np.ndarray, rect: Rect) -> None:
    """A dark ground for words: a quarter of what is below shines through."""
    part = canvas[max(rect[1], 0) : max(rect[3], 0), max(rect[0], 0) : max(rect[2], 0)]
    if part.size:
        np.right_shift(part, 2, out=part)
        cv2.add(part, (*GROUND, 0), dst=part)


def fill(canvas: np.ndarray, colour: Colour) -> None:
    """The whole canvas in one colour; numpy's own way takes thirty times as long."""
    cv2.rectangle(canvas, (0, 0), (canvas.shape[1], canvas.shape[0]), colour, -1)


def frame(canvas: np.ndarray, rect: Rect, colour: Colour, line: int) -> None:
    """A box with a dark line around it, so that it shows on bright and dark pictures."""
    first, last = rect[:2], (rect[2] - 1, rect[3] - 1)
    cv2.rectangle(canvas, first, last, PLATE, line + 2, cv2.LINE_AA)
    cv2.rectangle(canvas, first, last, colour, line, cv2.LINE_AA)


def bar(canvas: np.ndarray, rect: Rect, share: float, colour: Colour) -> None:
    """A bar from 0 to 1 in its trough."""
    cv2.rectangle(canvas, rect[:2], (rect[2] - 1, rect[3] - 1), TROUGH, -1)
    long = round((rect[2] - rect[0]) * share)
    if long > 0:
        cv2.rectangle(canvas, rect[:2], (rect[0] + long - 1, rect[3] - 1), colour, -1)


def area(rect: Rect) -> int:
    """Pixels."""
    return max(0, rect[2] - rect[0]) * max(0, rect[3] - rect[1])


def shared(a: Rect, b: Rect) -> int:
    """Pixels in both."""
    return area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))


def into(left: int, top: int, size: tuple[int, int], width: int, height: int) -> Rect:
    """A rectangle of that size, pushed into the picture as far as it fits."""
    left = max(0, min(left, width - size[0]))
    top = max(0, min(top, height - size[1]))
    return left, top, left + size[0], top + size[1]
