"""Average precision of the detector on the validation pictures, all of it on the accelerator but the counting."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from training.accelerator.face_loss import Grid, boxes_of, overlap
from training.accelerator.face_scenes import SETS
from training.accelerator.face_store import Store, whole

SCORE, MOST, SUPPRESS, IOU, SMALLEST = 0.02, 200, 0.5, 0.5, 12.0
FALSE_SCORE = 0.5  # of false detections on pictures without a face


@torch.no_grad()
def detect(answers: Tensor, grid: Grid) -> tuple[Tensor, Tensor]:
    """Boxes (B, M, 4) in pixels of the canvas and scores (B, M), best first; what is suppressed has score 0."""
    served = torch.cat([answers[..., :1], answers[..., 1:].clamp(0, 6)], -1)
    scores, order = answers[..., 0].sigmoid().topk(MOST, 1)
    boxes = boxes_of(served, grid).gather(1, order[..., None].expand(-1, -1, 4))
    near = overlap(boxes[:, :, None], boxes[:, None]) > SUPPRESS
    kept = scores >= SCORE
    for place in range(MOST - 1):
        kept[:, place + 1 :] &= ~(near[:, place, place + 1 :] & kept[:, place : place + 1])
    return boxes, scores * kept


@torch.no_grad()
def measure(network: Callable[[Tensor], Tensor], store: Store, grid: Grid, width: int, height: int) -> dict[str, float]:
    """AP at IoU .5 by set of the validation pictures; recall and precision at .5 on `wild`; false alarms."""
    found: dict[int, list[tuple[np.ndarray, np.ndarray, int]]] = {}
    for rows in torch.arange(len(store), device=store.texels.device).split(128):
        canvases, scale = whole(store, rows, width, height)
        boxes, scores = detect(network(canvases).float(), grid)
        boxes = (boxes / scale.view(-1, 1, 1)).cpu().numpy()
        for number, row in enumerate(rows.tolist()):
            found.setdefault(int(store.set[row]), []).append((boxes[number], scores[number].cpu().numpy(), row))
    truth, kinds = store.boxes.cpu().numpy(), store.kinds.cpu().numpy()
    values: dict[str, float] = {}
    for number, pictures in sorted(found.items()):
        name = SETS[number]
        marks = [judge(b, s, truth[row][kinds[row] > -2], kinds[row][kinds[row] > -2]) for b, s, row in pictures]
        if name == "no_faces":
            values["alarms"] = sum(bool((s >= FALSE_SCORE).any()) for _, s, _ in pictures) / len(pictures)
            continue
        values[name] = average_precision(marks)
        if name == "wild":
            values["recall"], values["precision"] = at_score(marks, FALSE_SCORE)
    return values


Marks = tuple[np.ndarray, np.ndarray, int]


def judge(boxes: np.ndarray, scores: np.ndarray, truth: np.ndarray, kinds: np.ndarray) -> Marks:
    """The scores of the detections that count, which are right, and how many boxes are to be found."""
    boxes, scores = boxes[scores > 0], scores[scores > 0]
    counts = (kinds >= 0) & (truth[:, 2] - truth[:, 0] >= SMALLEST)
    across = np.minimum(boxes[:, None, 2:], truth[None, :, 2:]) - np.maximum(boxes[:, None, :2], truth[None, :, :2])
    shared = across.clip(0).prod(-1)
    areas = [(v[:, 2:] - v[:, :2]).prod(-1) for v in (boxes, truth)]
    iou = shared / np.maximum(areas[0][:, None] + areas[1] - shared, 1e-6)
    within = shared / np.maximum(areas[0][:, None], 1e-6)
    free = counts.copy()
    kept, right = [], []
    for place in range(len(boxes)):
        open_now = np.where(free, iou[place], 0)
        if open_now.max(initial=0) >= IOU:
            free[open_now.argmax()] = False
            kept.append(place)
            right.append(True)
            continue
        excused = np.where(counts, 0, np.maximum(iou[place], within[place] * (kinds < 0))).max(initial=0) >= IOU
        if not excused and boxes[place, 2] - boxes[place, 0] >= SMALLEST:
            kept.append(place)
            right.append(False)
    return scores[kept], np.array(right, bool), int(counts.sum())


def average_precision(marks: list[Marks]) -> float:
    """Area under precision over recall, all points."""
    scores, right = np.concatenate([m[0] for m in marks]), np.concatenate([m[1] for m in marks])
    right = right[np.argsort(-scores, kind="stable")]
    recall = right.cumsum() / max(sum(m[2] for m in marks), 1)
    precision = right.cumsum() / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0.0) * envelope).sum())


def at_score(marks: list[Marks], score: float) -> tuple[float, float]:
    """Recall and precision of the detections of at least that score."""
    right = sum(int(m[1][m[0] >= score].sum()) for m in marks)
    shown = sum(int((m[0] >= score).sum()) for m in marks)
    return right / max(sum(m[2] for m in marks), 1), right / max(shown, 1)
