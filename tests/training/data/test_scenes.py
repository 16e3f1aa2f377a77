"""Scenes for the detector: boxes move with their pictures, and each point's target against a slow loop."""

from __future__ import annotations

import numpy as np
import pytest

from training.data import scenes
from training.data.scenes import Zoom

WIDTH, HEIGHT = 96, 64


def marked() -> tuple[np.ndarray, np.ndarray]:
    """A black picture with one white rectangle, and the box around it."""
    image = np.zeros((80, 120, 3), np.uint8)
    image[20:52, 40:64] = 255
    return image, np.array([[40, 20, 64, 52]], np.float32)


@pytest.mark.parametrize(
    "zoom",
    [
        pytest.param(Zoom(whole=1.0), id="the whole picture"),
        pytest.param(Zoom(whole=0.0, background=0.0, sizes=(16.0, 40.0)), id="a face of a chosen size"),
        pytest.param(Zoom(whole=0.0, background=1.0), id="a random place"),
    ],
)
def test_boxes_move_with_the_picture(zoom) -> None:
    """The white rectangle is where the box says, whatever the scale, the place, the turn and the mirror."""
    image, ltrb = marked()
    before = image.copy()
    shown = 0
    for seed in range(80):
        canvas, boxes, clear = scenes.place(image, ltrb, WIDTH, HEIGHT, zoom, np.random.default_rng(seed))
        assert canvas.shape == (HEIGHT, WIDTH, 3)
        assert len(boxes) == len(clear)
        if not len(boxes):
            continue
        rows, columns = np.nonzero(canvas[:, :, 0] > 127)
        found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        # A turn of 12 degrees widens the upright rectangle by up to a fifth of its height; the box stays as it was.
        slack = 2 + 0.21 * max(boxes[0, 2:] - boxes[0, :2])
        assert np.abs(boxes[0] - found).max() <= slack
        shown += 1
    assert shown >= 10
    assert np.array_equal(image, before)


def test_a_picture_without_faces_has_no_boxes() -> None:
    image, _ = marked()
    _, boxes, clear = scenes.place(image, np.zeros((0, 4), np.float32), WIDTH, HEIGHT, Zoom(), np.random.default_rng(0))
    assert boxes.shape == (0, 4)
    assert clear.shape == (0,)


def test_a_large_face_goes_beyond_every_edge_and_its_box_does_not() -> None:
    image, ltrb = marked()
    zoom = Zoom(whole=0.0, background=0.0, sizes=(60.0, 90.0))
    sides = np.zeros(4, int)
    for seed in range(60):
        _, boxes, clear = scenes.place(image, ltrb, WIDTH, HEIGHT, zoom, np.random.default_rng(seed))
        assert (boxes >= 0).all()
        assert (boxes <= [WIDTH, HEIGHT, WIDTH, HEIGHT]).all()
        assert clear.all()
        sides += boxes[0] == [0, 0, WIDTH, HEIGHT]
    assert (sides > 3).all()


def test_a_face_is_clear_while_half_of_it_is_there() -> None:
    image, ltrb = marked()
    zoom = Zoom(whole=0.0, background=1.0)
    marks = []
    for seed in range(300):
        _, _, clear = scenes.place(image, ltrb, WIDTH, HEIGHT, zoom, np.random.default_rng(seed))
        marks += list(clear)
    assert 0 < sum(marks) < len(marks) < 300


@pytest.mark.parametrize("seed", range(6))
def test_tiles_cover_the_canvas_once(seed) -> None:
    count = np.zeros((HEIGHT, WIDTH), int)
    for left, top, width, height in scenes.tiles(WIDTH, HEIGHT, np.random.default_rng(seed)):
        count[top : top + height, left : left + width] += 1
    assert (count == 1).all()


def test_light_changes_a_copy() -> None:
    image = np.random.default_rng(0).integers(60, 180, (32, 48, 3)).astype(np.uint8)
    before = image.copy()
    changed = [scenes.relight(image, np.random.default_rng(seed)) for seed in range(20)]
    assert np.array_equal(image, before)
    assert all(c.dtype == np.uint8 and c.shape == image.shape for c in changed)
    assert len({c.tobytes() for c in changed}) == 20


def test_a_spoiled_picture_is_a_copy_of_the_same_scene() -> None:
    image, _ = marked()
    before = image.copy()
    spoiled = [scenes.degrade(image, np.random.default_rng(seed)) for seed in range(40)]
    assert np.array_equal(image, before)
    assert all(s.dtype == np.uint8 and s.shape == image.shape for s in spoiled)
    assert len({s.tobytes() for s in spoiled}) == 40
    assert all(s[26:46, 46:58].mean() > s[60:].mean() + 60 for s in spoiled), "the white rectangle can be seen"


POINTS = np.array([[x, y] for y in range(4, 64, 8) for x in range(4, 96, 8)], np.float32)
STRIDES, UNITS = np.full(len(POINTS), 8, np.float32), np.full(len(POINTS), 4, np.float32)


def targets(ltrb, trusted=None, clear=None, low=0.0, high=100.0) -> np.ndarray:
    ranges = np.tile(np.float32([low, high]), (len(POINTS), 1))
    boxes = np.array(ltrb, np.float32).reshape(-1, 4)
    boxed = np.ones(len(boxes), bool) if trusted is None else np.array(trusted)
    enough = np.ones(len(boxes), bool) if clear is None else np.array(clear)
    return scenes.targets(boxes, boxed, enough, POINTS, STRIDES, UNITS, ranges, radius=1.5)


def test_no_face_no_target() -> None:
    answer = targets([])
    assert not answer[:, :5].any()
    assert (answer[:, 5] == 1).all()


@pytest.mark.parametrize(
    "ltrb",
    [
        [[20, 16, 52, 48]],
        [[20, 16, 52, 48], [28, 20, 44, 40]],  # the smaller one wins where both could
        [[0, 0, 30, 30], [60, 30, 96, 64]],
        [[40, 40, 45, 45]],  # too small to learn
    ],
)
def test_targets_against_a_loop(ltrb) -> None:
    answer = targets(ltrb)
    for (x, y), row in zip(POINTS, answer, strict=True):
        owners = []
        for left, top, right, bottom in ltrb:
            inside = left < x < right and top < y < bottom
            near = max(abs(x - (left + right) / 2), abs(y - (top + bottom) / 2)) < 1.5 * 8
            if inside and near and max(right - left, bottom - top) >= scenes.SMALLEST:
                owners.append((max(right - left, bottom - top), (left, top, right, bottom)))
        assert row[0] == bool(owners)
        if owners:
            left, top, right, bottom = min(owners)[1]
            assert row[1:5] == pytest.approx(np.array([x - left, y - top, right - x, bottom - y]) / 4)
            assert row[5] == 1


def test_a_face_too_small_to_learn_is_neither_right_nor_wrong() -> None:
    answer = targets([[40, 40, 45, 45]])
    near = np.abs(POINTS - 42.5).max(axis=1) < 4
    assert near.any()
    assert (answer[near, 5] == 0).all()
    assert (answer[~(np.abs(POINTS - 42.5).max(axis=1) < 8), 5] == 1).all()


def test_a_face_of_which_too_little_is_there_is_neither_right_nor_wrong() -> None:
    answer = targets([[0, 16, 20, 48]], clear=[False])
    inside = (POINTS[:, 0] < 20) & (np.abs(POINTS[:, 1] - 32) < 16)
    assert not answer[:, 0].any()
    assert (answer[inside, 5] == 0).all()
    assert (answer[POINTS[:, 0] > 40, 5] == 1).all()


def test_sides_of_loose_boxes_are_not_learned() -> None:
    answer = targets([[20, 16, 52, 48]], trusted=[False])
    assert answer[:, 0].any()
    assert not answer[:, 6].any()


def test_a_face_of_another_level_is_not_this_level_s() -> None:
    assert not targets([[20, 16, 52, 48]], low=48.0)[:, 0].any()
