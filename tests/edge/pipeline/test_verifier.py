"""The second look: tables of what a detector and a mask model say together, on engines whose answers are given."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from edge.engines import open_engine
from edge.errors import ModelError
from edge.face import Detection, MaskResult, Scene
from edge.frame import Box, Frame
from edge.pipeline.classifier import MaskModel
from edge.pipeline.detector import FaceDetector
from edge.pipeline.pipeline import EmotionPipeline
from edge.pipeline.verifier import BLUR, GAIN, LARGE, MIN_LARGE, MIN_SCORE, WEIGHT, VerifiedDetector
from edge.settings import ModelsSettings, TrackSettings
from edge.tasks import DAEMON
from edge.testing import FakeEngine

THREE = ("bare", "worn", "background")
BARE, MASKED = (32, 16, False, True), (96, 64, True, True)


def says(spec, bare=0.1, worn=0.1, threshold=0.5):
    """A mask engine whose P(background) is `worn` where the square is blue, and `bare` where it is not."""

    def answer(image):
        blue = image[..., 2].mean() > 127
        background = worn if blue else bare
        face = np.array([0.0, 1.0] if blue else [1.0, 0.0]) * (1 - background)
        return (np.float32([*face, background]),)

    return FakeEngine(replace(spec, labels=THREE, threshold=threshold), answer)


@pytest.fixture
def engines(tiny_manifest):
    return [open_engine(tiny_manifest, task) for task in DAEMON]


def lefts(faces):
    return sorted(round(face.box.left) for face in faces)


@pytest.mark.parametrize(
    ("answer", "worn", "face"),
    [
        ((0.5, 0.5, 0.0), 0.5, 1.0),
        ((0.9, 0.1, 0.0), 0.1, 1.0),
        ((0.2, 0.6, 0.2), 0.75, 0.8),
        ((0.0, 0.0, 1.0), 0.0, 0.0),
    ],
)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_worn_is_reported_for_faces_whatever_the_order_of_the_labels(tiny_manifest, answer, worn, face, order):
    engine = open_engine(tiny_manifest, "mask")
    engine.spec = replace(engine.spec, labels=tuple(THREE[n] for n in order))
    look = MaskModel(engine).parse(np.float32([answer[n] for n in order]))
    assert (look.worn, look.face) == (pytest.approx(worn, abs=1e-6), pytest.approx(face, abs=1e-6))


def test_a_model_of_two_classes_takes_every_detection_for_a_face(tiny_manifest, paint):
    finder = FaceDetector(open_engine(tiny_manifest, "face"))
    mask = MaskModel(open_engine(tiny_manifest, "mask"))
    checked = VerifiedDetector(finder.engine, mask)
    picture = paint(BARE, MASKED)
    assert not mask.tells_faces
    assert VerifiedDetector(finder.engine, None).detect(picture) == finder.detect(picture)
    assert checked.detect(picture) == finder.detect(picture)
    assert {face.mask for face in checked.detect(picture)} == {None}
    assert checked.fused_score(Detection(Box(0, 0, 9, 9), 0.6), MaskResult(0.5)) == 0.6


@pytest.mark.parametrize("labels", [("bare", "hat"), ("bare", "background"), (*THREE, "hat")])
def test_other_labels_are_a_model_error(tiny_manifest, labels):
    engine = open_engine(tiny_manifest, "mask")
    engine.spec = replace(engine.spec, labels=labels)
    with pytest.raises(
        ModelError, match="expected the labels bare, worn, with or without background and incorrect, got bare"
    ):
        MaskModel(engine)


@pytest.fixture
def checked(engines):
    """checked(without, with_blue, score): a finder whose faces, all of score .97, need a second look's word."""

    def make(without=0.0, with_blue=0.0, score=None):
        mask = says(engines[1].spec, without, with_blue, threshold=0.97)
        return VerifiedDetector(engines[0], MaskModel(mask), score)

    return make


@pytest.mark.parametrize(
    ("without", "with_blue", "expected"),
    [(1.0, 1.0, []), (0.0, 1.0, [32]), (1.0, 0.0, [96]), (0.0, 0.0, [32, 96])],
    ids=["nothing is a face", "the bare one is", "the masked one is", "both are"],
)
def test_a_detection_that_verification_rejects_is_dropped(checked, paint, without, with_blue, expected):
    assert lefts(checked(without, with_blue).detect(paint(BARE, MASKED))) == expected


def odds(p):
    return math.log(p / (1 - p))


def test_the_log_odds_of_both_are_added(checked):
    face = Detection(Box(0, 0, 9, 9), 0.8)
    gap = odds(0.97) - odds(0.5)
    for seen in (0.1, 0.5, 0.9):
        expected = odds(0.8) + WEIGHT * odds(seen) - gap
        assert odds(checked().fused_score(face, MaskResult(0.5, seen))) == pytest.approx(expected), seen
    assert checked().fused_score(face, None) == pytest.approx(face.score), "without verification the detector decides"
    surest = [checked().fused_score(face, MaskResult(0.5, seen)) for seen in (0.9976, 1.0)]
    assert surest[0] == surest[1], "eight bits cannot be surer"


def test_a_sure_verification_lifts_a_doubtful_detector(checked):
    doubtful = Detection(Box(0, 0, 9, 9), 0.92)
    assert [checked().accepts(doubtful, MaskResult(0.5, seen)) for seen in (0.5, 1.0)] == [False, True]


@pytest.mark.parametrize(
    ("width", "scale", "expected"),
    [
        (1, 1.0, 0.0),
        (LARGE, 1.0, 0.0),
        (2 * LARGE, 1.0, GAIN),
        (2 * LARGE, 0.5, 0.0),
        (900, 1.0, 1.5 * GAIN),
        (2 * LARGE, 2.0, GAIN),
        (LARGE, 2.0, 0.0),
        (LARGE / 2, 4.0, -BLUR),
        (LARGE / 4, 2.0, -BLUR),
        (0.1, 4.0, -2 * BLUR),
    ],
)
def test_a_large_box_needs_less_proof_and_a_small_one_that_was_enlarged_more(checked, width, scale, expected):
    face, seen = Detection(Box(0, 0, width, 9), 0.8), MaskResult(0.5, 0.5)
    plain = checked().fused_score(Detection(Box(0, 0, 9, 9), 0.8), seen)
    assert odds(checked().fused_score(face, seen, scale)) - odds(plain) == pytest.approx(expected)
    assert checked().fused_score(face, None, scale) == pytest.approx(0.8), "unverified, the detector decides alone"


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.6, 1.0])
def test_the_detectors_own_threshold_is_but_the_zero_of_the_scale(engines, paint, threshold):
    engines[0].spec = replace(engines[0].spec, threshold=threshold)
    for background, expected in ((0.0, [32]), (1.0, [])):
        mask = MaskModel(says(engines[1].spec, background, threshold=0.97))
        assert lefts(VerifiedDetector(engines[0], mask).detect(paint(BARE))) == expected


def test_faces_have_the_fused_score_and_the_best_comes_first(checked, paint):
    picture = paint(BARE, MASKED)
    finder = checked(without=0.4, with_blue=0.01)
    found = finder.detect(picture)
    assert [round(face.box.left) for face in found] == [96, 32]
    alone = {face.box: face for face in finder.detector.detect(picture)}
    for face in found:
        assert face.score == finder.fused_score(alone[face.box], face.mask)


@pytest.mark.parametrize("score", [0.3, 0.5, 0.7, 0.9])
def test_a_face_is_shown_up_to_its_score(checked, paint, score):
    picture = paint(BARE)
    (face,) = [face for face in checked(without=0.6, score=0.01).detect(picture) if face.score > 0.1]
    assert bool(checked(without=0.6, score=score).detect(picture)) == (face.score >= score)


@pytest.mark.parametrize(
    ("most", "followed", "verified"),
    [
        (None, [], [32, 96]),
        (2, [], [32, 96]),
        (1, [], [96]),  # the surest of what is new
        (0, [], []),
        (None, [32], [32, 96]),
        (1, [96], [32]),  # what is new before what is followed
        (1, [32, 96], [32]),  # the least sure of what is followed
    ],
)
def test_a_live_cameras_verifications_are_limited(engines, paint, most, followed, verified):
    picture = paint(BARE, MASKED)
    picture[16:64, 32:80, 0] = 250  # less sure of the left one
    finder = VerifiedDetector(engines[0], MaskModel(says(engines[1].spec, threshold=0.9)))
    tops = {32: 16, 96: 64}
    known = [Detection(Box(left, tops[left], left + 48, tops[left] + 48), 0.9) for left in followed]
    found = finder.detect(picture, known, 0.3, most)
    assert lefts(found) == [32, 96]
    assert lefts(face for face in found if face.mask) == verified


@pytest.mark.parametrize(
    ("width", "score", "verified"),
    [
        (LARGE - 1, MIN_SCORE, True),
        (LARGE - 1, MIN_SCORE - 0.01, False),
        (LARGE, MIN_SCORE - 0.01, True),
        (LARGE, MIN_LARGE, True),
        (LARGE, MIN_LARGE - 0.01, False),
    ],
)
def test_faint_boxes_are_verified_only_if_large(engines, monkeypatch, width, score, verified):
    face, mask = replace(engines[0].spec, threshold=0.6), says(engines[1].spec, 0.0, threshold=0.7)
    engines[0].spec = face
    finder = VerifiedDetector(engines[0], MaskModel(mask))
    faint = Detection(Box(0, 0, width, width), score)
    monkeypatch.setattr(finder.detector, "detect", lambda image: (faint,))
    picture = np.zeros((face.height, face.width, 3), np.uint8)
    assert len(finder.detect(picture)) == mask.calls == verified


def test_the_detector_alone_decides_about_what_is_not_verified(checked, paint):
    picture = paint(BARE)
    assert [len(checked(without=1.0).detect(picture, most=most)) for most in (1, 0)] == [0, 1]


def test_the_pipeline_follows_nothing_that_verification_drops(engines, paint):
    mask = says(engines[1].spec, 1.0, 0.0, threshold=0.97)
    pipeline = EmotionPipeline(
        engines[0], mask, *engines[2:], track=TrackSettings(detect_every=1, refresh_hz=0.0, min_hits=1)
    )
    scene = Scene()
    for index in range(3):
        scene = pipeline(scene, Frame(paint(BARE, MASKED), index / 10, index))
    assert [(track.id, track.worn) for track in scene.tracks] == [(1, True)]
    assert [track.worn for track in pipeline.detect(paint(BARE, MASKED))] == [True]


def test_a_face_is_looked_at_once_a_frame(engines, paint):
    mask = says(engines[1].spec, 0.0, 0.0, threshold=0.97)
    pipeline = EmotionPipeline(
        engines[0], mask, *engines[2:], track=TrackSettings(detect_every=1, refresh_hz=0.0, min_hits=1)
    )
    scene, asked = Scene(), []
    for index in range(3):
        scene = pipeline(scene, Frame(paint(BARE, MASKED), index / 10, index))
        asked.append(mask.calls)
    assert asked == [2, 4, 6]
    pipeline.detect(paint(BARE))
    assert mask.calls == 7


@pytest.mark.parametrize(("score", "shown"), [(0.0, 0), (0.5, 0), (0.2, 1)])
def test_the_setting_of_the_score_moves_both_thresholds(engines, paint, score, shown):
    mask = says(engines[1].spec, 0.9, 0.0, threshold=0.97)
    pipeline = EmotionPipeline(engines[0], mask, *engines[2:], models=ModelsSettings(face_score=score))
    assert len(pipeline.detect(paint(BARE))) == shown
