"""Random changes to square crops on the accelerator, a batch at a time."""

from __future__ import annotations

import math

import torch
from torch.nn import functional


def uniform(count: int, low: float, high: float, device: torch.device) -> torch.Tensor:
    """(count,) drawn evenly."""
    return torch.rand(count, device=device) * (high - low) + low


def chance(count: int, part: float, device: torch.device) -> torch.Tensor:
    """Bool (count, 1, 1, 1), each true with a chance of `part`."""
    return (torch.rand(count, device=device) < part).view(-1, 1, 1, 1)


def matrices(
    scale: torch.Tensor, aspect: torch.Tensor, angle: torch.Tensor, shift: torch.Tensor, flip: torch.Tensor
) -> torch.Tensor:
    """(B, 2, 3) from the places of the answer to those of the source, both -1 to 1 from edge to edge.

    Args:
        scale: (B,) side of what is seen / side of the source; aspect: (B,) how much wider than high it is (logarithm).
        angle: (B,) radians; shift: (B, 2) in halves of the source; flip: bool (B,).
    """
    cos, sin = torch.cos(angle), torch.sin(angle)
    wide = scale * torch.exp(aspect / 2) * torch.where(flip, -1.0, 1.0)
    high = scale * torch.exp(-aspect / 2)
    rows = [
        torch.stack([cos * wide, -sin * high, shift[:, 0]], 1),
        torch.stack([sin * wide, cos * high, shift[:, 1]], 1),
    ]
    return torch.stack(rows, 1)


def sample(images: torch.Tensor, matrix: torch.Tensor, size: int) -> torch.Tensor:
    """(B, C, size, size) float of pictures (B, C, S, S); what lies outside repeats the edge."""
    grid = functional.affine_grid(matrix, [len(images), images.shape[1], size, size], align_corners=False)
    return functional.grid_sample(images, grid, "bilinear", "border", align_corners=False)


def carried(points: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """Where points (B, P, 2) of the source, -1 to 1, lie in the answer."""
    (a, b), (c, d) = (matrix[:, row, :2, None].unbind(1) for row in (0, 1))
    x, y = (points - matrix[:, None, :, 2]).unbind(2)
    return torch.stack([d * x - b * y, a * y - c * x], 2) / (a * d - b * c)[..., None]


def low_resolution(images: torch.Tensor, part: float, least: int) -> torch.Tensor:
    """The same with `part` of the batch as small faces look: shrunk and enlarged. Rows must be in random order."""
    count, size = int(len(images) * part), images.shape[-1]
    if count < 3:
        return images
    pieces = []
    for some in images[:count].chunk(3):
        side = int(torch.randint(least, size, ()))
        small = functional.interpolate(some, (side, side), mode="bilinear", antialias=True, align_corners=False)
        pieces.append(functional.interpolate(small, (size, size), mode="bilinear", align_corners=False))
    return torch.cat([*pieces, images[count:]])


def light(images: torch.Tensor, size: float) -> torch.Tensor:
    """Contrast, brightness, a slope of light and gamma; `size` is about the part by which they change."""
    count, device, side = len(images), images.device, images.shape[-1]

    def draw(reach: float) -> torch.Tensor:
        return uniform(count, -reach, reach, device).view(-1, 1, 1, 1)

    ramp = torch.linspace(-1, 1, side, device=device)
    slope = draw(size * 0.35) * ramp.view(1, 1, 1, -1) + draw(size * 0.35) * ramp.view(1, 1, -1, 1)
    images = images.clamp(1e-3, 1) ** torch.exp(draw(size))
    return (images - 0.5) * (1 + draw(size)) + 0.5 + draw(size * 0.4) + slope


def colours(images: torch.Tensor, size: float, grey: float) -> torch.Tensor:
    """A cast, saturation and hue, each by about `size`; `grey` of the pictures lose their colours."""
    count, device = len(images), images.device
    mean = images.mean(dim=1, keepdim=True)
    saturation = torch.exp(uniform(count, -2 * size, 1.5 * size, device)).view(-1, 1, 1, 1)
    mixed = mean + (images - mean) * saturation
    turned = mixed + (mixed[:, [1, 2, 0]] - mixed) * uniform(count, -0.5 * size, 0.5 * size, device).view(-1, 1, 1, 1)
    cast = 1 + (torch.rand(count, 3, 1, 1, device=device) - 0.5) * 2 * size
    return torch.where(chance(count, grey, device), mean.expand_as(images), turned * cast)


def noise(images: torch.Tensor, part: float, most: float = 0.06) -> torch.Tensor:
    """Sensor noise on `part` of the pictures."""
    count, device = len(images), images.device
    sigma = uniform(count, 0.0, most, device).view(-1, 1, 1, 1) * chance(count, part, device)
    return images + torch.randn_like(images) * sigma


def compressed(images: torch.Tensor, part: float) -> torch.Tensor:
    """`part` of the pictures with the blocks of a strong JPEG compression; sides must be multiples of 8."""
    count, channels, side, _ = images.shape
    device = images.device
    k = torch.arange(8, device=device, dtype=images.dtype)
    basis = torch.cos((2 * k[None] + 1) * k[:, None] * math.pi / 16) * 0.5
    basis[0] /= math.sqrt(2.0)
    cells = side // 8
    blocks = images.reshape(count, channels, cells, 8, cells, 8).permute(0, 1, 2, 4, 3, 5) - 0.5
    step = (1 + k[:, None] + k[None]) / 255 * uniform(count, 1.5, 9.0, device).view(-1, 1, 1, 1, 1, 1)
    spectrum = torch.round(basis @ blocks @ basis.T / step) * step
    back = (basis.T @ spectrum @ basis).permute(0, 1, 2, 4, 3, 5).reshape(images.shape) + 0.5
    return torch.where(chance(count, part, device), back, images)


def erased(images: torch.Tensor, part: float, least: float = 0.1, most: float = 0.4) -> torch.Tensor:
    """A turned box or ellipse of one colour, plain or rough, on `part` of the pictures."""
    count, channels, side, _ = images.shape
    device = images.device
    place = torch.linspace(0, 1, side, device=device)
    x = place.view(1, 1, 1, -1) - torch.rand(count, 1, 1, 1, device=device)
    y = place.view(1, 1, -1, 1) - torch.rand(count, 1, 1, 1, device=device)
    angle = uniform(count, 0, math.pi, device).view(-1, 1, 1, 1)
    wide, high = (uniform(count, least / 2, most / 2, device).view(-1, 1, 1, 1) for _ in range(2))
    along = (x * torch.cos(angle) + y * torch.sin(angle)) / wide
    across = (y * torch.cos(angle) - x * torch.sin(angle)) / high
    inside = torch.where(
        chance(count, 0.5, device), torch.maximum(along.abs(), across.abs()), torch.hypot(along, across)
    )
    rough = torch.randn_like(images) * uniform(count, 0, 0.1, device).view(-1, 1, 1, 1)
    fill = torch.rand(count, channels, 1, 1, device=device) + rough
    return torch.where((inside < 1) & chance(count, part, device), fill, images)
