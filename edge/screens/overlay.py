"""The picture on a screen: preview, boxes, cards, notice. Pure functions; text is sized to be read across a room."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.errors import InvalidValue
from edge.face import Scene
from edge.frame import Frame
from edge.ports import Notice
from edge.screens.captions import draw_cards
from edge.vision import canvas
from edge.vision.canvas import INK, PLATE, UNKNOWN, Rect, Style

# Capitals as a part of the screen's height. On a screen 30 cm high that is 1 cm: 17 minutes of arc at 2 m, where
# ISO 9241-303 asks for at least 16.
CAPITALS = 1 / 30
SMALLEST = 9
NOTICE_LINES = 3
# What the loop says while there is no frame, and what visitors read.
STATES = {
    "no camera": ("No camera", "It is looked for. Check its cable."),
    "paused": ("Paused", "The camera is off."),
}


@dataclass(frozen=True)
class Fit:
    """A picture fitted into a screen, its aspect kept: screen = picture * scale + (left, top).

    Attributes:
        scale: pixels of the screen for one of the picture.
        left, top, width, height: where it lies, pixels of the screen.
    """

    scale: float
    left: int
    top: int
    width: int
    height: int

    @classmethod
    def of(cls, picture: tuple[int, int], screen: tuple[int, int]) -> Fit:
        """Both as (width, height)."""
        scale = min(screen[0] / picture[0], screen[1] / picture[1])
        width, height = (max(1, min(side, round(p * scale))) for side, p in zip(screen, picture, strict=True))
        return cls(scale, (screen[0] - width) // 2, (screen[1] - height) // 2, width, height)

    def rect(self, ltrb: tuple[float, float, float, float]) -> Rect:
        """A box of the picture in whole pixels of the screen."""
        left, top, right, bottom = (
            round(side * self.scale + shift)
            for side, shift in zip(ltrb, (self.left, self.top, self.left, self.top), strict=True)
        )
        return left, top, right, bottom


def style_of(height: int) -> Style:
    """Text sizes for a screen of that height, pixels."""
    return Style(max(SMALLEST, round(height * CAPITALS)))


def compose(frame: Frame | None, scene: Scene, notice: Notice, width: int, height: int, fps: float = 0.0) -> np.ndarray:
    """The whole picture of a screen.

    Args:
        frame: the preview, or None while there is no camera: then a large notice says so.
        scene: faces, boxes in pixels of the frame.
        notice: the state and the line for visitors, along the lower edge; without a frame the state is the title.
        width, height: of the screen, pixels.
        fps: frames a second, shown where it is above 0.

    Returns:
        uint8 (height, width, 3) RGB, a new array.

    Raises:
        InvalidValue: the screen has no pixels.
    """
    if width < 1 or height < 1:
        raise InvalidValue(f"screen: expected at least 1x1 pixels, got {width}x{height}")
    if frame is None:
        return _without(notice, width, height)
    fit = Fit.of((frame.width, frame.height), (width, height))
    pixels = np.empty((height, width, 3), np.uint8)
    if (fit.width, fit.height) != (width, height):
        canvas.fill(pixels, PLATE)
    # Written into its place: no second copy of a large picture.
    inner = pixels[fit.top : fit.top + fit.height, fit.left : fit.left + fit.width]
    cv2.resize(frame.image, (fit.width, fit.height), dst=inner, interpolation=cv2.INTER_LINEAR)
    mark(pixels, scene, notice, fit, fps)
    return pixels


def mark(pixels: np.ndarray, scene: Scene, notice: Notice, fit: Fit, fps: float) -> None:
    """Faces, cards, frames a second and the notice, drawn on the canvas in place."""
    style = style_of(pixels.shape[0])
    lines = wrap(str(notice), pixels.shape[1] - 2 * style.pad, NOTICE_LINES, style)
    bar, words, corner = _notice_place(pixels, lines, style), *_fps_place(pixels, fps, style)
    rects = [fit.rect(track.face.box.ltrb) for track in scene.tracks]
    draw_cards(pixels, scene.tracks, rects, [place for place in (bar, corner) if place], style)
    # Last, so that no box goes through the words.
    _notice(pixels, lines, bar, style)
    _fps(pixels, words, corner, style)


def _fps_place(pixels: np.ndarray, fps: float, style: Style) -> tuple[str, Rect | None]:
    """What the small plate at the upper right says, and where it is, if anywhere."""
    words = f"{fps:.0f} fps" if fps >= 9.95 else f"{fps:.1f} fps"
    width = pixels.shape[1]
    left = width - style.width_of(words) - 2 * style.pad
    return words, (left, 0, width, style.capitals + 2 * style.pad) if fps > 0 and left >= 0 else None


def _fps(pixels: np.ndarray, words: str, place: Rect | None, style: Style) -> None:
    if place:
        canvas.plate(pixels, place)
        canvas.text(pixels, words, (place[0] + style.pad, place[3] - style.pad), UNKNOWN, style)


def _notice_place(pixels: np.ndarray, lines: list[str], style: Style) -> Rect | None:
    """Where the bar along the lower edge is that holds so many lines."""
    height, width = pixels.shape[:2]
    return (0, max(0, height - style.row * len(lines) - style.pad), width, height) if lines else None


def _notice(pixels: np.ndarray, lines: list[str], place: Rect | None, style: Style) -> None:
    if place:
        canvas.plate(pixels, place)
        _centred(pixels, lines, place[1] + style.pad + style.capitals, style.row, style)


def _centred(pixels: np.ndarray, lines: list[str], base: int, row: int, style: Style) -> None:
    """Lines of text in the middle of the canvas's width; `base` is the first one's base line."""
    for n, line in enumerate(lines):
        canvas.text(pixels, line, ((pixels.shape[1] - style.width_of(line)) // 2, base + n * row), INK, style)


def _without(notice: Notice, width: int, height: int) -> np.ndarray:
    """The picture while there is no frame: the state in large letters, what it means, and the visitors' line."""
    state = notice.state
    title, about = STATES.get(state, (state[:1].upper() + state[1:] or "No picture", ""))
    pixels = np.empty((height, width, 3), np.uint8)
    canvas.fill(pixels, PLATE)
    small = style_of(height)
    large = small
    while large.width_of(title) < 0.6 * width and large.capitals < height // 8:
        large = Style(large.capitals + 1)
    _centred(pixels, wrap(title, width, 1, large), round(height * 0.45), large.row, large)
    lines = wrap(about, width - 2 * small.pad, NOTICE_LINES, small)
    _centred(pixels, lines, round(height * 0.45) + large.capitals + small.capitals, small.row, small)
    visitors = wrap(notice.visitors, width - 2 * small.pad, NOTICE_LINES, small)
    _notice(pixels, visitors, _notice_place(pixels, visitors, small), small)
    return pixels


def wrap(words: str, width: int, most: int, style: Style) -> list[str]:
    """The words in at most so many lines of that width, pixels; what does not fit ends in "..."."""
    lines: list[str] = []
    rest = words.split()
    while rest and len(lines) < most:
        last = len(lines) == most - 1
        count = _fitting(rest, width, style)
        if last and count < len(rest):
            lines.append(_cut(" ".join(rest), width, style))
            return [line for line in lines if line]
        if count == 0:  # one word that is wider than a line: broken where it must be
            head = _longest(rest[0], width, style)
            lines.append(rest[0][:head])
            rest[0] = rest[0][head:]
            continue
        lines.append(" ".join(rest[:count]))
        rest = rest[count:]
    return lines


def _fitting(words: list[str], width: int, style: Style) -> int:
    """How many of the words fit into a line."""
    count = 0
    while count < len(words) and style.width_of(" ".join(words[: count + 1])) <= width:
        count += 1
    return count


def _longest(word: str, width: int, style: Style) -> int:
    """How many letters of a word fit into a line; at least one, so that it ends."""
    count = len(word)
    while count > 1 and style.width_of(word[:count]) > width:
        count -= 1
    return count


def _cut(words: str, width: int, style: Style) -> str:
    """The words' beginning and "...", as wide as a line."""
    while words and style.width_of(words + "...") > width:
        words = words[:-1].rstrip()
    return words + "..." if words else ""
