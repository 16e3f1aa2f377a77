"""Landmarks and gender: off by default, and only then in the journal and on pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge import manifest
from edge.errors import InvalidValue, ModelError
from edge.extras import NOTHING, Extras
from edge.face import Scene
from edge.frame import Box, Frame
from edge.pipeline.factory import open_optional
from edge.pipeline.optional import OptionalModels
from edge.pipeline.pipeline import EmotionPipeline
from edge.records import face_record
from edge.settings import FacesSettings, TrackSettings
from edge.testing import FakeEngine
from edge.vision.annotate import annotate
from edge.vision.captions import Caption, words

FACE = (32, 32, False, True)
BOX = (32, 32, 80, 80)


def spec(task: str, labels: tuple[str, ...] = (), head: str = "probabilities"):
    return manifest.ModelSpec(
        name=task, task=task, file="m.tflite", sha256="0" * 64, width=48, height=48, colour="rgb", head=head,
        labels=labels, threshold=0.8,
    )  # fmt: skip


def points_engine() -> FakeEngine:
    """Every point is in the middle of the square but the first, which is in its upper left corner."""
    answer = np.full((68, 2), 0.5, np.float32)
    answer[0] = 0
    return FakeEngine(spec("landmarks", head="points"), lambda _image: (answer.reshape(-1),))


def gender_engine(male: float, labels: tuple[str, ...] = ("male", "female")) -> FakeEngine:
    return FakeEngine(spec("gender", labels), lambda _image: (np.array([male, 1 - male], np.float32),))


@pytest.fixture
def watch(pipeline, paint):
    """watch(optional): the one track of a picture with a face."""

    def run(optional: OptionalModels | None, smooth_s: float = 0.0, before: Scene | None = None, time: float = 0.0):
        made = EmotionPipeline(*pipeline.engines[:4], track=TrackSettings(smooth_s=smooth_s), optional=optional)
        return made(before or Scene(), Frame(paint(FACE), time, 0 if before is None else 9))

    return run


def test_without_them_nothing_is_said(watch) -> None:
    (known,) = watch(None).tracks
    assert known.extras is NOTHING
    assert not {"landmarks", "gender"} & set(face_record(known, 160, 120))
    assert words(known) == "happy 96 %, no mask"


def test_landmarks_lie_in_the_box_in_pixels_of_the_frame(watch) -> None:
    (known,) = watch(OptionalModels(landmarks=points_engine())).tracks
    told = face_record(known, 160, 120)["landmarks"]
    assert len(told) == 68
    assert told[0] == pytest.approx([32, 32], abs=1)
    assert told[1] == pytest.approx([56, 56], abs=1)
    moved = replace(known, face=replace(known.face, box=Box(0, 0, 96, 96)))
    assert face_record(moved, 160, 120)["landmarks"][1] == pytest.approx([48, 48], abs=2)


@pytest.mark.parametrize(("male", "label"), [(0.95, "male"), (0.05, "female"), (0.6, None), (0.79, None)])
def test_a_gender_is_named_where_the_model_is_sure(watch, male, label) -> None:
    (known,) = watch(OptionalModels(gender=gender_engine(male))).tracks
    assert known.extras.gender_label == label
    assert face_record(known, 160, 120)["gender"] == pytest.approx({"female": 1 - male, "male": male}, abs=1e-4)
    assert Caption.of(known).mask == (f"no mask, {label}?" if label else "no mask")


def test_the_guess_is_smoothed_over_seconds(watch) -> None:
    first = watch(OptionalModels(gender=gender_engine(1.0)), smooth_s=0.5)
    second = watch(OptionalModels(gender=gender_engine(0.0)), 0.5, first, 0.5)
    (known,) = second.tracks
    assert 0.8 < known.extras.gender[1] < 1.0


def test_a_picture_shows_the_landmarks(watch, paint) -> None:
    (known,) = watch(OptionalModels(landmarks=points_engine())).tracks
    plain = annotate(paint(FACE), [replace(known, extras=NOTHING)], 3)
    dotted = annotate(paint(FACE), [known], 3)
    changed = np.argwhere((plain != dotted).any(axis=2))
    assert len(changed)
    assert np.abs(changed - (3 * 56, 3 * 56)).max(axis=1).min() < 6


@pytest.mark.parametrize(
    ("landmarks", "gender", "expected"),
    [
        (gender_engine(1.0), None, "expected head 'points'"),
        (None, gender_engine(1.0, ("male", "other")), "expected the labels female, male, got male, other"),
    ],
)
def test_other_models_are_refused(landmarks, gender, expected) -> None:
    with pytest.raises(ModelError, match=expected):
        OptionalModels(landmarks, gender)


@pytest.mark.parametrize("given", [{"points": np.zeros((5, 2))}, {"gender": np.array([0.5, np.nan])}])
def test_extras_are_checked(given) -> None:
    with pytest.raises(InvalidValue, match="expected finite numbers of shape"):
        Extras(**given)


def test_settings_switch_them_on() -> None:
    listed = manifest.load()
    assert open_optional(listed, FacesSettings(), 1) is None
    opened = open_optional(listed, FacesSettings(landmarks=True), 1)
    assert [engine.spec.task for engine in opened.engines] == ["landmarks"]
    for engine in opened.engines:
        engine.close()
    with pytest.raises(ModelError, match=r"\[faces\] gender: .*has no gender model.*docs/training.md"):
        open_optional(listed, FacesSettings(gender=True), 1)
