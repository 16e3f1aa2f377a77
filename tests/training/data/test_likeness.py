"""Pictures of one collection that are in another, too."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from training.data import likeness as module
from training.data.likeness import SAME, likeness


def face(seed: int, size: int = 64) -> np.ndarray:
    """A soft random picture, as different from other seeds' as two people are."""
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), np.uint8)
    return cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)


def moved(image: np.ndarray, right: int, down: int) -> np.ndarray:
    return cv2.warpAffine(image, np.float64([[1, 0, right], [0, 1, down]]), (64, 64), borderMode=cv2.BORDER_REFLECT)


def jpeg(image: np.ndarray) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], cv2.IMREAD_COLOR)


CASES = {
    "itself": (face(1), True),
    "mirrored": (face(1)[:, ::-1], True),
    "moved by an eighth": (moved(face(1), 8, -8), True),
    "mirrored and moved": (moved(face(1), 4, 4)[:, ::-1], True),
    "darker": ((face(1) * 0.5 + 10).astype(np.uint8), True),
    "compressed": (jpeg(face(1)), True),
    "a larger copy, reduced": (cv2.resize(face(1, 200), (64, 64), interpolation=cv2.INTER_AREA), True),
    "another face": (face(2), False),
    "moved by half": (moved(face(1), 32, 0), False),
    "upside down": (face(1)[::-1], False),
    "one colour": (np.full((64, 64, 3), 90, np.uint8), False),
    "its negative": (255 - face(1), False),
}


def test_nothing_is_like_nothing() -> None:
    none = np.zeros((0, 64, 64, 3), np.uint8)
    assert likeness(none, face(1)[None]).shape == (0,)
    assert likeness(face(1)[None], none).tolist() == [-1]


@pytest.mark.parametrize("name", list(CASES))
def test_the_same_picture_is_known_however_it_was_saved(name) -> None:
    image, same = CASES[name]
    assert (likeness(image[None], face(1)[None])[0] > SAME) == same


def test_a_picture_of_one_colour_is_not_even_like_itself() -> None:
    flat = np.full((1, 64, 64, 3), 90, np.uint8)
    assert likeness(flat, flat).tolist() == [0]


def test_each_is_compared_with_all_whatever_the_blocks(monkeypatch) -> None:
    faces = np.array([face(seed) for seed in range(7)])
    whole = likeness(faces, faces[[5, 0]])
    assert np.flatnonzero(whole > SAME).tolist() == [0, 5]
    monkeypatch.setattr(module, "BLOCK", 3)
    assert likeness(faces, faces[[5, 0]]) == pytest.approx(whole, abs=1e-5)
