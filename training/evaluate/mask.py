"""Is a mask worn: the near-duplicate-free half of `mask_pairs`, and real photographs of masked people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from edge.face import MaskResult
from edge.frame import Box
from edge.labels import MASKS, Mask
from edge.pipeline.classifier import MaskModel
from edge.ports import Engine
from training.data import boxes, mask_pairs
from training.data.boxes import Boxed
from training.evaluate import mask_colours, mask_headscarves
from training.evaluate.classify import confusion
from training.evaluate.context import Answers, EvaluationContext, Figure
from training.metrics import calibration_error, wilson

SMALLEST = 20.0  # pixels of the annotated box's width
WORN_FROM = 0.5
TRUTH = {"with_mask": Mask.WORN, "without_mask": Mask.BARE}


def figure(context: EvaluationContext) -> Figure:
    """mask {pairs, real, colours, headscarves, incorrect_recall, incorrect_precision}; intervals, classes, the ECE."""
    values: dict[str, Any] = {"pairs": None, "real": None}
    drawn: dict[str, Answers] = {}
    found = context.take("mask.pairs", lambda: pairs(context, context.engine("mask")))
    if found:
        values |= found
    photos = context.take("mask.real", lambda: real(context, context.engine("mask")))
    if photos:
        values |= photos[0]
        drawn["mask"] = photos[1]
    for more, key in ((mask_colours, "colours"), (mask_headscarves, "headscarves")):
        values |= more.figure(context, context.engine("mask")) if photos or found else {key: None}
    if context.floats:
        twin = context.take("mask.pairs_float", lambda: pairs(context, context.float_engine("mask")))
        values["pairs_float"] = twin["pairs"] if twin else None
        photos = context.take("mask.real_float", lambda: real(context, context.float_engine("mask")))
        values["real_float"] = photos[0]["real"] if photos else None
    return Figure(values, drawn)


def pairs(context: EvaluationContext, engine: Engine) -> dict[str, Any]:
    """Accuracy over the test clusters: the largest face that is found; a picture without one is an error."""
    finder, mask = context.finder(mask=engine), MaskModel(engine)
    listed = context.some(mask_pairs.load(context.data / "mask_pairs", "test"))
    asked = mask_pairs.largest_faces(listed, lambda image: [face.box for face in finder.detect(image)])
    right = sum(
        box is not None and (mask.classify(image, box).worn >= WORN_FROM) == pair.worn for pair, image, box in asked
    )
    return {
        "pairs": right / len(asked),
        "pairs_interval": list(wilson(right, len(asked))),
        "pairs_right": right,
        "pairs_total": len(asked),
        "pairs_no_face": sum(box is None for _, _, box in asked),
    }


def real(context: EvaluationContext, engine: Engine) -> tuple[dict[str, Any], Answers]:
    """Balanced accuracy on annotated boxes; incorrect_mask apart, as the share that is taken for worn."""
    mask = MaskModel(engine)
    asked = list(_faces(context.some(boxes.load(context.data / "masked_faces", "test"))))
    looks = [mask.classify(image, box) for image, box, _, _ in asked]
    worn = np.array([look.worn for look in looks])
    labels = [label for _, _, label, _ in asked]
    tight = np.array([close for _, _, _, close in asked], bool)
    known = np.array([label in TRUTH for label in labels], bool)
    truth = np.array([TRUTH.get(label, Mask.BARE) for label in labels], np.int64)
    values: dict[str, Any] = {"real": balanced(truth[known], worn[known])}
    values["real_as_background"] = _share(np.array([look.face < 0.5 for look in looks]))
    for label, kind in TRUTH.items():
        values[f"real_{label}"] = _share((worn >= WORN_FROM)[known & (truth == kind)] == bool(kind))
    values["real_incorrect_as_worn"] = _share((worn >= WORN_FROM)[[label == "incorrect_mask" for label in labels]])
    values["real_tight"] = balanced(truth[known & tight], worn[known & tight])
    values["real_loose"] = balanced(truth[known & ~tight], worn[known & ~tight])
    values["real_total"] = int(known.sum())
    given = Answers(truth[known], np.stack([1 - worn[known], worn[known]], axis=1), MASKS)
    values["real_ece"] = calibration_error(given.probabilities, given.labels)
    values["confusion"] = confusion(given)
    return values | incorrect(labels, looks), given


def incorrect(labels: Sequence[str], results: Sequence[MaskResult]) -> dict[str, Any]:
    """Recall and precision of incorrectly worn masks among all boxes; None from a model that does not tell them."""
    truth = np.array([label == "incorrect_mask" for label in labels], bool)
    if not any(result.incorrect for result in results):
        return {"incorrect_recall": None, "incorrect_precision": None, "incorrect_total": int(truth.sum())}
    told = np.array([result.worn >= WORN_FROM and result.incorrect > result.worn / 2 for result in results], bool)
    return {
        "incorrect_recall": _share(told[truth]),
        "incorrect_precision": _share(truth[told]),
        "incorrect_total": int(truth.sum()),
    }


def _faces(pictures: Sequence[Boxed]) -> Iterator[tuple[np.ndarray, Box, str, bool]]:
    """Each box that is wide enough: picture, box, label, and whether its set draws boxes tight."""
    for picture in pictures:
        image = picture.read()
        for ltrb, label in zip(picture.ltrb.tolist(), picture.labels, strict=True):
            if ltrb[2] - ltrb[0] >= SMALLEST and ltrb[3] > ltrb[1]:
                yield image, Box(*ltrb), label, picture.tight


def balanced(truth: np.ndarray, worn: np.ndarray) -> float | None:
    """Mean of the two classes' accuracies at P(worn) >= .5; None where a class is missing."""
    said = worn >= WORN_FROM
    parts = [_share(said[truth == kind] == bool(kind)) for kind in Mask]
    return None if None in parts else float(np.mean([part for part in parts if part is not None]))


def _share(right: np.ndarray) -> float | None:
    return float(np.mean(right)) if len(right) else None
