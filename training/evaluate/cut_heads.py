"""Heads that fill the frame or leave it: close-ups, cut off by one side after the other, bare and masked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from training.data import landmarks68, masks
from training.data.boxes import Boxed
from training.evaluate.context import EvaluationContext
from training.metrics import iou_matrix

WIDTH, HEIGHT = 320, 240
SHARES = (0.9, 1.6)  # height of the face / height of the frame
SIDES = ("none", "left", "right", "top", "bottom")
CUT = (0.1, 0.35)  # part of the face that lies beyond that side
FACE = 0.4  # of the points' height, from the brows up to where a face box begins
IOU = 0.35
SEED = 41


def figure(context: EvaluationContext) -> dict[str, Any]:
    """cut_heads: the share of heads that is reported, bare and masked; beside it each side."""
    values: dict[str, Any] = {"cut_heads": None}
    found = context.take("face.cut_heads", lambda: {masked: recalls(context, masked) for masked in (False, True)})
    if found is None:
        return values
    hits = [hit for masked in found for _, hit in found[masked]]
    values |= {"cut_heads": float(np.mean(hits)), "cut_heads_total": len(hits)}
    for masked, name in ((False, "bare"), (True, "masked")):
        values[f"cut_heads_{name}"] = float(np.mean([hit for _, hit in found[masked]]))
    for side in SIDES:
        values[f"cut_heads_{side}"] = float(np.mean([hit for m in found for s, hit in found[m] if s == side]))
    return values


def recalls(context: EvaluationContext, masked: bool) -> list[tuple[str, bool]]:
    """For each head the side that cuts it, and whether a reported box is on what is seen of it.

    Raises:
        DataError: `landmarks68` is not here.
    """
    folder = context.data / "landmarks68"
    rows = landmarks68.held_out(folder)
    finder, told = context.finder(), []
    for side, image, ltrb in frames(folder, context.some(rows), masked):
        found = [face.box.clipped(WIDTH, HEIGHT) for face in finder.detect(image)]
        boxes = np.array([box.ltrb for box in found if box], np.float32).reshape(-1, 4)
        told.append((side, bool(iou_matrix(boxes, ltrb[None]).max(initial=0) >= IOU)))
    return told


def frames(
    folder: Path, rows: Sequence[tuple[str, str, np.ndarray]], masked: bool
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """One frame a head, the same every time: the side that cuts it, uint8 (HEIGHT, WIDTH, 3) RGB, its box (4,)."""
    for number, (name, _, points) in enumerate(rows):
        rng = np.random.default_rng((SEED, number))
        head = Boxed(folder / name, points, ()).read()
        if masked:
            style = masks.random_mask(rng, masks.KINDS)
            head = masks.draw(head, points, style.kind, style.colour, style.seed)
        side = SIDES[number % len(SIDES)]
        yield side, *enlarge(head, face_box(points), side, np.random.default_rng((SEED, number, 1)))


def face_box(points: np.ndarray) -> np.ndarray:
    """The box of a face from the hairline to the chin, by its 68 points (68, 2): float64 (4,)."""
    low, high = points.min(axis=0), points.max(axis=0)
    return np.array([low[0], low[1] - FACE * (high[1] - low[1]), high[0], high[1]])


def enlarge(head: np.ndarray, face: np.ndarray, side: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A frame that the face nearly fills or overfills, moved so that one side cuts off a part of it.

    Args:
        head: uint8 (h, w, 3) RGB.
        face: (4,), the face's box in it.
        side: one of SIDES.
        rng: chooses size and part.

    Returns:
        The frame uint8 (HEIGHT, WIDTH, 3) and the face's box in it, clipped, float32 (4,).
    """
    scale = float(rng.uniform(*SHARES)) * HEIGHT / (face[3] - face[1])
    size = (face[2:] - face[:2]) * scale
    middle = np.array([WIDTH, HEIGHT]) / 2
    beyond = float(rng.uniform(*CUT))
    start = middle - size / 2
    if side == "left":
        start[0] = -beyond * size[0]
    elif side == "right":
        start[0] = WIDTH - (1 - beyond) * size[0]
    elif side == "top":
        start[1] = -beyond * size[1]
    elif side == "bottom":
        start[1] = HEIGHT - (1 - beyond) * size[1]
    shift = start - face[:2] * scale
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    frame = cv2.warpAffine(head, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    box = np.clip(np.concatenate([start, start + size]), 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
    return frame, box.astype(np.float32)
