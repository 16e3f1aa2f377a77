"""Layers shared by the networks: only operations that the Edge TPU maps, in Conv-BN-ReLU order so that BN folds."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

MOMENTUM = 0.97  # of the running statistics, which only inference in between looks at: see fit.settle


class FusedBatchNormalization(layers.BatchNormalization):
    """Batch normalization through torch's fused kernel: the same numbers and variables, twice the training speed.

    Keras composes it of elementary operations on the torch backend. On other backends this is Keras' own layer.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalize (B, H, W, C) over all but C."""
        if keras.backend.backend() != "torch" or len(inputs.shape) != 4 or not self.built:
            return super().call(inputs, training=training, mask=mask)
        from torch.nn import functional

        outputs = functional.batch_norm(
            inputs.permute(0, 3, 1, 2),
            self.moving_mean.value,
            self.moving_variance.value,
            self.gamma.value,
            self.beta.value,
            bool(training) and self.trainable,
            1 - self.momentum,
            self.epsilon,
        )
        return outputs.permute(0, 2, 3, 1)


def norm() -> layers.Layer:
    """The normalization that every network uses."""
    return FusedBatchNormalization(momentum=MOMENTUM, epsilon=1e-3)


def conv(x: Any, channels: int, stride: int = 1, kernel: int = 3, relu: bool = True) -> Any:
    """Convolution, batch normalization and, unless told otherwise, ReLU."""
    x = layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    x = norm()(x)
    return layers.ReLU()(x) if relu else x


def residual(x: Any, channels: int, stride: int = 1) -> Any:
    """Two 3x3 convolutions beside a shortcut (He et al., 2016)."""
    y = conv(x, channels, stride)
    y = conv(y, channels, relu=False)
    if stride > 1 or x.shape[-1] != channels:
        x = conv(x, channels, stride, kernel=1, relu=False)
    return layers.ReLU()(layers.Add()([x, y]))


def separable(x: Any, channels: int, stride: int = 1, kernel: int = 3) -> Any:
    """Depthwise and pointwise convolution (Howard et al., 2017), with a shortcut where the shape allows one."""
    y = layers.DepthwiseConv2D(kernel, stride, padding="same", use_bias=False, depthwise_initializer="he_normal")(x)
    y = layers.ReLU()(norm()(y))
    y = conv(y, channels, kernel=1, relu=False)
    if stride == 1 and x.shape[-1] == channels:
        y = layers.Add()([x, y])
    return layers.ReLU()(y)


def plain(model: keras.Model) -> keras.Model:
    """A float32 copy with the same weights, made of Keras' own layers alone: what is saved, converted and shared."""

    def clone(layer: layers.Layer) -> layers.Layer:
        config = {**layer.get_config(), "dtype": "float32"}
        kind = layers.BatchNormalization if isinstance(layer, FusedBatchNormalization) else type(layer)
        return kind.from_config(config)

    # Without the optimizer: clone_model would rebuild it by name, and knows only Keras' own schedules.
    copy = keras.models.clone_model(keras.Model(model.inputs, model.outputs), clone_function=clone)
    copy.set_weights(model.get_weights())
    return copy
