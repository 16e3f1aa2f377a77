"""The mask and landmark networks in torch: the arithmetic of training/networks, so that Keras serves their weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

EPSILON = 1e-3
MOMENTUM = 0.03


class Norm(nn.Sequential):
    """A convolution without bias, padded as TensorFlow pads "same", and batch normalization."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, kernel: int = 3, depthwise: bool = False) -> None:
        groups, edge = inputs if depthwise else 1, kernel // 2
        # An even side halved by a stride of two lacks one row in all: TensorFlow puts it at the end.
        pad = [nn.ZeroPad2d((0, edge, 0, edge))] if stride == 2 else []
        convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=0 if pad else edge, groups=groups, bias=False)
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        super().__init__(*pad, convolution, nn.BatchNorm2d(outputs, EPSILON, MOMENTUM))


class Separable(nn.Module):
    """Depthwise and pointwise convolution with a shortcut where the shape allows one; see networks/layers.py."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.depthwise = Norm(inputs, inputs, stride, depthwise=True)
        self.pointwise = Norm(inputs, outputs, kernel=1)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to (B, D, H / stride, W / stride)."""
        y = self.pointwise(functional.relu(self.depthwise(x)))
        return functional.relu(x + y if self.shortcut else y)


class Plain(Norm):
    """A 3x3 convolution, normalized, and ReLU."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to (B, D, H / stride, W / stride)."""
        return functional.relu(super().forward(x))


class Pooled(nn.Module):
    """A stem, blocks, and a linear layer on the mean of what they see.

    Args:
        stem: the first convolution, with its normalization.
        blocks: after it; the last one has so many `channels`.
        dropout: before the linear layer, 0-1.
        classes: how many logits.
    """

    def __init__(self, stem: nn.Module, blocks: list[nn.Module], channels: int, dropout: float, classes: int) -> None:
        super().__init__()
        self.stem, self.blocks = stem, nn.Sequential(*blocks)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(channels, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of pictures."""
        logits: torch.Tensor = self.head(self.dropout(self.features(x)))
        return logits

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """What the linear layer sees of pictures, without dropout: (B, channels)."""
        seen: torch.Tensor = self.blocks(functional.relu(self.stem(x)))
        return seen.mean(dim=(2, 3))


class MaskNet(Pooled):
    """See training/networks/mask.py: (B, 3, 48, 48), values 0-1, to logits (B, classes)."""

    def __init__(
        self,
        stem: int = 24,
        stages: Sequence[Sequence[int]] = (),
        dropout: float = 0.2,
        classes: int = 4,
        plain: bool = False,
    ) -> None:
        first, inputs, block_of = Norm(3, stem, 2), stem, Plain if plain else Separable
        blocks: list[nn.Module] = []
        for index, (channels, count) in enumerate(stages):
            for block in range(count):
                halves = block == 0 and (plain or index > 0)
                blocks.append(block_of(inputs, channels, 2 if halves else 1))
                inputs = channels
        super().__init__(first, blocks, inputs, dropout, classes)


class LandmarkNet(nn.Module):
    """See training/networks/landmarks.py: grey (B, 1, 48, 48), values 0-1, to points (B, points, 2)."""

    def __init__(
        self,
        stem: int = 24,
        stages: Sequence[Sequence[int]] = (),
        size: int = 48,
        points: int = 68,
        gain: float = 1 / 16,
    ) -> None:
        super().__init__()
        self.stem = Norm(1, stem, 2)
        blocks, inputs, side = [], stem, size // 2
        for channels, count, stride in stages:
            for block in range(count):
                blocks.append(Separable(inputs, channels, stride if block == 0 else 1))
                inputs = channels
            side //= stride
        self.blocks = nn.Sequential(*blocks)
        self.gain = gain
        self.head = nn.Linear(inputs * (side // 2) ** 2, 2 * points)
        nn.init.xavier_uniform_(self.head.weight)
        nn.init.constant_(self.head.bias, 0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Points of pictures, as parts of the square."""
        x = functional.avg_pool2d(self.blocks(functional.relu(self.stem(x))), 2)
        flat = x.permute(0, 2, 3, 1).flatten(1)  # rows, columns, channels: Keras' order
        points: torch.Tensor = self.head(flat * self.gain)
        return points.view(len(x), -1, 2)


def keras_weights(net: nn.Module, shift: np.ndarray | None = None) -> list[np.ndarray]:
    """The weights in the order and layout of `get_weights` of the Keras network.

    Args:
        net: MaskNet or LandmarkNet; the gain of the latter goes into its dense weights.
        shift: float (classes,), added to the bias of the last layer.
    """
    arrays: list[np.ndarray] = []
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            depthwise = layer.groups > 1
            arrays.append(_array(layer.weight).transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0)))
        elif isinstance(layer, nn.BatchNorm2d):
            arrays += [_array(part) for part in (layer.weight, layer.bias, layer.running_mean, layer.running_var)]
        elif isinstance(layer, nn.Linear):
            kernel, bias = _array(layer.weight).T * float(getattr(net, "gain", 1.0)), _array(layer.bias)
            arrays += [kernel, bias if shift is None else bias + shift.astype(np.float32)]
    return arrays


def set_weights(net: nn.Module, arrays: list[np.ndarray]) -> None:
    """The inverse of keras_weights."""
    left = iter(arrays)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            order = (2, 3, 0, 1) if layer.groups > 1 else (3, 2, 0, 1)
            layer.weight.data = torch.tensor(next(left).transpose(order)).contiguous()
        elif isinstance(layer, nn.BatchNorm2d):
            for part in ("weight", "bias", "running_mean", "running_var"):
                getattr(layer, part).data = torch.tensor(next(left))
        elif isinstance(layer, nn.Linear):
            layer.weight.data, layer.bias.data = torch.tensor(next(left).T.copy()), torch.tensor(next(left))


def _array(tensor: Any) -> np.ndarray:
    return np.ascontiguousarray(tensor.detach().float().cpu().numpy())
