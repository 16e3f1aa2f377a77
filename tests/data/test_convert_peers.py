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


def test_a_student_demo_on_fer2013(shared_data, tmp_path, capsys):
    """Four convolutions, two hundred steps on real faces, saved as model.json and .h5."""
    pytest.importorskip("tensorflow", reason="needs the extra 'train'")
    import keras
    from keras import layers

    from training.data import fer2013

    keras.utils.set_random_seed(5)
    data = fer2013.load(shared_data / "fer2013.npz")
    rows = data.training_rows()[:6000]
    model = keras.Sequential([layers.Input((48, 48, 1))])
    for number, channels in enumerate((24, 48, 64, 64)):
        model.add(layers.Conv2D(channels, 3, activation="relu"))
        # After the ReLU, as the demos have it: it stays behind as a MUL. Keras' own momentum is too slow here.
        model.add(layers.BatchNormalization(momentum=0.9))
        if number:
            model.add(layers.MaxPooling2D(2))
    for layer in (layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(7, activation="softmax")):
        model.add(layer)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(data.images[rows][..., None] / np.float32(255), data.labels[rows], batch_size=64, epochs=2, verbose=0)
    (tmp_path / "model.json").write_text(model.to_json())
    model.save_weights(tmp_path / "model.weights.h5")
    path = shared_data / "fer2013.npz"
    convert(
        [tmp_path / "model.json", "--weights", tmp_path / "model.weights.h5", "--calibrate", path, "--evaluate", path,
         "--task", "emotion-bare", "--manifest", tmp_path / "models"],
        capsys,
    )  # fmt: skip
    card = json.loads((tmp_path / "models" / "emotion-bare" / "card.json").read_text())
    assert card["accuracy"]["float"] > 0.3
    assert card["operations"]["CONV_2D"] == 4
    assert card["accuracy"]["int8"] >= card["accuracy"]["float"] - 0.005
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
