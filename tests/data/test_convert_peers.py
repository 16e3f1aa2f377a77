"""Other people's models and real data: conversion outside of generated pictures."""

from __future__ import annotations

import json

import numpy as np
import pytest

from convert.__main__ import main
from edge import manifest
from edge.engines.litert import LiteRtEngine
from edge.vision.letterbox import resize

pytestmark = [pytest.mark.data, pytest.mark.slow]


def convert(arguments, capsys):
    code = main([str(word) for word in arguments])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    return out


def private_accuracy(folder, shared_data, side):
    """Accuracy on PrivateTest through the device's engine, as the design measures it."""
    from training.data import fer2013

    data = fer2013.load(shared_data / "fer2013.npz")
    rows = data.rows(fer2013.PRIVATE)
    listed = manifest.load(folder)
    engine = LiteRtEngine(listed["emotion-bare"], listed.path("emotion-bare"))
    answers = [engine.infer(resize(data.images[row], side, side)[..., None])[0].argmax() for row in rows]
    return float((np.array(answers) == data.labels[rows]).mean())


def test_mini_xception_a_keras_2_file_keeps_its_accuracy(shared_data, shared_peers, tmp_path, capsys):
    pytest.importorskip("tensorflow", reason="needs the extra 'train'")
    model, data = shared_peers / "fer2013_mini_XCEPTION.102-0.66.hdf5", shared_data / "fer2013.npz"
    out = convert(
        [model, "--calibrate", data, "--evaluate", data, "--low", -1, "--high", 1, "--task", "emotion-bare",
         "--manifest", tmp_path],
        capsys,
    )  # fmt: skip
    card = json.loads((tmp_path / "emotion-bare" / "card.json").read_text())
    assert "fer2013.npz (PrivateTest): float 0.65" in out
    assert card["calibration"]["source"] == "fer2013.npz (Training)"
    assert card["accuracy"]["pictures"] == 3589
    # The device's bit-exact resize from 48 to 64 gives 65.6 % where cv2's usual one gives 65.5 %: it costs nothing.
    assert card["accuracy"]["float"] == pytest.approx(0.6556, abs=0.002)
    assert private_accuracy(tmp_path, shared_data, 64) == card["accuracy"]["int8"]
    assert card["accuracy"]["int8"] >= 0.652


def student_demo(images, labels):
    """The emotion demos' network, for grey faces uint8 (N, 48, 48) with labels 0-6.

    Nothing is trained step by step: where a training ends depends on the processor's rounding. The convolutions keep
    their seeded random kernels, and the dense layers are the ridge regression of the labels on what those see.
    """
    import keras
    from keras import layers

    rng = np.random.default_rng(5)
    model = keras.Sequential([layers.Input((48, 48, 1))])
    for number, channels in enumerate((24, 48, 64, 64)):
        model.add(layers.Conv2D(channels, 3, activation="relu"))
        # After the ReLU, as the demos have it: it stays behind as a MUL. Momentum 0 takes the statistics of one batch.
        model.add(layers.BatchNormalization(momentum=0.0))
        if number:
            model.add(layers.MaxPooling2D(2))
    for layer in (layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(7, activation="softmax")):
        model.add(layer)
    *_, flat, hidden, answer = model.layers
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            shape = layer.kernel.shape
            kernel = rng.normal(0, (2 / np.prod(shape[:-1])) ** 0.5, shape)
            layer.set_weights([kernel, np.zeros(shape[-1])])
    real = images[..., None] / np.float32(255)
    model(real[:500], training=True)
    inside = keras.Model(model.inputs[0], flat.output)
    seen = np.concatenate([np.asarray(inside(real[n : n + 500]), np.float64) for n in range(0, len(real), 500)])
    mean, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    seen, wanted = (seen - mean) / spread, np.eye(7)[labels]
    share = wanted.mean(axis=0)
    slopes = np.linalg.solve(seen.T @ seen + 3000 * np.eye(seen.shape[1]), seen.T @ (wanted - share)) / spread[:, None]
    offset = share - mean @ slopes
    # The hidden layer's ReLU would cut half of it off: seven units hold the positive part, seven the negative.
    kernel, bias = np.zeros(hidden.kernel.shape), np.zeros(hidden.units)
    kernel[:, :14], bias[:14] = np.hstack([slopes, -slopes]), np.hstack([offset, -offset])
    hidden.set_weights([kernel, bias])
    answer.set_weights([10 * np.vstack([np.eye(7), -np.eye(7), np.zeros((hidden.units - 14, 7))]), np.zeros(7)])
    return model


def test_a_student_demo_on_fer2013(shared_data, tmp_path, capsys):
    """Four convolutions on real faces, saved as model.json and .h5."""
    pytest.importorskip("tensorflow", reason="needs the extra 'train'")
    from training.data import fer2013

    path = shared_data / "fer2013.npz"
    data = fer2013.load(path)
    rows = data.training_rows()[:6000]
    model = student_demo(data.images[rows], data.labels[rows])
    (tmp_path / "model.json").write_text(model.to_json())
    model.save_weights(tmp_path / "model.weights.h5")
    # The float model is right on 39.5 %, and often undecided: int8 answers otherwise on some 18 % of 3589 rows, which
    # alone lets the two accuracies differ by 0.7 points (standard error). Three points are more than four of these; a
    # wrong scale, order of labels or colour costs ten and more.
    convert(
        [tmp_path / "model.json", "--weights", tmp_path / "model.weights.h5", "--calibrate", path, "--evaluate", path,
         "--task", "emotion-bare", "--manifest", tmp_path / "models", "--max-loss", 3],
        capsys,
    )  # fmt: skip
    card = json.loads((tmp_path / "models" / "emotion-bare" / "card.json").read_text())
    assert card["accuracy"]["float"] == pytest.approx(0.395, abs=0.02)
    assert card["operations"]["CONV_2D"] == 4
    assert card["accuracy"]["int8"] >= card["accuracy"]["float"] - 0.03
    assert private_accuracy(tmp_path / "models", shared_data, 48) == card["accuracy"]["int8"]


@pytest.mark.parametrize("name", ["faces", "masked_faces", "mask_pairs", "ckplus48"])
def test_every_data_set_can_calibrate(shared_data, name):
    from convert.calibrate import draw
    from convert.sources import View, open_source

    drawn = draw(open_source(shared_data / name), View(48, 48, 3), samples=120, seed=1)
    assert drawn.images.shape == (120, 48, 48, 3)
    assert drawn.fresh
    assert [w for w in drawn.warnings if "flat" in w or "only" in w] == []


def test_whole_pictures_for_a_detector(shared_data):
    from convert.sources import View, open_source

    source = open_source(shared_data / "faces", faces=False)
    assert source.pictures([0, 1], View(320, 240, 3, whole=True)).shape == (2, 240, 320, 3)
