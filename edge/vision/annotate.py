"""Draw what is known about faces: box, state, label and a bar chart of the seven emotions. New arrays, RGB colours."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edge.face import Track
from edge.labels import EMOTIONS
from edge.vision import canvas
from edge.vision.canvas import BARE, INK, MASKED, UNKNOWN, Rect, Style

# A picture whose shorter side is below is enlarged before it is drawn on, so that words fit.
LEGIBLE_PX = 360


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
    picture = np.repeat(np.repeat(image, enlarge, axis=0), enlarge, axis=1) if enlarge > 1 else np.array(image)
    height, width = picture.shape[:2]
    style = Style.of(width, height)
    rects = [_rect(track, enlarge) for track in tracks]
    for track, rect in zip(tracks, rects, strict=True):
        canvas.frame(picture, rect, state_colour(track), style.line)
    # The largest faces come first to the room that there is; what would hide another's words is left out.
    order = sorted(range(len(tracks)), key=lambda n: -canvas.area(rects[n]))
    taken: list[Rect] = []
    for n in order:
        text = caption(tracks[n])
        plate = _label_place(text, rects, n, taken, width, height, style)
        if plate:
            canvas.plate(picture, plate)
            canvas.text(picture, text, (plate[0] + style.pad, plate[3] - style.pad), state_colour(tracks[n]), style)
            taken.append(plate)
    for n in order:
        emotion = tracks[n].emotion
        place = None if emotion is None else _chart_place(rects, n, taken, width, height, style)
        if place and emotion is not None:
            _chart(picture, place, emotion, state_colour(tracks[n]), style)
            taken.append(place)
    return picture


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


def _label_place(
    text: str, rects: Sequence[Rect], own: int, taken: Sequence[Rect], width: int, height: int, style: Style
) -> Rect | None:
    """Above the box or below it, on no other label and on no other face; or None."""
    left, top, _, bottom = rects[own]
    size = (style.width_of(text) + 2 * style.pad, style.capitals + 2 * style.pad)
    above = canvas.into(left, top - size[1] - style.line, size, width, height)
    below = canvas.into(left, bottom + style.line, size, width, height)
    # A face that fills the picture has the label inside, at its top.
    places = (below, above) if canvas.shared(above, rects[own]) > canvas.shared(below, rects[own]) else (above, below)
    for place in places:
        others = (canvas.shared(place, rect) > 0.1 * canvas.area(rect) for n, rect in enumerate(rects) if n != own)
        if not any(canvas.shared(place, other) for other in taken) and not any(others):
            return place
    return None


def _chart_place(
    rects: Sequence[Rect], own: int, taken: Sequence[Rect], width: int, height: int, style: Style
) -> Rect | None:
    """Beside, below or above the face, on no other chart or label and on as little of any face as can be; or None."""
    size, gap = _chart_size(style), style.line + 2
    if size[0] > width or size[1] > height:
        return None
    left, top, right, bottom = rects[own]
    beside = [(right + gap, top), (left - gap - size[0], top)]
    wanted = [*beside, (left, bottom + gap), (left, top - size[1] - 2 * style.row)]
    corners = [(0, 0), (width, 0), (0, height), (width, height)]
    best: tuple[float, Rect] | None = None
    for n, (x, y) in enumerate(wanted + corners):
        place = canvas.into(x, y, size, width, height)
        if any(canvas.shared(place, other) for other in taken):
            continue
        hidden = [canvas.shared(place, rect) / max(1, canvas.area(rect)) for rect in rects]
        others = max((share for i, share in enumerate(hidden) if i != own), default=0.0)
        if others > 0.1 or hidden[own] > 0.6 or (n >= len(wanted) and len(rects) > 1):
            continue
        cost = others * 4 + hidden[own] + n * 1e-3
        if best is None or cost < best[0]:
            best = (cost, place)
    return best[1] if best else None


def _chart_size(style: Style) -> tuple[int, int]:
    """Width and height of a bar chart."""
    width = style.width_of("surprise") + style.capitals * 9 + 3 * style.pad
    return width, len(EMOTIONS) * style.row + 2 * style.pad


def _chart(picture: np.ndarray, place: Rect, emotion: np.ndarray, colour: tuple[int, int, int], style: Style) -> None:
    """Seven rows: the label, a bar from 0 to 1, the highest in the state's colour."""
    canvas.plate(picture, place)
    first = place[0] + 2 * style.pad + style.width_of("surprise")
    room = place[2] - style.pad - first
    for n, (label, share) in enumerate(zip(EMOTIONS, emotion, strict=True)):
        base = place[1] + style.pad + (n + 1) * style.row - (style.row - style.capitals) // 2
        high = n == int(np.argmax(emotion))
        canvas.text(picture, label, (place[0] + style.pad, base), INK if high else UNKNOWN, style)
        top = base - style.capitals
        canvas.bar(picture, (first, top, first + room, base + 1), float(share), colour if high else UNKNOWN)
