"""Every task, one epoch on generated data: what the training hands to the conversion and to the device fits them."""

from __future__ import annotations

import numpy as np
import pytest

from edge import manifest
from training import recipe as recipes
from training.data import masked_v1
from training.tasks import open_task

keras = pytest.importorskip("keras")

from training import fit  # noqa: E402

OUTPUTS = {
    "emotion-bare": [(7,)],
    "emotion-masked": [(7,)],
    "mask": [(3,)],
    "face": [(96 + 24 + 6, 1), (96 + 24 + 6, 4)],
    "landmarks": [(136,)],
    "gender": [(2,)],
}


def opened(task, write_recipe, data, monkeypatch):
    if "landmarks" not in manifest.load().specs and task in ("mask", "emotion-masked"):
        pytest.skip("no landmark model is shipped, and masks cannot be drawn without one")
    # The frozen table is for FER2013's own rows: on generated ones, any picture stands for a masked one.
    monkeypatch.setattr(masked_v1, "render", lambda fer, rows: fer.images[rows])
    return open_task(recipes.load(write_recipe(task)), data)


@pytest.mark.slow
@pytest.mark.parametrize("task", list(OUTPUTS))
def test_one_epoch(task, write_recipe, made_data, tmp_path, monkeypatch) -> None:
    made = opened(task, write_recipe, made_data, monkeypatch)
    model = fit.train(made.recipe, made, tmp_path / "run")
    served = made.export(model)
    samples = made.samples(6, 1)
    assert samples.dtype == np.uint8
    assert samples.shape[1:] == served.inputs[0].shape[1:]
    assert 0 < len(samples) <= 6
    assert np.array_equal(samples, made.samples(6, 1))
    answers = served.predict_on_batch(samples.astype(np.float32) / 255)
    answers = answers if isinstance(answers, list) else [answers]
    assert [answer.shape[1:] for answer in answers] == OUTPUTS[task]
    if task in ("mask", "emotion-bare", "emotion-masked", "gender"):
        assert np.asarray(answers[0]).sum(axis=1) == pytest.approx(np.ones(len(samples)), abs=1e-4)
    assert all(np.isfinite(answer).all() for answer in answers)


@pytest.mark.parametrize("task", list(OUTPUTS))
def test_batches_come_again_the_same_and_differ_between_epochs(task, write_recipe, made_data, monkeypatch) -> None:
    made = opened(task, write_recipe, made_data, monkeypatch)
    first, second = made.batches(), made.batches()
    images, targets = first[0]
    assert images.dtype == np.float32
    assert images.min() >= 0
    assert images.max() <= 1
    assert len(images) == len(targets)
    assert np.array_equal(images, second[0][0])
    second.on_epoch_end()
    assert not np.array_equal(images, second[0][0])
