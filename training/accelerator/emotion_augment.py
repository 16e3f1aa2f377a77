"""Random changes to many faces at once, on the device that holds them."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

SIDE = 48
_QUANTA = [
    [16, 11, 10, 16, 24, 40, 51, 61],
    [12, 12, 14, 19, 26, 58, 60, 55],
    [14, 13, 16, 24, 40, 57, 69, 56],
    [14, 17, 22, 29, 51, 87, 80, 62],
    [18, 22, 37, 56, 68, 109, 103, 77],
    [24, 35, 55, 64, 81, 104, 113, 92],
    [49, 64, 78, 87, 103, 121, 120, 101],
    [72, 92, 95, 98, 112, 100, 103, 99],
]  # of brightness, in JPEG's own example (ITU-T T.81, table K.1)


def uniform(count: int, low: float, high: float, device: torch.device) -> Tensor:
    """(count,) numbers."""
    return torch.rand(count, device=device) * (high - low) + low


def moved(images: list[Tensor], centres: Tensor, halves: Tensor, strength: float) -> list[Tensor]:
    """Turn, zoom, shift and mirror: the same change for the same row of each stack.

    Args:
        images: stacks (B, 1, S, S), float.
        centres: (B, 2), the middle of each face's square, -1 to 1 over the picture.
        halves: (B,), half of its side in the same unit.
        strength: 0-1, of all changes.

    Returns:
        Stacks (B, 1, 48, 48). What lies outside of the square by a tenth repeats its edge.
    """
    count, device = len(centres), centres.device
    angle = uniform(count, -1, 1, device) * math.radians(15) * strength
    zoom = 1 + uniform(count, -0.13, 0.15, device) * strength
    squeeze = 1 + uniform(count, -0.06, 0.06, device) * strength
    flip = torch.where(torch.rand(count, device=device) < 0.5, -1.0, 1.0)
    shift = (torch.rand(count, 2, device=device) * 2 - 1) * 0.15 * strength
    line = (torch.arange(SIDE, device=device) + 0.5) / SIDE * 2 - 1
    y, x = torch.meshgrid(line, line, indexing="ij")
    x = x[None] * (zoom * squeeze * flip)[:, None, None]
    y = y[None] * (zoom / squeeze)[:, None, None]
    cos, sin = torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None]
    grid = torch.stack([x * cos - y * sin, x * sin + y * cos], dim=-1) + shift[:, None, None, :]
    grid = grid.clamp(-1.1, 1.1) * halves[:, None, None, None] + centres[:, None, None, :]
    return [
        functional.grid_sample(stack, grid, mode="bilinear", padding_mode="border", align_corners=False)
        for stack in images
    ]


def _some(count: int, chance: float, device: torch.device) -> Tensor:
    """Which rows are changed, bool (count, 1, 1, 1)."""
    return torch.rand(count, 1, 1, 1, device=device) < chance


class Look:
    """Light, blur, noise, compression and covered parts."""

    def __init__(self, device: torch.device) -> None:
        k = torch.arange(8, dtype=torch.float32)
        basis = torch.cos((2 * k[None] + 1) * k[:, None] * math.pi / 16) * 0.5
        basis[0] /= math.sqrt(2)
        self.basis = basis.to(device)
        self.quanta = torch.tensor(_QUANTA, dtype=torch.float32, device=device) / 255
        soft = torch.tensor([1.0, 2.0, 1.0], device=device)
        self.kernel = (soft[:, None] * soft[None] / 16)[None, None]

    def __call__(self, x: Tensor, strength: float, erase: float) -> Tensor:
        """Changed pictures (B, 1, 48, 48), values 0-1.

        Args:
            x: pictures (B, 1, 48, 48), values 0-1.
            strength: 0-1, of changes and of their chances.
            erase: chance that a rectangle is covered.
        """
        x = self._coarse(x, strength)
        x = self._light(x, strength)
        count, device = len(x), x.device
        sigma = uniform(count, 0.01, 0.05, device).view(-1, 1, 1, 1) * _some(count, 0.2 * strength, device)
        x = (x + torch.randn_like(x) * sigma).clamp(0, 1)
        x = torch.where(_some(count, 0.25 * strength, device), self._compressed(x), x)
        return self._covered(x, erase * strength)

    def _coarse(self, x: Tensor, strength: float) -> Tensor:
        """Some as small as far faces are, some out of focus."""
        count, device = len(x), x.device
        side = int(torch.randint(16, 42, (1,)))
        small = functional.interpolate(x, size=(side, side), mode="area")
        small = functional.interpolate(small, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
        x = torch.where(_some(count, 0.22 * strength, device), small, x)
        padded = functional.pad(x, (1, 1, 1, 1), mode="replicate")
        soft = functional.conv2d(padded, self.kernel)
        part = uniform(count, -0.5, 1.5, device).clamp(-0.5, 1).view(-1, 1, 1, 1) * strength  # below 0: sharpened
        return torch.where(_some(count, 0.4, device), x + (soft - x) * part, x)

    def _light(self, x: Tensor, strength: float) -> Tensor:
        count, device = len(x), x.device
        gamma = torch.exp(uniform(count, -0.4, 0.4, device) * strength).view(-1, 1, 1, 1)
        x = x.clamp(1e-4, 1) ** gamma
        gain = (1 + uniform(count, -0.4, 0.35, device) * strength).view(-1, 1, 1, 1)
        offset = (uniform(count, -0.15, 0.15, device) * strength).view(-1, 1, 1, 1)
        x = (x - 0.5) * gain + 0.5 + offset
        line = torch.linspace(-1, 1, SIDE, device=device)
        turn = uniform(count, 0, 2 * math.pi, device)
        slope = torch.cos(turn).view(-1, 1, 1, 1) * line.view(1, 1, 1, -1)
        slope = slope + torch.sin(turn).view(-1, 1, 1, 1) * line.view(1, 1, -1, 1)
        size = uniform(count, 0, 0.4, device).view(-1, 1, 1, 1) * _some(count, 0.3 * strength, device)
        return (x * (1 + slope * size)).clamp(0, 1)

    def _compressed(self, x: Tensor) -> Tensor:
        """As a JPEG of low quality would show them."""
        count = len(x)
        blocks = x.view(count, 6, 8, 6, 8).permute(0, 1, 3, 2, 4)
        waves = self.basis @ (blocks - 0.5) @ self.basis.t()
        step = self.quanta * uniform(count, 0.3, 1.6, x.device).view(-1, 1, 1, 1, 1)
        waves = torch.round(waves / step) * step
        blocks = self.basis.t() @ waves @ self.basis + 0.5
        return blocks.permute(0, 1, 3, 2, 4).reshape(x.shape).clamp(0, 1)

    def _covered(self, x: Tensor, chance: float) -> Tensor:
        count, device = len(x), x.device
        size = torch.rand(count, 2, device=device) * 0.3 + 0.12
        start = torch.rand(count, 2, device=device) * (1 - size)
        line = (torch.arange(SIDE, device=device) + 0.5) / SIDE
        rows = (line[None] >= start[:, :1]) & (line[None] < start[:, :1] + size[:, :1])
        columns = (line[None] >= start[:, 1:]) & (line[None] < start[:, 1:] + size[:, 1:])
        inside = (rows[:, :, None] & columns[:, None, :])[:, None] & _some(count, chance, device)
        tone = torch.rand(count, 1, 1, 1, device=device)
        grain = torch.randn_like(x) * torch.rand(count, 1, 1, 1, device=device) * 0.2
        return torch.where(inside, (tone + grain).clamp(0, 1), x)
