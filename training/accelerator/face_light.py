"""What cameras, weather and hands do to a picture, on batches float32 (B, 3, H, W), 0-1."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def occlude(images: Tensor, boxes: Tensor, real: Tensor, chance: float) -> Tensor:
    """Cover a part of one face of some canvases: the lower half, as a mask does, or a side, as hands do."""
    count, _, height, width = images.shape
    device = images.device
    draw = torch.rand((count, 10), device=device)
    chosen = (real.float() * torch.rand(real.shape, device=device)).argmax(1)
    left, top, right, bottom = boxes[torch.arange(count, device=device), chosen].unbind(1)
    wide, high = right - left, bottom - top
    masked = draw[:, 0] < 0.45
    side = (draw[:, 1] * 4).long()
    depth = 0.2 + 0.3 * draw[:, 2]
    x = torch.where(masked, 0.5, torch.where(side == 0, depth - 0.5, torch.where(side == 1, 1.5 - depth, draw[:, 3])))
    y = torch.where(side == 2, depth - 0.5, torch.where(side == 3, 1.5 - depth, draw[:, 3]))
    y = torch.where(masked, 0.8 + 0.06 * draw[:, 3], y)
    half_w = wide * torch.where(masked, 0.4 + 0.12 * draw[:, 4], 0.5)
    half_h = high * torch.where(masked, 0.22 + 0.06 * draw[:, 5], 0.5)
    angle = (draw[:, 6] - 0.5) * 0.7
    across = torch.arange(width, device=device).view(1, 1, -1) + 0.5 - _spread(left + x * wide)
    down = torch.arange(height, device=device).view(1, -1, 1) + 0.5 - _spread(top + y * high)
    cos, sin = _spread(angle.cos()), _spread(angle.sin())
    u = (across * cos + down * sin) / _spread(half_w.clamp_min(1))
    v = (down * cos - across * sin) / _spread(half_h.clamp_min(1))
    power = _spread(torch.where(draw[:, 7] < 0.5, 2.0, 6.0))  # an ellipse, or nearly a rectangle
    cover = (u.abs() ** power + v.abs() ** power < 1) & _spread((draw[:, 8] < chance) & real.any(1))
    colour = torch.rand((count, 3), device=device)
    colour = torch.where(draw[:, 9:] < 0.4, 0.75 + 0.25 * colour.mean(1, keepdim=True), colour).view(count, 3, 1, 1)
    shade = (1 + 0.15 * (v - u))[:, None]
    cloth = (colour * shade).clamp(0, 1)
    other = images.roll(1, 0)  # the next canvas: textures, hands, other faces' skin
    filled = torch.where(_spread(draw[:, 3] < 0.3)[:, None] & ~_spread(masked)[:, None], other, cloth)
    return torch.where(cover[:, None], filled, images)


def _spread(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1)


def light(images: Tensor) -> Tensor:
    """Exposure, contrast, white balance, saturation, light from one side or from behind, grey pictures, noise."""
    count, _, height, width = images.shape
    device = images.device
    draw = torch.rand((count, 12, 1, 1), device=device)
    grey = 0.299 * images[:, :1] + 0.587 * images[:, 1:2] + 0.114 * images[:, 2:]
    saturation = torch.where(draw[:, :1] < 0.2, 0.0, torch.where(draw[:, :1] < 0.6, 0.5 + draw[:, 1:2], 1.0))
    images = grey + (images - grey) * saturation
    balance = 1 + 0.22 * (torch.rand((count, 3, 1, 1), device=device) - 0.5) * (draw[:, 2:3] < 0.5)
    images = images * torch.where(saturation == 0, torch.ones_like(balance), balance)
    gamma = torch.exp((draw[:, 3:4] - 0.45) * 1.2 * (draw[:, 4:5] < 0.5))
    images = images.clamp(1e-4, 1) ** gamma
    contrast = torch.exp((draw[:, 5:6] - 0.6) * 1.1 * (draw[:, 6:7] < 0.5))
    bright = (draw[:, 7:8] - 0.5) * 0.4 * (draw[:, 6:7] < 0.5)
    images = (images - 0.45) * contrast + 0.45 + bright
    angle = draw[:, 8:9] * 2 * math.pi
    x = torch.linspace(-1, 1, width, device=device).view(1, 1, 1, -1)
    y = torch.linspace(-1, 1, height, device=device).view(1, 1, -1, 1)
    slope = (x * angle.cos() + y * angle.sin()) * 0.7 * draw[:, 9:10] * (draw[:, 10:11] < 0.25)
    images = images * (1 - slope)
    noise = 0.06 * draw[:, 11:12].square() * (draw[:, 9:10] < 0.35)
    return (images + torch.randn_like(images) * noise).clamp(0, 1)


def compress(images: Tensor) -> Tensor:
    """JPEG's loss: 8x8 blocks of the cosine transform, rounded more or less coarsely; H and W multiples of 8."""
    count, channels, height, width = images.shape
    device = images.device
    n = torch.arange(8, device=device).float()
    basis = torch.cos((n[None] + 0.5) * n[:, None] * math.pi / 8) / 2
    basis[0] /= math.sqrt(2)
    blocks = images.reshape(count, channels, height // 8, 8, width // 8, 8)
    freq = torch.einsum("ui,bcrisj,vj->bcrusv", basis, blocks, basis)
    steps = 16 + 10 * (n[:, None] + n[None])
    strength = torch.exp(torch.rand((count, 1, 1, 1, 1, 1), device=device) * 2.6 - 2.0) / 255
    step = steps.view(1, 1, 1, 8, 1, 8) * strength
    freq = (freq / step).round() * step
    made = torch.einsum("ui,bcrusv,vj->bcrisj", basis, freq, basis)
    return made.reshape(images.shape).clamp(0, 1)


def finish(images: Tensor, picture: Tensor, fill: Tensor) -> Tensor:
    """Whole pixel values, and the clean border of what is no picture, bool (B, 1, H, W)."""
    made = torch.where(picture, images, fill.view(-1, 3, 1, 1))
    return (made * 255).round() / 255
