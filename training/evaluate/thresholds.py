"""What each score from which a face counts would give on validation pictures: to choose the thresholds by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from training.data import landmarks68, mask_pairs
from training.evaluate import backgrounds, close_faces, face
from training.evaluate.context import EvaluationContext, Unavailable
from training.metrics import iou_matrix

AT = tuple(step / 20 for step in range(4, 19))

Curve = dict[float, float]


def figure(context: EvaluationContext) -> dict[str, Curve]:
    """By name, score to share: of `faces` val the crops with an alarm and the faces that are found; of heads of
    landmarks68 val pasted on those crops, and of the training pictures of mask_pairs, those with a face.

    A curve whose data is not here is missing, and the context knows why.
    """
    curves = {}
    for name, curve in (("alarms", alarms), ("recall", recall), ("heads", heads), ("pairs", pairs)):
        taken = context.take(f"threshold-{name}", lambda curve=curve: curve(context))  # type: ignore[misc]
        if taken is not None:
            curves[f"threshold-{name}"] = taken
    return curves


def alarms(context: EvaluationContext) -> Curve:
    """The share of face-free crops of which a face is shown."""
    return _reached(_highest(context, _crops(context)))


def recall(context: EvaluationContext) -> Curve:
    """The share of annotated faces that are shown."""
    found = face.shown(context, face.pictures(context, "faces", "val"), AT[0])
    return {at: face.at_threshold(found, at)["recall"] for at in AT}


def pairs(context: EvaluationContext) -> Curve:
    """The share of mask_pairs' training pictures of which a face is shown."""
    listed = context.some(mask_pairs.load(context.data / "mask_pairs", "train"))
    return _reached(_highest(context, (pair.read() for pair in listed)))


def heads(context: EvaluationContext) -> Curve:
    """The share of pasted heads that are found."""
    return _reached(list(_heads(context)))


def _crops(context: EvaluationContext) -> list[np.ndarray]:
    made: list[np.ndarray] = context.once(
        "backgrounds of val", lambda: list(backgrounds.crops(face.pictures(context, "faces", "val")))
    )
    return made


def _reached(highest: list[float]) -> Curve:
    return {at: float(np.mean([score >= at for score in highest])) if highest else 0.0 for at in AT}


def _highest(context: EvaluationContext, images: Iterable[np.ndarray]) -> list[float]:
    """The score up to which anything is shown of each picture."""
    finder = context.finder(AT[0])
    return [max((one.score for one in finder.detect(image)), default=0.0) for image in images]


def _heads(context: EvaluationContext) -> Iterator[float]:
    """The score up to which each pasted head is found."""
    folder, behind = context.data / "landmarks68", _crops(context)
    if not behind:
        raise Unavailable(f"{context.data / 'faces'}: no part of the validation pictures is without faces")
    finder = context.finder(AT[0])
    rows = context.some([row for row in landmarks68.rows(folder / "points.csv") if row[1] == "val"])
    for made in close_faces.pasted(folder, rows, behind, masked=False):
        shown = finder.detect(made.image)
        boxes = np.array([one.box.ltrb for one in shown], np.float32).reshape(-1, 4)
        near = iou_matrix(boxes, made.ltrb[None])[:, 0] >= close_faces.IOU
        yield max((one.score for one, is_it in zip(shown, near, strict=True) if is_it), default=0.0)
