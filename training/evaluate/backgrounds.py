"""Parts of photographs without faces: crops of the `faces` test pictures that touch no annotated box."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from training.data.boxes import Boxed

SHAPE = (4, 3)  # width to height, as the frames of a camera
WIDEST, NARROWEST = 0.9, 0.34  # of the picture's width
TRIES = 60
AWAY = 0.5  # of its side that a crop keeps away from every box: hair and hands of a face are not its background
SEED = 20


def crops(pictures: Sequence[Boxed]) -> Iterator[np.ndarray]:
    """At most one crop uint8 (h, w, 3) RGB a picture, the same ones every time; pictures full of faces give none."""
    for number, picture in enumerate(pictures):
        image = picture.read()
        place = free(image.shape[1], image.shape[0], picture.ltrb, np.random.default_rng((SEED, number)))
        if place:
            left, top, right, bottom = place
            yield image[top:bottom, left:right]


def free(width: int, height: int, ltrb: np.ndarray, rng: np.random.Generator) -> tuple[int, int, int, int] | None:
    """A place for a crop in a picture of that size, the larger the better: left, top, right, bottom; or None.

    Args:
        width, height: of the picture, in pixels.
        ltrb: (N, 4), the boxes to keep away from.
        rng: proposes places.
    """
    room = AWAY * (ltrb[:, 2:] - ltrb[:, :2])
    around = np.concatenate([ltrb[:, :2] - room, ltrb[:, 2:] + room], axis=1)
    for part in np.linspace(WIDEST, NARROWEST, TRIES):
        across = round(width * part)
        down = across * SHAPE[1] // SHAPE[0]
        if down > height:
            continue
        left, top = int(rng.integers(width - across + 1)), int(rng.integers(height - down + 1))
        right, bottom = left + across, top + down
        touching = (around[:, 0] < right) & (around[:, 2] > left) & (around[:, 1] < bottom) & (around[:, 3] > top)
        if not touching.any():
            return left, top, right, bottom
    return None
