"""Which point answers for which face, and the loss: assignment by the network's own answers, as in SimOTA (Ge et al.,
YOLOX, 2021) with the soft costs of RTMDet (Lyu et al., 2022); quality focal loss (Li et al., 2020); EIoU (Zhang et al.,
2021)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

CANDIDATES = 10  # points whose overlaps add up to the number of points that a face gets
FARTHEST = 5.7  # units that a side may be away: the served distances end at 6
LEAST_SIDE = 0.1  # units: a point's distance to a side of its face is pushed above this
LOOSE = 0.15  # weight of the boxes of sets whose style is only corrected on average
LOOSE_QUALITY = 0.7  # overlap that they count as at least
BOX = 2.5  # weight of the boxes against the scores
# Small faces have few points each, and most of their errors are of place: (SIDE / side)^.5 within these bounds.
SIDE, LEAST_WEIGHT, MOST_WEIGHT = 40.0, 0.8, 1.5
FAR = 1e6


@dataclass(frozen=True, eq=False)
class Grid:
    """The points (N, 2) in pixels, their strides (N,) and units (N,)."""

    points: Tensor
    strides: Tensor
    units: Tensor


def boxes_of(answers: Tensor, grid: Grid) -> Tensor:
    """Boxes (B, N, 4) in pixels of answers (B, N, 5)."""
    reach = answers[..., 1:] * grid.units[:, None]
    return torch.cat([grid.points - reach[..., :2], grid.points + reach[..., 2:]], -1)


def overlap(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of boxes (..., 4) that broadcast."""
    shared = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp_min(0).prod(-1)
    areas = [(v[..., 2:] - v[..., :2]).clamp_min(0).prod(-1) for v in (a, b)]
    return shared / (areas[0] + areas[1] - shared).clamp_min(1e-6)


@torch.no_grad()
def assign(
    logits: Tensor, guess: Tensor, boxes: Tensor, real: Tensor, points: Tensor, strides: Tensor, units: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Each point's face.

    Args:
        logits: (B, N); guess: (B, N, 4), boxes in pixels.
        boxes: (B, F, 4); real: bool (B, F).
        points, strides, units: see Grid.

    Returns:
        int64 (B, N), the face's number; bool (B, N), whether it has one; (B, N), the overlap of guess and face.
    """
    iou = overlap(guess[:, None], boxes[:, :, None])  # (B, F, N)
    x, y = points[:, 0], points[:, 1]
    left, top, right, bottom = (side[..., None] for side in boxes.unbind(-1))
    sides = (x - left, y - top, right - x, bottom - y)
    nearest = torch.minimum(torch.minimum(sides[0], sides[2]), torch.minimum(sides[1], sides[3]))
    farthest = torch.maximum(torch.maximum(sides[0], sides[2]), torch.maximum(sides[1], sides[3]))
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    away = ((x - middle_x).square() + (y - middle_y).square()).sqrt() / strides
    allowed = (nearest > 0) & (farthest < FARTHEST * units) & real[..., None]
    gap = (iou - logits.sigmoid()[:, None]).square()
    score_cost = (
        functional.binary_cross_entropy_with_logits(logits[:, None].expand_as(iou), iou, reduction="none") * gap
    )
    cost = score_cost - 3 * (iou + 1e-7).log() + 10.0 ** (away - 3).clamp_max(3)
    cost = torch.where(allowed, cost, FAR)
    best = torch.where(allowed, iou, 0).topk(CANDIDATES, -1).values.sum(-1)
    counts = best.floor().clamp_min(1).long()  # (B, F)
    values, where = cost.topk(CANDIDATES, -1, largest=False)
    taken = (torch.arange(CANDIDATES, device=cost.device) < counts[..., None]) & (values < FAR)
    mine = torch.zeros_like(allowed).scatter_(2, where, taken)
    rival = torch.where(mine, cost, FAR)
    least, face = rival.min(1)
    return face, least < FAR, iou.gather(1, face[:, None])[:, 0]


def loss(
    answers: Tensor,
    boxes: Tensor,
    real: Tensor,
    tight: Tensor,
    ignored: Tensor,
    grid: Grid,
    assigned: Callable[..., tuple[Tensor, Tensor, Tensor]] = assign,
) -> tuple[Tensor, ...]:
    """The loss of a batch, and its parts: score, box, positive points a canvas.

    Args:
        answers: (B, N, 5), float32; boxes to ignored: as in face_scenes.Scenes; assigned: `assign`, or it compiled.
    """
    logits, guess = answers[..., 0], boxes_of(answers, grid)
    face, positive, iou = assigned(logits.detach(), guess.detach(), boxes, real, grid.points, grid.strides, grid.units)
    trusted = tight.gather(1, face)
    quality = torch.where(positive, torch.where(trusted, iou, iou.clamp_min(LOOSE_QUALITY)), 0.0)
    x, y = grid.points[:, 0], grid.points[:, 1]
    left, top, right, bottom = (side[..., None] for side in ignored.unbind(-1))
    blank = ((x > left) & (x < right) & (y > top) & (y < bottom)).any(1) & ~positive
    entropy = functional.binary_cross_entropy_with_logits(logits, quality, reduction="none")
    score = ((quality - logits.sigmoid()).square() * entropy * ~blank).sum()
    weight = torch.where(trusted, 1.0, LOOSE) * positive
    truth = boxes.gather(1, face[..., None].expand(-1, -1, 4))
    side = (truth[..., 2:] - truth[..., :2]).clamp_min(1).prod(-1).sqrt()
    weight = weight * (SIDE / side).sqrt().clamp(LEAST_WEIGHT, MOST_WEIGHT)
    box = (eiou(guess, truth, iou_floor=1e-6) * weight * (0.5 + quality)).sum()
    # A box turned inside out overlaps nothing and would get no gradient.
    box = box + ((LEAST_SIDE - answers[..., 1:]).clamp_min(0).sum(-1) * weight).sum()
    total = quality.sum().clamp_min(1.0)
    return (score + BOX * box) / total, score / total, box / total, positive.sum() / len(answers)


def eiou(a: Tensor, b: Tensor, iou_floor: float) -> Tensor:
    """1 - IoU, plus the squared distances of middles, widths and heights, each against the box around both."""
    hull = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    square = hull.square().clamp_min(iou_floor)
    middle = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2
    sides = (a[..., 2:] - a[..., :2]) - (b[..., 2:] - b[..., :2])
    far = middle.square().sum(-1) / square.sum(-1) + (sides.square() / square).sum(-1)
    return 1 - overlap(a, b) + far
