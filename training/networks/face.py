"""The face detector: a single-shot network (Liu et al., 2016) with anchor points instead of anchor boxes.

Every point of three grids answers one logit and its distances to the four sides (Tian et al., FCOS, 2019). There is no
up-sampling path, because the Edge TPU's list that this project keeps to has none: the finest level gets its context
from depth. Kernels are 3x3: 5x5 depthwise kernels took most of the training time here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from training.networks.layers import conv, separable

STRIDES = (8, 16, 32)
UNITS = (8.0, 20.0, 50.0)  # pixels per unit of distance: all levels then share one int8 scale well
FLOOR = -6.0  # logits below are served as this: a score of .0025
PRIOR = -4.6  # logit of a face at a random point, about 1 %


def build(
    width: int = 320,
    height: int = 240,
    stem: Sequence[int] = (16, 32, 64),
    depths: Sequence[int] = (3, 3, 3),
    channels: Sequence[int] = (64, 128, 128),
) -> keras.Model:
    """The detector.

    Args:
        width, height: pixels of the RGB input, values 0-1.
        stem: channels of the three stride-2 convolutions.
        depths: separable blocks at strides 8, 16 and 32.
        channels: their channels.

    Returns:
        A model from (B, height, width, 3) to float32 (B, N, 5): logit, then left, top, right, bottom in units.
    """
    inputs = layers.Input((height, width, 3))
    x = inputs
    for count in stem:
        x = conv(x, count, 2)
    answers = []
    for level, (depth, count) in enumerate(zip(depths, channels, strict=True)):
        if level:
            x = separable(x, count, 2)
        for _ in range(depth):
            x = separable(x, count)
        answers.append(_head(x, level))
    return keras.Model(inputs, layers.Concatenate(axis=1)(answers))


def _head(x: Any, level: int) -> Any:
    x = separable(x, x.shape[-1])
    bias = keras.initializers.Constant
    logits = layers.Conv2D(1, 1, bias_initializer=bias(PRIOR), dtype="float32", name=f"logits_{level}")(x)
    sides = layers.Conv2D(4, 1, bias_initializer=bias(1.0), dtype="float32", name=f"sides_{level}")(x)
    answer = layers.Concatenate(dtype="float32")([logits, sides])
    return layers.Reshape((x.shape[1] * x.shape[2], 5), dtype="float32")(answer)


def split(model: keras.Model) -> keras.Model:
    """The same network with its two answers apart, as they are served: logits (B, N, 1) and distances (B, N, 4).

    Apart, each gets its own int8 scale, and each is kept to the range that matters: far from faces both wander off to
    where nobody looks, and would stretch the scale until a box moved in steps of ten pixels.
    """
    logits, sides = [], []
    for level in range(len(STRIDES)):
        # max(logit, FLOOR), made of what the Edge TPU has.
        lifted = layers.ReLU()(layers.Rescaling(1.0, -FLOOR)(model.get_layer(f"logits_{level}").output))
        logits.append(_flat(layers.Rescaling(1.0, FLOOR)(lifted)))
        sides.append(_flat(layers.ReLU(max_value=6.0)(model.get_layer(f"sides_{level}").output)))
    answers = [layers.Concatenate(axis=1, name=name)(v) for name, v in (("logits", logits), ("distances", sides))]
    return keras.Model(model.inputs, answers)


def _flat(x: Any) -> Any:
    return layers.Reshape((x.shape[1] * x.shape[2], x.shape[3]))(x)
