"""Emotion trainings with faces of press photographs beside FER2013's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training import recipe as recipes
from training import weights
from training.data import masked_v1
from training.tasks import open_task
from training.tasks.emotion_batches import answers

WILD = {"wild": 0.5, "even": 0.3, "wild_chances": [1, 1, 1, 1, 1, 1, 0.5]}


@pytest.fixture
def opened(write_recipe, made_data, monkeypatch):
    """opened(task, **data): a task whose recipe has these values in its [data] table."""
    monkeypatch.setattr(masked_v1, "render", lambda fer, rows: fer.images[rows])

    def make(task, **data):
        recipe = recipes.load(write_recipe(task))
        return open_task(replace(recipe, data={**recipe.data, **data}), made_data)

    return make


@pytest.mark.parametrize("task", ["emotion-bare", "emotion-masked"])
def test_half_of_each_batch_are_faces_of_photographs(task, opened) -> None:
    batches = opened(task, **WILD).batches()
    pictures, targets = batches[0]
    assert pictures.shape == (4, 48, 48, 1)
    assert targets.shape == (4, 7)
    assert targets.sum(axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    assert batches.others == 2


@pytest.mark.parametrize("task", ["emotion-bare", "emotion-masked"])
def test_it_is_measured_on_both_sets(task, opened) -> None:
    made = opened(task, **WILD)
    values = made.measure(made.build())
    assert values["score"] == pytest.approx((values["public"] + values["wild"]) / 2)
    assert set(values) == {"score", "public", "public_macro", "wild", "wild_neutral", "wild_happy"}


def test_below_the_floor_of_fer2013_a_point_costs_two(opened) -> None:
    free, held = opened("emotion-bare", **WILD), opened("emotion-bare", **WILD, floor=1.0)
    network = free.build()
    values = free.measure(network)
    assert held.measure(network)["score"] == pytest.approx(values["score"] - 2 * (1 - values["public"]))


def test_calibration_sees_both_sets_and_a_mask_where_there_is_one(opened) -> None:
    bare, masked = (opened(task, **WILD).samples(8, 1) for task in ("emotion-bare", "emotion-masked"))
    assert bare.shape == masked.shape == (8, 48, 48, 1)
    assert not np.array_equal(bare, masked)


def test_the_prior_is_that_of_what_is_taught(opened) -> None:
    prior = opened("emotion-bare", **WILD).prior()
    assert prior.sum() == pytest.approx(1)
    assert prior.argmin() == 6  # every second neutral face of the photographs alone
    assert opened("emotion-bare").prior().min() > 0


def test_a_run_begins_from_the_weights_that_are_named_and_is_taught_by_them(opened, tmp_path) -> None:
    first = opened("emotion-bare").build()
    weights.save(opened("emotion-bare").export(first), tmp_path / "weights.npz")
    made = opened("emotion-bare", start=str(tmp_path / "weights.npz"), teacher=0.5)
    for old, new in zip(first.get_weights(), made.build().get_weights(), strict=True):
        assert new == pytest.approx(old, abs=1e-3)
    rows = made.rows()
    told = answers(made.build(), made.set.images[rows])
    assert made.batches().targets == pytest.approx(0.5 * made.targets(rows) + 0.5 * told, abs=1e-5)


def test_the_bare_model_teaches_the_photographs_too(opened) -> None:
    plain, taught = (opened("emotion-masked", **WILD, wild_teacher=share).beside() for share in (0.0, 0.4))
    assert plain.targets.max(axis=1) == pytest.approx(np.full(len(plain.targets), plain.targets.max()))
    assert not np.allclose(plain.targets, taught.targets, atol=0.01)
    assert np.array_equal(plain.images, taught.images)


def test_the_best_blend_of_first_and_trained_weights_is_kept(opened, tmp_path, monkeypatch, capsys) -> None:
    first = opened("emotion-bare").build()
    weights.save(opened("emotion-bare").export(first), tmp_path / "weights.npz")
    made = opened("emotion-bare", start=str(tmp_path / "weights.npz"), blend=[0.25, 0.75, 1.0])
    model, batches = made.build(), made.batches()
    kernel = model.layers[-1]
    begun = kernel.get_weights()
    kernel.set_weights([values + 4 for values in begun])
    # Best where a quarter of the way is left: the bias has moved by 3.
    monkeypatch.setattr(made, "measure", lambda m: {"score": -abs(float((kernel.get_weights()[1] - begun[1])[0]) - 3)})
    made.finish(model, batches)
    assert kernel.get_weights()[1] == pytest.approx(begun[1] + 3, abs=1e-3)
    assert capsys.readouterr().out.count("blend") == 3


def test_a_consistent_teacher_sees_each_picture_as_it_is_shown(opened) -> None:
    made = opened("emotion-bare", teacher=1.0, consistent=True)
    seen = []

    def told(images):
        seen.append(images)
        return np.eye(7, dtype=np.float32)[images.mean(axis=(1, 2)).astype(int) % 7]

    made.told = told
    batches = made.batches()
    assert seen == []
    pictures, targets = batches[1]
    assert np.array_equal(seen[0], np.rint(pictures[..., 0] * 255).astype(np.uint8))
    assert np.array_equal(targets, told(seen[0]))
