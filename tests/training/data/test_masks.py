"""Drawn masks: they sit where masks sit, leave the eyes free, and are the same on every machine."""

from __future__ import annotations

import hashlib
from collections import Counter

import cv2
import numpy as np
import pytest

from edge.errors import InvalidValue
from tests.training import made
from training.data import masks
from training.data.masks import (
    COLOURS,
    HELD_OUT,
    KINDS,
    NEEDED,
    TRAINING_KINDS,
    MaskStyle,
    draw,
    plausible,
    random_mask,
)

FACE = made.points((8, 14, 40, 46))
COVERED = {"nose": 30, "upper lip": 51, "lower lip": 57}


def picture(size: int = 48, channels: int = 0) -> np.ndarray:
    """A smooth ramp, uint8 (size, size[, channels])."""
    ramp = np.linspace(70, 190, size)
    image = np.add.outer(ramp * 0.3, ramp * 0.7).astype(np.uint8)
    return np.repeat(image[:, :, None], channels, axis=2) if channels else image


def changed(kind: str, seed: int, image: np.ndarray, points: np.ndarray = FACE, colour: str = "black") -> np.ndarray:
    """Where the mask shows, bool (H, W)."""
    return np.abs(draw(image, points, kind, colour, seed).astype(int) - image) > 12


@pytest.mark.parametrize("kind", KINDS)
def test_a_face_outside_of_the_picture_changes_nothing(kind: str) -> None:
    image = picture()
    drawn = draw(image, FACE + 500, kind, "sky", 1)
    assert np.array_equal(drawn, image)
    assert drawn is not image


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_masks_cover_nose_and_mouth_and_leave_the_eyes(kind: str, seed: int) -> None:
    shows = changed(kind, seed, picture())
    for name, index in COVERED.items():
        x, y = FACE[index].astype(int)
        assert shows[y, x] != (kind == "below-nose" and name == "nose"), name
    eyes = np.zeros((48, 48), np.uint8)
    for start in (36, 42):
        cv2.fillPoly(eyes, [FACE[start : start + 6].astype(np.int32)], 1)
    assert eyes.sum() > 20
    assert not shows[eyes == 1].any()
    assert not shows[: int(FACE[19, 1])].any(), "nothing on the forehead"


@pytest.mark.parametrize("shape", [(48, 48), (48, 48, 1), (48, 48, 3)])
def test_the_shape_stays_and_the_input_is_not_modified(shape: tuple[int, ...]) -> None:
    image = np.broadcast_to(picture().reshape(48, 48, *([1] * (len(shape) - 2))), shape).copy()
    before = image.copy()
    drawn = draw(image, FACE, "cloth", "red", 3)
    assert drawn.shape == shape
    assert drawn.dtype == np.uint8
    assert np.array_equal(image, before)
    assert not np.array_equal(drawn, before)


def test_grey_and_colour_agree_where_the_cloth_is_grey() -> None:
    grey = draw(picture(), FACE, "n95", "grey", 5)
    colour = draw(picture(channels=3), FACE, "n95", "grey", 5)
    assert np.abs(colour.astype(int).mean(axis=2) - grey).max() <= 3
    assert np.ptp(draw(picture(channels=3), FACE, "n95", "red", 5), axis=2).max() > 60


def test_seeds_decide_and_repeat() -> None:
    first = draw(picture(), FACE, "pattern", "white", 11)
    assert np.array_equal(first, draw(picture(), FACE, "pattern", "white", 11))
    others = [draw(picture(), FACE, "pattern", "white", seed) for seed in range(12, 20)]
    assert all(not np.array_equal(first, other) for other in others)


def test_only_whole_pixels_and_needed_points_count() -> None:
    rough = np.full((68, 2), 1000.0)
    rough[list(NEEDED)] = np.floor(FACE[list(NEEDED)])
    for kind in KINDS:
        assert np.array_equal(draw(picture(), FACE, kind, "blue", 2), draw(picture(), rough, kind, "blue", 2))


@pytest.mark.parametrize("kind", KINDS)
def test_the_mouth_never_shows_in_the_mask(kind: str) -> None:
    """Where the mask covers wholly, the picture beneath changes no pixel: a network cannot read it there."""
    flat, shouting = picture(), picture()
    x, y = FACE[62].astype(int)
    cv2.ellipse(shouting, ((float(x), float(y) + 1), (7.0, 3.0), 0.0), 0, -1)
    assert np.array_equal(draw(flat, FACE, kind, "green", 4), draw(shouting, FACE, kind, "green", 4))


def test_masks_are_lit_as_the_face_is() -> None:
    x, y = FACE[57].astype(int)
    dark, bright = np.full((48, 48), 25, np.uint8), np.full((48, 48), 210, np.uint8)
    assert int(draw(bright, FACE, "n95", "white", 1)[y, x]) - int(draw(dark, FACE, "n95", "white", 1)[y, x]) > 60


def test_large_pictures_wear_the_same_mask() -> None:
    for kind in ("surgical", "n95", "cloth", "gaiter"):
        small = draw(picture(), np.floor(FACE), kind, "sky", 9)
        large = draw(picture(480), np.floor(FACE) * 10 + 5, kind, "sky", 9)
        reduced = cv2.resize(large, (48, 48), interpolation=cv2.INTER_AREA)
        assert np.abs(reduced.astype(int) - small).mean() < 4


def test_pixels_are_the_same_on_every_machine() -> None:
    digest = hashlib.sha256()
    turned = (FACE - 24) @ np.array([[0.9, 0.35], [-0.35, 0.9]]) + 24
    for index, kind in enumerate(KINDS):
        for number, colour in enumerate(COLOURS):
            digest.update(draw(picture(), FACE, kind, colour, number))
            digest.update(draw(picture(64, 3), turned * 1.3, kind, colour, 100 * index + number))
    assert digest.hexdigest() == GOLDEN


GOLDEN = "debc7fec8ad1c306bfcce47cde605adef19eb1f31fc5d80689c684396c4fea1b"


def test_random_masks_are_of_all_kinds_but_those_held_out() -> None:
    rng = np.random.default_rng(0)
    looks = [random_mask(rng) for _ in range(1200)]
    kinds, colours = Counter(look.kind for look in looks), Counter(look.colour for look in looks)
    assert set(kinds) == set(TRAINING_KINDS)
    assert not set(kinds) & set(HELD_OUT)
    assert len(HELD_OUT) == 2
    assert set(HELD_OUT) | set(TRAINING_KINDS) == set(KINDS)
    assert min(kinds.values()) > 150
    assert set(colours) == set(COLOURS)
    again = np.random.default_rng(0)
    assert looks == [random_mask(again) for _ in range(1200)]


@pytest.mark.parametrize(
    ("kind", "colour", "points", "image", "message"),
    [
        ("veil", "white", FACE, picture(), "mask kind: expected one of surgical"),
        ("n95", "mauve", FACE, picture(), "mask colour: expected one of white"),
        ("n95", "white", FACE[:5], picture(), r"expected shape \(68, 2\), got \(5, 2\)"),
        ("n95", "white", FACE, picture() / 255, "expected uint8 grey or RGB, got float64"),
        ("n95", "white", FACE, np.zeros((4, 4, 2), np.uint8), r"got uint8 \(4, 4, 2\)"),
    ],
)
def test_bad_calls_are_named(kind: str, colour: str, points: np.ndarray, image: np.ndarray, message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        draw(image, points, kind, colour, 1)


def test_a_look_is_checked() -> None:
    assert MaskStyle("n95", "white", 3) == MaskStyle("n95", "white", 3)
    with pytest.raises(InvalidValue):
        MaskStyle("n95", "plaid", 3)


def _turned(degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (FACE - 24) @ turn.T + 24


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (np.zeros((0, 2)), False),
        (np.zeros((68, 2)), False),
        (np.full((68, 2), np.nan), False),
        (FACE, True),
        (_turned(30), True),
        (_turned(-30), True),
        (_turned(90), False),
        (_turned(180), False),
        (FACE * [-1, 1] + [48, 0], False),  # a mirror image whose points kept their names
        ((FACE - 24) * 0.3 + 24, False),
        (FACE + np.array([30, 0]), False),
        (FACE[::-1], False),
        (np.random.default_rng(1).uniform(0, 48, (68, 2)), False),
    ],
    ids=[
        "none",
        "zero",
        "nan",
        "plain",
        "left",
        "right",
        "lying",
        "upside-down",
        "mirrored",
        "tiny",
        "outside",
        "reversed",
        "noise",
    ],
)
def test_which_points_make_sense(points: np.ndarray, expected: bool) -> None:
    assert plausible(points, 48, 48) is expected


def test_every_exported_name_is_there() -> None:
    assert all(hasattr(masks, name) for name in masks.__all__)
