"""A small face for each emotion, drawn by parameters: brows, eyes and mouth on a disc of the emotion's colour.

A face with a mask wears one here, too. An emotion beside the seven is its first letter; "?" stands for unsure, a face
far away for too small, "…" for not judged yet.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np

from edge.labels import Emotion
from edge.vision import lettering, palette
from edge.vision.canvas import Stamp
from edge.vision.palette import DARK, Colour

SCALE = 8  # drawn so many times larger, then made smaller by the mean of the pixels
CLOTH, PLEAT = (236, 242, 246), (130, 150, 165)


@dataclass(frozen=True)
class Look:
    """What a face does, in radii of the disc.

    Attributes:
        brow: height of the brows' inner and outer ends above the disc's middle; None: no brows.
        eye: half the height of an open eye; 0: closed by a smile.
        mouth: how far the mouth's middle hangs below its ends: positive smiles, negative frowns.
        width: half the mouth's width.
        open: how far the mouth is open.
        wave: height of a wave along the mouth.
    """

    brow: tuple[float, float] | None = None
    eye: float = 0.13
    mouth: float = 0.0
    width: float = 0.42
    open: float = 0.0
    wave: float = 0.0


LOOKS: Mapping[str, Look] = MappingProxyType(
    {
        Emotion.ANGRY.label: Look(brow=(0.26, 0.56), mouth=-0.24),
        Emotion.DISGUST.label: Look(brow=(0.32, 0.44), eye=0.07, mouth=-0.12, wave=0.10),
        Emotion.FEAR.label: Look(brow=(0.66, 0.46), eye=0.19, width=0.34, open=0.13, wave=0.05),
        Emotion.HAPPY.label: Look(eye=0.0, mouth=0.36, width=0.52, open=0.34),
        Emotion.SAD.label: Look(brow=(0.60, 0.36), eye=0.11, mouth=-0.24, width=0.36),
        Emotion.SURPRISE.label: Look(brow=(0.68, 0.64), eye=0.19, width=0.20, open=0.30),
        Emotion.NEUTRAL.label: Look(),
    }
)


@functools.lru_cache(maxsize=128)
def face(emotion: str, masked: bool, diameter: int) -> Stamp:
    """The pictogram of an emotion, `diameter` pixels wide; with a mask over its mouth if `masked`."""
    disc = _Disc(palette.of(emotion), diameter)
    look = LOOKS.get(emotion)
    if look is None and not masked:
        disc.letters(emotion[:1].upper())
        return disc.stamp()
    disc.eyes(look or LOOKS[Emotion.NEUTRAL.label])
    if masked:
        disc.mask()
    elif look is not None:
        disc.mouth(look)
    return disc.stamp()


@functools.lru_cache(maxsize=64)
def unknown(reason: str | None, masked: bool, diameter: int) -> Stamp:
    """The pictogram of a face without an emotion to show; `reason` as of edge.face.Track."""
    disc = _Disc(palette.UNKNOWN, diameter)
    if masked:
        disc.eyes(LOOKS[Emotion.NEUTRAL.label])
        disc.mask()
    elif reason == "too-small":
        disc.small_face()
    else:
        disc.letters("?" if reason == "unsure" else "…")
    return disc.stamp()


@functools.lru_cache(maxsize=256)
def number(value: int, colour: Colour, diameter: int) -> Stamp:
    """A number on a disc."""
    disc = _Disc(colour, diameter)
    disc.letters(str(value))
    return disc.stamp()


class _Disc:
    """A disc that is drawn on, SCALE times as large as it will be."""

    def __init__(self, colour: Colour, diameter: int) -> None:
        self._side = max(4, diameter) * SCALE
        self._middle, self._radius = self._side / 2, self._side * 0.47
        self._pixels = np.empty((self._side, self._side, 3), np.uint8)
        self._pixels[:] = DARK
        self._round(0, 0, 0.9, 0.9, colour)

    def stamp(self) -> Stamp:
        """The disc with its dark rim, in its own size."""
        alpha = np.zeros((self._side, self._side), np.uint8)
        cv2.circle(alpha, self._at(0, 0), round(self._radius), 255, -1)
        size = (self._side // SCALE, self._side // SCALE)
        image, small = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (self._pixels, alpha))
        return Stamp.of(image, small)

    def eyes(self, look: Look) -> None:
        """Eyes and brows."""
        for side in (-1, 1):
            if look.eye:
                self._round(0.32 * side, 0.14, 0.11, look.eye, DARK)
            else:
                self._line([(0.34 * side + x, 0.26 - 6.0 * x * x) for x in np.linspace(-0.18, 0.18, 9)], 0.12)
            if look.brow is not None:
                inner, outer = look.brow
                self._line([(0.16 * side, inner), (0.50 * side, outer)], 0.13)

    def mouth(self, look: Look) -> None:
        """A curve, or an open mouth."""
        x = np.linspace(-1.0, 1.0, 33)
        wave = look.wave * np.sin(x * 2.5 * np.pi)
        upper = -0.32 + look.mouth * (x * x - 0.5) + wave
        if not look.open:
            self._line(list(zip(look.width * x, upper, strict=True)), 0.13)
            return
        # The upper lip of a smile is nearly straight; other mouths open to both sides.
        lower = upper - look.open * np.sqrt(1.0 - x * x)
        top = np.full_like(x, -0.2) if look.mouth > 0 else upper + look.open * np.sqrt(1.0 - x * x)
        outline = [*zip(look.width * x, top, strict=True), *zip(look.width * x[::-1], lower[::-1], strict=True)]
        cv2.fillPoly(self._pixels, [np.array([self._at(*point) for point in outline], np.int32)], DARK)

    def mask(self) -> None:
        """A medical mask with its straps."""
        for side in (-1, 1):
            self._line([(0.55 * side, 0.0), (0.92 * side, 0.16)], 0.08)
        cloth = [(-0.6, 0.0), (-0.25, -0.02), (0.0, 0.06), (0.25, -0.02), (0.6, 0.0)]
        cloth += [(0.52, -0.5), (0.25, -0.74), (-0.25, -0.74), (-0.52, -0.5)]
        points = np.array([self._at(*point) for point in cloth], np.int32)
        cv2.fillPoly(self._pixels, [points], CLOTH)
        cv2.polylines(self._pixels, [points], True, DARK, self._thick(0.07))
        for height in (-0.26, -0.46):
            self._line([(-0.36, height), (0.36, height)], 0.06, PLEAT)

    def small_face(self) -> None:
        """A face that is far away."""
        self._round(0, 0, 0.42, 0.42, DARK)
        self._round(0, 0, 0.30, 0.30, palette.UNKNOWN)
        for side in (-1, 1):
            self._round(0.12 * side, 0.04, 0.07, 0.07, DARK)

    def letters(self, text: str) -> None:
        """Text in the middle."""
        style = lettering.Style(round(self._radius * (0.95 if len(text) < 2 else 0.7)))
        left = round(self._middle - style.width_of(text) / 2)
        base = self._middle + style.capitals / 2 if text != "…" else self._middle + style.capitals / 10
        lettering.write(self._pixels, text, (left, round(base)), DARK, style)

    def _at(self, x: float, y: float) -> tuple[int, int]:
        """Radii from the middle, y upwards, in pixels."""
        return round(self._middle + x * self._radius), round(self._middle - y * self._radius)

    def _thick(self, width: float) -> int:
        return max(1, round(width * self._radius))

    def _round(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        axes = (max(1, round(width * self._radius)), max(1, round(height * self._radius)))
        cv2.ellipse(self._pixels, self._at(x, y), axes, 0, 0, 360, colour, -1)

    def _line(self, points: list[tuple[float, float]], width: float, colour: Colour = DARK) -> None:
        drawn = np.array([self._at(*point) for point in points], np.int32)
        cv2.polylines(self._pixels, [drawn], False, colour, self._thick(width))
