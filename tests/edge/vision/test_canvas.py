from __future__ import annotations

import numpy as np
import pytest

from edge.vision import canvas, palette

COLOUR = palette.of("sad")


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_a_bar_is_as_long_as_its_share(share):
    picture = np.zeros((20, 120, 3), np.uint8)
    canvas.bar(picture, (10, 5, 110, 15), share, COLOUR)
    full = (picture == np.array(COLOUR)).all(axis=2)
    rest = (picture == np.array(palette.TROUGH)).all(axis=2)
    assert full.sum() == round(share * 100) * 10
    assert full.sum() + rest.sum() == 1000


@pytest.mark.parametrize(
    ("rect", "pixels"),
    [((4, 4, 4, 4), 0), ((2, 1, 6, 4), 12), ((-5, -5, 2, 2), 4), ((8, 8, 20, 20), 4), ((-9, -9, -2, -2), 0)],
)
def test_a_plate_darkens_what_it_covers_and_nothing_else(rect, pixels):
    picture = np.full((10, 10, 3), 200, np.uint8)
    canvas.plate(picture, rect)
    assert (picture != 200).any(axis=2).sum() == pixels
    assert picture.min() == (200 // 8 + min(palette.GROUND) if pixels else 200)


def test_fill_paints_every_pixel():
    picture = np.zeros((7, 5, 3), np.uint8)
    canvas.fill(picture, COLOUR)
    assert (picture == np.array(COLOUR)).all()


@pytest.mark.parametrize("draw", [canvas.frame, canvas.circle])
def test_outlines_show_on_black_and_on_white(draw):
    for level in (0, 255):
        picture = np.full((60, 60, 3), level, np.uint8)
        draw(picture, (10, 10, 50, 50), COLOUR, 3)
        assert (picture == np.array(COLOUR)).all(axis=2).any()
        assert (picture[30, 30] == level).all()


@pytest.mark.parametrize(
    ("left", "top", "pixels"), [(3, 2, 12), (-1, -1, 6), (8, 8, 4), (-4, 0, 0), (10, 0, 0), (0, 10, 0), (0, -3, 0)]
)
def test_a_stamp_is_cut_at_the_edges_of_the_canvas(left, top, pixels):
    picture = np.full((10, 10, 3), 100, np.uint8)
    canvas.Stamp.of(COLOUR, np.full((3, 4), 255, np.uint8)).put(picture, left, top)
    assert (picture == np.array(COLOUR)).all(axis=2).sum() == pixels
    assert (picture == 100).all(axis=2).sum() == 100 - pixels


def test_a_stamp_mixes_by_its_alpha():
    alpha = np.array([[0, 51, 255]], np.uint8)
    picture = np.full((1, 3, 3), 100, np.uint8)
    canvas.Stamp.of((200, 0, 100), alpha).put(picture, 0, 0)
    assert picture[0].tolist() == [[100, 100, 100], [120, 80, 100], [200, 0, 100]]


@pytest.mark.parametrize(
    ("a", "b", "pixels"),
    [
        ((0, 0, 0, 0), (0, 0, 4, 4), 0),
        ((0, 0, 4, 4), (4, 0, 8, 4), 0),
        ((0, 0, 4, 4), (2, 1, 8, 3), 4),
        ((0, 0, 4, 4), (1, 1, 2, 2), 1),
    ],
)
def test_shared_pixels_of_two_rectangles(a, b, pixels):
    assert canvas.shared(a, b) == canvas.shared(b, a) == pixels


def test_the_square_around_a_face_has_its_middle():
    assert canvas.around((10, 20, 30, 60), 1.5) == (-10, 10, 50, 70)


def test_the_eyes_are_in_the_upper_half_of_a_box():
    assert canvas.eyes((10, 100, 60, 200)) == (10, 120, 60, 155)


@pytest.mark.parametrize(("side", "line"), [(0, 1), (20, 1), (60, 3), (100, 5), (400, 5)])
def test_small_faces_have_thin_outlines(side, line):
    assert canvas.line_for((0, 0, side, side), 5) == line
