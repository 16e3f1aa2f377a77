"""The ways in which models were fed in training, by the names that Keras gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from convert.errors import ConversionError
from edge.errors import InvalidValue
from edge.vision.preprocessing import Preprocessing

# Keras' `preprocess_input` by its mode (keras/src/applications/imagenet_utils.py), and two plain ranges.
PRESETS: Mapping[str, Preprocessing] = {
    "unit": Preprocessing(0.0, 1.0),
    "tf": Preprocessing(-1.0, 1.0),
    "torch": Preprocessing(0.0, 1.0, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
    "caffe": Preprocessing(0.0, 255.0, order="bgr", mean=(103.939, 116.779, 123.68)),
    "none": Preprocessing(0.0, 255.0),
}
WORDS: Mapping[str, str] = {
    "unit": "x/255 (the default)",
    "tf": "-1 to 1: MobileNet to V2, Inception, Xception",
    "torch": "x/255 minus ImageNet's mean, divided by its deviation: DenseNet",
    "caffe": "BGR minus ImageNet's mean: VGG, ResNet",
    "none": "0 to 255: MobileNetV3, EfficientNet, or a Rescaling inside the model",
}


def chosen(preset: str | None, changes: Mapping[str, Any]) -> Preprocessing:
    """A preset with the fields that were given by themselves.

    Args:
        preset: of PRESETS; None for "unit".
        changes: fields of Preprocessing.

    Raises:
        ConversionError: the result makes no sense.
    """
    try:
        return replace(PRESETS[preset or "unit"], **changes)
    except InvalidValue as error:
        raise ConversionError(f"--{error}") from None


def flags(preprocessing: Preprocessing) -> str:
    """The flags that ask for it, as short as they can be."""
    for name, preset in PRESETS.items():
        if preset == preprocessing:
            return f"--preprocess {name}"
        if replace(preset, order="bgr" if preset.order == "rgb" else "rgb") == preprocessing:
            return f"--preprocess {name} --order {preprocessing.order}"
    words = [f"--low {preprocessing.low:g}", f"--high {preprocessing.high:g}"]
    if preprocessing.reverse:
        words.append("--order bgr")
    for name in ("mean", "std"):
        if values := getattr(preprocessing, name):
            words.append(f"--{name} {numbers(values)}")
    return " ".join(words)


def numbers(values: Sequence[float]) -> str:
    """Numbers as a flag takes them."""
    return ",".join(f"{value:g}" for value in values)
