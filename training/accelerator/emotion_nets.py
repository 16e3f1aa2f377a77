"""The emotion networks in torch: the student, twin of training/networks/emotion.py, and a larger teacher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from edge.errors import ModelError

CLASSES = 7
EPSILON = 1e-3  # of batch normalization, as training/networks/layers.py has it


def last(x: Tensor) -> Tensor:
    """Channels last, as a GPU convolves fastest: what a single channel is convolved to may come in either order."""
    return x.contiguous(memory_format=torch.channels_last)


class Same(nn.Conv2d):
    """Convolution with TensorFlow's "same" padding: what is odd of it goes right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> None:
        uneven = kernel > stride and (kernel - stride) % 2
        super().__init__(inputs, outputs, kernel, stride, 0 if uneven else (kernel - 1) // 2, bias=False)
        self.missing = kernel - stride if uneven else 0
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W), H and W even where the stride is 2."""
        before = self.missing // 2
        return super().forward(functional.pad(x, (before, self.missing - before) * 2) if self.missing else x)


class Unit(nn.Module):
    """Convolution and batch normalization."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.conv = Same(inputs, outputs, kernel, stride)
        self.norm = nn.BatchNorm2d(outputs, eps=EPSILON, momentum=0.03)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W)."""
        return self.norm(self.conv(x))


class Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut, with `inner` channels between them."""

    def __init__(self, inputs: int, outputs: int, stride: int, inner: int) -> None:
        super().__init__()
        self.first, self.second = Unit(inputs, inner, 3, stride), Unit(inner, outputs)
        self.shortcut = Unit(inputs, outputs, 1, stride) if stride > 1 or inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W)."""
        y = self.second(functional.relu(self.first(x)))
        return functional.relu(y + self.shortcut(x))


class Student(nn.Module):
    """The network that ships: the same numbers as training.networks.emotion.build of the same arguments."""

    def __init__(
        self, stem: int, stages: Sequence[Sequence[int]], dropout: float = 0.2, inner: Sequence[int] = ()
    ) -> None:
        super().__init__()
        self.stem = Unit(1, stem)
        places = [(channels, 1 if block else 2) for channels, count in stages for block in range(count)]
        blocks, inputs = [], stem
        for (channels, stride), between in zip(places, inner or [0] * len(places), strict=True):
            blocks.append(Residual(inputs, channels, stride, between or channels))
            inputs = channels
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(inputs, CLASSES)
        nn.init.xavier_uniform_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, 48, 48), values 0-1, to logits (B, 7)."""
        x = self.blocks(functional.relu(last(self.stem(x))))
        return self.head(self.dropout(x.mean(dim=(2, 3))))


def arrays(student: nn.Module) -> dict[str, np.ndarray]:
    """A student's weights as Keras lays them out, in the order in which its layers were made."""
    found: dict[str, np.ndarray] = {}
    units = [module for module in student.modules() if isinstance(module, Unit)]
    for number, unit in enumerate(units):
        kernel, norm = unit.conv.weight.detach().float().cpu(), unit.norm
        found[f"{number:02d}.kernel"] = kernel.permute(2, 3, 1, 0).numpy()
        for name, values in (
            ("gamma", norm.weight),
            ("beta", norm.bias),
            ("mean", norm.running_mean),
            ("variance", norm.running_var),
        ):
            found[f"{number:02d}.{name}"] = values.detach().float().cpu().numpy()
    found["head.kernel"] = student.head.weight.detach().float().cpu().t().numpy()
    found["head.bias"] = student.head.bias.detach().float().cpu().numpy()
    return {name: np.array(values) for name, values in found.items()}


def fill(student: nn.Module, weights: Mapping[str, np.ndarray]) -> None:
    """Set a student's weights from what `arrays` gives.

    Raises:
        ModelError: they are of another network.
    """
    expected = arrays(student)
    if {n: v.shape for n, v in weights.items()} != {n: v.shape for n, v in expected.items()}:
        raise ModelError("weights: they do not fit the student; start with those of the same recipe")

    def put(tensor: Tensor, values: np.ndarray) -> None:
        tensor.data.copy_(torch.from_numpy(np.ascontiguousarray(values, np.float32)))

    units = [module for module in student.modules() if isinstance(module, Unit)]
    for number, unit in enumerate(units):
        put(unit.conv.weight, weights[f"{number:02d}.kernel"].transpose(3, 2, 0, 1))
        norm = unit.norm
        put(norm.weight, weights[f"{number:02d}.gamma"])
        put(norm.bias, weights[f"{number:02d}.beta"])
        put(norm.running_mean, weights[f"{number:02d}.mean"])
        put(norm.running_var, weights[f"{number:02d}.variance"])
    put(student.head.weight, weights["head.kernel"].T)
    put(student.head.bias, weights["head.bias"])


def measures(weights: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The arguments of the Student that weights are of: `stem`, `stages` and `inner`.

    Args:
        weights: as `arrays` gives them; each stage begins with a block that has a 1x1 shortcut.

    Raises:
        ModelError: they are of another kind of network.

    Example:
        >>> measures(arrays(Student(4, [[6, 2]], inner=[6, 2])))
        {'stem': 4, 'stages': [[6, 2]], 'inner': [6, 2]}
    """
    kernels = [weights[name].shape for name in sorted(weights) if name.endswith(".kernel") and name[0].isdigit()]
    stages: list[list[int]] = []
    inner: list[int] = []
    rest = kernels[1:]
    while len(rest) >= 2:
        (_, _, _, between), (_, _, _, channels), *rest = rest
        inner.append(between)
        if rest and rest[0][0] == 1:
            rest = rest[1:]
            stages.append([channels, 1])
        elif stages:
            stages[-1][1] += 1
        else:
            break
    if rest or not stages:
        raise ModelError("weights: they are not of an emotion network of residual blocks; expected those of a Student")
    return {"stem": kernels[0][3], "stages": stages, "inner": inner}


def student_of(weights: Mapping[str, np.ndarray], dropout: float = 0.2) -> Student:
    """A student with these weights, whatever its size.

    Raises:
        ModelError: they are of another kind of network.
    """
    student = Student(**measures(weights), dropout=dropout)
    fill(student, weights)
    return student


class PlainNet(nn.Module):
    """The teacher: a plain stack of convolutions with maximum pooling (Simonyan & Zisserman, 2015), normalized."""

    def __init__(self, stages: Sequence[Sequence[int]], dropout: float = 0.4) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        inputs = 1
        for channels, count in stages:
            for _ in range(count):
                parts += [nn.Conv2d(inputs, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(True)]
                inputs = channels
            parts.append(nn.MaxPool2d(2))
        self.body = nn.Sequential(*parts[:-1])
        self.dropout, self.head = nn.Dropout(dropout), nn.Linear(inputs, CLASSES)
        _start(self)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, 48, 48), values 0-1, to logits (B, 7)."""
        x = last(self.body[0]((x - 0.5) * 4))
        return self.head(self.dropout(self.body[1:](x).mean(dim=(2, 3))))


def _start(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.03


def multiply_adds(network: nn.Module) -> int:
    """Multiply-adds of convolutions and dense layers for one 48x48 picture."""
    total = 0

    def count(module: nn.Module, _: object, out: Tensor) -> None:
        nonlocal total
        total += out[0].numel() * module.weight[0].numel()

    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    handles = [layer.register_forward_hook(count) for layer in layers]
    was = network.training
    network.eval()
    with torch.no_grad():
        network(torch.zeros(1, 1, 48, 48, device=next(network.parameters()).device))
    network.train(was)
    for handle in handles:
        handle.remove()
    return total
