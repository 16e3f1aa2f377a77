"""Cards: what is known of each face, beside it, in words and bars that can be read across a room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.face import Track
from edge.vision import canvas
from edge.vision.canvas import BARE, INK, MASKED, UNKNOWN, Colour, Rect, Style

# A card may hide so much of another face's box, and so much of its own.
HIDES_OTHER, HIDES_OWN = 0.02, 0.25


@dataclass(frozen=True)
class Card:
    """What one face's card says.

    Attributes:
        name: the track's number.
        state: "angry" to "neutral", or why there is none.
        share: the state's probability, 0-1, or None.
        mask: "mask" or "no mask".
        intensity: 0-1, or None.
        colour: RGB, by the route taken.
    """

    name: str
    state: str
    share: float | None
    mask: str
    intensity: float | None
    colour: Colour

    @classmethod
    def of(cls, track: Track) -> Card:
        """A track's card. The emotion, its share and the intensity are the smoothed ones."""
        label, mask = track.label, "mask" if track.worn else "no mask"
        if label is None or track.emotion is None:
            told = {"too-small": "too far", "unsure": "not sure"}.get(track.reason or "", "...")
            return cls(str(track.id), told, None, mask, None, UNKNOWN)
        share, colour = float(track.emotion.max()), MASKED if track.worn else BARE
        return cls(str(track.id), label, share, mask, track.intensity, colour)

    def lines(self, detail: int) -> list[str]:
        """The text lines: all of it (2), one line (1), or the track's number alone (0)."""
        if detail == 0:
            return [self.name]
        lines = [f"{self.name} {self.state}" + ("" if self.share is None else f" {self.share:.0%}")]
        if detail == 2:
            lines.append(self.mask)
            if self.intensity is not None:
                lines.append(f"intensity {self.intensity:.0%}")
        return lines

    def size(self, detail: int, style: Style) -> tuple[int, int]:
        """Width and height in pixels."""
        lines = self.lines(detail)
        height = round(style.capitals * 1.6) * len(lines) - round(style.capitals * 0.6) + 2 * style.pad
        if detail and self.share is not None:
            height += style.capitals
        return max(map(style.width_of, lines)) + 2 * style.pad, height

    def draw(self, picture: np.ndarray, place: Rect, detail: int, style: Style) -> None:
        """Draw it into its place: the first line, the bar of the emotion's probability, the other lines."""
        canvas.plate(picture, place)
        left, base = place[0] + style.pad, place[1] + style.pad + style.capitals
        for n, line in enumerate(self.lines(detail)):
            canvas.text(picture, line, (left, base), INK if n else self.colour, style)
            if n == 0 and detail and self.share is not None:
                top = base + round(style.capitals * 0.5)
                trough = (left, top, place[2] - style.pad, top + round(style.capitals * 0.6))
                canvas.bar(picture, trough, self.share, self.colour)
                base += style.capitals
            base += round(style.capitals * 1.6)


def draw_cards(
    picture: np.ndarray, tracks: Sequence[Track], rects: Sequence[Rect], keep: Sequence[Rect], style: Style
) -> None:
    """Boxes and cards on the canvas, in place. No card lies on another, or on one of the rectangles to keep free.

    The largest faces choose first. Each card says as much as there is room for: a crowd has boxes and short cards.

    Args:
        canvas: uint8 (H, W, 3) RGB.
        tracks: the faces.
        rects: their boxes in pixels of the canvas.
        keep: what is to be kept free.
        style: sizes; text has the height of its capitals.
    """
    cards = [Card.of(track) for track in tracks]
    for card, rect in zip(cards, rects, strict=True):
        canvas.frame(picture, rect, card.colour, style.line)
    order = sorted(range(len(cards)), key=lambda n: -canvas.area(rects[n]))
    taken, chosen = list(keep), dict.fromkeys(order, -1)
    places: dict[int, Rect] = {}
    # Everybody has a short card before anybody has a long one.
    for detail in (1, 2, 0):
        for n in order:
            if detail == 0 and n in places:
                continue
            others = [rect for rect in taken if rect != places.get(n)]
            place = _place(cards[n].size(detail, style), n, rects, others, picture.shape, style)
            if place is not None:
                taken, chosen[n], places[n] = [*others, place], detail, place
    for n, place in places.items():
        cards[n].draw(picture, place, chosen[n], style)


def _place(
    size: tuple[int, int], own: int, rects: Sequence[Rect], taken: Sequence[Rect], shape: Sequence[int], style: Style
) -> Rect | None:
    """Where a card goes: under, over or beside its face, or inside it where the face fills the picture; or None."""
    height, width = shape[:2]
    if size[0] > width or size[1] > height:
        return None
    left, top, right, bottom = rects[own]
    gap, middle = style.line + 2, (left + right - size[0]) // 2
    wanted = (
        (left, bottom + gap), (left, top - gap - size[1]), (middle, bottom + gap), (middle, top - gap - size[1]),
        (right + gap, top), (left - gap - size[0], top), (right + gap, bottom - size[1]),
        (left - gap - size[0], bottom - size[1]), (left + gap, bottom - gap - size[1]),
    )  # fmt: skip
    best: tuple[float, Rect] | None = None
    for rank, (x, y) in enumerate(wanted):
        place = canvas.into(x, y, size, width, height)
        if any(canvas.shared(place, rect) for rect in taken):
            continue
        hidden = [canvas.shared(place, rect) / max(1, canvas.area(rect)) for rect in rects]
        if hidden[own] > HIDES_OWN or any(share > HIDES_OTHER for n, share in enumerate(hidden) if n != own):
            continue
        cost = hidden[own] + 0.01 * rank
        if best is None or cost < best[0]:
            best = (cost, place)
    return best[1] if best else None
