"""Draw what is known about faces: boxes, captions, bar charts and a legend. New arrays, RGB colours."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from edge.errors import InvalidValue
from edge.face import Track
from edge.labels import EMOTIONS
from edge.scalars import whole
from edge.setting import shown
from edge.vision import canvas, captions, palette
from edge.vision.canvas import Rect, eyes
from edge.vision.captions import Caption, arranged, percent
from edge.vision.legend import Legend, arranged_with_legend
from edge.vision.lettering import Style, write
from edge.vision.palette import DARK, INK, MUTED
from edge.vision.placement import Detail

# A picture whose shorter side is below this is enlarged before it is drawn on, so that captions fit.
LEGIBLE_PX = 360
ENLARGED_PIXELS, ENLARGED_SIDE = 8_000_000, 8191  # more it does not become by that; an mp4 has no longer side
LARGEST_PIXELS, LARGEST_SIDE = 200_000_000, 32_767  # of a picture that a caller has enlarged: 600 MB
SMALLEST = 9  # height of capitals, pixels
STYLES = ("box", "circle")
CHARTS = 2  # with more faces than this, there are no charts


def factor(width: int, height: int) -> int:
    """By how much a picture should be enlarged before it is drawn on: 1 to 8; a long narrow one less."""
    roomy = min(math.isqrt(ENLARGED_PIXELS // (width * height)), ENLARGED_SIDE // max(width, height))
    return max(1, min(8, roomy, math.ceil(LEGIBLE_PX / min(width, height))))


def annotate(
    image: np.ndarray, tracks: Sequence[Track], enlarge: int = 1, legend_below: bool = False, outline: str = "box"
) -> np.ndarray:
    """The picture with each face's box and caption; with a bar chart each, where there are few faces and room.

    A face that has no room for a caption has a badge, which the legend explains.

    Args:
        image: uint8 (H, W, 3) RGB; not changed.
        tracks: boxes in its pixels.
        enlarge: whole factor by which the answer is larger than the image.
        legend_below: put the legend below the picture, with a number for each face that needs it, in the order of the
            tracks, from 1. Otherwise badges are pictograms, and it lies along
            the lower or upper edge, where it hides nobody's eyes.
        outline: "box"; or "circle", with the emotion's name alone and no chart.

    Returns:
        uint8 (H * enlarge, W * enlarge, 3) RGB, a new array; higher by the legend if that is below.

    Raises:
        InvalidValue: `enlarge` is not whole, below 1, or too large for this picture.
    """
    picture = np.array(image)
    enlarge = _checked_factor(enlarge, image.shape[1], image.shape[0])
    if enlarge > 1:
        size = (image.shape[1] * enlarge, image.shape[0] * enlarge)
        picture = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    height, width = picture.shape[:2]
    faces = [_rect(track, enlarge) for track in tracks]
    circle = outline == "circle"
    if circle:
        faces = [canvas.around(face, canvas.CIRCLE) for face in faces]
    most, draw = (Detail.WORD, canvas.circle) if circle else (Detail.SHORT, canvas.frame)
    style = style_of(width, height, faces)
    told = [Caption.of(track, n + 1 if legend_below else None) for n, track in enumerate(tracks)]
    labels = tracks[0].labels if tracks else ()
    few = len(tracks) <= CHARTS and not circle
    charts = chart_places(told, faces, (width, height), style, labels) if few else {}
    # Beside a chart, which has the probability, the caption has room for the mask.
    told = [replace(each, share=None, says_mask=True) if n in charts else each for n, each in enumerate(told)]
    keep = list(charts.values())
    if legend_below:
        places = arranged(told, faces, (width, height), keep, style, most)
        legend = Legend.of(told, places, width, style)
        picture, top = _higher(picture, legend.height), height
    else:
        places, legend, top = arranged_with_legend(told, faces, (width, height), keep, style, most, (0, height))
    for caption, face in zip(told, faces, strict=True):
        draw(picture[:height], face, caption.colour, canvas.line_for(face, style.line))
    for track in tracks:
        if (points := track.extras.landmarks(track.face.box)) is not None:
            canvas.dots(picture[:height], points * enlarge, max(1, style.line // 2), INK)
    captions.draw(picture[:height], told, places, style)
    for n, place in charts.items():
        _chart(picture, place, tracks[n], style)
    legend.draw(picture, top)
    return picture


def style_of(width: int, height: int, faces: Sequence[Rect]) -> Style:
    """Text sizes for a picture that is looked at from near: smaller where the faces are small, but legible."""
    shorter = min(width, height)
    largest, smallest = 0.022 * shorter, 0.013 * shorter
    sides = [max(face[2] - face[0], face[3] - face[1]) for face in faces]
    wanted = 0.13 * statistics.median(sides) if sides else largest
    return Style(max(SMALLEST, round(max(smallest, min(largest, wanted)))))


def _checked_factor(enlarge: int, width: int, height: int) -> int:
    most = max(1, min(math.isqrt(LARGEST_PIXELS // (width * height)), LARGEST_SIDE // max(width, height)))
    number = whole(enlarge)
    if number is None or not 1 <= number <= most:
        size = f"a picture of {width}x{height} pixels"
        raise InvalidValue(f"enlarge: expected a whole number, 1 to {most} for {size}, got {shown(enlarge)}")
    return number


def _rect(track: Track, enlarge: int) -> Rect:
    left, top, right, bottom = (round(side * enlarge) for side in track.face.box.ltrb)
    return left, top, right, bottom


def _higher(picture: np.ndarray, by: int) -> np.ndarray:
    """The picture with dark rows below it."""
    return cv2.copyMakeBorder(picture, 0, by, 0, 0, cv2.BORDER_CONSTANT, value=DARK) if by else picture


def chart_places(
    told: Sequence[Caption],
    faces: Sequence[Rect],
    bounds: tuple[int, int],
    style: Style,
    labels: Sequence[str] = EMOTIONS,
) -> dict[int, Rect]:
    """Where charts go, the largest face's first: on no caption, no other chart and nobody's eyes."""
    taken = [place.rect for place in arranged(told, faces, bounds, [], style, Detail.SHORT)]
    charts: dict[int, Rect] = {}
    for n in sorted(range(len(told)), key=lambda n: -canvas.area(faces[n])):
        place = chart_place(faces, n, taken, *bounds, style, labels) if told[n].share is not None else None
        if place:
            charts[n] = place
            taken.append(place)
    return charts


def chart_place(
    faces: Sequence[Rect],
    own: int,
    taken: Sequence[Rect],
    width: int,
    height: int,
    style: Style,
    labels: Sequence[str] = EMOTIONS,
) -> Rect | None:
    """Where a face's chart goes: beside it, below, above, or in a corner of the picture; None: there is no room."""
    (chart_width, chart_height), gap = _chart_size(style, labels), style.line + style.pad
    if chart_width > width or chart_height > height:
        return None
    left, top, right, bottom = faces[own]
    beside = [(right + gap, top), (left - gap - chart_width, top)]
    wanted = [*beside, (left, bottom + gap + 2 * style.row), (left, top - chart_height - 2 * style.row)]
    corners = [(0, 0), (width, 0), (0, height), (width, height)] if len(faces) == 1 else []
    best: tuple[float, Rect] | None = None
    for n, (x, y) in enumerate(wanted + corners):
        x, y = max(0, min(x, width - chart_width)), max(0, min(y, height - chart_height))
        place = (x, y, x + chart_width, y + chart_height)
        if any(canvas.shared(place, other) for other in [*taken, *map(eyes, faces)]):
            continue
        hidden = [canvas.shared(place, face) / max(1, canvas.area(face)) for face in faces]
        others = max((share for i, share in enumerate(hidden) if i != own), default=0.0)
        if others > 0.1 or hidden[own] > 0.4:
            continue
        cost = others * 4 + hidden[own] + n * 1e-3
        if best is None or cost < best[0]:
            best = (cost, place)
    return best[1] if best else None


def _chart_size(style: Style, labels: Sequence[str]) -> tuple[int, int]:
    """Width and height of a bar chart."""
    width = max(map(style.width_of, labels)) + style.capitals * 7 + style.width_of(percent(1.0)) + 4 * style.pad
    return width, len(labels) * style.row + 2 * style.pad


def _chart(picture: np.ndarray, place: Rect, track: Track, style: Style) -> None:
    """A row for each emotion: the name, a bar from 0 to 1 in its colour, the percentage; the face's own is bright."""
    if track.emotion is None:
        return
    canvas.plate(picture, place)
    first = place[0] + 2 * style.pad + max(map(style.width_of, track.labels))
    last = place[2] - 2 * style.pad - style.width_of(percent(1.0))
    for n, (name, share) in enumerate(zip(track.labels, track.emotion, strict=True)):
        base = place[1] + style.pad + (n + 1) * style.row - (style.row - style.capitals) // 2
        ink = INK if name == track.label else MUTED
        write(picture, name, (place[0] + style.pad, base), ink, style)
        canvas.bar(picture, (first, base - style.capitals, last, base), float(share), palette.of(name))
        text = percent(float(share))
        write(picture, text, (place[2] - style.pad - style.width_of(text), base), ink, style)
