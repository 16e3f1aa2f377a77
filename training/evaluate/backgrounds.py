"""Parts of photographs without faces: crops of the `faces` test pictures that touch no annotated box."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from training.data.boxes import Boxed
from training.evaluate import face
from training.evaluate.context import EvaluationContext

SHAPE = (4, 3)  # width to height, as the frames of a camera
WIDEST, NARROWEST = 0.9, 0.34  # of the picture's width
TRIES = 200
PER_PICTURE = 4
AWAY = 0.5  # of its side that a crop keeps away from every box: hair and hands of a face are not its background
SEED = 20


def of_test(context: EvaluationContext) -> list[np.ndarray]:
    """The crops of the `faces` test pictures, cut once.

    Raises:
        DataError: `faces` is not here.
    """
    return context.once("backgrounds", lambda: list(crops(face.pictures(context, "faces"))))


def crops(pictures: Sequence[Boxed]) -> Iterator[np.ndarray]:
    """Up to PER_PICTURE crops uint8 (h, w, 3) RGB a picture, the same every time; pictures full of faces give none."""
    for number, picture in enumerate(pictures):
        image = picture.read()
        rng = np.random.default_rng((SEED, number))
        for left, top, right, bottom in places(image.shape[1], image.shape[0], picture.ltrb, rng):
            yield image[top:bottom, left:right]


def places(width: int, height: int, ltrb: np.ndarray, rng: np.random.Generator) -> list[tuple[int, int, int, int]]:
    """Places for crops in a picture of that size, the larger the better: left, top, right, bottom of each.

    Args:
        width, height: of the picture, in pixels.
        ltrb: (N, 4), the boxes to keep away from.
        rng: proposes places.
    """
    room = AWAY * (ltrb[:, 2:] - ltrb[:, :2])
    taken = np.concatenate([ltrb[:, :2] - room, ltrb[:, 2:] + room], axis=1)
    found: list[tuple[int, int, int, int]] = []
    for part in np.linspace(WIDEST, NARROWEST, TRIES):
        across = round(width * part)
        down = across * SHAPE[1] // SHAPE[0]
        if down > height:
            continue
        left, top = int(rng.integers(width - across + 1)), int(rng.integers(height - down + 1))
        place = (left, top, left + across, top + down)
        if touches(place, taken):
            continue
        found.append(place)
        taken = np.concatenate([taken, np.array([place], taken.dtype)])
        if len(found) == PER_PICTURE:
            break
    return found


def touches(place: tuple[int, int, int, int], taken: np.ndarray) -> bool:
    """Whether a place shares a pixel with any of the boxes (N, 4)."""
    left, top, right, bottom = place
    across = (taken[:, 0] < right) & (taken[:, 2] > left)
    return bool((across & (taken[:, 1] < bottom) & (taken[:, 3] > top)).any())
