from __future__ import annotations

import numpy as np
import pytest

from edge.face import Detection, Track
from edge.frame import Box
from edge.labels import Emotion
from edge.vision import annotate

HAPPY = np.float32([0.05, 0.05, 0.05, 0.7, 0.05, 0.05, 0.05])


def track(left=200, top=150, side=120, emotion=HAPPY, worn=False, reason=None, name=1) -> Track:
    face = Detection(Box(left, top, left + side, top + side), 0.9)
    return Track(id=name, face=face, seen=0.0, mask=float(worn), worn=worn, emotion=emotion, reason=reason)


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return (before != after).any(axis=2)


def has(image: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((image == np.array(colour)).all(axis=2).any())


@pytest.mark.parametrize("level", [0, 128, 255])
def test_nobody_leaves_the_picture_as_it_is_but_a_new_one(level):
    image = np.full((480, 640, 3), level, np.uint8)
    answer = annotate.annotate(image, [])
    assert np.array_equal(answer, image)
    assert not np.shares_memory(answer, image)


@pytest.mark.parametrize(
    ("known", "colour", "words"),
    [
        (track(), annotate.BARE, "happy 70% | no mask"),
        (track(worn=True), annotate.MASKED, "happy 70% | mask"),
        (track(reason="unsure"), annotate.UNKNOWN, "unsure | no mask"),
        (track(emotion=None, reason="too-small", worn=True), annotate.UNKNOWN, "too small | mask"),
        (track(emotion=None), annotate.UNKNOWN, "... | no mask"),
    ],
    ids=["bare", "masked", "unsure", "too small", "not yet looked at"],
)
@pytest.mark.parametrize("level", [0, 255])
def test_a_state_has_its_colour_and_words_on_any_background(known, colour, words, level):
    image = np.full((480, 640, 3), level, np.uint8)
    image.flags.writeable = False
    answer = annotate.annotate(image, [known])
    assert annotate.state_colour(known) == colour
    assert annotate.caption(known) == words
    assert has(answer, colour)
    assert (image == level).all()


@pytest.mark.parametrize(
    "size", [(48, 48), (64, 20), (320, 240), (1280, 720), (3000, 4000)], ids=lambda size: f"{size[0]}x{size[1]}"
)
@pytest.mark.parametrize("where", [(-0.2, -0.2), (0.3, 0.3), (0.8, 0.8)], ids=["top left", "middle", "bottom right"])
def test_every_size_and_place_is_drawn_without_leaving_the_picture(size, where):
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    side = 0.4 * min(size)
    known = track(where[0] * width, where[1] * height, side)
    enlarge = annotate.factor(width, height)
    answer = annotate.annotate(image, [known], enlarge)
    assert answer.shape == (height * enlarge, width * enlarge, 3)
    assert has(answer, annotate.BARE)


def test_the_longest_bar_is_the_likeliest_emotions():
    image = np.zeros((480, 640, 3), np.uint8)
    answer = annotate.annotate(image, [track()])
    place = annotate._chart_place([(200, 150, 320, 270)], 0, [], 640, 480, annotate.Style.of(640, 480))
    chart = answer[place[1] : place[3], place[0] : place[2]]
    rows = np.flatnonzero((chart == np.array(annotate.BARE)).all(axis=2).sum(axis=1) > 20)
    style = annotate.Style.of(640, 480)
    middle = style.pad + (Emotion.HAPPY + 0.5) * style.row
    assert abs(rows.mean() - middle) <= 2


def test_a_crowd_has_a_box_each_and_no_words_upon_words():
    image = np.zeros((480, 640, 3), np.uint8)
    crowd = [track(20 + 60 * (n % 10), 40 + 70 * (n // 10), 34, name=n + 1) for n in range(60)]
    answer = annotate.annotate(image, crowd)
    assert changed(image, answer).mean() < 0.9
    for known in crowd:
        left, top = round(known.face.box.left), round(known.face.box.top)
        assert tuple(answer[top + 17, left]) == annotate.BARE


@pytest.mark.parametrize(
    ("size", "expected"),
    [((48, 48), 8), ((160, 120), 3), ((359, 800), 2), ((360, 360), 1), ((4000, 3000), 1), ((1, 1), 8)],
)
def test_small_pictures_are_enlarged_by_a_whole_factor(size, expected):
    assert annotate.factor(*size) == expected
