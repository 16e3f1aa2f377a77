"""The drawn people: same parameters, same pixels; other parameters, other faces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge import manifest
from edge.demo.brush import Canvas, ellipse
from edge.demo.head import head
from edge.demo.people import CAST, Expression, expressions
from edge.demo.stage import PARTS, showing, stage
from edge.errors import ModelError
from edge.face import Scene
from edge.frame import Frame
from edge.labels import EMOTIONS
from edge.pipeline.factory import open_pipeline
from edge.settings import Settings
from edge.tasks import DAEMON

HEIGHT = 120


def drawn(expression=None, masked=False, person=CAST[0]):
    picture = np.full((HEIGHT, HEIGHT * 5 // 6, 3), 128, np.uint8)
    head.__wrapped__(person, expression or Expression(), masked, HEIGHT).put(picture, 0, 0)
    return picture.astype(int)


def changed(expression, masked=False):
    """The rows that differ from the plain face, as parts of the height."""
    rows = np.flatnonzero(np.abs(drawn(expression, masked) - drawn()).max(axis=(1, 2)) > 20) / HEIGHT
    return rows.min(), rows.max()


def test_the_same_parameters_give_the_same_pixels():
    assert (drawn() == drawn()).all()


def test_the_corners_around_a_head_are_clear():
    picture = drawn()
    assert (picture[0, 0] == 128).all()
    assert (picture[0, -1] == 128).all()


@pytest.mark.parametrize(
    ("changes", "low", "high"),
    [
        ({"brow_inner": 14.0}, 0.3, 0.45),
        ({"brow_outer": -12.0}, 0.3, 0.45),
        ({"eye": 20.0}, 0.38, 0.5),
        ({"open": 30.0}, 0.58, 0.78),
        ({"mouth": 18.0}, 0.58, 0.75),
    ],
)
def test_a_parameter_moves_its_own_part_of_the_face(changes, low, high):
    first, last = changed(replace(Expression(), **changes))
    assert low < first < last < high


def test_a_mask_covers_nose_and_mouth_and_leaves_the_eyes():
    first, last = changed(Expression(), masked=True)
    assert 0.4 < first < 0.5 < 0.7 < last < 0.8


def test_an_expression_changes_in_steps():
    calm, glad = Expression(), Expression(mouth=18.0, open=20.0)
    assert calm.towards(glad, 0.0) == calm
    assert calm.towards(glad, 0.5).open == 10.0
    assert calm.towards(glad, 1.0) == glad


def test_a_shape_within_another_and_outside_of_it_make_the_whole():
    canvas = Canvas(96)
    one, other = canvas.area(ellipse(150, 200, 60, 60)), canvas.area(ellipse(220, 260, 70, 90))
    whole = one.share.sum()
    assert 0 < one.inside(other).share.sum() < whole
    assert one.inside(other).share.sum() + one.outside(other).share.sum() == pytest.approx(whole)
    far = canvas.area(ellipse(380, 460, 10, 10))
    assert one.inside(far).share.sum() == 0
    assert one.outside(far).share.sum() == pytest.approx(whole)


def test_every_part_names_known_expressions_and_emotions():
    assert {emotion for part in PARTS for _, emotion, _ in part} <= set(expressions()) <= set(EMOTIONS)


def test_a_part_goes_from_one_expression_to_the_next():
    part = ((0.0, "happy", False), (2.0, "sad", True))
    known = expressions()
    assert showing(part, 1.99) == (known["happy"], False)
    between, masked = showing(part, 2.2)
    assert masked
    assert between not in known.values()
    assert showing(part, 3.0) == (known["sad"], True)


def test_the_bundled_models_read_the_emotions_and_masks_that_are_drawn():
    try:
        for task in DAEMON:
            manifest.load()[task]
    except ModelError as error:
        pytest.skip(f"no shipped models yet: {error}")
    times = (0.5, 2.5, 4.0, 6.2, 7.8, 8.7, 9.1, 9.8)  # none while an expression changes
    pipeline = open_pipeline(Settings(), live=False)
    try:
        for time in times:
            tracks = sorted(pipeline.detect(stage(time)), key=lambda track: track.face.box.left)
            shown = [max(entry for entry in part if entry[0] <= time) for part in PARTS]
            assert [track.mask_state for track in tracks] == [("none", "worn")[masked] for *_, masked in shown], time
            # What no mask hides is read as it is drawn; one may be unsure.
            read = [track.label for track in tracks if not track.worn]
            drawn = [emotion for _, emotion, masked in shown if not masked]
            assert sum(a == b for a, b in zip(read, drawn, strict=True)) >= len(drawn) - 1, (time, read)
    finally:
        pipeline.close()


def test_the_captions_of_the_sheet_say_what_is_drawn():
    """Six of the twelve pictures that `make demo` ends with show drawn people: none may come before its caption."""
    try:
        pipeline = open_pipeline(Settings(), live=False)
    except ModelError as error:
        pytest.skip(f"no shipped models yet: {error}")
    fps, tiles = 15, [10 / 12 * (2 * n + 1) for n in range(6)]
    scene = Scene()
    try:
        for index in range(150):
            time = index / fps
            scene = pipeline(scene, Frame(stage(time), time, index))
            if not any(abs(time - tile) < 0.75 / fps for tile in tiles):
                continue
            shown = [max(entry for entry in part if entry[0] <= time) for part in PARTS]
            tracks = sorted(scene.visible, key=lambda track: track.face.box.left)
            assert [(track.label, track.worn) for track in tracks] == [entry[1:] for entry in shown], time
    finally:
        pipeline.close()
