"""A large picture as overlapping tiles, and the boxes found on them as one list. Arrays in, arrays out.

A small face in a large picture is a few pixels on a detector's canvas. Looked at tile by tile it is larger; tiles
overlap, so that a face on the border of one lies whole in its neighbour (as in SAHI, Akyon et al., 2022).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edge.errors import InvalidValue
from edge.vision.detection import CANDIDATES, intersection, nested


@dataclass(frozen=True)
class Tile:
    """A part of a picture: `width` x `height` pixels with (left, top) in its corner."""

    left: int
    top: int
    width: int
    height: int

    def of(self, image: np.ndarray) -> np.ndarray:
        """The tile of a picture (H, W, ...), a view."""
        return image[self.top : self.top + self.height, self.left : self.left + self.width]

    def to_picture(self, ltrb: np.ndarray) -> np.ndarray:
        """Boxes float32 (N, 4) in pixels of the tile as boxes in pixels of the picture."""
        return ltrb + np.array([self.left, self.top, self.left, self.top], np.float32)


def tiles(
    width: int, height: int, canvas_width: int, canvas_height: int, columns: int, overlap: float
) -> tuple[Tile, ...]:
    """Tiles that cover a picture, row by row; each has about the shape of the canvas that it will be fitted into.

    Args:
        width, height: of the picture, in pixels.
        canvas_width, canvas_height: of the detector's canvas, in pixels; only their ratio counts.
        columns: tiles side by side, 1 or more. The number of rows follows from the shapes.
        overlap: the part of a tile that it shares with its neighbour, at least; 0 <= overlap < 1.

    Raises:
        InvalidValue: a number is out of its range.
    """
    if min(width, height, canvas_width, canvas_height, columns) < 1 or not 0 <= overlap < 1:
        raise InvalidValue(
            f"tiles: expected sizes and columns of at least 1 and an overlap of 0 to 1, got {width}x{height}, "
            f"{canvas_width}x{canvas_height}, {columns}, {overlap}"
        )
    tile_width = min(width, math.ceil(width / (1 + (columns - 1) * (1 - overlap))))
    tile_height = min(height, math.ceil(tile_width * canvas_height / canvas_width))
    # The tolerance absorbs rounding: half a pixel must not cost a row.
    rows = max(1, math.ceil((height / tile_height - overlap) / (1 - overlap) - 1.0 / tile_height))
    return tuple(
        Tile(left, top, tile_width, tile_height)
        for top in _starts(height, tile_height, rows)
        for left in _starts(width, tile_width, columns)
    )


def _starts(length: int, tile: int, count: int) -> list[int]:
    """Where `count` tiles begin that are spread evenly over a length, the last one at its end; no place twice."""
    if count == 1:
        return [(length - tile) // 2]
    return sorted({round(n * (length - tile) / (count - 1)) for n in range(count)})


def cut_off(ltrb: np.ndarray, tile: Tile, width: int, height: int, margin: float) -> np.ndarray:
    """Which boxes reach an edge of the tile that is not an edge of the picture: the neighbour sees them whole.

    Args:
        ltrb: float32 (N, 4), boxes in pixels of the tile.
        tile: the tile.
        width, height: of the picture, in pixels.
        margin: a box this near to the edge, as a part of the box's longer side, is cut off as well.

    Returns:
        bool (N,).
    """
    slack = margin * np.maximum(ltrb[:, 2] - ltrb[:, 0], ltrb[:, 3] - ltrb[:, 1])
    answer = np.zeros(len(ltrb), bool)
    if tile.left > 0:
        answer |= ltrb[:, 0] < slack
    if tile.top > 0:
        answer |= ltrb[:, 1] < slack
    if tile.left + tile.width < width:
        answer |= ltrb[:, 2] > tile.width - slack
    if tile.top + tile.height < height:
        answer |= ltrb[:, 3] > tile.height - slack
    return answer


def merge(ltrb: np.ndarray, scores: np.ndarray, views: np.ndarray, iou: float, inside: float, limit: int) -> np.ndarray:
    """The boxes of several views of one picture without doubles: the best stays, what is the same face goes.

    Two boxes are one face if they overlap by more than `iou`, or if they come from different views and one lies in the
    other by more than `inside`: what a tile sees of a large face. Boxes of one view were told apart there already.

    Args:
        ltrb: float32 (N, 4), boxes with an area, in pixels of the picture.
        scores: float32 (N,); of equal scores the earlier box wins.
        views: int (N,), the view that each box comes from.
        iou: 0-1, intersection over union.
        inside: 0-1, a part of the smaller box's area; 1: never.
        limit: how many boxes may stay.

    Returns:
        The indices that stay, int64 (K,), K <= limit, best first.
    """
    order = np.argsort(-scores, kind="stable")[: max(CANDIDATES, limit)]
    boxes, seen_in = ltrb[order].astype(np.float64), views[order]
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    left_over = np.arange(len(order))
    kept: list[int] = []
    while left_over.size and len(kept) < limit:
        best, rest = left_over[0], left_over[1:]
        kept.append(int(best))
        shared = intersection(boxes[best], boxes[rest])
        same = shared > iou * (areas[best] + areas[rest] - shared)
        other_view = seen_in[rest] != seen_in[best]
        same |= other_view & nested(shared, areas[best], areas[rest], inside, 0.0)
        left_over = rest[~same]
    return order[np.array(kept, dtype=np.int64)]
