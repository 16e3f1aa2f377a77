"""Keras' layers computed by torch's own kernels: the same numbers and variables, in about half of the training time.

On the torch backend, Keras composes batch normalization of elementary operations, and copies what a convolution reads
twice: to channels first and back. On other backends, and where torch's call does not fit, these are Keras' own layers.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


class FusedBatchNormalization(layers.BatchNormalization):
    """Batch normalization through torch's fused kernel."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalize (B, H, W, C) over all but C."""
        if not _on_torch(inputs) or not self.built:
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


class FusedConv2D(layers.Conv2D):
    """Convolution without copies."""

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """(B, H, W, C) with a kernel (K, K, C, D)."""
        if not _on_torch(inputs) or self.padding != "same":
            return super().convolution_op(inputs, kernel)
        kernel = keras.ops.convert_to_tensor(kernel)
        return _convolve(inputs, kernel.permute(3, 2, 0, 1), self.strides, 1)


class FusedDepthwiseConv2D(layers.DepthwiseConv2D):
    """Depthwise convolution without copies."""

    def call(self, inputs: Any) -> Any:
        """(B, H, W, C) with this layer's kernel (K, K, C, 1)."""
        if not _on_torch(inputs) or self.padding != "same" or self.use_bias or self.depth_multiplier != 1:
            return super().call(inputs)
        kernel = keras.ops.convert_to_tensor(self.kernel)
        return _convolve(inputs, kernel.permute(2, 3, 0, 1), self.strides, inputs.shape[-1])


def original(layer: layers.Layer) -> type[layers.Layer]:
    """Keras' own class of a layer of this module, or the layer's class."""
    fused = (FusedBatchNormalization, FusedConv2D, FusedDepthwiseConv2D)
    return type(layer).__bases__[0] if isinstance(layer, fused) else type(layer)


def _on_torch(inputs: Any) -> bool:
    if keras.backend.backend() != "torch" or len(inputs.shape) != 4 or isinstance(inputs, keras.KerasTensor):
        return False
    return bool(inputs.device.type != "meta")  # where Keras only asks for shapes


def _convolve(inputs: Any, kernel: Any, strides: tuple[int, int], groups: int) -> Any:
    """TensorFlow's "same" padding: what is odd of it goes right and below."""
    import torch
    from torch.nn import functional

    x = inputs.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)  # no copy: it is so already
    if x.requires_grad:  # and so must its gradient be, or the layers before this take many times as long
        x.register_hook(lambda gradient: gradient.contiguous(memory_format=torch.channels_last))
    kernel = kernel.contiguous(memory_format=torch.channels_last)
    pads = []
    for length, size, stride in zip(x.shape[2:], kernel.shape[2:], strides, strict=True):
        total = max(0, (-(-length // stride) - 1) * stride + size - length)
        pads.append((total // 2, total - total // 2))
    (top, bottom), (left, right) = pads
    padding = (top, left)
    if top != bottom or left != right:
        x, padding = functional.pad(x, (left, right, top, bottom)), (0, 0)
    y = functional.conv2d(x, kernel, None, strides, padding, groups=groups)
    y = y.contiguous(memory_format=torch.channels_last)  # one input channel fits either order: torch takes the other
    return y.permute(0, 2, 3, 1)
