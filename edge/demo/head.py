"""People who do not exist: heads drawn by code, whose brows, eyes and mouths are parameters."""

from __future__ import annotations

import functools

import numpy as np

from edge.demo import features
from edge.demo.brush import HEIGHT, WIDTH, Canvas, Points, curve, ellipse
from edge.demo.people import Expression, Person
from edge.vision.canvas import Stamp

MIDDLE = WIDTH / 2
CLOTH, STRAP = (150, 192, 220), (232, 236, 238)


@functools.lru_cache(maxsize=64)
def head(person: Person, expression: Expression, masked: bool = False, height: int = HEIGHT) -> Stamp:
    """A head with neck and shoulders, to be put on a picture; `height` pixels high, 5/6 as wide."""
    canvas = Canvas(height)
    _behind(canvas, person)
    _body(canvas, person)
    _skin(canvas, person)
    features.eyes(canvas, person, expression)
    features.nose(canvas)
    features.mouth(canvas, person, expression)
    features.folds(canvas, expression)
    features.brows(canvas, person, expression)
    _fringe(canvas, person)
    if masked:
        _mask(canvas)
    return canvas.stamp()


def _outline(person: Person) -> Points:
    """The face from temple to chin and back."""
    c = person.cheek
    half = [(-c * 0.93, 150), (-c, 205), (-c * 0.96, 260), (-c * 0.78, 312), (-c * 0.42, 348)]
    right = [(-x, y) for x, y in reversed(half)]
    top = [(c * 0.72, 100), (0, 72), (-c * 0.72, 100)]
    points = [*half, (0, 360), *right, *top, half[0]]
    return curve(*((MIDDLE + x, y) for x, y in points))


def _behind(canvas: Canvas, person: Person) -> None:
    """Hair behind the head."""
    c = person.cheek
    if person.cut == "long":
        points = curve(
            (MIDDLE - c - 18, 200),
            (MIDDLE - c * 0.8, 85),
            (MIDDLE, 42),
            (MIDDLE + c * 0.8, 85),
            (MIDDLE + c + 18, 200),
            (MIDDLE + c + 24, 330),
            (MIDDLE + c - 2, 412),
            (MIDDLE, 380),
            (MIDDLE - c + 2, 412),
            (MIDDLE - c - 24, 330),
            (MIDDLE - c - 18, 200),
        )
    else:
        if person.cut == "bun":
            canvas.paint(person.hair, canvas.area(ellipse(MIDDLE, 44, 42, 36)))
            canvas.shade(0.8, canvas.path(ellipse(MIDDLE, 66, 30, 16, 180, 360), 5, 3))
        points = ellipse(MIDDLE, 150, c + 12, 100)
    canvas.paint(person.hair, canvas.area(points))


def _body(canvas: Canvas, person: Person) -> None:
    """Neck and shoulders."""
    shirt = curve((-20, 490), (20, 440), (120, 405), (MIDDLE, 425), (280, 405), (380, 440), (420, 490))
    skin = np.array(person.skin)
    canvas.paint(person.skin, canvas.area([(148, 300), (252, 300), (258, 400), (290, 430), (110, 430), (142, 400)]))
    canvas.shade(
        0.66, canvas.area(ellipse(MIDDLE, 352, 78, 40), 10).inside(canvas.area(ellipse(MIDDLE, 390, 60, 60), 6))
    )
    canvas.paint(person.shirt, canvas.area([*shirt, (420, 500), (-20, 500)]))
    canvas.paint(tuple(int(v) for v in skin * 0.95), canvas.area(ellipse(MIDDLE, 402, 52, 30)))
    canvas.shade(0.72, canvas.area(ellipse(MIDDLE, 376, 56, 24), 9).inside(canvas.area(ellipse(MIDDLE, 402, 52, 30))))
    canvas.shade(0.82, canvas.path(ellipse(MIDDLE, 402, 54, 32, 0, 180), 4, 2))


def _skin(canvas: Canvas, person: Person) -> None:
    """Ears and the face, rounded by light from the upper left."""
    c = person.cheek
    for side in (-1, 1):
        ear = canvas.area(ellipse(MIDDLE + side * (c + 3), 222, 15, 32))
        canvas.paint(tuple(int(v * 0.93) for v in person.skin), ear)
        canvas.shade(0.75, canvas.area(ellipse(MIDDLE + side * (c + 4), 222, 7, 20), 4).inside(ear))
    face = canvas.area(_outline(person))
    light = 1.10 - 0.30 * np.clip(canvas.away(face, 178, 190, 128, 178), 0, 1.4)
    skin = np.asarray(person.skin, np.float32) * light[..., None]
    canvas.paint(skin, face)
    for side in (-1, 1):
        canvas.shade(0.84, canvas.area(ellipse(MIDDLE + side * 46, 208, 36, 22), 11).inside(face))
        blush = canvas.area(ellipse(MIDDLE + side * 60, 268, 26, 18), 11).inside(face)
        canvas.paint((214, 92, 84), blush, 0.22)
        canvas.shade(1.06, canvas.area(ellipse(MIDDLE + side * 58, 252, 22, 12), 9).inside(face))
        canvas.shade(0.90, canvas.area(ellipse(MIDDLE + side * 86, 300, 20, 44), 14).inside(face))
    canvas.shade(1.06, canvas.area(ellipse(188, 130, 50, 24), 16).inside(face))
    canvas.shade(1.07, canvas.area(ellipse(196, 342, 20, 10), 7).inside(face))
    canvas.shade(0.88, canvas.path(ellipse(MIDDLE, 324, 26, 8, 200, 340), 6, 5).inside(face))


def _fringe(canvas: Canvas, person: Person) -> None:
    """Hair in front of the head."""
    c = person.cheek
    left, right = MIDDLE - c, MIDDLE + c
    if person.cut == "long":
        points = curve(
            (left - 8, 226),
            (left + 4, 150),
            (MIDDLE - 30, 108),
            (MIDDLE + 30, 92),
            (right - 22, 128),
            (right + 8, 226),
            (right + 16, 150),
            (right - 20, 72),
            (MIDDLE, 40),
            (left + 20, 72),
            (left - 16, 150),
            (left - 8, 226),
        )
    elif person.cut == "bun":
        points = curve(
            (left - 4, 205),
            (left + 14, 138),
            (MIDDLE - 40, 104),
            (MIDDLE, 98),
            (MIDDLE + 40, 104),
            (right - 14, 138),
            (right + 4, 205),
            (right + 8, 140),
            (right - 28, 76),
            (MIDDLE, 54),
            (left + 28, 76),
            (left - 8, 140),
            (left - 4, 205),
        )
    else:
        points = curve(
            (left - 3, 196),
            (left + 10, 150),
            (left + 26, 122),
            (MIDDLE - 20, 116),
            (MIDDLE + 36, 98),
            (right - 18, 120),
            (right - 8, 150),
            (right + 3, 196),
            (right + 11, 130),
            (right - 22, 66),
            (MIDDLE + 10, 42),
            (left + 24, 62),
            (left - 12, 130),
            (left - 3, 196),
        )
    cover = canvas.area(points)
    canvas.shade(0.80, canvas.area([(x, y + 7) for x, y in points], 6).outside(cover))
    canvas.paint(person.hair, cover)
    canvas.shade(1.35, canvas.path(ellipse(MIDDLE - 14, 150, c * 0.8, 84, 215, 300), 12, 9).inside(cover))


def _mask(canvas: Canvas) -> None:
    """A medical mask over nose and mouth."""
    cloth = curve(
        (112, 246),
        (150, 246),
        (180, 234),
        (MIDDLE, 228),
        (220, 234),
        (250, 246),
        (288, 246),
        (284, 290),
        (262, 334),
        (228, 362),
        (MIDDLE, 368),
        (172, 362),
        (138, 334),
        (116, 290),
        (112, 246),
    )
    for side in (-1, 1):
        for y, end in ((248, 206), (300, 246)):
            canvas.paint(STRAP, canvas.path([(MIDDLE + side * 84, y), (MIDDLE + side * 104, end)], 3.2, 0.6))
    cover = canvas.area(cloth)
    canvas.shade(0.8, canvas.area(cloth, 5).outside(cover))
    light = 1.08 - 0.34 * np.clip(canvas.away(cover, 186, 280, 112, 120), 0, 1.2)
    canvas.paint(np.array(CLOTH, np.float32) * light[..., None], cover)
    for level, wide in ((268, 78), (292, 76), (316, 64)):
        fold = curve((MIDDLE - wide, level), (MIDDLE, level + 6), (MIDDLE + wide, level))
        canvas.shade(0.80, canvas.path(fold, 3, 1.6).inside(cover))
    canvas.shade(0.86, canvas.path(cloth, 2.5, 0.8).inside(cover))
