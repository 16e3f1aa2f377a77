"""What travels to the accelerator: mosaics, masks, and figures to choose by."""

from __future__ import annotations

import numpy as np
import pytest

from training.accelerator import emotion_measure, emotion_pack
from training.data import mask_dress
from training.data.masks import HELD_OUT, NEEDED, TRAINING_KINDS


@pytest.mark.parametrize("count", [0, 1, 100, 101])
def test_a_mosaic_gives_back_its_pictures(count) -> None:
    images = np.random.default_rng(count).integers(0, 256, (101, 16, 16)).astype(np.uint8)
    stored = emotion_pack.mosaic(images[: max(count, 1)], quality=101)
    assert (emotion_pack.tiles(stored, 16, count) == images[:count]).all()


def test_masks_of_the_kinds_kept_for_evaluation_are_never_drawn() -> None:
    assert not set(HELD_OUT) & set(mask_dress.SHARES)
    assert set(mask_dress.SHARES) == set(TRAINING_KINDS)
    assert sum(mask_dress.SHARES.values()) == pytest.approx(1)


def test_a_mask_covers_the_mouth_and_not_the_brows_and_repeats_for_its_seed() -> None:
    image, points = np.full((48, 48), 120, np.uint8), face_points()
    for seed in range(20):
        drawn = mask_dress.dress(image, points, np.random.default_rng(seed))
        again = mask_dress.dress(image, points, np.random.default_rng(seed))
        assert (drawn == again).all()
        assert (drawn[36:42, 18:30] != 120).mean() > 0.5
        assert (drawn[:10] == 120).all()
    assert (image == 120).all()


def face_points() -> np.ndarray:
    """A plain face in a square of 48 pixels: the points that masks are drawn by, int8 (n, 2)."""
    points = np.zeros((68, 2))
    angle = np.linspace(np.pi, 0, 17)
    points[:17] = np.stack([24 + 19 * np.cos(angle), 20 + 26 * np.sin(angle)], axis=1)
    points[27:31] = np.stack([np.full(4, 24), np.linspace(19, 28, 4)], axis=1)
    points[33], points[51] = (24, 30), (24, 34)
    for start, middle in ((36, 15), (42, 33)):
        ring = np.linspace(np.pi, -np.pi, 7)[:6]
        points[start : start + 6] = np.stack([middle + 4 * np.cos(ring), 19 - 2 * np.sin(ring)], axis=1)
    return np.floor(points[list(NEEDED)]).astype(np.int8)


def test_the_bias_lifts_a_class_that_was_taught_too_rarely() -> None:
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(7), 40)
    prior = np.array([0.05, 0.05, 0.05, 0.5, 0.1, 0.05, 0.2])
    logits = 2.5 * np.eye(7)[labels] + np.log(prior) + rng.normal(0, 0.8, (280, 7))
    chosen = {"fer_labels": labels, "wild_labels": labels}
    found = {"fer": logits, "wild": logits}
    bias, table = emotion_measure.choose(found, chosen, prior, "bare")
    before, after = (emotion_measure.figures(found, chosen, by) for by in (0.0, bias))
    assert after["fer_macro"] > before["fer_macro"] + 0.05
    assert bias[3] < bias[0]
    assert len(table) == 42
