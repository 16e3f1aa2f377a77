"""The detector on foreign photographs: `wild`, `news_masks`, `no_faces`, and two boxes on one face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.pipeline.detector import FaceDetector
from training.data import boxes, no_faces
from training.data.boxes import Boxed
from training.evaluate.context import EvaluationContext
from training.metrics import SMALLEST, Found, average_precision, iou_matrix, wilson

SCORE = 0.01  # detections below do not count for AP
LIMIT = 200  # detections a picture
SIDE = 320.0  # px: small faces are counted by their width in a picture with this long side
REPORTED_IOU = 0.35  # from which a reported box is on a face: people draw boxes in several styles
REPORTED_WIDTH = 16.0  # px at SIDE, of the faces whose recall is taken
CLOSE = 48.0  # px at SIDE: a close face
WITHIN = 0.6  # of a box's area inside the other one, from which two reported boxes are on one face


@dataclass
class Counts:
    """Reported boxes against annotated ones, added up over pictures."""

    faces: int = 0
    found: int = 0
    reported: int = 0
    wrong: int = 0

    def values(self, key: str) -> dict[str, Any]:
        """Recall and precision with the numbers behind them."""
        return {
            f"recall_{key}": self.found / max(self.faces, 1),
            f"precision_{key}": 1 - self.wrong / max(self.reported, 1),
            f"faces_{key}": self.faces,
            f"reported_{key}": self.reported,
        }


def figure(context: EvaluationContext) -> dict[str, Any]:
    """ap50_wild, recall_wild, precision_wild, news_masked, news_bare, no_faces, double: the keys of `face`."""
    values: dict[str, Any] = dict.fromkeys(
        ("ap50_wild", "recall_wild", "precision_wild", "news_masked", "news_bare", "no_faces", "double")
    )
    wild = context.take("face.ap50_wild", lambda: _pictures(context, "wild"))
    if wild is not None:
        values["ap50_wild"] = average_precision(detections(context, wild))
        values |= reported(context, wild).values("wild")
    news = context.take("face.news_masked", lambda: _pictures(context, "news_masks"))
    if news is not None:
        values |= reported(context, news).values("news")
        for key, label in (("news_masked", "with_mask"), ("news_bare", "without_mask")):
            counts = reported(context, news, label)
            values |= {key: counts.found / max(counts.faces, 1), f"{key}_total": counts.faces}
    empty = context.take("face.no_faces", lambda: context.some(no_faces.load(context.data / "no_faces", "test")))
    if empty is not None:
        finder = context.finder()
        alarms = sum(bool(finder.detect(picture.read())) for picture in empty)
        values |= {"no_faces": alarms / len(empty), "no_faces_alarms": alarms, "no_faces_total": len(empty)}
        values["no_faces_interval"] = list(wilson(alarms, len(empty)))
    stills = [*(wild or []), *(news or []), *(context.take("face.double", lambda: _pictures(context, "faces")) or [])]
    if stills:
        values |= doubles(context, stills)
    return values


def detections(context: EvaluationContext, pictures: Sequence[Boxed]) -> list[Found]:
    """Each picture's detections by the detector alone, down to SCORE, beside what is annotated."""
    finder = FaceDetector(context.engine("face"), score=SCORE, limit=LIMIT)
    found = []
    for picture in pictures:
        image = picture.read()
        faces = finder.detect(image)
        ltrb = np.array([face.box.ltrb for face in faces], np.float32).reshape(-1, 4)
        scores = np.array([face.score for face in faces], np.float32)
        found.append(Found(ltrb, scores, picture.ltrb, picture.ignored, SMALLEST * _scale(image)))
    return found


def reported(context: EvaluationContext, pictures: Sequence[Boxed], label: str = "") -> Counts:
    """What `image` reports of these pictures at the threshold that ships, against what is annotated.

    Args:
        context: the models.
        pictures: the photographs.
        label: count only the faces with this label; the others are neither right nor wrong.
    """
    counts = Counts()
    for picture in pictures:
        image, ltrb = _reported(context, picture)
        wide = picture.ltrb[:, 2] - picture.ltrb[:, 0] >= REPORTED_WIDTH * _scale(image)
        chosen = np.array([not label or label == one for one in picture.labels], bool)
        counted: np.ndarray = wide & chosen
        on_face = (iou_matrix(ltrb, picture.ltrb) >= REPORTED_IOU).any(axis=0)
        known = np.concatenate([picture.ltrb, picture.ignored])
        small = ltrb[:, 2] - ltrb[:, 0] < SMALLEST * _scale(image)
        excused = (iou_matrix(ltrb, known) >= REPORTED_IOU).any(axis=1) | small
        counts.faces += int(counted.sum())
        counts.found += int((on_face & counted).sum())
        counts.reported += len(ltrb)
        counts.wrong += int((~excused).sum())
    return counts


def doubles(context: EvaluationContext, pictures: Sequence[Boxed]) -> dict[str, Any]:
    """The share of faces with two reported boxes on them; of all faces, and of close ones."""
    faces = close = twice = twice_close = 0
    for picture in pictures:
        image, ltrb = _reported(context, picture)
        for truth in picture.ltrb:
            pair = two_on_one(ltrb, truth)
            large = truth[2] - truth[0] >= CLOSE * _scale(image)
            faces, close = faces + 1, close + int(large)
            twice, twice_close = twice + int(pair), twice_close + int(pair and large)
    return {
        "double": twice / max(faces, 1),
        "double_close": twice_close / max(close, 1),
        "double_faces": faces,
        "double_close_faces": close,
    }


def two_on_one(ltrb: np.ndarray, truth: np.ndarray) -> bool:
    """Whether two of the boxes (N, 4) lie on the face (4,): each mostly inside the face or on it, and on each other."""
    on = np.maximum(shared(ltrb, truth[None])[:, 0], (iou_matrix(ltrb, truth[None]) >= REPORTED_IOU)[:, 0])
    mine = ltrb[on >= WITHIN]
    inside = np.triu(np.maximum(shared(mine, mine), shared(mine, mine).T) >= WITHIN, 1)
    return bool(inside.any())


def shared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The part of each box (N, 4) that lies in each of others (M, 4): (N, M), 0-1."""
    across = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    areas = np.maximum((a[:, 2:] - a[:, :2]).prod(axis=1), 1e-9)
    part: np.ndarray = np.clip(across, 0, None).prod(axis=2) / areas[:, None]
    return part


def _reported(context: EvaluationContext, picture: Boxed) -> tuple[np.ndarray, np.ndarray]:
    """The picture, and the boxes (N, 4) that are reported of it, clipped to it; taken once."""

    def find() -> tuple[np.ndarray, np.ndarray]:
        image = picture.read()
        found = [face.box.clipped(image.shape[1], image.shape[0]) for face in context.finder().detect(image)]
        return image, np.array([box.ltrb for box in found if box], np.float32).reshape(-1, 4)

    image, ltrb = context.once(("reported", picture.path), find)
    return image, ltrb


def _pictures(context: EvaluationContext, name: str) -> list[Boxed]:
    return list(context.some(boxes.load(context.data / name, "test")))


def _scale(image: np.ndarray) -> float:
    """Pixels of the stored picture for one pixel at SIDE; 1 for pictures that are not larger."""
    return max(1.0, max(image.shape[:2]) / SIDE)
