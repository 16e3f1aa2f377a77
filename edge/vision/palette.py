"""Colours, RGB. Those of the emotions derive from Okabe and Ito's palette, which colour-blind people can tell apart.

On a plate each has a contrast of at least 4.5:1 (WCAG 2), whatever picture is below. Words and pictograms say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from edge.labels import Emotion

Colour = tuple[int, int, int]

INK = (255, 255, 255)
MUTED = (190, 190, 194)
# An emotion beside the seven, of a model of somebody's own.
OTHER = (202, 190, 160)
# A face without an emotion to show.
UNKNOWN = (160, 160, 160)
TROUGH = (84, 84, 90)
DARK = (18, 18, 22)
# A plate is an eighth of the picture below it, plus this.
GROUND = (14, 14, 17)
SHINE = 3  # bits by which the picture below a plate is darkened

EMOTION: Mapping[str, Colour] = MappingProxyType(
    {
        Emotion.ANGRY.label: (246, 114, 58),
        Emotion.DISGUST.label: (0, 172, 125),
        Emotion.FEAR.label: (214, 130, 178),
        Emotion.HAPPY.label: (240, 228, 66),
        Emotion.SAD.label: (86, 180, 233),
        Emotion.SURPRISE.label: (240, 165, 20),
        Emotion.NEUTRAL.label: (235, 235, 235),
    }
)


def of(label: str | None) -> Colour:
    """The colour of an emotion; sand for one beside the seven, grey for None."""
    return UNKNOWN if label is None else EMOTION.get(label, OTHER)
