from __future__ import annotations

import numpy as np

from edge.demo.portrait import FINE, _curve, portrait, put_mask_on, view

FACE = (slice(240, 320), slice(230, 300))  # what the mask covers of the portrait: nose, mouth and cheeks


def test_the_portrait_needs_no_package_but_ours():
    picture = portrait()
    assert (picture.shape, picture.dtype) == ((600, 512, 3), np.uint8)


def test_the_view_moves_a_little_from_frame_to_frame_and_ends_where_it_began():
    bare = portrait()

    def step(n):
        now, then = (view(bare, at / 150).astype(np.int16) for at in (n, (n + 1) % 150))
        return np.abs(now - then).mean()

    steps = [step(n) for n in (0, 18, 37, 75, 111, 149)]
    assert min(steps) > 0
    assert max(steps) < 12


def test_the_mask_is_blue_cloth_over_nose_and_mouth_and_leaves_the_eyes_and_the_rest():
    bare = portrait()
    before = bare.copy()
    worn = put_mask_on(bare)
    assert (bare == before).all()
    red, green, blue = worn[FACE].reshape(-1, 3).mean(axis=0)
    assert blue > green > red + 20
    # Cloth is smoother than a face, but not flat: it is shaded and folded.
    assert 2 < worn[FACE].std(axis=(0, 1)).max() < bare[FACE].std(axis=(0, 1)).max()
    assert (worn[:195] == bare[:195]).all()
    assert (worn[345:] == bare[345:]).all()
    assert (worn[:, :150] == bare[:, :150]).all()


def test_a_curve_goes_through_its_three_points():
    points = _curve(((0, 0), (10, 5), (20, 0)))[:, 0] / FINE
    assert [points[n].tolist() for n in (0, 16, 32)] == [[0, 0], [10, 5], [20, 0]]
