"""The picture on a screen: preview, faces, notice. Pure functions; text is sized to be read across a room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

from edge.errors import InvalidValue
from edge.face import Scene, Track
from edge.frame import Frame
from edge.ports import Notice
from edge.screens.plates import (
    NOTICE_LINES,
    Rate,
    State,
    centred,
    draw_notice,
    notice_place,
    style_of,
    visitors,
    words_for,
)
from edge.vision import canvas, captions
from edge.vision.canvas import Rect
from edge.vision.captions import Caption
from edge.vision.legend import arranged_with_legend
from edge.vision.lettering import Style, wrap
from edge.vision.palette import DARK, INK
from edge.vision.placement import Detail, Seat

# How a face is marked, and the most that its caption says; in a group, captions with bars would hide too much.
OUTLINES = {"box": Detail.FULL, "circle": Detail.WORD}
GROUP = 4


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


@dataclass(frozen=True)
class Composed:
    """The picture of a screen, and where its captions are.

    Attributes:
        pixels: uint8 (height, width, 3) RGB.
        seats: where each face's caption is, by the number of its track.
    """

    pixels: np.ndarray
    seats: Mapping[int, Seat] = field(default_factory=dict)


def compose(
    frame: Frame | None,
    scene: Scene,
    notice: Notice,
    width: int,
    height: int,
    fps: float = 0.0,
    outline: str = "box",
    before: Mapping[int, Seat] | None = None,
) -> Composed:
    """The whole picture of a screen.

    Args:
        frame: the preview, or None while there is no camera: then the state is the title.
        scene: faces, boxes in pixels of the frame. Those not found in the last detection are not drawn.
        notice: the state, and the line for visitors along the lower edge.
        width, height: of the screen, pixels.
        fps: frames a second, shown if above 0.
        outline: how faces are marked: "box", or "circle", with the emotion's name alone.
        before: `seats` of the last picture: captions stay where they were, if they can.

    Raises:
        InvalidValue: the screen has no pixels.
    """
    if width < 1 or height < 1:
        raise InvalidValue(f"screen: expected at least 1x1 pixels, got {width}x{height}")
    if frame is None:
        return Composed(_without_frame(notice, width, height))
    fit = Fit.of((frame.width, frame.height), (width, height))
    pixels = np.empty((height, width, 3), np.uint8)
    if (fit.width, fit.height) != (width, height):
        canvas.fill(pixels, DARK)
    # Written into its place: no second copy of a large picture.
    inner = pixels[fit.top : fit.top + fit.height, fit.left : fit.left + fit.width]
    cv2.resize(frame.image, (fit.width, fit.height), dst=inner, interpolation=cv2.INTER_LINEAR)
    return Composed(pixels, _mark(pixels, scene.visible, notice, fit, fps, outline, before or {}))


def _mark(
    pixels: np.ndarray,
    tracks: tuple[Track, ...],
    notice: Notice,
    fit: Fit,
    fps: float,
    outline: str,
    before: Mapping[int, Seat],
) -> dict[int, Seat]:
    """Faces, captions, frames a second and the notice, drawn on the canvas in place; where the captions are."""
    height, width = pixels.shape[:2]
    style = style_of(width, height)
    lines = visitors(notice.visitors, width, style)
    bar, rate = notice_place(width, height, lines, style), Rate.of(width, fps, style)
    state = State.of(notice.state, width, rate.rect[2] - rate.rect[0], style)
    faces = [fit.rect(track.face.box.ltrb) for track in tracks]
    if outline == "circle":
        faces = [canvas.around(face, canvas.CIRCLE) for face in faces]
    told = [Caption.of(track) for track in tracks]
    most = min(OUTLINES[outline], Detail.FULL if len(tracks) < GROUP else Detail.SHORT)
    keep = [rect for rect in (bar, rate.rect, state.rect) if canvas.area(rect)]
    free = (max(rate.rect[3], state.rect[3]), bar[1])
    seats = [before.get(track.id) for track in tracks]
    places, legend, top = arranged_with_legend(told, faces, (width, height), keep, style, most, free, seats)
    draw = canvas.circle if outline == "circle" else canvas.frame
    for caption, face in zip(told, faces, strict=True):
        draw(pixels, face, caption.colour, canvas.line_for(face, style.line))
    for track in tracks:
        if (points := track.extras.landmarks(track.face.box)) is not None:
            canvas.dots(pixels, points * fit.scale + (fit.left, fit.top), max(1, style.line // 2), INK)
    captions.draw(pixels, told, places, style)
    # Last, so that no box goes through the words.
    legend.draw(pixels, top)
    draw_notice(pixels, lines, bar, style)
    rate.draw(pixels, style)
    state.draw(pixels)
    return {track.id: Seat.of(place, face) for track, place, face in zip(tracks, places, faces, strict=True)}


def _without_frame(notice: Notice, width: int, height: int) -> np.ndarray:
    """The picture while there is no frame: the state in large letters, what to do, and the line for visitors."""
    title, about = words_for(notice.state) if notice.state else ("No picture", "")
    pixels = np.empty((height, width, 3), np.uint8)
    canvas.fill(pixels, DARK)
    small = style_of(width, height)
    large = small
    while large.width_of(title) < 0.6 * width and large.capitals < min(width, height) // 8:
        large = Style(large.capitals + 1)
    base = round(height * 0.45)
    centred(pixels, wrap(title, width, 1, large), base, large)
    lines = wrap(about, width - 2 * small.pad, NOTICE_LINES, small)
    centred(pixels, lines, base + large.capitals + small.capitals, small)
    lines = visitors(notice.visitors, width, small)
    draw_notice(pixels, lines, notice_place(width, height, lines, small), small)
    return pixels
