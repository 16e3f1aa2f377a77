"""Face AP at IoU .5 on the `faces` test split, and on the tight boxes of masked people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.pipeline.detector import FaceDetector
from edge.pipeline.verifier import VerifiedDetector
from edge.ports import Engine
from training.data import boxes
from training.data.boxes import Boxed
from training.evaluate import cut_heads, wild
from training.evaluate.context import EvaluationContext, Figure
from training.evaluate.wild import LIMIT, SCORE
from training.metrics import IOU, SMALLEST, Found, average_precision, iou_matrix


def figure(context: EvaluationContext) -> Figure:
    """face {ap50, ap50_masked, ap50_wild, recall_wild, precision_wild, news_masked, ..., cut_heads, double, no_faces}.

    Average precision is the detector's alone, as other detectors' is; recall and precision are taken after
    verification, at the thresholds that ship.
    """
    values: dict[str, object] = {"ap50": None, "ap50_masked": None}
    found = context.take("face.ap50", lambda: detections(context.engine("face"), pictures(context, "faces")))
    if found is not None:
        values["ap50"] = average_precision(found)
        threshold = context.engine("face").spec.threshold
        seen = shown(context, pictures(context, "faces"), threshold)
        values |= at_threshold(seen, threshold)
        values["recall_by_width"] = recall_by_width(seen, threshold)
    tight = context.take(
        "face.ap50_masked", lambda: detections(context.engine("face"), pictures(context, "masked_faces"))
    )
    if tight is not None:
        values["ap50_masked"] = average_precision(tight)
    values |= wild.figure(context) | cut_heads.figure(context)
    if context.floats:
        for key, name in (("ap50", "faces"), ("ap50_masked", "masked_faces")):
            values[f"{key}_float"] = context.take(
                f"face.{key}_float",
                lambda name=name: average_precision(  # type: ignore[misc]
                    detections(context.float_engine("face"), pictures(context, name))
                ),
            )
    return Figure(values)


def pictures(context: EvaluationContext, name: str, split: str = "test") -> list[Boxed]:
    """The pictures of a set of boxes; of `masked_faces` those whose boxes are tight.

    Raises:
        DataError: the set is not here.
    """
    found = [picture for picture in boxes.load(context.data / name, split) if picture.tight]
    return list(context.some(found))


def detections(engine: Engine, listed: Sequence[Boxed]) -> list[Found]:
    """Each picture's detections as the device makes them, down to SCORE, beside its boxes."""
    finder = FaceDetector(engine, score=SCORE, limit=LIMIT)
    return [_found(finder, picture) for picture in listed]


def shown(context: EvaluationContext, listed: Sequence[Boxed], score: float) -> list[Found]:
    """Each picture's faces as the device shows them, from a score on, beside its boxes."""
    finder = context.finder(score)
    return [_found(finder, picture) for picture in listed]


def _found(finder: FaceDetector | VerifiedDetector, picture: Boxed) -> Found:
    faces = finder.detect(picture.read())
    ltrb = np.array([face.box.ltrb for face in faces], np.float32).reshape(-1, 4)
    return Found(ltrb, np.array([face.score for face in faces], np.float32), picture.ltrb)


def at_threshold(found: Sequence[Found], threshold: float) -> dict[str, float]:
    """Recall of the boxes that count, and the share of detections that are on some box, at a threshold."""
    hits = boxes_ = on_box = shown = 0
    for picture in found:
        sure = picture.ltrb[picture.scores >= threshold]
        sure = sure[sure[:, 2] - sure[:, 0] >= SMALLEST]
        overlaps = iou_matrix(sure, picture.truth)
        counts = picture.truth[:, 2] - picture.truth[:, 0] >= SMALLEST
        hits += int((overlaps.max(axis=0, initial=0) >= IOU)[counts].sum())
        boxes_ += int(counts.sum())
        on_box += int((overlaps.max(axis=1, initial=0) >= IOU).sum())
        shown += len(sure)
    return {"threshold": threshold, "recall": hits / max(boxes_, 1), "precision": on_box / max(shown, 1)}


def recall_by_width(found: Sequence[Found], threshold: float) -> dict[str, float]:
    """Recall at the threshold by the width of the box in the stored picture: 12-16, 16-24, 24-48 and 48 or more px."""
    edges = (12, 16, 24, 48, 10_000)
    totals, hits = np.zeros(4), np.zeros(4)
    for picture in found:
        sure = picture.ltrb[picture.scores >= threshold]
        hit = iou_matrix(sure, picture.truth).max(axis=0, initial=0) >= IOU
        bins = np.digitize(picture.truth[:, 2] - picture.truth[:, 0], edges) - 1
        for number in range(4):
            totals[number] += (bins == number).sum()
            hits[number] += hit[bins == number].sum()
    names = ("12-16", "16-24", "24-48", "48+")
    return {name: float(h / t) for name, h, t in zip(names, hits, totals, strict=True) if t}
