"""Figures of the mask training on its validation slice."""

from __future__ import annotations

import numpy as np

from training.accelerator.mask_crops import DRAWN, Crops
from training.accelerator.mask_pack import BACKGROUND, BARE, GROUPS, INCORRECT, WORN

OFFSETS = np.arange(-4.0, 2.01, 0.1)


def scores(logits: np.ndarray, crops: Crops, offset: float | None = None) -> dict[str, float]:
    """What is told apart, each 0-1, and `score` to choose by.

    `real`, `news`, `pairs`, `street` and `colours` are the balanced accuracy of worn against bare, where incorrect
    counts as worn. `face` is the area under the ROC of faces against background, `background` the share of background
    that is turned away where 2 % of the faces are. `f1`, `recall` and `precision` are those of incorrect among all of
    masked_faces. Figures of classes that are missing are left out.

    Args:
        logits: float (N, 4).
        crops: what they are of.
        offset: added to the logit of incorrect; default: the one with the greatest F1, which is told as `offset`.
    """
    real = crops.groups == GROUPS.index("masked_faces")
    told: dict[str, float] = {}
    truth = crops.kinds == INCORRECT
    if truth[real].any():
        if offset is None:
            offset = best_offset(logits[real], truth[real])
        told["offset"] = offset
        told["recall"], told["precision"], told["f1"] = _f1(logits[real], truth[real], offset)
    moved = logits + np.array([0, 0, 0, offset or 0.0])
    face_logit = np.logaddexp(np.logaddexp(moved[:, BARE], moved[:, WORN]), moved[:, INCORRECT])
    masked = np.logaddexp(moved[:, WORN], moved[:, INCORRECT]) > moved[:, BARE]
    groups = {"real": "masked_faces", "news": "news_masks", "pairs": "mask_pairs", "street": "street_masks"}
    for name, group in groups.items():
        _balanced(told, name, masked, crops.kinds, crops.groups == GROUPS.index(group))
    at_home = np.isin(crops.groups, [GROUPS.index("faces"), GROUPS.index("wild"), GROUPS.index("faces80"), DRAWN])
    _balanced(told, "colours", masked, crops.kinds, at_home)
    background = crops.kinds == BACKGROUND
    if background.any() and not background.all():
        faces, places = (
            (face_logit - moved[:, BACKGROUND])[~background],
            (face_logit - moved[:, BACKGROUND])[background],
        )
        ranks = np.searchsorted(np.sort(faces), places, side="left")
        told["face"] = float(1 - ranks.mean() / len(faces))
        told["background"] = float((places < np.quantile(faces, 0.02)).mean())
    names = [name for name in ("real", "news", "pairs", "street", "colours", "face") if name in told]
    told["score"] = float(np.mean([told[name] for name in names])) + 0.1 * told.get("f1", 0.0)
    return told


def best_offset(logits: np.ndarray, truth: np.ndarray) -> float:
    """The offset with the greatest F1, smoothed over its neighbours: a few hundred boxes make a rough curve."""
    curve = np.array([_f1(logits, truth, float(offset))[2] for offset in OFFSETS])
    smoothed = np.convolve(np.pad(curve, 3, mode="edge"), np.ones(7) / 7, "valid")
    return float(OFFSETS[int(smoothed.argmax())])


def _f1(logits: np.ndarray, truth: np.ndarray, offset: float) -> tuple[float, float, float]:
    said = (logits + np.array([0, 0, 0, offset])).argmax(axis=1) == INCORRECT
    hits = float((said & truth).sum())
    recall, precision = hits / max(truth.sum(), 1), hits / max(said.sum(), 1)
    return recall, precision, 2 * recall * precision / max(recall + precision, 1e-9)


def _balanced(told: dict[str, float], name: str, masked: np.ndarray, kinds: np.ndarray, rows: np.ndarray) -> None:
    parts = []
    for kind in (BARE, WORN):
        some = rows & (kinds == kind)
        if not some.any():
            return
        parts.append(float((masked[some] == (kind == WORN)).mean()))
    told[name] = float(np.mean(parts))
