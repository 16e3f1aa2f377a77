"""The models that people arrive with, in the forms that the tutorials save them, with one command each.

Their weights are set by hand to solve a task on generated pictures, so that accuracy before and after means something.
"""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from convert.__main__ import main
from edge import manifest
from edge.engines.litert import LiteRtEngine
from edge.labels import EMOTIONS, MASKS

pytestmark = pytest.mark.slow


def enlarged(images: np.ndarray, side: int, channels: int) -> np.ndarray:
    big = np.stack([cv2.resize(image[..., 0], (side, side), interpolation=cv2.INTER_LINEAR) for image in images])
    return np.repeat(big[..., None], channels, axis=3)


def accuracy(folder, task, images, labels):
    listed = manifest.load(folder)
    engine = LiteRtEngine(listed[task], listed.path(task))
    answers = np.stack([engine.infer(image)[0] for image in images])
    return float((answers.argmax(axis=1) == labels).mean())


def student_demo(keras_):
    """The emotion demos' network: four convolutions, two dense layers, grey 48x48, seven classes; a third as wide."""
    from keras import layers

    return keras_.Sequential(
        [
            layers.Input((48, 48, 1)),
            layers.Conv2D(12, 3, activation="relu"),
            layers.Conv2D(24, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Conv2D(40, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(40, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(96, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(7, activation="softmax"),
        ]
    )


def test_a_student_demo_saved_as_json_and_h5(keras_, kit, tmp_path, capsys):
    small, labels = kit.blobs(400, seed=11)
    images = enlarged(small, 48, 1)
    model = kit.taught(student_demo(keras_), range(4))
    (tmp_path / "model.json").write_text(model.to_json())
    model.save_weights(tmp_path / "model.weights.h5")
    np.savez(tmp_path / "calibration.npz", images=images[:200])
    np.savez(tmp_path / "test.npz", images=images[200:], labels=labels[200:], classes=EMOTIONS)
    words = [str(tmp_path / "model.json"), "--weights", str(tmp_path / "model.weights.h5")]
    sets = ["--calibrate", str(tmp_path / "calibration.npz"), "--evaluate", str(tmp_path / "test.npz")]
    place = tmp_path / "models"
    assert main([*words, *sets, "--task", "emotion-bare", "--samples", "200", "--manifest", str(place)]) == 0
    capsys.readouterr()
    card = json.loads((place / "emotion-bare" / "card.json").read_text())
    assert card["accuracy"]["float"] > 0.95
    assert accuracy(place, "emotion-bare", images[200:], labels[200:]) == card["accuracy"]["int8"]
    assert card["accuracy"]["int8"] >= card["accuracy"]["float"] - 0.005
    assert main(["tpu-report", str(place)]) == 0


def mask_detector(keras_, kit):
    """The mask tutorial's network: MobileNetV2 without its top, pooled, two dense layers; colour, -1 to 1.

    Its weights tell bright pictures from dark ones: convolutions average, the dense layers compare with middle grey.
    """
    from keras import layers

    base = keras_.applications.MobileNetV2(input_shape=(64, 64, 3), alpha=0.35, include_top=False, weights=None)
    kit.averaging(base)
    base.get_layer("bn_Conv1").beta.assign(np.ones(16))  # dark is -1, and must not end at the first ReLU
    added = {layer.name.removesuffix("_add") for layer in base.layers if isinstance(layer, layers.Add)}
    for block in added:  # ten of them: each adds a tenth, or all would end at ReLU6
        base.get_layer(f"{block}_project_BN").gamma.assign(
            np.full(base.get_layer(f"{block}_project_BN").gamma.shape, 0.1)
        )
    x = layers.AveragePooling2D((2, 2))(base.output)
    x = layers.Dense(64, activation="relu", kernel_initializer="ones")(layers.Flatten()(x))
    answer = layers.Dense(2, activation="softmax")
    model = keras_.Model(base.input, answer(layers.Dropout(0.5)(x)))
    inside = keras_.Model(base.input, x)
    dark, grey, bright = (np.asarray(inside(np.full((1, 64, 64, 3), v, np.float32)))[0] for v in (-0.8, -0.4, 0.0))
    kernel = np.stack([-np.ones(64), np.ones(64)], axis=1) * 8 / (bright - dark).sum()
    answer.set_weights([kernel, -grey @ kernel])
    return model


def test_a_mobilenet_saved_as_saved_model(keras_, kit, tmp_path, capsys):
    small, quarters = kit.blobs(400, seed=12)
    labels = quarters // 2
    images = enlarged((small // 2 + 80 * labels[:, None, None, None]).astype(np.uint8), 64, 3)
    model = mask_detector(keras_, kit)
    model.export(tmp_path / "mask_detector.model", verbose=False)
    for name, part in (("calibration", slice(0, 150)), ("test", slice(150, None))):
        np.savez(tmp_path / f"{name}.npz", images=images[part], labels=labels[part], classes=MASKS)
    words = [str(tmp_path / "mask_detector.model"), "--low", "-1", "--high", "1", "--task", "mask"]
    sets = ["--calibrate", str(tmp_path / "calibration.npz"), "--evaluate", str(tmp_path / "test.npz")]
    place = tmp_path / "models"
    code = main([*words, *sets, "--samples", "120", "--manifest", str(place)])
    _, err = capsys.readouterr()
    assert (code, err) == (0, "")
    card = json.loads((place / "mask" / "card.json").read_text())
    assert card["accuracy"]["float"] > 0.95
    assert accuracy(place, "mask", images[150:], labels[150:]) == card["accuracy"]["int8"]
    assert card["accuracy"]["int8"] >= card["accuracy"]["float"] - 0.005
    assert card["operations"]["DEPTHWISE_CONV_2D"] == 17
    assert main(["tpu-report", str(place)]) == 0
