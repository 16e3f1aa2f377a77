"""What moves in a drawn face: eyes, mouth, folds and brows; and the nose between them."""

from __future__ import annotations

import numpy as np

from edge.demo.brush import WIDTH, Canvas, Points, curve, ellipse
from edge.demo.people import Expression, Person

MIDDLE = WIDTH / 2
DEEP, TONGUE, TEETH = (58, 16, 20), (176, 72, 76), (234, 230, 222)


def eyes(canvas: Canvas, person: Person, e: Expression) -> None:
    """Both eyes, with their lids."""
    for side in (-1, 1):
        x, y, half = MIDDLE + side * 45, 214.0, 25.0
        low = e.eye * 0.8 * (1 - e.squint)
        upper = curve(
            (x - half, y + 2), (x - half * 0.45, y - e.eye * 0.92), (x + half * 0.3, y - e.eye), (x + half, y)
        )
        lower = curve((x + half, y), (x + half * 0.35, y + low), (x - half * 0.4, y + low), (x - half, y + 2))
        if side < 0:
            upper = [(2 * x - px, py) for px, py in upper]
            lower = [(2 * x - px, py) for px, py in lower]
        canvas.shade(0.80, canvas.area([*upper, *lower], 6))
        white = canvas.area([*upper, *lower])
        canvas.paint((240, 238, 234), white)
        centre = (x - side * 1, y - 1)
        canvas.paint(tuple(int(v * 0.45) for v in person.iris), canvas.area(ellipse(*centre, 12.5, 12.5)).inside(white))
        canvas.paint(person.iris, canvas.area(ellipse(*centre, 10.5, 10.5), 1).inside(white))
        canvas.paint((14, 12, 12), canvas.area(ellipse(*centre, 5.4, 5.4)).inside(white))
        canvas.shade(0.62, canvas.path(upper, 7, 3).inside(white))
        canvas.paint((255, 255, 255), canvas.area(ellipse(centre[0] - 4, centre[1] - 4.5, 2.6, 2.6)).inside(white))
        canvas.paint((38, 26, 24), canvas.path(upper, 3.6, 0.6))
        canvas.shade(0.62, canvas.path(lower, 2.0, 0.8))
        lid = [(px, py - 6.0 - 0.18 * e.eye) for px, py in upper][8:-6]
        canvas.shade(0.72, canvas.path(lid, 2.4, 1.3))
        if e.squint > 0.1:
            bag = [(px, py + 6) for px, py in lower][6:-6]
            canvas.shade(1 - 0.3 * e.squint, canvas.path(bag, 2.4, 1.6))


def nose(canvas: Canvas) -> None:
    """Bridge, tip and nostrils."""
    canvas.shade(1.10, canvas.path([(197, 196), (196, 258)], 11, 5))
    canvas.shade(0.86, canvas.path([(214, 206), (213, 250), (222, 268)], 7, 5))
    canvas.shade(0.92, canvas.path([(184, 206), (183, 250), (176, 268)], 5, 5))
    canvas.shade(1.12, canvas.area(ellipse(197, 263, 9, 7), 4))
    canvas.shade(0.74, canvas.path(curve((172, 270), (180, 280), (200, 284), (220, 280), (228, 270)), 5, 3.2))
    for side in (-1, 1):
        canvas.shade(0.50, canvas.area(ellipse(MIDDLE + side * 12, 278, 6.5, 3.4), 1.6))
        canvas.shade(
            0.80,
            canvas.path(
                ellipse(MIDDLE + side * 22, 269, 9, 11, -90 if side > 0 else 90, 90 if side > 0 else 270), 2.6, 1.8
            ),
        )
    canvas.shade(0.88, canvas.path([(200, 286), (200, 296)], 9, 4))


def mouth(canvas: Canvas, person: Person, e: Expression) -> None:
    """The mouth, with teeth and tongue if it is open."""
    y = 312.0
    t = np.linspace(-1, 1, 41)
    corner = y - e.mouth * 0.6
    bend = e.mouth
    x = MIDDLE + e.width * t
    # A smile lowers the middle, a frown raises it; the upper lip of an open smile is nearly straight.
    line = corner + bend * (1 - t * t)
    smile = float(np.clip((e.mouth - 2) / 6, 0, 1))
    rise = 0.42 - 0.27 * smile
    arch = np.sqrt(np.clip(1 - np.abs(t) ** 2.2, 0, 1))
    top = line - e.open * rise * arch - 0.35 * smile * bend * (1 - t * t) * min(1.0, e.open / 14)
    bottom = line + e.open * (1 - rise) * arch
    cupid = 8.0 - 1.6 * np.cos(np.clip(t * 6, -np.pi, np.pi))
    upper = top - (1 - t * t) ** 0.7 * cupid * (1 - 0.1 * smile)
    lower = bottom + (1 - t * t) ** 0.6 * 10.0
    canvas.shade(0.80, canvas.path(_line(x, lower + 6)[8:-8], 6, 4))
    canvas.paint(person.lips, canvas.area(_between(x, upper, lower), 0.8), 0.9)
    canvas.shade(1.16, canvas.path(_line(x, bottom + 4.5)[12:-14], 3.5, 2.2))
    if e.open > 1.5:
        inside = canvas.area(_between(x, top, bottom))
        canvas.paint(DEEP, inside)
        tongue = canvas.area(ellipse(MIDDLE, bottom.max() + 2, e.width * 0.55, e.open * 0.36), 2)
        canvas.paint(TONGUE, tongue.inside(inside))
        teeth = canvas.area(_between(x, top, top + (bottom - top) * e.teeth), 0.7).inside(inside)
        canvas.paint(TEETH, teeth)
        canvas.shade(1.0 - 0.35 * np.clip(canvas.away(teeth, MIDDLE, 312, 48, 60), 0, 1), teeth)
        canvas.shade(0.6, canvas.path(_line(x, top), 3, 2).inside(inside))
    else:
        canvas.paint(DEEP, canvas.path(_line(x, line), 3.0, 0.9), 0.85)
    for side in (-1, 1):
        canvas.shade(0.70, canvas.area(ellipse(MIDDLE + side * (e.width + 1), corner, 4, 4), 2.4))


def _line(x: np.ndarray, y: np.ndarray) -> Points:
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _between(x: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> Points:
    return [*_line(x, upper), *_line(x[::-1], lower[::-1])]


def folds(canvas: Canvas, e: Expression) -> None:
    """From nose to mouth, between the brows and on the forehead."""
    for side in (-1, 1):
        fold = curve(
            (MIDDLE + side * 30, 272),
            (MIDDLE + side * (e.width * 0.6 + 26), 290),
            (MIDDLE + side * (e.width + 14), 318),
        )
        canvas.shade(1 - 0.42 * e.crease, canvas.path(fold, 4.0, 2.2))
        if e.frown > 0:
            line = [(MIDDLE + side * 8, 178), (MIDDLE + side * 10, 200)]
            canvas.shade(1 - 0.55 * e.frown, canvas.path(line, 3.4, 1.8))
    raised = max(0.0, min(1.0, (e.brow_inner + e.brow_outer) / 30))
    for height in (118, 131, 144):
        canvas.shade(
            1 - 0.20 * raised, canvas.path(curve((150, height + 3), (MIDDLE, height), (250, height + 3)), 2.6, 1.8)
        )


def brows(canvas: Canvas, person: Person, e: Expression) -> None:
    """Both brows."""
    for side in (-1, 1):
        ends = [(17.0, 186 - e.brow_inner), (45.0, 178 - (e.brow_inner + e.brow_outer) / 2), (76.0, 187 - e.brow_outer)]
        spine = np.array(curve(*((MIDDLE + side * dx, y) for dx, y in ends)))
        thick = person.brow * np.interp(np.linspace(0, 1, len(spine)), [0, 0.25, 0.7, 1], [0.7, 1, 0.85, 0.25])
        points = [*zip(spine[:, 0], spine[:, 1] - thick / 2, strict=True)]
        points += zip(spine[::-1, 0], (spine[:, 1] + thick / 2)[::-1], strict=True)
        canvas.shade(0.85, canvas.area([(x, y + 5) for x, y in points], 4))
        canvas.paint(tuple(int(v * 0.75) for v in person.hair), canvas.area(points, 0.9), 0.95)
