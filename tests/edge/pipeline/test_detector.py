from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.engines import open_engine
from edge.errors import EngineError, ModelError
from edge.frame import Box
from edge.pipeline.classifier import Classifier
from edge.pipeline.detector import FaceDetector
from edge.testing import FakeEngine


def fixed(spec, *outputs):
    """An engine that gives the same answer to everything."""
    return FakeEngine(spec, lambda image: outputs)


@pytest.fixture
def finder(tiny_manifest):
    return FaceDetector(open_engine(tiny_manifest, "face"))


def boxes(faces):
    return sorted(tuple(round(side) for side in face.box.ltrb) for face in faces)


@pytest.mark.parametrize(
    ("faces", "expected"),
    [
        ([], []),
        ([(32, 16)], [(32, 16, 80, 64)]),
        ([(0, 0)], [(0, 0, 48, 48)]),
        ([(0, 32), (96, 64)], [(0, 32, 48, 80), (96, 64, 144, 112)]),
    ],
    ids=["nobody", "one", "in the corner", "two"],
)
def test_faces_are_found_where_they_are(finder, paint, faces, expected):
    assert boxes(finder.detect(paint(*[(x, y, False, False) for x, y in faces]))) == expected


@pytest.mark.parametrize("factor", [2, 4])
def test_boxes_are_in_pixels_of_the_picture_whatever_its_size(finder, paint, factor):
    picture = paint((32, 16, False, False)).repeat(factor, axis=0).repeat(factor, axis=1)
    assert boxes(finder.detect(picture)) == [(32 * factor, 16 * factor, 80 * factor, 64 * factor)]


def test_a_picture_of_another_shape_is_padded_not_stretched(finder, paint):
    picture = paint((32, 16, False, False), width=160, height=80)
    assert boxes(finder.detect(picture)) == [(32, 16, 80, 64)]


def test_a_box_in_the_padding_is_nowhere(tiny_manifest):
    spec = tiny_manifest["face"]
    logits = np.full((80, 1), -9, np.float32)
    logits[[0, 79]] = 9  # the top left and the bottom right cell
    finder = FaceDetector(fixed(spec, logits, np.full((80, 4), 0.5, np.float32)))
    wide = np.zeros((60, 160, 3), np.uint8)
    assert boxes(finder.detect(wide)) == [(0, 0, 16, 16)]


@pytest.mark.parametrize(
    "faces",
    [[], [(32, 112)], [(0, 0), (64, 96)]],
    ids=["nobody", "at the bottom", "two"],
)
def test_an_upright_picture_is_searched_on_an_upright_canvas(finder, paint, faces):
    picture = paint(*[(x, y, False, False) for x, y in faces], width=120, height=160)
    assert [box[:2] for box in boxes(finder.detect(picture))] == faces


def test_an_upright_picture_narrower_than_the_canvas_is_padded_at_the_right(finder, paint):
    assert boxes(finder.detect(paint((32, 96, False, False), width=80, height=160))) == [(32, 96, 80, 144)]


def test_a_square_picture_and_an_engine_that_cannot_be_transposed_keep_the_canvas(finder, tiny_manifest, paint):
    picture = paint((32, 32, False, False), width=120, height=120)
    assert boxes(finder.detect(picture)) == [(32, 32, 80, 80)]
    seen = []
    spec = tiny_manifest["face"]
    fixed_engine = FakeEngine(spec, lambda image: seen.append(image) or (np.full((80, 1), -9), np.zeros((80, 4))))
    assert FaceDetector(fixed_engine).detect(paint((0, 112, False, False), width=120, height=160)) == ()
    assert seen[0][:, 90:].max() == 0  # 120x160 on a canvas of 160x120 is 90x120, at the left


def test_the_score_can_be_told_and_is_the_models_own_otherwise(tiny_manifest):
    spec = replace(tiny_manifest["face"], threshold=0.9)
    logits = np.full((80, 1), -9, np.float32)
    logits[3] = 1  # a score of .73
    engine = fixed(spec, logits, np.full((80, 4), 0.5, np.float32))
    picture = np.zeros((120, 160, 3), np.uint8)
    assert FaceDetector(engine).detect(picture) == ()
    assert len(FaceDetector(engine, score=0.5).detect(picture)) == 1


def test_a_finder_wants_a_detector_and_a_classifier_a_classifier(tiny_manifest):
    with pytest.raises(ModelError, match="expected head 'anchors', got 'probabilities'"):
        FaceDetector(open_engine(tiny_manifest, "mask"))
    with pytest.raises(ModelError, match="expected head 'probabilities', got 'anchors'"):
        Classifier(open_engine(tiny_manifest, "face"))


def test_a_classifier_cuts_the_square_of_its_spec_out_of_the_picture(tiny_manifest):
    spec = replace(tiny_manifest["mask"], margin=2.0, shift=0.5)
    engine = fixed(spec, np.float32([0.25, 0.75]))
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[46:62, 42:58] = 200  # twice the box's side around its middle, half its height further down
    before = picture.copy()
    answer = Classifier(engine).probabilities(picture, Box(46, 46, 54, 54))
    assert answer.tolist() == [0.25, 0.75]
    assert engine.images[0].shape == (16, 16, 3)
    assert (engine.images[0] == 200).all()
    assert np.array_equal(picture, before)


def test_eight_bits_beside_one_are_made_a_distribution(tiny_manifest):
    engine = fixed(tiny_manifest["mask"], np.float32([0.5, 0.49]))
    answer = Classifier(engine).probabilities(np.zeros((50, 50, 3), np.uint8), Box(0, 0, 10, 10))
    assert answer.sum() == pytest.approx(1.0, abs=1e-6)
    assert answer[0] / answer[1] == pytest.approx(0.5 / 0.49)


def test_an_answer_of_nothing_is_an_engine_error(tiny_manifest):
    engine = fixed(tiny_manifest["mask"], np.zeros(2, np.float32))
    with pytest.raises(EngineError, match="only zeros"):
        Classifier(engine).probabilities(np.zeros((50, 50, 3), np.uint8), Box(0, 0, 10, 10))


def test_many_points_are_read_as_few_are(pipeline, paint, monkeypatch):
    image = paint((32, 32, False, True))
    few = pipeline.detector.detector.detect(image)
    monkeypatch.setattr("edge.pipeline.detector.FEW", -1)
    many = pipeline.detector.detector.detect(image)
    assert len(few) == len(many) > 0
    for one, other in zip(few, many, strict=True):
        assert one.box.ltrb == pytest.approx(other.box.ltrb, abs=1e-3)
        assert one.score == pytest.approx(other.score, abs=1e-6)
