"""Where captions go: each beside its face, on no other caption and on nobody's eyes. Pure geometry, whole pixels.

Everybody gets a small caption before anybody gets a larger one. A face without room beside it has its caption further
away, with a leader line; one without any room has a badge. No face goes without.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from edge.vision.canvas import Rect, area, eyes
from edge.vision.slots import (
    Pair,
    Point,
    Size,
    areas,
    as_array,
    as_rect,
    margin,
    near,
    nearest_sides,
    overlaps,
    ring_corners,
    shortest_line,
    slot_corners,
)  # fmt: skip


class Detail(IntEnum):
    """How much a caption says, and how much of other faces and of its own it may hide (their eyes never)."""

    BADGE = 0
    WORD = 1
    SHORT = 2
    FULL = 3


HIDES_OTHER = {Detail.BADGE: 0.15, Detail.WORD: 0.10, Detail.SHORT: 0.05, Detail.FULL: 0.02}
HIDES_OWN = {Detail.BADGE: 0.4, Detail.WORD: 0.3, Detail.SHORT: 0.25, Detail.FULL: 0.2}
CROWD = 60  # more faces than this have badges alone: a better arrangement would take too long
RINGS = 5  # around a face, on which a caption with a leader line is looked for
TRIES = 12  # so many of those places are tried
PROBES = np.linspace(0.05, 0.95, 16)  # points along a leader line that are checked
JOINTS = 4  # rectangles that stand for a leader line


@dataclass(frozen=True)
class Place:
    """Where a caption is drawn.

    Attributes:
        rect: its plate.
        detail: how much it says.
        leader: a line from the plate to the face, or None where it is beside the face.
    """

    rect: Rect
    detail: Detail
    leader: tuple[Point, Point] | None = None


@dataclass(frozen=True)
class Seat:
    """Where a caption was, seen from its face, and how much it said.

    Attributes:
        across, down: from a side of the face to a side of the caption, those that are nearest: so a caption below a
            face that comes closer stays below it.
        sides: which: indices into the face and into the caption, first across, then down.
    """

    across: int
    down: int
    sides: tuple[Pair, Pair]
    detail: Detail
    leader: bool

    @classmethod
    def of(cls, place: Place, face: Rect) -> Seat:
        """The seat of a place."""
        x, y = (nearest_sides(face, place.rect, axis) for axis in (0, 1))
        across, down = (place.rect[plate] - face[side] for side, plate in (x, y))
        return cls(across, down, (x, y), place.detail, place.leader is not None)

    def corner(self, face: Rect, size: Size) -> Point:
        """The left upper corner of a caption of that size on this seat."""
        (x, plate_x), (y, plate_y) = self.sides
        left, top = face[x] + self.across, face[y] + self.down
        return left - (size[0] if plate_x == 2 else 0), top - (size[1] if plate_y == 3 else 0)


@functools.lru_cache(maxsize=8)
def arrange(
    faces: tuple[Rect, ...],
    sizes: tuple[tuple[Size, ...], ...],
    bounds: Size,
    keep: tuple[Rect, ...] = (),
    gap: int = 4,
    before: tuple[Seat | None, ...] = (),
) -> tuple[Place, ...]:
    """A place for each caption.

    Args:
        faces: the outlines of the faces, in pixels of the picture.
        sizes: for each face the width and height of its caption by Detail; what is not given is not used.
        bounds: width and height of the picture.
        keep: what no caption may cover.
        gap: between a face and its caption, pixels.
        before: for each face where its caption was in the last picture, if anywhere: it stays there if it can, so that
            captions do not jump when faces move a little.

    Returns:
        As many places as faces. A badge that has no room at all lies where it hides least.
    """
    board = _Board(faces, bounds, keep, gap)
    # The largest first; sizes that differ by a little do not change the order from frame to frame.
    order = sorted(range(len(faces)), key=lambda n: (-int(np.log2(max(1, area(faces[n])))), n))
    if len(faces) > CROWD:
        board.badges(order, sizes, rings=0)
        return tuple(board.places[n] for n in range(len(faces)))
    for n, seat in enumerate(before):
        if seat is not None and seat.detail < len(sizes[n]):
            board.stay(n, seat, sizes[n][seat.detail])
    for n in order:
        if n not in board.places and len(sizes[n]) > Detail.WORD:
            board.beside(n, Detail.WORD, sizes[n][Detail.WORD])
    for n in order:
        if n not in board.places and len(sizes[n]) > Detail.WORD:
            board.away(n, Detail.WORD, sizes[n][Detail.WORD], rings=2)
    if not board.badges(order, sizes, rings=RINGS):
        # Words took the room of somebody's badge: badges for all come first, then words where they still fit.
        board = _Board(faces, bounds, keep, gap)
        board.badges(order, sizes, rings=RINGS)
    for detail in (Detail.WORD, Detail.SHORT, Detail.FULL):
        for n in order:
            place = board.places[n]
            if len(sizes[n]) > detail == place.detail + 1 and place.leader is None:
                # With some room to spare, so that it need not shrink again in the next picture.
                board.beside(n, detail, sizes[n][detail], spare=2 * gap)
    return tuple(board.places[n] for n in range(len(faces)))


class _Board:
    """The picture while captions are placed on it."""

    def __init__(self, faces: Sequence[Rect], bounds: Size, keep: Sequence[Rect], gap: int) -> None:
        self.places: dict[int, Place] = {}
        self._rects, self._bounds, self._gap = faces, bounds, gap
        self._faces = as_array(faces)
        self._areas = np.maximum(1, areas(self._faces))
        self._eyes = as_array([eyes(face) for face in faces])
        # What no caption may cover: what is kept free, then a caption and a leader line for each face.
        self._taken = as_array([*keep, *[(0, 0, 0, 0)] * ((1 + JOINTS) * len(faces))])
        self._kept = len(keep)

    def stay(self, n: int, seat: Seat, size: Size) -> bool:
        """Put face n's caption where it was, seen from the face, if it can stay there; whether it does."""
        found = self._clipped([seat.corner(self._rects[n], size)], size)
        cost = self._costs(n, seat.detail, found, np.zeros(len(found)))
        return self._first(n, seat.detail, found, cost, seat.leader)

    def beside(self, n: int, detail: Detail, size: Size, spare: int = 0) -> bool:
        """Put face n's caption beside it, if it fits; whether it does."""
        found = self._clipped(slot_corners(self._rects[n], size, self._gap), size)
        cost = self._costs(n, detail, found, np.arange(len(found)) * 0.01, spare)
        return self._first(n, detail, found, cost)

    def away(self, n: int, detail: Detail, size: Size, rings: int = RINGS) -> bool:
        """Put it further away, with a leader line."""
        found = self._clipped(ring_corners(self._rects[n], size, self._gap, rings), size)
        nearer = np.linalg.norm((found[:, :2] + found[:, 2:] - self._faces[n, :2] - self._faces[n, 2:]) / 2, axis=1)
        return self._first(n, detail, found, self._costs(n, detail, found, 0.002 * nearer), leader=True)

    def badges(self, order: Sequence[int], sizes: Sequence[Sequence[Size]], rings: int) -> bool:
        """Badges for all who have nothing yet; whether there was room for them."""
        rest = [n for n in order if n not in self.places]
        rest = [n for n in rest if not self.beside(n, Detail.BADGE, sizes[n][Detail.BADGE])]
        rest = [n for n in rest if not (rings and self.away(n, Detail.BADGE, sizes[n][Detail.BADGE], rings))]
        for n in rest:
            self.force(n, sizes[n][Detail.BADGE])
        return not rest

    def force(self, n: int, size: Size) -> None:
        """Put a badge where it hides least, though there is no room; in a crowd, too, only a few faces come to this."""
        slots = [*slot_corners(self._rects[n], size, self._gap), *ring_corners(self._rects[n], size, self._gap, RINGS)]
        found = self._clipped(slots, size, always=True)
        taken, seen = (overlaps(found, each[near(each, found)]).sum(axis=1) for each in (self._taken, self._eyes))
        # On another caption rather than on somebody's eyes.
        cost = (taken + 20 * seen) / max(1, size[0] * size[1]) + 0.01 * np.arange(len(found))
        rect = as_rect(found[int(np.argmin(cost))])
        (x, y), (face_x, face_y) = ends = shortest_line(rect, self._rects[n])
        apart = max(abs(x - face_x), abs(y - face_y)) > 2 * self._gap
        self._put(n, Place(rect, Detail.BADGE, ends if apart else None))

    def _costs(self, n: int, detail: Detail, found: np.ndarray, cost: np.ndarray, spare: int = 0) -> np.ndarray:
        """What each rectangle would cost, by what it hides; infinite where it, or what is around it, must be free."""
        if not len(found):
            return cost
        # Of a crowd only those count that are near enough.
        close = near(self._faces, found, 2 * self._gap)
        close[n] = False
        own = overlaps(found, self._faces[n : n + 1])[:, 0] / self._areas[n]
        hidden = overlaps(found, self._faces[close]) / self._areas[close]
        others = hidden.max(axis=1, initial=0.0)
        obstacles = np.concatenate((self._others(n), self._eyes[close], self._eyes[n : n + 1]))
        bad = overlaps(found + margin(spare), obstacles[near(obstacles, found, spare)]).any(axis=1)
        bad |= (others > HIDES_OTHER[detail]) | (own > HIDES_OWN[detail])
        # One that touches another face, too, might be taken for that one's.
        unclear = overlaps(found + margin(2 * self._gap), self._faces[close]).any(axis=1) * 0.05
        return np.where(bad, np.inf, cost + 0.5 * own + 4 * others + unclear)

    def _first(self, n: int, detail: Detail, found: np.ndarray, cost: np.ndarray, leader: bool = False) -> bool:
        """Take the cheapest rectangle, with a leader line the cheapest whose line crosses nothing; whether one is."""
        for index in np.argsort(cost, kind="stable")[: TRIES if leader else 1]:
            if not np.isfinite(cost[index]):
                return False
            rect = as_rect(found[index])
            ends = shortest_line(rect, self._rects[n])
            if not leader or not self._blocked(n, ends):
                self._put(n, Place(rect, detail, ends if leader else None))
                return True
        return False

    def _blocked(self, n: int, ends: tuple[Point, Point]) -> bool:
        """Whether a leader line crosses somebody else's eyes, a caption or another line, or has no length."""
        first, last = np.array(ends)
        probes = first + PROBES[:, None] * (last - first)
        obstacles = np.concatenate((self._eyes[:n], self._eyes[n + 1 :], self._others(n)))
        within = (probes[:, None] >= obstacles[None, :, :2]) & (probes[:, None] < obstacles[None, :, 2:])
        return bool((first == last).all() or within.all(axis=2).any())

    def _put(self, n: int, place: Place) -> None:
        self.places[n] = place
        mine = self._mine(n)
        mine[:] = 0
        mine[0] = place.rect
        if place.leader is not None:
            first, last = np.array(place.leader)
            joints = np.round(first + np.linspace(0, 1, JOINTS + 1)[:, None] * (last - first)).astype(int)
            mine[1:, :2] = np.minimum(joints[:-1], joints[1:]) - 1
            mine[1:, 2:] = np.maximum(joints[:-1], joints[1:]) + 2

    def _mine(self, n: int) -> np.ndarray:
        first = self._kept + n * (1 + JOINTS)
        return self._taken[first : first + 1 + JOINTS]

    def _others(self, n: int) -> np.ndarray:
        """What is kept free, and the other faces' captions and leader lines."""
        first = self._kept + n * (1 + JOINTS)
        return np.concatenate((self._taken[:first], self._taken[first + 1 + JOINTS :]))

    def _clipped(self, corners: Sequence[Point], size: Size, always: bool = False) -> np.ndarray:
        """Rectangles of a size at these corners, pushed into the picture; none where they are larger than it."""
        width, height = self._bounds
        if not always and (size[0] > width or size[1] > height):
            return np.empty((0, 4), int)
        found = np.array(corners, int)
        found = np.maximum(0, np.minimum(found, (width - size[0], height - size[1])))
        return np.concatenate((found, found + size), axis=1)
