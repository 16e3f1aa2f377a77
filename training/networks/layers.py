"""Layers shared by the networks: only operations that the Edge TPU maps, in Conv-BN-ReLU order so that BN folds."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from training.networks.fused import FusedBatchNormalization, FusedConv2D, FusedDepthwiseConv2D, original

MOMENTUM = (
    0.97  # of the running statistics, that only inference in between looks at: see averages.recalibrate_batchnorm
)


def norm(name: str | None = None) -> layers.Layer:
    """The normalization that every network uses."""
    return FusedBatchNormalization(momentum=MOMENTUM, epsilon=1e-3, name=name)


def conv(x: Any, channels: int, stride: int = 1, kernel: int = 3, relu: bool = True, name: str = "") -> Any:
    """Convolution, batch normalization and, unless told otherwise, ReLU; `name` names the layers that have weights."""
    fixed: dict[str, Any] = {"padding": "same", "use_bias": False, "kernel_initializer": "he_normal"}
    x = FusedConv2D(channels, kernel, stride, **fixed, name=_under(name, "conv"))(x)
    x = norm(_under(name, "norm"))(x)
    return layers.ReLU()(x) if relu else x


def _under(name: str, part: str) -> str | None:
    return f"{name}_{part}" if name else None


def residual(x: Any, channels: int, stride: int = 1, inner: int = 0) -> Any:
    """Two 3x3 convolutions beside a shortcut (He et al., 2016), with `inner` channels between them (0: as many)."""
    y = conv(x, inner or channels, stride)
    y = conv(y, channels, relu=False)
    if stride > 1 or x.shape[-1] != channels:
        x = conv(x, channels, stride, kernel=1, relu=False)
    return layers.ReLU()(layers.Add()([x, y]))


def separable(x: Any, channels: int, stride: int = 1, kernel: int = 3, name: str = "") -> Any:
    """Depthwise and pointwise convolution (Howard et al., 2017), with a shortcut where the shape allows one."""
    fixed: dict[str, Any] = {"padding": "same", "use_bias": False, "depthwise_initializer": "he_normal"}
    y = FusedDepthwiseConv2D(kernel, stride, **fixed, name=_under(name, "deep_conv"))(x)
    y = layers.ReLU()(norm(_under(name, "deep_norm"))(y))
    y = conv(y, channels, kernel=1, relu=False, name=_under(name, "point") or "")
    if stride == 1 and x.shape[-1] == channels:
        y = layers.Add()([x, y])
    return layers.ReLU()(y)


def strip_custom_layers(model: keras.Model) -> keras.Model:
    """A float32 copy with the same weights, made of Keras' own layers alone: what is saved, converted and shared."""

    def clone(layer: layers.Layer) -> layers.Layer:
        config = {**layer.get_config(), "dtype": "float32"}
        return original(layer).from_config(config)

    # Without the optimizer: clone_model would rebuild it by name, and knows only Keras' own schedules.
    copy = keras.models.clone_model(keras.Model(model.inputs, model.outputs), clone_function=clone)
    copy.set_weights(model.get_weights())
    return copy
