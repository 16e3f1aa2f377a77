"""Before and after on the folder of data sets: the numbers are those that evaluate gives of the published model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convert import measure, pipeline, publish
from convert.errors import CalibrationError
from convert.load import from_keras, load
from convert.measure import DataFolder, float_engine, open_evaluation
from convert.request import Request
from convert.sources import Source, from_arrays
from convert.verdict import Refused
from edge import manifest
from edge.engines import open_engine
from edge.errors import EdgeError
from edge.labels import MASKS
from edge.manifest import ModelSpec
from edge.vision.preprocessing import Preprocessing
from tests.training.evaluate.conftest import masked_faces
from training.evaluate import mask
from training.evaluate.context import EvaluationContext
from training.evaluate.float_vs_int8 import Comparison


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A folder of data sets that has one: six faces with and without a mask."""
    folder = tmp_path_factory.mktemp("data")
    masked_faces(folder / "masked_faces")
    return folder


@pytest.fixture(scope="module")
def halves(kit, keras_):
    """A model that tells the upper half from the lower one, and pictures to calibrate it with."""
    model = kit.taught(kit.network(classes=2), (0, 0, 1, 1))
    return from_keras(model, "halves"), from_arrays("blobs", kit.blobs(150, seed=2)[0])


def spec_of(task: str, labels: tuple[str, ...], low: float = 0.0) -> ModelSpec:
    return ModelSpec(task, task, "m", "0" * 64, 24, 24, "grey", "probabilities", labels, low=low)


def test_a_folder_of_data_sets_needs_a_task(data):
    with pytest.raises(CalibrationError, match="add --task") as caught:
        open_evaluation(data, "")
    assert "\n" not in str(caught.value)


def test_what_is_no_folder_of_data_sets_is_a_set(data):
    assert open_evaluation(data, "mask") == DataFolder(data)
    assert isinstance(open_evaluation(data / "masked_faces", "mask"), Source)
    with pytest.raises(CalibrationError, match="no such file"):
        open_evaluation(data / "gone", "mask")


@pytest.mark.parametrize("low", [0.0, -1.0])
def test_a_float_model_behind_the_engines_port_answers_the_same(halves, kit, low):
    model, _ = halves
    twin = float_engine(spec_of("mask", MASKS, low), model)
    for image in kit.blobs(5, seed=4)[0]:
        (expected,) = model.predict(Preprocessing(low).apply(image[None]))
        (got,) = twin.infer(image)
        assert got.shape == (2,)
        assert np.allclose(got, expected[0], atol=1e-5)


def test_so_does_a_saved_model(learned, kit, tmp_path):
    learned.export(tmp_path / "saved", verbose=False)
    model = load(tmp_path / "saved")
    image = kit.blobs(1, seed=4)[0][0]
    (got,) = float_engine(spec_of("emotion-bare", kit.CLASSES), model).infer(image)
    assert np.allclose(got, model.predict(Preprocessing().apply(image[None]))[0][0], atol=1e-5)


def test_the_card_says_what_evaluate_will_say_of_the_published_model(halves, data, tmp_path):
    request = Request(name="mine", task="mask", max_loss=100)
    made = pipeline.convert(*halves, request, DataFolder(data))
    both = made.card.accuracy
    assert (both["figure"], both["source"], both["pictures"]) == ("balanced accuracy", "masked_faces test", 6)
    publish.publish(made, tmp_path / "mask" / "model.tflite", tmp_path)
    published = manifest.load(tmp_path)
    values, _ = mask.real(EvaluationContext(published, data), open_engine(published, "mask"))
    assert both["int8"] == values["real"]
    values, _ = mask.real(EvaluationContext(published, data), float_engine(published["mask"], halves[0]))
    assert both["float"] == values["real"]


def test_a_loss_on_the_data_sets_is_refused_in_their_words(halves, data, monkeypatch):
    found = Comparison("AP@0.5", "faces test", 573, 0.83, 0.81)
    monkeypatch.setattr(measure.float_vs_int8, "measure", lambda context, task: found)
    with pytest.raises(
        Refused, match=r"loses 2\.00 points on 573 pictures of faces test \(AP@0\.5 0\.8300 to 0\.8100\)"
    ):
        pipeline.convert(*halves, Request(task="mask"), DataFolder(data))


def test_a_data_folder_without_the_tasks_set_is_one_line(halves, data):
    (data / "masked_faces" / "annotations.csv").rename(data / "kept.csv")
    try:
        with pytest.raises(EdgeError, match=r"annotations\.csv: cannot read the boxes") as caught:
            pipeline.convert(*halves, Request(task="mask"), DataFolder(data))
    finally:
        (data / "kept.csv").rename(data / "masked_faces" / "annotations.csv")
    assert "\n" not in str(caught.value)
