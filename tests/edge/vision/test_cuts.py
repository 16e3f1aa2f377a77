"""Cuts: another scene is one; noise, a lamp, and somebody who walks by are none."""

from __future__ import annotations

import numpy as np
import pytest

from edge.vision.cuts import HEIGHT, WIDTH, is_cut, thumbnail


def scene(seed: int, width: int = 320, height: int = 240) -> np.ndarray:
    """Blocks of random brightness, as furniture has."""
    blocks = np.random.default_rng(seed).integers(0, 256, (6, 8)).astype(np.uint8)
    grey = np.kron(blocks, np.ones((height // 6, width // 8), np.uint8))
    return np.repeat(grey[:, :, None], 3, axis=2)


def with_somebody(image: np.ndarray, left: int) -> np.ndarray:
    changed = image.copy()
    changed[60:, left : left + 60] = 200
    return changed


CASES = [
    pytest.param(scene(1), scene(1), False, id="nothing changed"),
    pytest.param(scene(1), scene(2), True, id="another room"),
    pytest.param(scene(1), scene(1) // 3, False, id="the light goes down"),
    pytest.param(scene(1) // 3, scene(1), False, id="and up"),
    pytest.param(with_somebody(scene(1), 40), with_somebody(scene(1), 90), False, id="somebody walks"),
    pytest.param(np.zeros((240, 320, 3), np.uint8), scene(1), False, id="from black, which tells nothing"),
    pytest.param(np.full((240, 320, 3), 90, np.uint8), np.full((240, 320, 3), 95, np.uint8), False, id="a plain wall"),
]


@pytest.mark.parametrize(("before", "after", "expected"), CASES)
def test_what_is_a_cut(before, after, expected):
    assert is_cut(thumbnail(before), thumbnail(after)) is expected


def test_noise_on_a_dark_wall_is_no_cut():
    rng = np.random.default_rng(3)
    first, second = (rng.integers(0, 30, (240, 320, 3)).astype(np.uint8) for _ in range(2))
    assert not is_cut(thumbnail(first), thumbnail(second))


@pytest.mark.parametrize("size", [(1, 1), (24, 32), (240, 320), (1080, 1920), (1920, 1080)])
def test_a_thumbnail_has_one_size_whatever_the_frame(size):
    image = np.full((*size, 3), 77, np.uint8)
    small = thumbnail(image)
    assert (small.shape, small.dtype) == ((HEIGHT, WIDTH), np.float32)
    assert small == pytest.approx(np.full((HEIGHT, WIDTH), 77.0))
