"""Who the drawn people are, and what their faces can do."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from edge.demo.brush import Colour

EXPRESSIONS = Path(__file__).resolve().parent / "expressions.json"


@dataclass(frozen=True)
class Expression:
    """What a face does.

    Attributes:
        brow_inner, brow_outer: how far the brows' ends are raised, units.
        eye: half the height of an open eye, units.
        squint: how far the lower lid is raised, 0-1.
        mouth: how far the corners are raised above the middle of the mouth, units; negative: they hang.
        width: half the mouth's width, units.
        open: how far the mouth is open, units.
        teeth: how much of the open mouth the upper teeth fill, 0-1.
        crease: how strong the folds from nose to mouth are, 0-1.
        frown: how strong the lines between the brows are, 0-1.
    """

    brow_inner: float = 0.0
    brow_outer: float = 0.0
    eye: float = 12.0
    squint: float = 0.0
    mouth: float = 1.0
    width: float = 34.0
    open: float = 0.0
    teeth: float = 0.5
    crease: float = 0.15
    frown: float = 0.0

    def towards(self, other: Expression, share: float) -> Expression:
        """The expression on the way to another one: 0 is this one, 1 the other."""
        names = [entry.name for entry in fields(self)]
        return Expression(*(getattr(self, name) * (1 - share) + getattr(other, name) * share for name in names))


@dataclass(frozen=True)
class Person:
    """Whose face it is.

    Attributes:
        skin, hair, iris, shirt: colours, RGB.
        cut: "short", "long" or "bun".
        cheek: half the width of the head, units.
        brow: thickness of the brows, units.
        lips: colour of the lips, RGB.
    """

    skin: Colour
    hair: Colour
    iris: Colour
    shirt: Colour
    lips: Colour
    cut: str = "short"
    cheek: float = 104.0
    brow: float = 9.0


CAST = (
    Person(skin=(236, 196, 170), hair=(92, 58, 36), iris=(96, 132, 92), shirt=(60, 96, 150), lips=(196, 112, 104)),
    Person((196, 140, 104), (34, 26, 26), (86, 56, 36), (176, 70, 70), (166, 78, 76), cut="long", cheek=98, brow=8),
    Person((128, 84, 60), (28, 22, 22), (62, 38, 26), (80, 140, 110), (120, 62, 58), cut="bun", cheek=100, brow=8),
)


@functools.cache
def expressions() -> Mapping[str, Expression]:
    """What the bundled models read as an emotion, by its name; found by `python -m docs.tools.expressions`."""
    found = json.loads(EXPRESSIONS.read_text(encoding="utf-8"))
    return {name: Expression(**values) for name, values in found.items()}
