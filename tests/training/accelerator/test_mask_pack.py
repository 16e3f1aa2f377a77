"""Packs come back as they were written, and say what is wrong with a broken one."""

from __future__ import annotations

import numpy as np
import pytest

from training.accelerator import mask_pack
from training.accelerator.mask_crops import COLOURED, DRAWINGS, DRAWN, Crops, chances, drawable, drawn, stored
from training.accelerator.mask_pack import BACKGROUND, BARE, GROUPS, INCORRECT, WIDE, WORN, Pack
from training.data.fer2013 import DataError


def face_points(left=18.0, top=20.0, size=36.0):
    """68 points of a face seen from the front, pixels of the wide crop."""
    turn = np.linspace(np.pi, 0, 17)
    jaw = np.stack([0.5 + 0.5 * np.cos(turn), 0.1 + 0.9 * np.sin(turn)], axis=1)
    brows = np.stack([np.linspace(0.1, 0.9, 10), np.full(10, 0.05)], axis=1)
    nose = np.array([(0.5, 0.15 + 0.1 * n) for n in range(4)] + [(0.4 + 0.05 * n, 0.5) for n in range(5)])
    eye = np.array([(-0.09, 0), (-0.04, -0.03), (0.04, -0.03), (0.09, 0), (0.04, 0.03), (-0.04, 0.03)])
    eyes = np.concatenate([eye + np.array([x, 0.18]) for x in (0.28, 0.72)])
    around = np.linspace(np.pi, -np.pi, 13)[:12]
    mouth = np.stack([0.5 + 0.2 * np.cos(around), 0.7 - 0.06 * np.sin(around)], axis=1)
    inner = np.array([mouth[n] for n in (0, 2, 3, 4, 6, 8, 9, 10)])
    return (np.concatenate([jaw, brows, nose, eyes, mouth, inner]) * size + (left, top)).astype(np.float32)


def made(kinds, groups, points=True, side=40):
    count = len(kinds)
    rng = np.random.default_rng(0)
    smooth = rng.integers(60, 200, (count, 1, 1, 3)).repeat(side, axis=1).repeat(side, axis=2).astype(np.uint8)
    at = np.stack([face_points() if points else np.zeros((68, 2))] * count) if count else np.zeros((0, 68, 2))
    return Pack(
        tuple(mask_pack.encode(image) for image in smooth),
        np.array(kinds, np.int8),
        np.array([GROUPS.index(group) for group in groups], np.int8),
        np.arange(count) % 3 == 2,
        np.zeros(count, bool),
        np.ones(count, np.float32),
        at.astype(np.float32),
        np.zeros((count, 5, 2), np.float32),
    )


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_pack_comes_back(tmp_path, count):
    pack = made([BARE] * count, ["wild"] * count)
    mask_pack.save(pack, tmp_path / "mask.npz")
    back = mask_pack.load(tmp_path / "mask.npz")
    assert back.files == pack.files
    for name in ("kinds", "groups", "val", "loose", "weights"):
        np.testing.assert_array_equal(getattr(back, name), getattr(pack, name))
    np.testing.assert_allclose(back.points, pack.points, atol=1 / mask_pack.STEPS)


@pytest.mark.parametrize("content", [None, b"", b"no archive"])
def test_a_broken_pack_says_so(tmp_path, content):
    path = tmp_path / "mask.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"mask\.npz: cannot read the pack"):
        mask_pack.load(path)


def test_crops_of_any_stored_size_become_one_size():
    pack = made([BARE, WORN], ["wild", "news_masks"], side=23)
    assert stored(pack, np.arange(2)).images.shape == (2, WIDE, WIDE, 3)
    assert stored(pack, np.arange(0)).images.shape == (0, WIDE, WIDE, 3)


def test_masks_are_drawn_on_bare_faces_with_points_alone():
    pack = made([BARE, WORN, BARE, BARE], ["wild"] * 4)
    assert drawable(pack, val=False).tolist() == [0, 3]
    assert drawable(pack, val=True).tolist() == [2]
    assert drawable(made([BARE], ["wild"], points=False), val=False).tolist() == []


def test_what_is_drawn_changes_the_face_and_is_the_same_for_one_seed():
    pack = made([BARE], ["wild"])
    first, again = (drawn(pack, np.array([0]), DRAWINGS, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.images, again.images)
    plain = stored(pack, np.array([0])).images[0].astype(int)
    assert all(np.abs(image - plain).max() > 30 for image in first.images)
    assert first.kinds.tolist() == list(DRAWINGS)
    assert set(first.groups) == {DRAWN}
    assert drawn(pack, np.array([], int), COLOURED, seed=5).kinds.tolist() == []


def test_each_kind_has_its_share_whatever_groups_there_are():
    kinds = [BARE, BARE, WORN, BACKGROUND, INCORRECT]
    crops = stored(made(kinds, ["wild", "faces", "masked_faces", "no_faces", "masked_faces"]), np.arange(5))
    chance = chances(crops)
    assert chance.sum() == pytest.approx(1)
    np.testing.assert_allclose(chance, [0.165, 0.165, 0.28, 0.22, 0.17])
    heavy = Crops(crops.images, crops.kinds, crops.groups, crops.loose, crops.weights * [1, 1, 5, 1, 1])
    np.testing.assert_allclose(chances(heavy), chance)
