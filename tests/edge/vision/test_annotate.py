from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.labels import EMOTIONS, Emotion
from edge.vision import annotate, canvas, palette
from edge.vision.annotate import chart_place, chart_places, style_of
from edge.vision.canvas import eyes
from edge.vision.captions import Caption
from tests.edge.vision.faces import crowd, feeling, track

HAPPY = palette.of("happy")


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return (before != after).any(axis=2)


def has(image: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((image == np.array(colour)).all(axis=2).any())


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("legend_below", [False, True])
def test_nobody_leaves_the_picture_as_it_is_but_a_new_one(level, legend_below):
    image = np.full((480, 640, 3), level, np.uint8)
    answer = annotate.annotate(image, [], legend_below=legend_below)
    assert np.array_equal(answer, image)
    assert not np.shares_memory(answer, image)


@pytest.mark.parametrize(
    ("known", "colour"),
    [
        (track(), HAPPY),
        (track(worn=True), HAPPY),
        (track(reason="unsure"), palette.UNKNOWN),
        (track(judged=False, reason="too-small", worn=True), palette.UNKNOWN),
        (track(judged=False), palette.UNKNOWN),
        *[(track(emotion=feeling(label)), palette.of(label)) for label in EMOTIONS],
    ],
)
@pytest.mark.parametrize("level", [0, 255])
def test_the_box_has_the_colour_of_the_emotion_on_any_picture(known, colour, level):
    image = np.full((480, 640, 3), level, np.uint8)
    image.flags.writeable = False
    answer = annotate.annotate(image, [known])
    assert tuple(answer[210, 200]) == colour
    assert (image == level).all()


@pytest.mark.parametrize(
    "size", [(48, 48), (64, 20), (320, 240), (1280, 720), (3000, 4000)], ids=lambda size: f"{size[0]}x{size[1]}"
)
@pytest.mark.parametrize("where", [(-0.2, -0.2), (0.3, 0.3), (0.8, 0.8)], ids=["top left", "middle", "bottom right"])
def test_every_size_and_place_is_drawn(size, where):
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    known = track(where[0] * width, where[1] * height, 0.4 * min(size))
    enlarge = annotate.factor(width, height)
    answer = annotate.annotate(image, [known], enlarge)
    assert answer.shape == (height * enlarge, width * enlarge, 3)
    assert has(answer, HAPPY)


def test_small_pictures_are_enlarged_smoothly():
    image = np.zeros((8, 8, 3), np.uint8)
    image[:, 4:] = 200
    row = annotate.annotate(image, [], 8)[32, :, 0].astype(int)
    assert np.array_equal(row, cv2.resize(image, (64, 64), interpolation=cv2.INTER_CUBIC)[32, :, 0])
    assert np.abs(np.diff(row)).max() < 60


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((48, 48), 8),
        ((160, 120), 3),
        ((359, 800), 2),
        ((360, 360), 1),
        ((4000, 3000), 1),
        ((1, 1), 8),
        ((1000, 1), 8),
        ((1024, 1), 7),
        ((1, 4095), 2),
        ((4096, 1), 1),
        ((60_000, 1), 1),
        ((1_000_000, 1), 1),
        ((12_000, 150), 1),
        ((8, 4_000_000), 1),
    ],
)
def test_small_pictures_are_enlarged_by_a_whole_factor(size, expected):
    assert annotate.factor(*size) == expected


@pytest.mark.parametrize("label", EMOTIONS)
def test_the_longest_bar_of_the_chart_is_the_most_probable_emotions(label):
    image = np.zeros((480, 640, 3), np.uint8)
    known = track(emotion=feeling(label, 0.9))
    answer = annotate.annotate(image, [known])
    style = style_of(640, 480, [(200, 150, 320, 270)])
    place = chart_places([Caption.of(known)], [(200, 150, 320, 270)], (640, 480), style)[0]
    chart = answer[place[1] : place[3], place[0] : place[2]]
    rows = np.flatnonzero((chart == np.array(palette.of(label))).all(axis=2).sum(axis=1) > 20)
    assert abs(rows.mean() - (style.pad + (Emotion[label.upper()] + 0.5) * style.row)) <= 2


def test_a_chart_is_on_no_eyes():
    for faces in ([(0, 0, 640, 480)], [(200, 100, 420, 380), (430, 100, 630, 380)]):
        for own in range(len(faces)):
            place = chart_place(faces, own, [], 640, 480, style_of(640, 480, faces))
            if place is not None:
                for face in faces:
                    left, top, right, bottom = eyes(face)
                    assert place[2] <= left or place[0] >= right or place[3] <= top or place[1] >= bottom


@pytest.mark.parametrize("count", [1, 2, 3, 8, 13, 40])
@pytest.mark.parametrize("legend_below", [False, True])
def test_every_face_has_a_caption_and_its_eyes_stay_visible(count, legend_below):
    image = np.full((480, 640, 3), 120, np.uint8)
    faces = crowd(count)
    answer = annotate.annotate(image, faces, legend_below=legend_below)
    assert answer.shape[1] == 640
    assert answer.shape[0] == 480 or legend_below
    for n, known in enumerate(faces):
        left, top, right, bottom = eyes(tuple(round(side) for side in known.face.box.ltrb))
        line = 4
        seen = answer[top + line : bottom - line, left + line : right - line]
        assert (seen == 120).all()
        others = [face for m, face in enumerate(faces) if m != n]
        assert changed(answer[:480], annotate.annotate(image, others, legend_below=legend_below)[:480]).any()


def test_a_legend_below_makes_the_picture_higher_and_covers_nothing():
    image = np.full((240, 640, 3), 120, np.uint8)
    faces = crowd(80, 640, 240, columns=20, share=0.9)
    answer = annotate.annotate(image, faces, legend_below=True)
    assert answer.shape[0] > 240
    assert not (answer[240:] == 120).all(axis=2).any()
    assert annotate.annotate(image, faces).shape == image.shape


@pytest.mark.parametrize(("side", "capitals"), [(20, 39), (400, 52), (1500, 66)])
def test_text_is_smaller_where_faces_are_small_but_legible(side, capitals):
    assert style_of(4000, 3000, [(0, 0, side, side)]).capitals == capitals
    assert style_of(100, 100, [(0, 0, side, side)]).capitals == 9


def test_a_circle_marks_the_face_and_its_caption_has_the_emotion_alone():
    image = np.zeros((480, 640, 3), np.uint8)
    boxed, circled = (annotate.annotate(image, [track()], outline=outline) for outline in annotate.STYLES)
    left, top, right, bottom = (round(side) for side in track().face.box.ltrb)
    x, y, radius = (left + right) // 2, (top + bottom) // 2, round((right - left) * canvas.CIRCLE / 2)
    assert tuple(circled[y, x - radius]) == tuple(circled[y, x + radius - 1]) == HAPPY
    assert not circled[y, left].any(), "no box"
    assert changed(image, circled).sum() < changed(image, boxed).sum(), "no chart"
