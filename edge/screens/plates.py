"""Plates with text on a screen: the rate, what is wrong, the notice for visitors; and what states are called."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from edge.vision import canvas
from edge.vision.canvas import Rect
from edge.vision.lettering import Style, balanced, wrap, write
from edge.vision.palette import INK, MUTED

# Capitals as a part of the screen's shorter side. On a screen 30 cm high that is 1 cm: 17 minutes of arc at 2 m, where
# ISO 9241-303 asks for at least 16.
CAPITALS = 1 / 30
SMALLEST = 9
NOTICE_LINES = 3
# What the loop calls a state, and what people read: a title and what to do about it.
STATES = {
    "no camera": ("No camera", "Looking for the camera. Check its cable."),
    "paused": ("Paused", "The camera is off."),
    "dark picture": ("Too dark", "Turn on a light."),
}


def style_of(width: int, height: int) -> Style:
    """Text sizes for a screen of that size, pixels."""
    return Style(max(SMALLEST, round(min(width, height) * CAPITALS)))


@dataclass(frozen=True)
class Rate:
    """The small plate in the upper right corner."""

    text: str
    rect: Rect

    @classmethod
    def of(cls, width: int, fps: float, style: Style) -> Rate:
        """For a screen of that width; without a rate or without room it is empty."""
        text = f"{fps:.0f} fps" if fps >= 9.95 else f"{fps:.1f} fps"
        left = width - style.width_of(text) - 2 * style.pad
        return cls(text, (left, 0, width, style.capitals + 2 * style.pad) if fps > 0 and left >= 0 else (0, 0, 0, 0))

    def draw(self, pixels: np.ndarray, style: Style) -> None:
        """Draw it, in place."""
        if canvas.area(self.rect):
            canvas.plate(pixels, self.rect)
            write(pixels, self.text, (self.rect[0] + style.pad, self.rect[3] - style.pad), MUTED, style)


@dataclass(frozen=True)
class State:
    """The plate at the upper edge that says what is wrong."""

    title: list[str]
    about: list[str]
    large: Style
    small: Style
    rect: Rect

    @classmethod
    def of(cls, state: str, width: int, corner: int, small: Style) -> State:
        """For a screen of that width, of which `corner` pixels at the right are in use."""
        large = Style(round(small.capitals * 1.5))
        room = width - 2 * corner - 4 * small.pad
        title, about = words_for(state) if state else ("", "")
        titles, abouts = wrap(title, room, 2, large), wrap(about, room, 2, small)
        lines = [large.width_of(line) for line in titles] + [small.width_of(line) for line in abouts]
        if not lines:
            return cls([], [], large, small, (0, 0, 0, 0))
        wide = max(lines) + 4 * small.pad
        high = large.row * len(titles) + small.row * len(abouts) + small.pad
        left = (width - wide) // 2
        return cls(titles, abouts, large, small, (left, 0, left + wide, high))

    def draw(self, pixels: np.ndarray) -> None:
        """Draw it, in place."""
        canvas.plate(pixels, self.rect)
        base = self.small.pad + self.large.capitals
        centred(pixels, self.title, base, self.large)
        centred(pixels, self.about, base + len(self.title) * self.large.row - self.small.pad, self.small)


def words_for(state: str) -> tuple[str, str]:
    """What people read of a state: a title, and what to do."""
    return STATES.get(state, (state[:1].upper() + state[1:], ""))


@functools.lru_cache(maxsize=4)
def visitors(text: str, width: int, style: Style) -> list[str]:
    """The lines of the notice."""
    return balanced(text, width - 2 * style.pad, NOTICE_LINES, style)


def notice_place(width: int, height: int, lines: list[str], style: Style) -> Rect:
    """The bar along the lower edge that holds so many lines; without any, it is empty."""
    return 0, max(0, height - style.row * len(lines) - style.pad) if lines else height, width, height


def draw_notice(pixels: np.ndarray, lines: list[str], place: Rect, style: Style) -> None:
    """Draw the notice on its bar, in place."""
    if lines:
        canvas.plate(pixels, place)
        centred(pixels, lines, place[1] + style.pad + style.capitals, style)


def centred(pixels: np.ndarray, lines: list[str], base: int, style: Style) -> None:
    """Lines of text in the middle of the canvas's width; `base` is the first one's base line."""
    for n, line in enumerate(lines):
        write(pixels, line, ((pixels.shape[1] - style.width_of(line)) // 2, base + n * style.row), INK, style)
