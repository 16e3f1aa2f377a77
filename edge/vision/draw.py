"""Draw what is known about faces: box, state, label and a bar chart of the seven emotions. New arrays, RGB colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edge.face import Track
from edge.labels import EMOTIONS

# Okabe and Ito's palette, which colour-blind people can tell apart; the words say the same.
BARE = (86, 180, 233)
MASKED = (240, 165, 20)
UNKNOWN = (185, 185, 185)
INK = (255, 255, 255)
PLATE = (18, 18, 22)

FONT = cv2.FONT_HERSHEY_SIMPLEX
# Height of Hershey Simplex's capitals at scale 1, pixels.
CAPITALS = 22.0
# A picture whose shorter side is below is enlarged before it is drawn on, so that words fit.
LEGIBLE_PX = 360

Rect = tuple[int, int, int, int]


@dataclass(frozen=True)
class Style:
    """Sizes in pixels, all from one: the height of capitals."""

    capitals: int

    @classmethod
    def of(cls, width: int, height: int) -> Style:
        """For a picture of that size."""
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
        return cv2.getTextSize(text, FONT, self.scale, self.stroke)[0][0]

    @property
    def chart(self) -> tuple[int, int]:
        """Width and height of a bar chart."""
        return self.width_of("surprise") + self.capitals * 9 + 3 * self.pad, len(EMOTIONS) * self.row + 2 * self.pad


def factor(width: int, height: int) -> int:
    """By how much a picture should be enlarged before it is drawn on: 1 to 8."""
    return max(1, min(8, math.ceil(LEGIBLE_PX / min(width, height))))


def annotate(image: np.ndarray, tracks: Sequence[Track], enlarge: int = 1) -> np.ndarray:
    """The picture with each face's box, mask state, emotion and, where there is room, its bar chart.

    Args:
        image: uint8 (H, W, 3) RGB; not changed.
        tracks: boxes in its pixels.
        enlarge: whole factor by which the answer is larger than the image.

    Returns:
        uint8 (H * enlarge, W * enlarge, 3) RGB, a new array.
    """
    canvas = np.repeat(np.repeat(image, enlarge, axis=0), enlarge, axis=1) if enlarge > 1 else np.array(image)
    height, width = canvas.shape[:2]
    style = Style.of(width, height)
    rects = [_rect(track, enlarge) for track in tracks]
    for track, rect in zip(tracks, rects, strict=True):
        _frame(canvas, rect, state_colour(track), style)
    # The largest faces come first to the room that there is; what would hide another's words is left out.
    order = sorted(range(len(tracks)), key=lambda n: -_area(rects[n]))
    taken: list[Rect] = []
    for n in order:
        text = caption(tracks[n])
        plate = _label_place(text, rects, n, taken, width, height, style)
        if plate:
            _plate(canvas, plate, 0.75)
            _text(canvas, text, (plate[0] + style.pad, plate[3] - style.pad), state_colour(tracks[n]), style)
            taken.append(plate)
    for n in order:
        emotion = tracks[n].emotion
        place = None if emotion is None else _chart_place(rects, n, taken, width, height, style)
        if place and emotion is not None:
            _chart(canvas, place, emotion, state_colour(tracks[n]), style)
            taken.append(place)
    return canvas


def state_colour(track: Track) -> tuple[int, int, int]:
    """RGB: grey where there is no emotion to show, else by the route."""
    if track.label is None:
        return UNKNOWN
    return MASKED if track.worn else BARE


def caption(track: Track) -> str:
    """A face in a few words, such as "happy 83% | mask"."""
    if track.label is not None and track.emotion is not None:
        words = f"{track.label} {track.emotion.max():.0%}"
    else:
        words = {"too-small": "too small", "unsure": "unsure"}.get(track.reason or "", "...")
    return f"{words} | {'mask' if track.worn else 'no mask'}"


def _rect(track: Track, enlarge: int) -> Rect:
    left, top, right, bottom = (round(side * enlarge) for side in track.face.box.ltrb)
    return left, top, right, bottom


def _area(rect: Rect) -> int:
    return max(0, rect[2] - rect[0]) * max(0, rect[3] - rect[1])


def _shared(a: Rect, b: Rect) -> int:
    return _area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))


def _into(left: int, top: int, size: tuple[int, int], width: int, height: int) -> Rect:
    """A rectangle of that size, pushed into the picture as far as it fits."""
    left = max(0, min(left, width - size[0]))
    top = max(0, min(top, height - size[1]))
    return left, top, left + size[0], top + size[1]


def _label_place(
    text: str, rects: Sequence[Rect], own: int, taken: Sequence[Rect], width: int, height: int, style: Style
) -> Rect | None:
    """Above the box or below it, on no other label and on no other face; or None."""
    left, top, _, bottom = rects[own]
    size = (style.width_of(text) + 2 * style.pad, style.capitals + 2 * style.pad)
    above = _into(left, top - size[1] - style.line, size, width, height)
    below = _into(left, bottom + style.line, size, width, height)
    # A face that fills the picture has the label inside, at its top.
    places = (below, above) if _shared(above, rects[own]) > _shared(below, rects[own]) else (above, below)
    for place in places:
        others = (_shared(place, rect) > 0.1 * _area(rect) for n, rect in enumerate(rects) if n != own)
        if not any(_shared(place, other) for other in taken) and not any(others):
            return place
    return None


def _chart_place(
    rects: Sequence[Rect], own: int, taken: Sequence[Rect], width: int, height: int, style: Style
) -> Rect | None:
    """Beside, below or above the face, on no other chart or label and on as little of any face as can be; or None."""
    size, gap = style.chart, style.line + 2
    if size[0] > width or size[1] > height:
        return None
    left, top, right, bottom = rects[own]
    beside = [(right + gap, top), (left - gap - size[0], top)]
    wanted = [*beside, (left, bottom + gap), (left, top - size[1] - 2 * style.row)]
    corners = [(0, 0), (width, 0), (0, height), (width, height)]
    best: tuple[float, Rect] | None = None
    for n, (x, y) in enumerate(wanted + corners):
        place = _into(x, y, size, width, height)
        if any(_shared(place, other) for other in taken):
            continue
        hidden = [_shared(place, rect) / max(1, _area(rect)) for rect in rects]
        others = max((share for i, share in enumerate(hidden) if i != own), default=0.0)
        if others > 0.1 or hidden[own] > 0.6 or (n >= len(wanted) and len(rects) > 1):
            continue
        cost = others * 4 + hidden[own] + n * 1e-3
        if best is None or cost < best[0]:
            best = (cost, place)
    return best[1] if best else None


def _frame(canvas: np.ndarray, rect: Rect, colour: tuple[int, int, int], style: Style) -> None:
    """A box with a dark line around it, so that it shows on bright and dark pictures."""
    first, last = rect[:2], (rect[2] - 1, rect[3] - 1)
    cv2.rectangle(canvas, first, last, PLATE, style.line + 2, cv2.LINE_AA)
    cv2.rectangle(canvas, first, last, colour, style.line, cv2.LINE_AA)


def _plate(canvas: np.ndarray, rect: Rect, opacity: float) -> None:
    part = canvas[max(rect[1], 0) : rect[3], max(rect[0], 0) : rect[2]]
    part[:] = np.round(part * (1 - opacity) + np.array(PLATE) * opacity).astype(np.uint8)


def _text(canvas: np.ndarray, text: str, at: tuple[int, int], colour: tuple[int, int, int], style: Style) -> None:
    """`at` is the left end of the base line."""
    cv2.putText(canvas, text, at, FONT, style.scale, colour, style.stroke, cv2.LINE_AA)


def _chart(canvas: np.ndarray, place: Rect, emotion: np.ndarray, colour: tuple[int, int, int], style: Style) -> None:
    """Seven rows: the label, a bar from 0 to 1, the highest in the state's colour."""
    _plate(canvas, place, 0.75)
    first = place[0] + 2 * style.pad + style.width_of("surprise")
    room = place[2] - style.pad - first
    for n, (label, share) in enumerate(zip(EMOTIONS, emotion, strict=True)):
        base = place[1] + style.pad + (n + 1) * style.row - (style.row - style.capitals) // 2
        high = n == int(np.argmax(emotion))
        _text(canvas, label, (place[0] + style.pad, base), INK if high else UNKNOWN, style)
        top = base - style.capitals
        cv2.rectangle(canvas, (first, top), (first + room, base), (70, 70, 76), -1)
        if share > 0:
            cv2.rectangle(
                canvas, (first, top), (first + round(room * float(share)), base), colour if high else UNKNOWN, -1
            )
