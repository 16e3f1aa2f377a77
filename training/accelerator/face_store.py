"""The packed pictures in the accelerator's memory: every picture at four sizes, four bytes a pixel."""

from __future__ import annotations

import io
import mmap
import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

LEVELS = 4  # each half of the one before
MOST_BOXES = 80  # a picture


@dataclass(frozen=True, eq=False)
class Store:
    """Pictures and boxes as tensors.

    Attributes:
        texels: int32 (T,), red, green and blue in the low three bytes.
        offset: int64 (n, LEVELS), of each picture's first pixel; width, height: int64 (n, LEVELS).
        boxes: float32 (n, K, 4) in pixels, faces first, zeros behind; kinds: int8 (n, K), 0 face, 1 masked, -1 ignore,
            -2 none.
        faces: int64 (n,), how many are faces; set: int64 (n,); tight: bool (n,), whether the boxes teach shape.
    """

    texels: Tensor
    offset: Tensor
    width: Tensor
    height: Tensor
    boxes: Tensor
    kinds: Tensor
    faces: Tensor
    set: Tensor
    tight: Tensor

    def __len__(self) -> int:
        return len(self.set)


def pyramid(content: bytes) -> list[np.ndarray]:
    """A picture's sizes, int32 (h, w) each."""
    try:
        image = np.asarray(Image.open(io.BytesIO(content)).convert("RGBA")).copy()
    except UnidentifiedImageError:  # a Pillow without AVIF
        image = cv2.cvtColor(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGBA)
    image[..., 3] = 0
    sizes = [np.ascontiguousarray(image).view(np.int32)[..., 0]]
    for high, wide in halves(*image.shape[:2])[1:]:
        rows, columns = (np.minimum(np.arange(2 * n), m - 1) for n, m in zip((high, wide), image.shape, strict=False))
        even = image[rows][:, columns].astype(np.uint16)
        quads = even.reshape(high, 2, wide, 2, 4)
        image = ((quads.sum((1, 3), dtype=np.uint16) + 2) >> 2).astype(np.uint8)
        sizes.append(image.view(np.int32)[..., 0])
    return sizes


def halves(height: int, width: int) -> list[tuple[int, int]]:
    """A picture's sizes as (height, width), each half of the one before."""
    sizes = [(height, width)]
    while len(sizes) < LEVELS:
        sizes.append((max(sizes[-1][0] // 2, 1), max(sizes[-1][1] // 2, 1)))
    return sizes


class Loading:
    """Pictures of a role (0 training, 1 validation) of a pack, of these one in `every`, being decoded by processes.

    What else a Store says is known from the start, so that a caller can compile for it meanwhile.
    """

    def __init__(self, path: Path, role: int, workers: int = 8, every: int = 1) -> None:
        with np.load(path) as stored:
            self.pack = {key: stored[key] for key in stored.files}
        self.rows = np.flatnonzero(self.pack["role"] == role)[::every]
        self.shapes = np.array([halves(*self.pack["shape"][row].tolist()) for row in self.rows], np.int64)
        areas = self.shapes.prod(2).ravel()
        self.offset = (np.cumsum(areas) - areas).reshape(-1, LEVELS)
        # Memory shared with the processes: what they decode need not be copied through a pipe.
        self.texels = np.frombuffer(mmap.mmap(-1, max(int(areas.sum()), 1) * 4), np.int32)
        context = multiprocessing.get_context("fork")
        self.processes = [context.Process(target=self._decode, args=(n, workers), daemon=True) for n in range(workers)]
        for process in self.processes:
            process.start()

    def _decode(self, number: int, workers: int) -> None:
        blob, at = self.pack["blob"], self.pack["offset"]
        for place in range(number, len(self.rows), workers):
            row = self.rows[place]
            for start, size in zip(self.offset[place], pyramid(blob[at[row] : at[row + 1]].tobytes()), strict=True):
                self.texels[start : start + size.size] = size.ravel()

    def store(self, device: torch.device) -> Store:
        """The pictures, still black."""
        boxes, kinds = _boxes(self.pack, self.rows)
        put = {
            "offset": self.offset,
            "width": self.shapes[..., 1],
            "height": self.shapes[..., 0],
            "boxes": boxes,
            "kinds": kinds,
            "faces": (kinds >= 0).sum(1),
            "set": self.pack["set"][self.rows].astype(np.int64),
            "tight": self.pack["tight"][self.rows],
        }
        texels = torch.zeros(len(self.texels), dtype=torch.int32, device=device)
        return Store(texels, **{key: torch.from_numpy(value).to(device) for key, value in put.items()})

    def finish(self, store: Store) -> None:
        """Wait for the pictures and put them in the store."""
        for number, process in enumerate(self.processes):
            process.join()
            if process.exitcode:  # killed, perhaps for want of memory: its share is decoded here, slowly
                self._decode(number, len(self.processes))
        store.texels.copy_(torch.from_numpy(self.texels))


def load(path: Path, role: int, device: torch.device, workers: int = 8, every: int = 1) -> Store:
    """See Loading; waits until all is decoded."""
    loading = Loading(path, role, workers, every)
    store = loading.store(device)
    loading.finish(store)
    return store


def _boxes(pack: dict[str, np.ndarray], rows: Sequence[int] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    boxes = np.zeros((len(rows), MOST_BOXES, 4), np.float32)
    kinds = np.full((len(rows), MOST_BOXES), -2, np.int8)
    for place, row in enumerate(rows):
        part = slice(pack["first"][row], pack["first"][row + 1])
        ltrb, kind = pack["boxes"][part], pack["kinds"][part]
        # Of very many the largest, and faces before what is to be ignored.
        size = (ltrb[:, 2] - ltrb[:, 0]) * (ltrb[:, 3] - ltrb[:, 1])
        order = np.lexsort((-size, kind < 0))[:MOST_BOXES]
        boxes[place, : len(order)], kinds[place, : len(order)] = ltrb[order], kind[order]
    return boxes, kinds


def sample(
    texels: Tensor,
    into: Tensor,
    offset: Tensor,
    size: Tensor,
    grid: Tensor,
    clamped: Tensor,
    fill: Tensor,
    width: int,
    height: int,
) -> tuple[Tensor, Tensor]:
    """Canvases of pictures, each warped into its cell with bilinear interpolation.

    Args:
        texels: see Store.
        into: float32 (B, S, 6), from a pixel's middle (x, y) to (u, v) of the picture's size: u = a x + b y + c, ...
        offset: int64 (B, S); size: float32 (B, S, 2), width and height of the size that is read.
        grid: int64 (B, 2), cells across and down, at most S in all.
        clamped: bool (B,), whether pixels beside a picture repeat its edge; else they are `fill`, float32 (B, 3), 0-1.
        width, height: of the canvases.

    Returns:
        float32 (B, 3, height, width), 0-1, and bool (B, 1, height, width): what is picture.
    """
    count, slots = offset.shape
    device = texels.device
    y = torch.arange(height, device=device).view(1, height, 1)
    x = torch.arange(width, device=device).view(1, 1, width)
    across, down = grid[:, 0].view(-1, 1, 1), grid[:, 1].view(-1, 1, 1)
    cell = (y * down // height) * across + x * across // width
    cell = cell + torch.arange(count, device=device).view(-1, 1, 1) * slots
    matrix = into.reshape(-1, 6)
    fx, fy = x + 0.5, y + 0.5
    u = matrix[:, 0][cell] * fx + matrix[:, 1][cell] * fy + matrix[:, 2][cell] - 0.5
    v = matrix[:, 3][cell] * fx + matrix[:, 4][cell] * fy + matrix[:, 5][cell] - 0.5
    sizes = size.reshape(-1, 2)
    wide, high = sizes[:, 0][cell], sizes[:, 1][cell]
    inside = (u > -0.5) & (v > -0.5) & (u < wide - 0.5) & (v < high - 0.5)
    inside = inside | clamped.view(-1, 1, 1)
    u, v = torch.minimum(u.clamp_min(0), wide - 1), torch.minimum(v.clamp_min(0), high - 1)
    left, top = u.floor(), v.floor()
    right, low = torch.minimum(left + 1, wide - 1).long(), torch.minimum(top + 1, high - 1).long()
    du, dv = u - left, v - top
    start, stride = offset.reshape(-1)[cell], wide.long()
    left, top = left.long(), top.long()
    corners = (
        (texels[start + top * stride + left], (1 - du) * (1 - dv)),
        (texels[start + top * stride + right], du * (1 - dv)),
        (texels[start + low * stride + left], (1 - du) * dv),
        (texels[start + low * stride + right], du * dv),
    )
    channels = []
    for shift in (0, 8, 16):
        value = sum(((texel >> shift) & 255).float() * weight for texel, weight in corners) / 255
        channels.append(torch.where(inside, value, fill[:, shift // 8].view(-1, 1, 1)))
    return torch.stack(channels, 1), inside[:, None]


def whole(store: Store, rows: Tensor, width: int, height: int) -> tuple[Tensor, Tensor]:
    """Pictures as the device letterboxes them: float32 (B, 3, height, width), and their scales (B,)."""
    wide, high = store.width[rows, 0].float(), store.height[rows, 0].float()
    scale = torch.minimum(width / wide, height / high)
    level = torch.floor(torch.log2(1 / scale)).clamp(0, LEVELS - 1).long()
    step = 1 / scale / (2.0**level)
    zero = torch.zeros_like(step)
    into = torch.stack([step, zero, zero, zero, step, zero], 1)[:, None]
    size = torch.stack([store.width[rows, level], store.height[rows, level]], 1)[:, None].float()
    grid = torch.ones((len(rows), 2), dtype=torch.long, device=rows.device)
    fill = torch.zeros((len(rows), 3), device=rows.device)
    offset = store.offset[rows, level][:, None]
    made = sample(store.texels, into, offset, size, grid, fill[:, 0] > 0, fill, width, height)[0]
    return (made * 255).round() / 255, scale


def log_uniform(low: Tensor, high: Tensor) -> Tensor:
    """Random numbers between two tensors of one shape, evenly by their logarithms."""
    part = torch.rand(low.shape, device=low.device)
    return torch.exp(low.log() * (1 - part) + high.log() * part)
