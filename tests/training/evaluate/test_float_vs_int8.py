"""A model's figure before and after conversion: the very numbers that evaluate publishes, of engines handed in."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from edge import manifest
from edge.engines import open_engine
from edge.labels import EMOTIONS
from edge.manifest import Manifest
from edge.tasks import TASKS
from edge.testing import FakeEngine
from tests.training.evaluate.conftest import TINY
from training import weights
from training.data.fer2013 import DataError
from training.evaluate import bare, face, float_vs_int8, mask
from training.evaluate.classify import look
from training.evaluate.context import EvaluationContext, Unavailable


@pytest.fixture
def tiny_engine():
    opened = []

    def make(task):
        opened.append(open_engine(manifest.load(TINY), task))
        return opened[-1]

    yield make
    for engine in opened:
        engine.close()


def mirrored(engine) -> FakeEngine:
    """A float twin that answers the other class for every face."""
    return FakeEngine(replace(engine.spec, name="mirrored"), lambda image: (engine.infer(image)[0][::-1],))


def handed_in(data, task, engine, twin):
    return EvaluationContext(Manifest(data, {}), data, given=[engine], given_floats=[twin])


@pytest.mark.parametrize(
    ("task", "module", "key"),
    [("face", face, "ap50"), ("mask", mask, "real"), ("emotion-bare", bare, "int8")],
)
def test_int8_is_what_evaluate_publishes(known_data, context, tiny_engine, task, module, key) -> None:
    engine = tiny_engine(task)
    found = float_vs_int8.measure(handed_in(known_data, task, engine, engine), task)
    assert found.int8 == found.float_ == module.figure(context).values[key]
    assert found.pictures > 0
    assert not found.error


def test_the_float_twin_is_asked_for_float(known_data, tiny_engine) -> None:
    engine = tiny_engine("mask")
    twin = mirrored(engine)
    given = handed_in(known_data, "mask", engine, twin)
    found = float_vs_int8.measure(given, "mask")
    assert found.int8 == pytest.approx((3 / 4 + 1) / 2)
    assert found.float_ == pytest.approx(1 - found.int8)
    assert (found.figure, found.source, found.pictures) == ("balanced accuracy", "masked_faces test", 6)
    given.close()
    assert not twin.closed, "whoever opened it closes it"


def test_a_set_that_is_not_there_is_named(tmp_path, tiny_engine) -> None:
    engine = tiny_engine("emotion-bare")
    with pytest.raises(DataError, match=r"fer2013\.npz"):
        float_vs_int8.measure(handed_in(tmp_path, "emotion-bare", engine, engine), "emotion-bare")


def test_without_a_float_network_there_is_nothing_to_compare(context) -> None:
    with pytest.raises(Unavailable, match="no float weights"):
        float_vs_int8.measure(context, "mask")


def test_float_weights_of_another_network_are_named(tmp_path, known_data) -> None:
    keras = pytest.importorskip("keras")
    shutil.copytree(TINY, tmp_path, dirs_exist_ok=True)
    inputs = keras.Input((9, 9, 3))
    made = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(inputs)))
    weights.save(made, tmp_path / "mask/weights.npz")
    context = EvaluationContext(manifest.load(tmp_path), known_data)
    with pytest.raises(Unavailable, match=r"weights\.npz: of another network than mask/"):
        context.float_engine("mask")
    context.close()


def test_figures_of_the_seven_emotions_are_not_taken_of_a_model_that_tells_more(tiny_engine) -> None:
    engine = tiny_engine("emotion-bare")
    more = FakeEngine(replace(engine.spec, labels=(*EMOTIONS, "contempt")), lambda image: (np.full(8, 1 / 8),))
    with pytest.raises(Unavailable, match=r"also tells contempt, .* --fold contempt=neutral"):
        look(more, [])


def test_a_folder_of_data_sets_is_told_from_a_set(known_data, tmp_path) -> None:
    assert not float_vs_int8.is_data(tmp_path)
    assert not float_vs_int8.is_data(known_data / "faces")
    assert not float_vs_int8.is_data(known_data / "fer2013.npz")
    assert float_vs_int8.is_data(known_data)
    (tmp_path / "faces").mkdir()  # a class of somebody's set, by its name
    assert not float_vs_int8.is_data(tmp_path)


def test_every_task_has_its_figure() -> None:
    own = set(float_vs_int8._MEASURES)
    by_table = {name for name in TASKS if name not in own}
    assert own == {name for name, task in TASKS.items() if task.shipped}
    assert by_table == {"gender"}
