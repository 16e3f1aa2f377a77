"""Are faces found that fill the frame, as in front of a laptop: heads of known points pasted on backgrounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from edge.vision.letterbox import resize
from training.data import copy_paste, landmarks68, masks
from training.data.boxes import Boxed
from training.evaluate import backgrounds
from training.evaluate.context import EvaluationContext, Figure, Unavailable
from training.metrics import iou_matrix

WIDTH, HEIGHT = 640, 480
SHARES = (0.2, 0.9)  # height of the points' box / height of the frame
IOU = 0.35  # the points' box ends at the brows, so a good face box overlaps it by less than another face box would
SEED = 21


@dataclass(frozen=True, eq=False)
class Pasted:
    """A frame uint8 (HEIGHT, WIDTH, 3) RGB with one head, the points' box (4,) in it, and its share of the height."""

    image: np.ndarray
    ltrb: np.ndarray
    share: float


def figure(context: EvaluationContext) -> Figure:
    """close-faces {bare, masked}: recall at the threshold that ships; beside them recall by the face's share."""
    values: dict[str, Any] = {"bare": None, "masked": None}
    for name, masked in (("bare", False), ("masked", True)):
        found = context.take(f"close-faces.{name}", lambda masked=masked: recall(context, masked))  # type: ignore[misc]
        if found is not None:
            values[name], values[f"{name}_by_share"], values["heads"] = found
    return Figure(values)


def recall(context: EvaluationContext, masked: bool) -> tuple[float, dict[str, float], int]:
    """Recall over all heads, recall by the face's share of the frame's height, and the number of heads."""
    finder = context.finder()
    hits, shares = [], []
    for made in frames(context, masked):
        boxes = np.array([face.box.ltrb for face in finder.detect(made.image)], np.float32).reshape(-1, 4)
        hits.append(iou_matrix(boxes, made.ltrb[None]).max(initial=0) >= IOU)
        shares.append(made.share)
    right, part = np.array(hits), np.array(shares)
    by_share = {}
    for low, high in pairwise((0.2, 0.35, 0.5, 0.7, 0.9)):
        chosen = (part >= low) & (part < high)
        if chosen.any():
            by_share[f"{low:g}-{high:g}"] = float(right[chosen].mean())
    return float(right.mean()), by_share, len(right)


def frames(context: EvaluationContext, masked: bool) -> Iterator[Pasted]:
    """One frame a head, the same every time.

    Raises:
        DataError: `landmarks68` or `faces` is not here.
    """
    folder = context.data / "landmarks68"
    rows = landmarks68.held_out(folder)
    return pasted(folder, context.some(rows), faceless(context), masked)


def pasted(
    folder: Path, rows: Sequence[tuple[str, str, np.ndarray]], behind: Sequence[np.ndarray], masked: bool
) -> Iterator[Pasted]:
    """One frame a row of landmarks68, on one background after the other, the same every time."""
    for number, (name, _, points) in enumerate(rows):
        rng = np.random.default_rng((SEED, number))
        head = Boxed(folder / name, points, ()).read()
        if masked:
            look = masks.random_mask(rng, masks.KINDS)
            head = masks.draw(head, points, look.kind, look.colour, look.seed)
        yield paste(head, points, behind[number % len(behind)], np.random.default_rng((SEED, number, 1)))


def faceless(context: EvaluationContext) -> list[np.ndarray]:
    """Backgrounds to paste on: parts of the `faces` test pictures without faces.

    Raises:
        DataError: `faces` is not here.
        Unavailable: no picture has room for one.
    """
    found = backgrounds.of_test(context)
    if not found:
        raise Unavailable(f"{context.data / 'faces'}: no part of the test pictures is without faces")
    return found


def paste(head: np.ndarray, points: np.ndarray, background: np.ndarray, rng: np.random.Generator) -> Pasted:
    """A head on a background, at a random size and place at which all of its points are in the frame.

    Args:
        head: uint8 (h, w, 3) RGB.
        points: (68, 2) in its pixels.
        background: uint8 (h, w, 3) RGB of any size.
        rng: chooses.
    """
    share = float(rng.uniform(*SHARES))
    image, ltrb = copy_paste.paste(copy_paste.Head(head, points), resize(background, WIDTH, HEIGHT), share, rng)
    return Pasted(image, ltrb, share)
