from __future__ import annotations

import itertools

import numpy as np
import pytest

from edge.labels import EMOTIONS
from edge.vision import palette, pictograms

SIZES = [14, 24, 37, 72]
REASONS = ["unsure", "too-small", None]


def shown(stamp, level: int = 0) -> np.ndarray:
    picture = np.full((*stamp.ink.shape[:2], 3), level, np.uint8)
    stamp.put(picture, 0, 0)
    return picture


def kinds(diameter: int) -> dict[object, np.ndarray]:
    found: dict[object, np.ndarray] = {}
    for masked in (False, True):
        for label in EMOTIONS:
            found[label, masked] = shown(pictograms.face(label, masked, diameter))
    for reason in REASONS:
        found[reason, False] = shown(pictograms.unknown(reason, False, diameter))
    found["unknown", True] = shown(pictograms.unknown("unsure", True, diameter))
    return found


@pytest.mark.parametrize("diameter", SIZES)
def test_no_two_pictograms_look_alike(diameter):
    for a, b in itertools.combinations(kinds(diameter).values(), 2):
        assert np.abs(a.astype(int) - b).max(axis=2).mean() > 2


@pytest.mark.parametrize("diameter", SIZES)
def test_emotions_differ_by_shape_alone(diameter):
    for masked in (False, True):
        # Bright or dark, as on a screen without colours; the disc's own brightness does not count.
        drawn = {}
        for label in EMOTIONS:
            ink = shown(pictograms.face(label, masked, diameter)).max(axis=2).astype(float)
            drawn[label] = ink / max(palette.of(label))
        for a, b in itertools.combinations(EMOTIONS, 2):
            assert np.abs(drawn[a] - drawn[b]).max() > 0.2, (a, b, masked)


@pytest.mark.parametrize("diameter", SIZES)
@pytest.mark.parametrize("label", EMOTIONS)
def test_a_pictogram_has_its_size_its_colour_and_clear_corners(label, diameter):
    picture = shown(pictograms.face(label, False, diameter), level=77)
    assert picture.shape == (diameter, diameter, 3)
    assert (picture == np.array(palette.of(label))).all(axis=2).mean() > 0.1
    assert (picture[[0, 0, -1, -1], [0, -1, 0, -1]] == 77).all()


def test_a_mask_covers_the_mouth_and_leaves_the_brows():
    bare, masked = (shown(pictograms.face("angry", worn, 96)).astype(int) for worn in (False, True))
    changed = np.flatnonzero((bare != masked).any(axis=(1, 2)))
    assert changed.min() > 96 * 0.38
    assert (masked == np.array(pictograms.CLOTH)).all(axis=2).mean() > 0.05


@pytest.mark.parametrize("value", [1, 9, 12, 88, 120])
def test_a_number_is_dark_on_the_colour_of_its_emotion(value):
    picture = shown(pictograms.number(value, palette.of("happy"), 40))
    assert (picture == np.array(palette.of("happy"))).all(axis=2).mean() > 0.2
    assert not np.array_equal(picture, shown(pictograms.number(value + 1, palette.of("happy"), 40)))
