"""Masks in unusual colours and things before the mouth, on made-up faces."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.accelerator.test_mask_pack import face_points
from training.data.mask_variety import INCORRECT_KINDS, UNUSUAL, USUAL, WORN_KINDS, draw
from training.data.occluders import OCCLUDERS, random_occluder


def picture(colour=(200, 150, 120)):
    return np.full((72, 72, 3), colour, np.uint8)


def changed(before, after):
    return np.abs(before.astype(int) - after).max(axis=2) > 12


@pytest.mark.parametrize("look", [*UNUSUAL, USUAL])
@pytest.mark.parametrize("kind", [*WORN_KINDS, *INCORRECT_KINDS])
def test_a_mask_stays_below_the_eyes_and_leaves_the_original_alone(kind, look):
    image, points = picture(), face_points()
    drawn = draw(image, points, kind, look, np.random.default_rng(1))
    np.testing.assert_array_equal(image, picture())
    assert drawn.dtype == np.uint8
    assert not changed(image, drawn)[: int(points[36:48, 1].min()) - 4].any()


@pytest.mark.parametrize(
    ("kind", "nose", "mouth"), [("cloth", True, True), ("below-nose", False, True), ("chin", False, False)]
)
def test_what_each_kind_covers(kind, nose, mouth):
    image, points = picture(), face_points()
    for seed in range(6):
        cover = changed(image, draw(image, points, kind, "dark", np.random.default_rng(seed)))
        at = {name: tuple(points[n].astype(int)[::-1]) for name, n in (("nose", 30), ("lips", 62), ("chin", 8))}
        assert (bool(cover[at["nose"]]), bool(cover[at["lips"]])) == (nose, mouth)
        assert cover[at["chin"][0] - 3, at["chin"][1]]


def test_a_grey_picture_stays_grey():
    image, rng = picture((120, 120, 120)), np.random.default_rng(2)
    for drawn in (draw(image, face_points(), "cloth", "yellow", rng), random_occluder(image, face_points(), rng)):
        assert (drawn == drawn[..., :1]).all()


def test_a_face_outside_of_the_picture_changes_nothing():
    image = picture()
    np.testing.assert_array_equal(
        draw(image, face_points(left=400.0), "cloth", "pink", np.random.default_rng(0)), image
    )


@pytest.mark.parametrize("name", OCCLUDERS)
def test_an_occluder_is_seen_and_leaves_the_eyes_of_most_faces_free(name):
    image, points = picture(), face_points()
    drawn = [OCCLUDERS[name](image, points.astype(float), np.random.default_rng(seed)) for seed in range(12)]
    assert all(changed(image, one).any() for one in drawn)
    eye = tuple(points[37].astype(int)[::-1])
    assert np.mean([changed(image, one)[eye] for one in drawn]) < 0.5
