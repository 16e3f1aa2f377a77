"""Captions: what is known of a face, in a pictogram, a word and a bar, more or less of it as there is room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.face import Track
from edge.vision import canvas, lettering, palette, pictograms
from edge.vision.canvas import Rect, Stamp
from edge.vision.lettering import Style
from edge.vision.palette import INK, MUTED, Colour
from edge.vision.placement import Detail, Place, Seat, arrange
from edge.vision.slots import Size

REASONS = {"too-small": "too small", "unsure": "unsure"}


def percent(share: float) -> str:
    """Such as "57 %"."""
    return f"{100 * share:.0f} %"


def words(track: Track) -> str:
    """A face in a few words, such as "happy 83 %, mask"."""
    caption = Caption.of(track)
    share = "" if caption.share is None else f" {percent(caption.share)}"
    return f"{caption.word}{share}, {caption.mask}"


@dataclass(frozen=True)
class Caption:
    """What the caption of one face says.

    Attributes:
        label: the emotion, or None.
        reason: why there is none, as of edge.face.Track.
        share: the emotion's probability, 0-1, or None.
        masked: whether a mask is worn.
        number: stands on the badge, with a legend; None: the badge is a pictogram.
        says_mask: whether a single line says "mask" or "no mask", too.
        gender: what an optional model takes the face for, or None.
    """

    label: str | None
    reason: str | None
    share: float | None
    masked: bool
    number: int | None = None
    says_mask: bool = False
    gender: str | None = None

    @classmethod
    def of(cls, track: Track, number: int | None = None) -> Caption:
        """A track's caption, with its smoothed emotion."""
        label = track.label
        share = None if label is None or track.emotion is None else float(track.emotion.max())
        return cls(label, track.reason, share, track.worn, number, gender=track.extras.gender_label)

    @property
    def word(self) -> str:
        """The emotion, or why there is none."""
        return self.label or REASONS.get(self.reason or "", lettering.ELLIPSIS)

    @property
    def mask(self) -> str:
        """As people read it: "mask" or "no mask"; with the gender that the face is taken for, where that is on."""
        told = "mask" if self.masked else "no mask"
        return f"{told}, {self.gender}?" if self.gender else told

    @property
    def line(self) -> str:
        """What a single line says besides the probability."""
        return f"{self.word}, {self.mask}" if self.says_mask else self.word

    @property
    def colour(self) -> Colour:
        """The emotion's colour, or grey."""
        return palette.of(self.label)

    def icon(self, diameter: int) -> Stamp:
        """The emotion's pictogram, with a mask if one is worn."""
        if self.label is None:
            return pictograms.unknown(self.reason, self.masked, diameter)
        return pictograms.face(self.label, self.masked, diameter)

    def badge(self, style: Style) -> Stamp:
        """Its number on a disc of the emotion's colour, or its pictogram."""
        if self.number is None:
            return self.icon(style.icon)
        # Two digits need more room than a line of text has.
        return pictograms.number(self.number, self.colour, round(2.2 * style.capitals))

    def sizes(self, style: Style, most: Detail) -> tuple[Size, ...]:
        """Width and height by detail, up to `most`; without an emotion there is no more to say than a word."""
        if self.share is None:
            most = min(most, Detail.WORD)
        return tuple(self._size(detail, style) for detail in Detail if detail <= most)

    def _size(self, detail: Detail, style: Style) -> Size:
        if detail == Detail.BADGE:
            height, width = self.badge(style).ink.shape[:2]
            return width, height
        inset, height = _inset(style), style.icon + 2 * _inset(style)
        width = 2 * inset + style.icon + style.pad + style.width_of(self.line) + style.pad // 2
        if detail == Detail.WORD:
            return width, height
        share = _percent_width(self.share or 0.0, style)
        if detail == Detail.SHORT:
            return width + style.pad + share, height
        bar = 4 * style.capitals + style.pad + share
        text = max(style.width_of(self.word), style.width_of(self.mask), bar)
        return 3 * style.pad + _large(style) + text, 2 * style.pad + 2 * style.row + style.capitals

    def draw(self, picture: np.ndarray, place: Place, style: Style) -> None:
        """Draw it into its place, in place."""
        left, top, right, _ = place.rect
        if place.detail == Detail.BADGE:
            self.badge(style).put(picture, left, top)
            return
        canvas.plate(picture, place.rect)
        if place.detail == Detail.FULL:
            self._draw_full(picture, place.rect, style)
            return
        inset = _inset(style)
        self.icon(style.icon).put(picture, left + inset, top + inset)
        base = top + inset + (style.icon + style.capitals) // 2
        x = left + inset + style.icon + style.pad
        lettering.write(picture, self.line, (x, base), INK, style)
        if place.detail == Detail.SHORT:
            share = self.share or 0.0
            x = right - inset - style.pad // 2 - _percent_width(share, style)
            lettering.write(picture, percent(share), (x, base), INK, style)

    def _draw_full(self, picture: np.ndarray, rect: Rect, style: Style) -> None:
        """The word, the bar with its percentage, the mask; a large pictogram on the left."""
        left, top, right, bottom = rect
        large = _large(style)
        self.icon(large).put(picture, left + style.pad, (top + bottom - large) // 2)
        x, base = left + style.pad + large + style.pad, top + style.pad + style.capitals
        lettering.write(picture, self.word, (x, base), INK, style)
        base, share = base + style.row, self.share or 0.0
        end, thin = right - style.pad - _percent_width(share, style), round(style.capitals * 0.15)
        canvas.bar(picture, (x, base - style.capitals + thin, end - style.pad, base - thin), share, self.colour)
        lettering.write(picture, percent(share), (end, base), INK, style)
        lettering.write(picture, self.mask, (x, base + style.row), MUTED, style)


def draw(picture: np.ndarray, captions: Sequence[Caption], places: Sequence[Place], style: Style) -> None:
    """Leader lines first, so that none crosses a caption."""
    for caption, place in zip(captions, places, strict=True):
        if place.leader is not None:
            canvas.leader(picture, place.leader, caption.colour, max(1, style.line // 2))
    for caption, place in zip(captions, places, strict=True):
        caption.draw(picture, place, style)


def arranged(
    captions: Sequence[Caption],
    faces: Sequence[Rect],
    bounds: Size,
    keep: Sequence[Rect],
    style: Style,
    most: Detail,
    before: Sequence[Seat | None] = (),
) -> tuple[Place, ...]:
    """Places for captions of at most that detail; see edge.vision.placement.arrange."""
    sizes = tuple(caption.sizes(style, most) for caption in captions)
    return arrange(tuple(faces), sizes, bounds, tuple(keep), style.line + 2, tuple(before))


def _inset(style: Style) -> int:
    return max(2, round(style.capitals * 0.3))


def _large(style: Style) -> int:
    return round(style.capitals * 2.9)


def _percent_width(share: float, style: Style) -> int:
    """Room for a percentage: the same for all below 100, so that captions keep their size."""
    return style.width_of(percent(1.0) if round(100 * share) >= 100 else "88 %")
