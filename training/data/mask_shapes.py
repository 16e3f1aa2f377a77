"""Outlines of face masks from the points of a face, in whole units of 1/16 pixel (see training/data/raster.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from training.data.raster import UNIT, IntRng, ribbon, smooth

# The points that outlines are made of; a table of masked faces needs to keep no others.
NEEDED = (*range(17), 27, 28, 29, 30, 33, 36, 39, 40, 41, 42, 45, 46, 47, 51)


@dataclass(frozen=True, eq=False)
class Shape:
    """A mask's geometry, all int64 in units.

    Attributes:
        outline: (N, 2), closed.
        inner: (N, 2), the outline without its hem.
        straps: strokes (N, 2) over the skin beside the mask.
        origin, across, down: the mask's own axes: its middle, half of its width and half of its height.
    """

    outline: np.ndarray
    inner: np.ndarray
    straps: tuple[np.ndarray, ...]
    origin: np.ndarray
    across: np.ndarray
    down: np.ndarray


def shape(kind: str, points: np.ndarray, dice: IntRng, steps: int = 4) -> Shape:
    """The shape of a kind of mask on a face.

    Args:
        kind: one of SHAPES.
        points: whole pixels (68, 2), of which NEEDED are read.
        dice: moves the top, the sides and the chin a little.
        steps: pieces into which a curve between two corners is cut.
    """
    face = np.asarray(points, np.int64) * UNIT + UNIT // 2
    edges = SHAPES[kind](face, dice)
    outline = smooth(np.array(edges.upper + edges.lower), steps)
    across, down = (face[14] - face[2]) // 2, (face[8] - face[28]) // 2
    top = _mix(face[28], face[29], 32)
    origin = (top + face[8]) // 2
    inner = outline + (origin - outline) * edges.hem // 64
    straps = () if kind == "gaiter" else _straps(face, edges, dice)
    return Shape(outline, inner, straps, origin, across, down)


def _mix(start: np.ndarray, end: np.ndarray, part: int) -> np.ndarray:
    """The place `part` / 64 of the way from start to end."""
    return start + (end - start) * part // 64


def _top(face: np.ndarray, dice: IntRng, ear: int, cheek: int, dent: int = 20) -> list[np.ndarray]:
    """The upper edge, left to right: side, cheek, flank of the nose, bridge, flank, cheek, side.

    Args:
        face: the points in units.
        dice: moves the bridge.
        ear: how far inward from the jaw the edge begins, in 64ths of the way to the nose.
        cheek: how far below the eyes it passes, in 64ths of the way from the eye to the jaw.
        dent: how near the flanks lie to the bridge.
    """
    bridge = _mix(face[27], face[30], 24 + dice.within(-3, 14))
    lift = dice.within(-3, 3)
    left, right = _mix(_mix(face[1], face[2], 40), face[30], ear), _mix(_mix(face[15], face[14], 40), face[30], ear)
    left_cheek = _mix((face[40] + face[41]) // 2, face[5], cheek + lift)
    right_cheek = _mix((face[46] + face[47]) // 2, face[11], cheek + lift)
    flanks = _mix(bridge, left_cheek, dent), _mix(bridge, right_cheek, dent)
    return [left, left_cheek, flanks[0], bridge, flanks[1], right_cheek, right]


def _jaw(face: np.ndarray, first: int, puff: int, drop: int) -> list[np.ndarray]:
    """The lower edge, right to left, along the jaw from point 16 - first to point `first`.

    Args:
        face: the points in units.
        first: the jaw point that the edge ends at on the left.
        puff: 64ths by which it stands off (or, negative, stays inside), seen from the nose.
        drop: 64ths of the face's height by which it hangs below the chin.
    """
    down = face[8] - face[27]
    nose = face[33]
    edge = []
    for index in range(16 - first, first - 1, -1):
        hang = max(0, 4 - abs(index - 8))
        edge.append(face[index] + (face[index] - nose) * puff // 64 + down * drop * hang // (64 * 4))
    return edge


class _Edges(NamedTuple):
    """The upper edge from left to right, the lower one from right to left, and the hem in 64ths of the mask."""

    upper: list[np.ndarray]
    lower: list[np.ndarray]
    hem: int


def _surgical(face: np.ndarray, dice: IntRng) -> _Edges:
    upper = _top(face, dice, ear=5 + dice.within(0, 5), cheek=17)
    return _Edges(upper, _jaw(face, 3, dice.within(-2, 2), 2 + dice.within(0, 5)), 5)


def _below_nose(face: np.ndarray, dice: IntRng) -> _Edges:
    under = _mix(face[33], face[51], 16 + dice.within(-8, 24))
    left, right = _mix(face[3], face[33], 5), _mix(face[13], face[33], 5)
    upper = [left, _mix(left, under, 32), under, _mix(right, under, 32), right]
    return _Edges(upper, _jaw(face, 4, dice.within(-1, 2), 3 + dice.within(0, 6)), 5)


def _folded(face: np.ndarray, dice: IntRng) -> _Edges:
    upper = _top(face, dice, ear=11 + dice.within(0, 5), cheek=16, dent=16)
    jaw = _jaw(face, 3, -8 - dice.within(0, 4), 7 + dice.within(0, 5))
    # Flat folds hang straight from the cheek to a chin that is narrower than the jaw.
    return _Edges(upper, [jaw[0], jaw[2], *jaw[4:7], jaw[8], jaw[10]], 3)


def _cup(face: np.ndarray, dice: IntRng) -> _Edges:
    upper = _top(face, dice, ear=16 + dice.within(0, 5), cheek=15, dent=18)
    return _Edges(upper, _jaw(face, 3, -11 - dice.within(0, 3), 6 + dice.within(0, 4)), 5)


def _cloth(face: np.ndarray, dice: IntRng) -> _Edges:
    upper = _top(face, dice, ear=4 + dice.within(0, 5), cheek=14 + dice.within(0, 4), dent=24)
    return _Edges(upper, _jaw(face, 3, dice.within(0, 3), 3 + dice.within(0, 6)), 4)


def _gaiter(face: np.ndarray, dice: IntRng) -> _Edges:
    upper = _top(face, dice, ear=dice.within(0, 2), cheek=16 + dice.within(0, 4), dent=30)
    hang = (face[8] - face[27]) * (70 + dice.within(0, 20)) // 64
    jaw = _jaw(face, 3, 4, 0)
    return _Edges(upper, [*jaw[:3], jaw[2] + hang, face[8] + hang, jaw[-3] + hang, *jaw[-3:]], 2)


SHAPES: dict[str, Callable[[np.ndarray, IntRng], _Edges]] = {
    "surgical": _surgical,
    "folded": _folded,
    "n95": _cup,
    "cloth": _cloth,
    "pattern": _cloth,
    "below-nose": _below_nose,
    "valve": _cup,
    "gaiter": _gaiter,
}


def _straps(face: np.ndarray, edges: _Edges, dice: IntRng) -> tuple[np.ndarray, ...]:
    """Bands from the four corners to the ears; none on a side that is turned away."""
    width = max(UNIT // 2, int(np.abs(face[16] - face[0]).max()) // (34 + dice.within(0, 16)))
    up = (face[8] - face[27]) // 32
    sides = ((0, 2, edges.upper[0], edges.lower[-1]), (16, 14, edges.upper[-1], edges.lower[0]))
    straps = []
    for ear, lobe, upper, lower in sides:
        if not _turned_away(face, ear):
            outward = (face[ear] - face[33]) // 14
            straps.append(ribbon(np.array([upper, face[ear] + outward - up]), width))
            straps.append(ribbon(np.array([lower, _mix(face[ear], face[lobe], 40) + outward]), width))
    return tuple(straps)


def _turned_away(face: np.ndarray, ear: int) -> bool:
    near, far = (int(np.abs(face[side] - face[30]).sum()) for side in (ear, 16 - ear))
    return near * 3 < far
