"""The face detector: a single-shot network (Liu et al., 2016) with anchor points instead of anchor boxes.

Every point of three grids answers one logit and its distances to the four sides (Tian et al., FCOS, 2019). A feature
pyramid (Lin et al., 2017) brings what the coarse levels see down to the fine ones. It doubles a level by a transposed
convolution of 2x2 with stride 2: the Edge TPU maps that, and learned weights take the place of a convolution beside it.
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
    depths: Sequence[int] = (1, 3, 2),
    channels: Sequence[int] = (64, 128, 160),
    tower: int = 1,
) -> keras.Model:
    """The detector.

    Args:
        width, height: pixels of the RGB input, values 0-1.
        stem: channels of the three stride-2 convolutions.
        depths: separable blocks at strides 8, 16 and 32.
        channels: their channels; the pyramid and the heads have those of stride 8 on every level.
        tower: separable blocks of each head.

    Returns:
        A model from (B, height, width, 3) to float32 (B, N, 5): logit, then left, top, right, bottom in units.
    """
    inputs = layers.Input((height, width, 3))
    x = inputs
    for number, count in enumerate(stem):
        x = conv(x, count, 2, name=f"stem{number}")
    levels = []
    for level, (depth, count) in enumerate(zip(depths, channels, strict=True)):
        if level:
            x = separable(x, count, 2, name=f"down{level}")
        for place in range(depth):
            x = separable(x, count, name=f"level{level}_{place}")
        levels.append(x)
    answers = [_head(x, level, tower) for level, x in enumerate(_pyramid(levels, channels[0]))]
    return keras.Model(inputs, layers.Concatenate(axis=1)(answers))


def _pyramid(levels: list[Any], count: int) -> list[Any]:
    """The levels, fine to coarse, each with what the coarser ones see."""
    above = conv(levels[-1], count, kernel=1, name=f"lateral{len(levels) - 1}")
    merged = [above]
    for level in range(len(levels) - 2, -1, -1):
        x = levels[level]
        doubled = layers.Conv2DTranspose(
            count, 2, 2, use_bias=False, kernel_initializer="he_normal", name=f"double{level}"
        )(above)
        # Of an odd number of rows the coarser level has one half of a row too many.
        rows, columns = (doubled.shape[axis] - x.shape[axis] for axis in (1, 2))
        if rows or columns:
            doubled = layers.Cropping2D(((0, rows), (0, columns)))(doubled)
        if x.shape[-1] != count:
            x = conv(x, count, kernel=1, relu=False, name=f"lateral{level}")
        above = separable(layers.ReLU()(layers.Add()([x, doubled])), count, name=f"merge{level}")
        merged.insert(0, above)
    return merged


def _head(x: Any, level: int, tower: int) -> Any:
    for place in range(tower):
        x = separable(x, x.shape[-1], name=f"head{level}_{place}")
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
