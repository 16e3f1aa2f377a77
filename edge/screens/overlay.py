"""The picture on a screen: preview, faces, notice. Pure functions; text is sized to be read across a room."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edge.errors import InvalidValue
from edge.face import Scene, Track
from edge.frame import Frame
from edge.ports import Notice
from edge.vision import canvas, captions
from edge.vision.canvas import Rect
from edge.vision.captions import Caption
from edge.vision.legend import arranged_with_legend
from edge.vision.lettering import Style, balanced, wrap, write
from edge.vision.palette import DARK, INK, MUTED
from edge.vision.placement import Detail

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
# How a face is marked, and the most that its caption says; in a group, captions with bars would hide too much.
OUTLINES = {"box": Detail.FULL, "circle": Detail.WORD}
GROUP = 4
CIRCLE = 1.3  # its diameter, in longer sides of the box


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


def style_of(width: int, height: int) -> Style:
    """Text sizes for a screen of that size, pixels."""
    return Style(max(SMALLEST, round(min(width, height) * CAPITALS)))


def compose(
    frame: Frame | None,
    scene: Scene,
    notice: Notice,
    width: int,
    height: int,
    fps: float = 0.0,
    outline: str = "box",
) -> np.ndarray:
    """The whole picture of a screen.

    Args:
        frame: the preview, or None while there is no camera: then the state is the title.
        scene: faces, boxes in pixels of the frame. Those not found in the last detection are not drawn.
        notice: the state, and the line for visitors along the lower edge.
        width, height: of the screen, pixels.
        fps: frames a second, shown if above 0.
        outline: how faces are marked: "box", or "circle", with the emotion's name alone.

    Returns:
        uint8 (height, width, 3) RGB, a new array.

    Raises:
        InvalidValue: the screen has no pixels.
    """
    if width < 1 or height < 1:
        raise InvalidValue(f"screen: expected at least 1x1 pixels, got {width}x{height}")
    if frame is None:
        return _without_frame(notice, width, height)
    fit = Fit.of((frame.width, frame.height), (width, height))
    pixels = np.empty((height, width, 3), np.uint8)
    if (fit.width, fit.height) != (width, height):
        canvas.fill(pixels, DARK)
    # Written into its place: no second copy of a large picture.
    inner = pixels[fit.top : fit.top + fit.height, fit.left : fit.left + fit.width]
    cv2.resize(frame.image, (fit.width, fit.height), dst=inner, interpolation=cv2.INTER_LINEAR)
    _mark(pixels, visible(scene), notice, fit, fps, outline)
    return pixels


def visible(scene: Scene) -> list[Track]:
    """The faces that were found in the last detection: a box that lags behind would mark a place without a face."""
    return [track for track in scene.tracks if track.seen >= scene.looked_at]


def _mark(pixels: np.ndarray, tracks: Sequence[Track], notice: Notice, fit: Fit, fps: float, outline: str) -> None:
    """Faces, captions, frames a second and the notice, drawn on the canvas in place."""
    height, width = pixels.shape[:2]
    style = style_of(width, height)
    lines = _visitors(notice.visitors, width, style)
    bar, rate = _notice_place(pixels, lines, style), _Rate.of(width, fps, style)
    state = _State.of(notice.state, width, rate.rect[2] - rate.rect[0], style)
    faces = [fit.rect(track.face.box.ltrb) for track in tracks]
    if outline == "circle":
        faces = [canvas.around(face, CIRCLE) for face in faces]
    told = [Caption.of(track) for track in tracks]
    most = min(OUTLINES[outline], Detail.FULL if len(tracks) < GROUP else Detail.SHORT)
    keep = [rect for rect in (bar, rate.rect, state.rect) if canvas.area(rect)]
    free = (max(rate.rect[3], state.rect[3]), bar[1])
    places, legend, top = arranged_with_legend(told, faces, (width, height), keep, style, most, free)
    draw = canvas.circle if outline == "circle" else canvas.frame
    for caption, face in zip(told, faces, strict=True):
        draw(pixels, face, caption.colour, canvas.line_for(face, style.line))
    captions.draw(pixels, told, places, style)
    # Last, so that no box goes through the words.
    legend.draw(pixels, top)
    _notice(pixels, lines, bar, style)
    rate.draw(pixels, style)
    state.draw(pixels)


@dataclass(frozen=True)
class _Rate:
    """The small plate in the upper right corner."""

    text: str
    rect: Rect

    @classmethod
    def of(cls, width: int, fps: float, style: Style) -> _Rate:
        text = f"{fps:.0f} fps" if fps >= 9.95 else f"{fps:.1f} fps"
        left = width - style.width_of(text) - 2 * style.pad
        return cls(text, (left, 0, width, style.capitals + 2 * style.pad) if fps > 0 and left >= 0 else (0, 0, 0, 0))

    def draw(self, pixels: np.ndarray, style: Style) -> None:
        if canvas.area(self.rect):
            canvas.plate(pixels, self.rect)
            write(pixels, self.text, (self.rect[0] + style.pad, self.rect[3] - style.pad), MUTED, style)


@dataclass(frozen=True)
class _State:
    """The plate at the upper edge that says what is wrong."""

    title: list[str]
    about: list[str]
    large: Style
    small: Style
    rect: Rect

    @classmethod
    def of(cls, state: str, width: int, corner: int, small: Style) -> _State:
        """For a screen of that width, of which `corner` pixels at the right are in use."""
        large = Style(round(small.capitals * 1.5))
        room = width - 2 * corner - 4 * small.pad
        title, about = _words(state) if state else ("", "")
        titles, abouts = wrap(title, room, 2, large), wrap(about, room, 2, small)
        lines = [large.width_of(line) for line in titles] + [small.width_of(line) for line in abouts]
        if not lines:
            return cls([], [], large, small, (0, 0, 0, 0))
        wide = max(lines) + 4 * small.pad
        high = large.row * len(titles) + small.row * len(abouts) + small.pad
        left = (width - wide) // 2
        return cls(titles, abouts, large, small, (left, 0, left + wide, high))

    def draw(self, pixels: np.ndarray) -> None:
        canvas.plate(pixels, self.rect)
        base = self.small.pad + self.large.capitals
        _centred(pixels, self.title, base, self.large)
        _centred(pixels, self.about, base + len(self.title) * self.large.row - self.small.pad, self.small)


def _words(state: str) -> tuple[str, str]:
    """What people read of a state: a title, and what to do."""
    return STATES.get(state, (state[:1].upper() + state[1:], ""))


@functools.lru_cache(maxsize=4)
def _visitors(text: str, width: int, style: Style) -> list[str]:
    """The lines of the notice."""
    return balanced(text, width - 2 * style.pad, NOTICE_LINES, style)


def _notice_place(pixels: np.ndarray, lines: list[str], style: Style) -> Rect:
    """The bar along the lower edge that holds so many lines."""
    height, width = pixels.shape[:2]
    return 0, max(0, height - style.row * len(lines) - style.pad) if lines else height, width, height


def _notice(pixels: np.ndarray, lines: list[str], place: Rect, style: Style) -> None:
    if lines:
        canvas.plate(pixels, place)
        _centred(pixels, lines, place[1] + style.pad + style.capitals, style)


def _centred(pixels: np.ndarray, lines: list[str], base: int, style: Style) -> None:
    """Lines of text in the middle of the canvas's width; `base` is the first one's base line."""
    for n, line in enumerate(lines):
        write(pixels, line, ((pixels.shape[1] - style.width_of(line)) // 2, base + n * style.row), INK, style)


def _without_frame(notice: Notice, width: int, height: int) -> np.ndarray:
    """The picture while there is no frame: the state in large letters, what to do, and the line for visitors."""
    title, about = _words(notice.state) if notice.state else ("No picture", "")
    pixels = np.empty((height, width, 3), np.uint8)
    canvas.fill(pixels, DARK)
    small = style_of(width, height)
    large = small
    while large.width_of(title) < 0.6 * width and large.capitals < min(width, height) // 8:
        large = Style(large.capitals + 1)
    base = round(height * 0.45)
    _centred(pixels, wrap(title, width, 1, large), base, large)
    lines = wrap(about, width - 2 * small.pad, NOTICE_LINES, small)
    _centred(pixels, lines, base + large.capitals + small.capitals, small)
    visitors = _visitors(notice.visitors, width, small)
    _notice(pixels, visitors, _notice_place(pixels, visitors, small), small)
    return pixels
