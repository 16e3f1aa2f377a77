"""The legend: what the badges mean of faces that have no room for a word; entries in rows along an edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge.vision import canvas, lettering, pictograms
from edge.vision.canvas import Rect, Stamp, eyes, shared
from edge.vision.captions import Caption, arranged, percent
from edge.vision.lettering import Style
from edge.vision.palette import INK
from edge.vision.placement import Detail, Place, Seat
from edge.vision.slots import Size

TRIES = 3  # room for the legend may leave more faces without a word, and so on


@dataclass(frozen=True)
class Legend:
    """A legend of a width in pixels.

    Attributes:
        entries: badges and what they mean.
        width: pixels.
        style: sizes.
    """

    entries: tuple[tuple[Stamp, str], ...]
    width: int
    style: Style

    @classmethod
    def of(cls, captions: Sequence[Caption], places: Sequence[Place], width: int, style: Style) -> Legend:
        """An entry for each badge: each number, and each pictogram once, with the mask apart."""
        badges = [caption for caption, place in zip(captions, places, strict=True) if place.detail == Detail.BADGE]
        found: dict[object, tuple[Stamp, str]] = {}
        for caption in badges:
            if caption.number is None:
                found.setdefault(caption.word, (replace(caption, masked=False).badge(style), caption.word))
            else:
                share = "" if caption.share is None else f" {percent(caption.share)}"
                mask = f", {caption.mask}" if caption.masked else ""
                found[caption.number] = (caption.badge(style), f"{caption.word}{share}{mask}")
        if any(caption.masked for caption in badges if caption.number is None):
            found["mask"] = (pictograms.unknown(None, True, style.icon), "mask")
        return cls(tuple(found.values()), width, style)

    @property
    def height(self) -> int:
        """Pixels; 0 without entries."""
        return len(self._rows) * self._row + self.style.pad if self.entries else 0

    def draw(self, picture: np.ndarray, top: int) -> None:
        """Draw it on a plate that begins `top` pixels down, in place."""
        if not self.entries:
            return
        style = self.style
        canvas.plate(picture, (0, top, self.width, top + self.height))
        for n, row in enumerate(self._rows):
            x, y = style.pad, top + style.pad + n * self._row
            for badge, text in row:
                badge.put(picture, x, y)
                side = badge.ink.shape[0]
                lettering.write(picture, text, (x + side + style.pad, y + (side + style.capitals) // 2), INK, style)
                x += self._needs(badge, text)

    @property
    def _row(self) -> int:
        return max((badge.ink.shape[0] for badge, _ in self.entries), default=0) + self.style.pad

    @property
    def _rows(self) -> list[list[tuple[Stamp, str]]]:
        rows: list[list[tuple[Stamp, str]]] = []
        room = 0
        for badge, text in self.entries:
            if not rows or self._needs(badge, text) > room:
                rows.append([])
                room = self.width - 2 * self.style.pad
            rows[-1].append((badge, text))
            room -= self._needs(badge, text)
        return rows

    def _needs(self, badge: Stamp, text: str) -> int:
        return int(badge.ink.shape[1]) + self.style.width_of(text) + 4 * self.style.pad


def arranged_with_legend(
    captions: Sequence[Caption],
    faces: Sequence[Rect],
    bounds: Size,
    keep: Sequence[Rect],
    style: Style,
    most: Detail,
    free: tuple[int, int],
    before: Sequence[Seat | None] = (),
) -> tuple[tuple[Place, ...], Legend, int]:
    """Places for captions (see captions.arranged), and the legend that they need.

    Args:
        free: the rows of the picture, from and to, at whose lower or upper end the legend may lie.

    Returns:
        The places, the legend, and its upper edge in pixels. A legend that would lie on somebody's eyes is left out:
        pictograms can be understood without one.
    """
    places = arranged(captions, faces, bounds, keep, style, most, before)
    needed = Legend.of(captions, places, bounds[0], style)
    if not needed.entries:
        return places, needed, free[1]
    seen = [eyes(face) for face in faces]
    for lower in (True, False):
        legend, tried = needed, places
        for _ in range(TRIES):
            top = free[1] - legend.height if lower else free[0]
            room = (0, top, bounds[0], top + legend.height)
            if top < free[0] or room[3] > free[1] or any(shared(room, each) for each in seen):
                break
            tried = arranged(captions, faces, bounds, [*keep, room], style, most, before)
            after = Legend.of(captions, tried, bounds[0], style)
            if after.height <= legend.height:
                return tried, after, top
            legend = after
    return places, Legend((), bounds[0], style), free[1]
