"""Figures on data whose answers are known, through the device's own code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge import manifest
from edge.errors import ModelError
from edge.labels import EMOTIONS, Emotion
from edge.testing import FakeEngine
from training import evaluate
from training.data import masked_v1
from training.data.fer2013 import PRIVATE, PUBLIC
from training.data.masked_v1 import Table
from training.data.masks import KINDS, NEEDED
from training.evaluate import bare, close_faces, face, false_alarms, mask, masked, sizes, thresholds, two_stage
from training.evaluate.context import Answers, EvaluationContext
from training.metrics import wilson


def frozen(rows: np.ndarray, kinds: list[str], mean: list[bool]) -> Table:
    count = len(rows)
    numbers = np.array([KINDS.index(kind) for kind in kinds], np.uint8)
    points = np.zeros((count, len(NEEDED), 2), np.int8)
    return Table(rows.astype(np.int32), numbers, np.zeros(count, np.uint8), points, np.array(mean))


@pytest.fixture
def with_masks(context, monkeypatch) -> EvaluationContext:
    """The context with a frozen set of its own: a mask makes a bright face a little darker, and a dark one bright."""
    kinds = ["surgical", "surgical", "valve", "gaiter", "cloth"]

    def make(data, name):
        usage = masked_v1.USAGES[name]
        rows = data.rows(usage)
        images = np.where(data.images[rows] > 128, 200, 150).astype(np.uint8)
        return frozen(rows, kinds[: len(rows)], [n == 1 for n in range(len(rows))]), images

    monkeypatch.setattr(masked_v1, "frozen", make)
    return context


def test_face(context) -> None:
    values = face.figure(context).values
    assert values["ap50"] == pytest.approx(2 / 3)
    assert values["recall"] == pytest.approx(2 / 3)
    assert values["precision"] == 1
    assert values["recall_by_width"] == {"48+": pytest.approx(2 / 3)}
    assert values["ap50_masked"] == pytest.approx(6 / 7)  # all but the box of 19 pixels, where nothing is painted


def test_ap_of_masked_people_is_on_tight_boxes_alone(context) -> None:
    names = [picture.path.name for picture in face.pictures(context, "masked_faces")]
    assert len(names) == 6
    assert "web1.png" not in names


def test_mask(context) -> None:
    values = mask.figure(context).values
    assert values["pairs"] == 2 / 4
    assert values["pairs_interval"] == list(wilson(2, 4))
    assert (values["pairs_total"], values["pairs_no_face"]) == (4, 1)
    assert values["real"] == pytest.approx((3 / 4 + 1) / 2)
    assert values["real_with_mask"] == 3 / 4
    assert values["real_without_mask"] == 1
    assert values["real_incorrect_as_worn"] == 1
    assert values["confusion"] == {"bare": {"bare": 2, "worn": 0}, "worn": {"bare": 1, "worn": 3}}
    assert values["real_ece"] == pytest.approx(1 / 6, abs=0.02)  # sure of all six, right on five
    assert values["real_total"] == 6  # neither the incorrect one nor the box of 19 pixels
    assert values["real_loose"] is None  # its one loose box wears a mask: there is no balance


def test_bare_emotion(context) -> None:
    values = bare.figure(context).values
    assert values["int8"] == 3 / 5
    assert values["dedup"] == 2 / 4
    assert values["public"] == 1
    assert values["classes"] == {"angry": 0, "happy": pytest.approx(2 / 3), "sad": 1}
    assert values["dedup_classes"] == {"angry": 0, "happy": 1 / 2, "sad": 1}  # the row in Training was a happy one
    called = {(truth, said): n for truth, row in values["confusion"].items() for said, n in row.items() if n}
    assert called == {("happy", "happy"): 2, ("angry", "happy"): 1, ("sad", "sad"): 1, ("happy", "sad"): 1}
    answers = bare.of_usage(context, PRIVATE)
    gap = abs(answers.probabilities.max(axis=1).mean() - 3 / 5)
    assert values["ece"] == pytest.approx(gap, abs=0.01)  # the tiny model is always sure: one bin
    assert values["float"] is None
    assert "no float weights" in context.reasons["emotion-bare.float"]


def test_masked_emotion(with_masks) -> None:
    values = masked.figure(with_masks).values
    # The masked model calls bright pictures surprise, and there is no such row.
    assert values["int8"] == 0
    assert values["kinds"] == {"surgical": 0, "valve": 0, "gaiter": 0, "cloth": 0}
    assert values["mean_shape_rows"] == 1
    assert values["kinds_unseen"] == 0


def test_kinds_never_seen_in_training_are_scored_apart(with_masks) -> None:
    probabilities = np.eye(7, dtype=np.float32)[[3, 3, 0, 4, 0]]
    labels = np.array([3, 3, 0, 4, 3])
    table, _ = masked.frozen(with_masks, PRIVATE)
    given = Answers(labels, probabilities, EMOTIONS)
    assert masked.share(given, table.held_out()) == 1
    assert masked.share(given, ~table.held_out()) == pytest.approx(2 / 3)
    assert masked.share(given, np.zeros(5, bool)) is None


def test_two_stage(with_masks) -> None:
    """Bright squares are routed to the masked model, whatever they are: only the dark bare rows reach the bare one."""
    values = two_stage.figure(with_masks).values
    assert values["total"] == 10
    assert values["bare_routed_right"] == 2 / 5
    assert values["worn_routed_right"] == 1
    assert values["bare"] == 1 / 5  # the sad one; three bright ones are called surprised, the dark happy one sad
    assert values["worn"] == 0
    assert values["accuracy"] == 1 / 10
    assert values["dedup"] == 1 / 8  # without the first row, bare and masked
    assert values["ece"] > 0.8  # nearly sure of every row, and right on one in ten
    assert sum(n for row in values["confusion"].values() for n in row.values()) == 10
    assert values["confusion"]["sad"]["sad"] == 1


def test_each_row_is_judged_by_the_model_that_it_was_routed_to(with_masks) -> None:
    answers, routes = two_stage.half(with_masks, two_stage.Mask.BARE)
    assert routes.tolist() == [True, True, True, False, False]
    said = answers.probabilities.argmax(axis=1).tolist()
    assert said == [Emotion.SURPRISE] * 3 + [Emotion.SAD] * 2


def test_sizes(context) -> None:
    values = sizes.figure(context).values
    assert values["private"] == {str(size): 3 / 5 for size in sizes.PIXELS}  # flat squares look alike at any size
    assert values["guess"] == pytest.approx(3 / 5)


@pytest.mark.parametrize("size", [8, 17, 48])
def test_shrinking_keeps_the_mean(size) -> None:
    image = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)
    before = image.copy()
    small = sizes.shrunk(image, size)
    assert small.shape == (size, size)
    assert small.mean() == pytest.approx(image.mean(), abs=0.6)
    assert np.array_equal(image, before)


def test_false_alarms_are_counted_by_picture(context) -> None:
    from tests.training.evaluate.conftest import painted

    quiet, loud = painted(), painted((16, 16, False), (96, 48, False))
    assert false_alarms.alarms(context, []) == (0, 0)
    assert false_alarms.alarms(context, [quiet, loud, quiet, loud]) == (2, 4)


def test_thresholds_are_weighed_on_validation_pictures(context) -> None:
    """The tiny detector's scores are near 1 or near 0, and black crops raise no alarm; landmarks68 is not here."""
    curves = thresholds.figure(context)
    assert set(curves) == {"threshold-alarms", "threshold-recall", "threshold-pairs"}
    assert set(curves["threshold-alarms"].values()) == {0.0}
    assert list(curves["threshold-recall"].values()) == pytest.approx([2 / 3] * len(thresholds.AT))
    assert set(curves["threshold-pairs"].values()) == {0.5}
    assert "landmarks68" in context.reasons["threshold-heads"]


def test_risk_falls_where_the_surest_are_right() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])
    curve = bare.risk(Answers(np.array([0, 0, 1, 1]), probabilities, ("a", "b")))
    assert curve[0.25] == 0
    assert curve[0.5] == 0
    assert curve[0.75] == pytest.approx(1 / 3)
    assert curve[1.0] == 0.5


def test_from_a_confidence_on_fewer_rows_are_judged_and_more_of_them_rightly() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])
    curves = bare.curves(Answers(np.array([0, 0, 1, 1]), probabilities, ("a", "b")), "-x")
    assert curves["confidence-coverage-x"][0.5] == 1
    assert curves["confidence-accuracy-x"][0.5] == 0.5
    assert curves["confidence-coverage-x"][0.75] == 0.5
    assert curves["confidence-accuracy-x"][0.75] == 1
    assert max(curves["confidence-coverage-x"]) == 0.9  # nobody is surer


def test_a_folder_without_data_gives_nulls_with_reasons(tmp_path) -> None:
    from tests.training.evaluate.conftest import TINY

    context = EvaluationContext(manifest.load(TINY), tmp_path)
    figures = evaluate.take(context)
    assert list(figures) == list(evaluate.MODULES)
    fixed = {
        "face": ["ap50", "ap50_masked"],
        "mask": ["pairs", "real"],
        "emotion-bare": ["int8", "float", "dedup", "ece"],
        "emotion-masked": ["int8", "float", "dedup", "ece"],
        "two-stage": ["accuracy"],
        "landmarks": ["nme"],
    }
    for name, keys in fixed.items():
        assert [figures[name].values[key] for key in keys] == [None] * len(keys)
    assert "fer2013.npz" in context.reasons["emotion-bare.int8"]
    assert "no model for 'landmarks'" in context.reasons["landmarks.nme"]


def test_a_model_that_is_not_the_manifest_s_is_not_measured(tmp_path, known_data) -> None:
    import shutil

    from tests.training.evaluate.conftest import TINY

    shutil.copytree(TINY, tmp_path / "models")
    with open(tmp_path / "models/mask/model.tflite", "ab") as file:
        file.write(b"more")
    context = EvaluationContext(manifest.load(tmp_path / "models"), known_data)
    with pytest.raises(ModelError, match="does not match"):
        evaluate.take(context, ["mask"])


def test_unknown_figures_are_named(context) -> None:
    with pytest.raises(ValueError, match="--only hats: expected one of face, mask"):
        evaluate.take(context, ["face", "hats"])


def test_only_what_was_asked_for_is_taken(context) -> None:
    assert list(evaluate.take(context, ["mask", "face"])) == ["face", "mask"]


def test_the_first_rows_for_a_quick_look(known_data) -> None:
    from tests.training.evaluate.conftest import TINY

    context = EvaluationContext(manifest.load(TINY), known_data, limit=2)
    assert bare.figure(context).values["int8"] == 1
    assert len(bare.of_usage(context, PUBLIC).labels) == 2


def test_a_pasted_head_is_where_its_box_says() -> None:
    head = np.zeros((128, 128, 3), np.uint8)
    head[30:110, 40:100] = 255
    points = np.array([[40, 30], [100, 110]] + [[70, 70]] * 66, float)
    background = np.zeros((60, 80, 3), np.uint8)
    for seed in range(12):
        made = close_faces.paste(head, points, background, np.random.default_rng(seed))
        assert made.image.shape == (close_faces.HEIGHT, close_faces.WIDTH, 3)
        rows, columns = np.nonzero(made.image[:, :, 0] > 127)
        found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert np.abs(made.ltrb - found).max() < 6  # half a pixel of the head is several of the frame
        assert 0.2 <= made.share <= 0.9
        assert (made.ltrb >= -1e-3).all()
        assert (made.ltrb <= np.array([640, 480, 640, 480]) + 1e-3).all()


def doubting(spec) -> FakeEngine:
    """A mask engine with three classes: everything is bare, except that what is green is not a face."""

    def answer(image: np.ndarray) -> tuple[np.ndarray, ...]:
        none = float(image[..., 1].mean() > 127)
        return (np.float32([1 - none, 0.0, none]),)

    return FakeEngine(replace(spec, labels=("bare", "worn", "background"), threshold=0.97), answer)


def test_figures_are_taken_after_the_second_look(known_data) -> None:
    """The detector finds two of three faces and a lamp; the second look knows the lamp."""
    from tests.training.evaluate.conftest import TINY, painted

    listed = manifest.load(TINY)
    given = EvaluationContext(listed, known_data, given=[doubting(listed["mask"])])
    lamp = painted((32, 32, False))
    lamp[32:80, 32:80, 1] = 255
    alone = EvaluationContext(replace_specs(listed, {"face"}), known_data)
    assert false_alarms.alarms(alone, [lamp, painted()]) == (1, 2)
    assert false_alarms.alarms(given, [lamp, painted(), painted((32, 32, False))]) == (1, 3)
    assert mask.pairs(given, given.engine("mask"))["pairs_no_face"] == 1
    assert [len(one.scores) for one in face.shown(given, face.pictures(given, "faces"), 0.5)] == [1, 1, 0]
    for context in (alone, given):
        context.close()


def replace_specs(listed, tasks):
    """The manifest with these tasks alone."""
    return replace(listed, specs={task: listed[task] for task in tasks})
