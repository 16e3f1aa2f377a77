"""Random scenes for the detector, planned for a whole batch at once: which pictures, how large, where, which boxes."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from training.accelerator.face_store import LEVELS, Store, log_uniform

SETS = ("wild", "faces", "masked_faces", "news_masks", "street_masks", "no_faces", "landmarks68", "faces80")
# Part of the pictures of each set in a canvas of one or four pictures, and of twelve.
SHARES = (0.39, 0.18, 0.13, 0.05, 0.08, 0.10, 0.02, 0.05)
SMALL_SHARES = (0.10, 0.0, 0.02, 0.0, 0.03, 0.05, 0.05, 0.75)
SLOTS = 12
LAYOUTS = ((1, 1), (2, 2), (4, 3), (2, 1))  # cells across and down
LAYOUT_SHARES = (0.62, 0.20, 0.12, 0.06)
WHOLE, CROP, ANCHOR, CLOSE = range(4)
MODES = (0.24, 0.25, 0.35, 0.16)
MOST_FACES, MOST_IGNORED = 40, 40  # a canvas
SEEN = 0.35  # part of a box in the canvas from which it is a face; below, it is ignored
SMALLEST = 8.0  # pixels of the longer side, likewise


@dataclass(frozen=True, eq=False)
class Scenes:
    """A batch of plans.

    Attributes:
        into, offset, size, grid, clamped, fill: see face_store.sample.
        boxes: float32 (B, F, 4) in pixels of the canvas, clipped to it; real: bool (B, F); tight: bool (B, F), whether
            a box teaches shape.
        ignored: float32 (B, I, 4), empty boxes where there is none.
    """

    into: Tensor
    offset: Tensor
    size: Tensor
    grid: Tensor
    clamped: Tensor
    fill: Tensor
    boxes: Tensor
    real: Tensor
    tight: Tensor
    ignored: Tensor

    def split(self, count: int) -> list[Scenes]:
        """Batches of `count` scenes."""
        parts = [getattr(self, field.name).split(count) for field in fields(self)]
        return [Scenes(*values) for values in zip(*parts, strict=True)]


class Planner:
    """Draws scenes from a store.

    `hardness`, float32 (n,), weighs the pictures of a set among each other; see `face.mine`.
    """

    def __init__(self, store: Store, width: int, height: int) -> None:
        self.store, self.width, self.height = store, width, height
        self.device = store.texels.device
        self.hardness = torch.ones(len(store), device=self.device)
        self._limits: dict[tuple[float, ...], Tensor] = {}
        self.layouts = torch.tensor(LAYOUTS, device=self.device)
        self.refresh()

    def refresh(self) -> None:
        """Take over what `hardness` says."""
        self._large, self._small = (self._sums(shares) for shares in (SHARES, SMALL_SHARES))

    def _sums(self, shares: tuple[float, ...]) -> Tensor:
        weights = torch.zeros(len(self.store), device=self.device)
        for number, share in enumerate(shares):
            members = self.store.set == number
            part = self.hardness * members
            weights += share * part / part.sum().clamp_min(1e-9)
        return (weights / weights.sum()).double().cumsum(0)

    def _pick(self, shares: tuple[float, ...], *shape: int) -> Tensor:
        if shares not in self._limits:  # a copy to the accelerator would wait for all that it still has to do
            sums = torch.tensor(shares, device=self.device).cumsum(0)
            self._limits[shares] = sums / sums[-1]
        draw = torch.rand(shape, device=self.device)
        return torch.searchsorted(self._limits[shares], draw).clamp_max(len(shares) - 1)

    def plan(self, count: int, calm: bool = False) -> Scenes:
        """`count` scenes; `calm` ones have fewer mosaics and no strong turns, for the end of the training."""
        store, device = self.store, self.device
        shares = (0.86, 0.08, 0.04, 0.02) if calm else LAYOUT_SHARES
        layout = self._pick(shares, count)
        grid = self.layouts[layout]
        draw = torch.rand((count, SLOTS), device=device, dtype=torch.float64)
        small = (layout == 2)[:, None]
        rows = torch.where(small, torch.searchsorted(self._small, draw), torch.searchsorted(self._large, draw))
        rows = rows.clamp_max(len(store) - 1)
        slot = torch.arange(SLOTS, device=device)
        across, down = grid[:, :1], grid[:, 1:]
        used = slot < across * down
        cell_w, cell_h = self.width / across, self.height / down
        origin = torch.stack([slot % across * cell_w, torch.div(slot, across, rounding_mode="floor") * cell_h], 2)
        forward, middle, place, scale = self._warp(
            rows, cell_w.expand(-1, SLOTS), cell_h.expand(-1, SLOTS), layout, calm
        )
        place = place + origin
        inverse = _inverse(forward)
        blurred = self._pick((0.84, 0.12, 0.04), count, SLOTS)
        level = (torch.floor(torch.log2(1 / scale) + 0.2).clamp_min(0).long() + blurred).clamp_max(LEVELS - 1)
        shrink = (0.5 ** level.float())[..., None]
        shift = middle - (inverse @ place[..., None])[..., 0]
        into = torch.cat([inverse[:, :, 0], shift[:, :, :1], inverse[:, :, 1], shift[:, :, 1:]], 2) * shrink
        size = torch.stack([store.width[rows, level], store.height[rows, level]], 2).float()
        cells = torch.cat([origin, origin + torch.stack([cell_w, cell_h], 2)], 2)
        boxes, real, tight, ignored = self._boxes(rows, used, forward, middle, place, cells)
        chance = torch.rand((count, 3), device=device)
        clamped = chance[:, 0] < 0.25
        grey = chance[:, 2:].expand(-1, 3)
        colour = torch.where((torch.rand((count, 1), device=device) < 0.5), grey, torch.rand((count, 3), device=device))
        fill = torch.where(chance[:, 1:2] < 0.7, torch.zeros_like(colour), colour)
        return Scenes(into, store.offset[rows, level], size, grid, clamped, fill, boxes, real, tight, ignored)

    def _warp(
        self, rows: Tensor, cell_w: Tensor, cell_h: Tensor, layout: Tensor, calm: bool
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """From picture to cell: matrix (B, S, 2, 2), the point of the picture (B, S, 2) that comes to lie on a point of
        the cell (B, S, 2), and the scale (B, S)."""
        store, device = self.store, self.device
        shape = rows.shape
        wide, high = store.width[rows, 0].float(), store.height[rows, 0].float()
        faces = store.faces[rows]
        chosen = (torch.rand(shape, device=device) * faces).long().clamp_max(store.boxes.shape[1] - 1)
        face = store.boxes[rows, chosen]
        face_w, face_h = (face[..., 2] - face[..., 0]).clamp_min(1), (face[..., 3] - face[..., 1]).clamp_min(1)
        face_size = (face_w * face_h).sqrt()
        mode = self._pick((0.44, 0.25, 0.22, 0.09) if calm else MODES, *shape)
        mode = torch.where((layout != 0)[:, None] & ((mode == WHOLE) | (mode == CLOSE)), CROP, mode)
        mode = torch.where((faces == 0) & (mode >= ANCHOR), CROP, mode)
        fit = torch.minimum(cell_w / wide, cell_h / high)
        low = torch.full(shape, 9.0, device=device)
        target = log_uniform(low, torch.minimum(0.9 * cell_h, torch.full_like(low, 140.0)))
        close = log_uniform(0.6 * cell_h, 1.6 * cell_h)
        scale = torch.where(mode == WHOLE, fit, fit * log_uniform(low / 9 * 0.45, low / 9 * 3.2))
        scale = torch.where(mode == ANCHOR, target / face_size, scale)
        scale = torch.where(mode == CLOSE, close / face_h, scale)
        most = torch.where(mode == CLOSE, 7.0, 3.5) * torch.where(wide < 130, 1.6, 1.0)
        scale = torch.where(mode == WHOLE, scale, torch.minimum(torch.maximum(scale, 0.22 * fit), most))
        moved = mode != WHOLE
        aspect = torch.exp((torch.rand(shape, device=device) - 0.5) * 0.36)
        aspect = torch.where(moved & (torch.rand(shape, device=device) < 0.6), aspect, 1.0)
        scale_x, scale_y = scale * aspect.sqrt(), scale / aspect.sqrt()
        chance = torch.rand(shape, device=device)
        angle = torch.randn(shape, device=device) * (math.pi / 180)
        angle = angle * torch.where(chance < (0.0 if calm else 0.12), 35.0, torch.where(chance < 0.55, 9.0, 0.0))
        angle = torch.where(moved, angle, 0.0)
        mirror = torch.where(torch.rand(shape, device=device) < 0.5, -1.0, 1.0)
        cos, sin = angle.cos(), angle.sin()
        forward = torch.stack([cos * mirror * scale_x, -sin * scale_y, sin * mirror * scale_x, cos * scale_y], -1)
        forward = forward.view(*shape, 2, 2)
        on_face = (mode >= ANCHOR)[..., None]
        middle = torch.stack([wide, high], -1) / 2
        middle = torch.where(on_face, (face[..., :2] + face[..., 2:]) / 2, middle)
        cell, part = torch.stack([cell_w, cell_h], -1), torch.rand((*shape, 2), device=device)
        half = torch.stack([wide * scale_x, high * scale_y], -1) / 2
        # Anywhere, so that the picture lies in the cell or the cell in the picture; as a whole at the left and the top.
        free = half + (cell - 2 * half) * torch.where((mode == WHOLE)[..., None], 0.0, part)
        around = torch.where((mode == CLOSE)[..., None], 0.5 + torch.randn_like(part) * 0.28, 0.02 + 0.96 * part)
        place = torch.where(on_face, cell * around, free)
        # Mostly, a picture that is larger than its cell fills it, and a smaller one lies in it whole.
        off = (forward @ (torch.stack([wide, high], -1) / 2 - middle)[..., None])[..., 0]
        inner = torch.minimum(
            torch.maximum(place + off, torch.minimum(half, cell - half)), torch.maximum(half, cell - half)
        )
        held = torch.rand(shape, device=device) < torch.where(mode == CLOSE, 0.4, 0.8)
        return forward, middle, torch.where(held[..., None], inner - off, place), scale

    def _boxes(
        self, rows: Tensor, used: Tensor, forward: Tensor, middle: Tensor, place: Tensor, cells: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The boxes in each canvas: faces (B, F, 4), which are real (B, F), tight (B, F), and ignored (B, I, 4)."""
        store = self.store
        ltrb, kinds = store.boxes[rows], store.kinds[rows]
        at = (ltrb[..., :2] + ltrb[..., 2:]) / 2 - middle[:, :, None]
        half = (ltrb[..., 2:] - ltrb[..., :2]) / 2
        # A face is rather an ellipse than a rectangle: the box of the turned ellipse stays tight.
        at = torch.einsum("bsij,bskj->bski", forward, at) + place[:, :, None]
        half = torch.einsum("bsij,bskj->bski", forward.square(), half.square()).sqrt()
        boxes = torch.cat([at - half, at + half], -1)
        low, high = cells[:, :, None, :2], cells[:, :, None, 2:]
        kept = torch.cat([torch.maximum(boxes[..., :2], low), torch.minimum(boxes[..., 2:], high)], -1)
        sides = (kept[..., 2:] - kept[..., :2]).clamp_min(0)
        seen = sides.prod(-1) / (4 * half.prod(-1)).clamp_min(1e-6)
        there = used[..., None] & (kinds > -2) & (sides.amin(-1) > 1)
        real = there & (kinds >= 0) & (seen >= SEEN) & (sides.amax(-1) >= SMALLEST) & (sides.amin(-1) >= 5)
        tight = store.tight[rows][..., None].expand_as(real)
        kept, real, there, tight = (v.flatten(1, 2) for v in (kept, real, there & ~real, tight))
        order = (real.float() + torch.rand(real.shape, device=self.device) * 0.5).topk(MOST_FACES, 1).indices
        others = there.float().topk(MOST_IGNORED, 1).indices
        ignored = kept.gather(1, others[..., None].expand(-1, -1, 4)) * there.gather(1, others)[..., None]
        faces = kept.gather(1, order[..., None].expand(-1, -1, 4))
        return faces, real.gather(1, order), tight.gather(1, order), ignored


def _inverse(matrix: Tensor) -> Tensor:
    """Of matrices (..., 2, 2)."""
    (a, b), (c, d) = (row.unbind(-1) for row in matrix.unbind(-2))
    turned = torch.stack([torch.stack([d, -b], -1), torch.stack([-c, a], -1)], -2)
    return turned / (a * d - b * c)[..., None, None]
