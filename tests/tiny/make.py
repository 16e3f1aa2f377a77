"""Make the tiny models of the device's tests: python -m tests.tiny.make (needs TensorFlow; the answers are committed).

Their weights are set by hand, so that they behave: a "face" is a square of 48 pixels whose red is bright; blue in it
means a mask; green in it means happy (bare) or surprise (masked), no green means sad (bare) or neutral (masked).
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from edge.labels import EMOTIONS, MASKS, Emotion
from edge.manifest import ModelSpec, save
from edge.sha256 import sha256_of

HERE = Path(__file__).resolve().parent
SIDE = 16


def face() -> keras.Model:
    """Bright red, averaged over 48 pixels around each point of stride 16; the box is always 48 pixels."""
    picture = keras.Input((120, 160, 3), batch_size=1)
    cells = keras.layers.AveragePooling2D(16, padding="same")(picture)
    # Padded by hand: "same" pooling leaves the padding out of the mean, and half a face at the edge would be a face.
    around = keras.layers.AveragePooling2D(3, strides=1)(keras.layers.ZeroPadding2D(1)(cells))
    logits = keras.layers.Conv2D(1, 1, name="logits")
    distances = keras.layers.Conv2D(4, 1, name="distances")
    outputs = [
        keras.layers.Reshape((-1, 1))(logits(around)),
        keras.layers.Reshape((-1, 4))(distances(around)),
    ]
    logits.set_weights([np.float32([30, 0, 0]).reshape(1, 1, 3, 1), np.float32([-24])])
    distances.set_weights([np.zeros((1, 1, 3, 4), np.float32), np.full(4, 1.5, np.float32)])
    return keras.Model(picture, outputs)


def classes(channels: int, weights: np.ndarray, bias: np.ndarray) -> keras.Model:
    """Softmax over a linear function of the mean colour; weights (channels, classes)."""
    picture = keras.Input((SIDE, SIDE, channels), batch_size=1)
    mean = keras.layers.GlobalAveragePooling2D()(picture)
    dense = keras.layers.Dense(len(bias))
    probabilities = keras.layers.Softmax()(dense(mean))
    dense.set_weights([np.float32(weights), np.float32(bias)])
    return keras.Model(picture, probabilities)


def either(channels: int, channel: int, above: int, below: int, count: int, middle: float) -> keras.Model:
    """One class where a channel's mean is above `middle`, another where it is below."""
    weights, bias = np.zeros((channels, count)), np.full(count, -4.0)
    weights[channel, above], bias[above] = 8.0, -8.0 * middle
    weights[channel, below], bias[below] = -8.0, 8.0 * middle
    return classes(channels, weights, bias)


def convert(model: keras.Model) -> bytes:
    """Full int8, input scale 1/255 and zero point -128."""
    rng = np.random.default_rng(1)
    shape = (1, *model.input_shape[1:])

    def samples():
        for value in np.linspace(0, 1, 6, dtype=np.float32):
            yield [np.full(shape, value, np.float32)]
        for _ in range(10):
            yield [np.broadcast_to(rng.random(shape[-1], np.float32), shape).copy()]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return converter.convert()


def main() -> None:
    """Write models and manifest beside this file."""
    grey_middle = 0.65  # red is always bright: luma is .30 without green, .88 with it
    models = {
        "face": (face(), {"head": "anchors", "strides": (16,), "units": (16.0,), "threshold": 0.5}),
        "mask": (either(3, 2, 1, 0, 2, 0.5), {"labels": MASKS}),
        "emotion-bare": (either(1, 0, Emotion.HAPPY, Emotion.SAD, 7, grey_middle), {"labels": EMOTIONS}),
        "emotion-masked": (either(3, 1, Emotion.SURPRISE, Emotion.NEUTRAL, 7, 0.5), {"labels": EMOTIONS}),
    }
    specs = {}
    for task, (model, more) in models.items():
        path = HERE / task / "model.tflite"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(convert(model))
        height, width, channels = model.input_shape[1:]
        specs[task] = ModelSpec(
            name=f"tiny-{task}",
            task=task,
            file=f"{task}/model.tflite",
            sha256=sha256_of(path),
            width=width,
            height=height,
            colour="rgb" if channels == 3 else "grey",
            **{"head": "probabilities", **more},
        )
    save(HERE, specs)


if __name__ == "__main__":
    main()
