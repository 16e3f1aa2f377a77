"""Average precision of the detector on the validation pictures, all of it on the accelerator but the counting."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from training.accelerator.face_loss import Grid, boxes_of, overlap
from training.accelerator.face_marks import at_score, average_precision, judge
from training.accelerator.face_scenes import SETS
from training.accelerator.face_store import Store, whole

SCORE, MOST, SUPPRESS = 0.02, 200, 0.5
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
