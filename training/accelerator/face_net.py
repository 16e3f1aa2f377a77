"""The detector of training/networks/face.py in torch: the same layers, names and arithmetic."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDES = (8, 16, 32)
UNITS = (8.0, 20.0, 50.0)
PRIOR = -4.6


class Conv(nn.Module):
    """Convolution with TensorFlow's "same" padding, batch normalization and, unless told otherwise, ReLU."""

    def __init__(self, before: int, after: int, stride: int = 1, kernel: int = 3, relu: bool = True, groups: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(before, after, kernel, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(after, eps=1e-3, momentum=0.03)
        self.relu = relu
        nn.init.kaiming_normal_(self.conv.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, after, ceil(H / stride), ceil(W / stride))."""
        sides = [_same(size, self.conv.kernel_size[0], self.conv.stride[0]) for size in (x.shape[3], x.shape[2])]
        if any(before != after for before, after in sides):
            x = self.conv(functional.pad(x, [amount for side in sides for amount in side]))
        else:
            padding = (sides[1][0], sides[0][0])
            x = functional.conv2d(x, self.conv.weight, None, self.conv.stride, padding, 1, self.conv.groups)
        x = self.norm(x)
        return functional.relu(x) if self.relu else x


def _same(size: int, kernel: int, stride: int) -> tuple[int, int]:
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Separable(nn.Module):
    """Depthwise and pointwise convolution, with a shortcut where the shape allows one."""

    def __init__(self, before: int, after: int, stride: int = 1):
        super().__init__()
        self.deep = Conv(before, before, stride, groups=before)
        self.point = Conv(before, after, kernel=1, relu=False)
        self.shortcut = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, after, H', W')."""
        y = self.point(self.deep(x))
        return functional.relu(x + y if self.shortcut else y)


class FaceNet(nn.Module):
    """The detector; see training.networks.face.build for the arguments."""

    def __init__(
        self,
        stem: Sequence[int] = (16, 32, 64),
        depths: Sequence[int] = (1, 3, 2),
        channels: Sequence[int] = (64, 128, 160),
        tower: int = 1,
    ):
        super().__init__()
        self.depths, self.tower = tuple(depths), tower
        parts: dict[str, nn.Module] = {}
        before = 3
        for number, count in enumerate(stem):
            parts[f"stem{number}"] = Conv(before, count, 2)
            before = count
        for level, (depth, count) in enumerate(zip(depths, channels, strict=True)):
            if level:
                parts[f"down{level}"] = Separable(before, count, 2)
            for place in range(depth):
                parts[f"level{level}_{place}"] = Separable(count, count)
            before = count
        count, last = channels[0], len(channels) - 1
        parts[f"lateral{last}"] = Conv(channels[last], count, kernel=1)
        for level in range(last):
            parts[f"double{level}"] = nn.ConvTranspose2d(count, count, 2, 2, bias=False)
            nn.init.normal_(parts[f"double{level}"].weight, std=(1 / count) ** 0.5)
            parts[f"merge{level}"] = Separable(count, count)
            if channels[level] != count:
                parts[f"lateral{level}"] = Conv(channels[level], count, kernel=1, relu=False)
        for level in range(last + 1):
            for place in range(tower):
                parts[f"head{level}_{place}"] = Separable(count, count)
            parts[f"logits_{level}"] = nn.Conv2d(count, 1, 1)
            parts[f"sides_{level}"] = nn.Conv2d(count, 4, 1)
            for name, start in (("logits", PRIOR), ("sides", 1.0)):
                nn.init.normal_(parts[f"{name}_{level}"].weight, std=0.01)
                nn.init.constant_(parts[f"{name}_{level}"].bias, start)
        self.parts = nn.ModuleDict(parts)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W), values 0-1, to (B, N, 5): logit, then left, top, right, bottom in units."""
        parts = self.parts
        for number in range(3):
            x = parts[f"stem{number}"](x)
        levels = []
        for level, depth in enumerate(self.depths):
            if level:
                x = parts[f"down{level}"](x)
            for place in range(depth):
                x = parts[f"level{level}_{place}"](x)
            levels.append(x)
        last = len(levels) - 1
        above = parts[f"lateral{last}"](levels[last])
        merged = [above]
        for level in range(last - 1, -1, -1):
            x = levels[level]
            doubled = parts[f"double{level}"](above)[:, :, : x.shape[2], : x.shape[3]]
            if f"lateral{level}" in parts:
                x = parts[f"lateral{level}"](x)
            above = parts[f"merge{level}"](functional.relu(x + doubled))
            merged.insert(0, above)
        answers = []
        for level, x in enumerate(merged):
            for place in range(self.tower):
                x = parts[f"head{level}_{place}"](x)
            # In full precision: eight bits of mantissa would round a distant side by more than a pixel.
            with torch.autocast(x.device.type, enabled=False):
                x = x.float()
                both = torch.cat([parts[f"logits_{level}"](x), parts[f"sides_{level}"](x)], 1)
            answers.append(both.flatten(2).transpose(1, 2))
        return torch.cat(answers, 1)


def points(width: int, height: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """The middles (N, 2) of the cells in pixels, the strides (N,) and the units (N,), in the order of the answers."""
    middles, strides, units = [], [], []
    for stride, unit in zip(STRIDES, UNITS, strict=True):
        rows, columns = -(-height // stride), -(-width // stride)
        y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        middles.append((torch.stack([x.flatten(), y.flatten()], 1) + 0.5) * stride)
        strides.append(torch.full((rows * columns,), float(stride)))
        units.append(torch.full((rows * columns,), unit))
    return torch.cat(middles).to(device), torch.cat(strides).to(device), torch.cat(units).to(device)
