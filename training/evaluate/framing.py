"""Does a face that the detector found look to the emotion model like its training data?

FER2013's crops are framed in their own way. Here they stand in whole pictures, the detector finds them, and its box is
cut with several margins: the accuracy that is left says which margin gives the model what it was trained on.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from edge.frame import Box
from edge.manifest import ModelSpec
from edge.vision.crop import crop
from edge.vision.letterbox import resize
from training.data import copy_paste
from training.data.fer2013 import PRIVATE, PUBLIC
from training.evaluate import bare
from training.evaluate.classify import answers
from training.evaluate.close_faces import faceless
from training.evaluate.context import EvaluationContext, Figure
from training.metrics import iou_matrix

WIDTH, HEIGHT = 640, 480
SIDES = (72, 200)  # pixels of a crop in the frame
MARGINS = (0.8, 0.9, 1.0, 1.05, 1.1, 1.2, 1.3, 1.5)
IOU = 0.3  # of a found box and the crop, to be its face
ROWS = 1500
SEED = 23


def figure(context: EvaluationContext) -> Figure:
    """framing {found, square, cut}: of PrivateTest rows in whole pictures the share that is found, and the accuracy of
    those on their own square and as the device cuts them; the curve is over margins, on PublicTest, to choose one by.
    """
    values: dict[str, Any] = {"found": None, "square": None, "cut": None}
    margin = context.take("framing.margin", lambda: context.engine(bare.TASK).spec.margin)
    private = context.take("framing.cut", lambda: by_margin(context, PRIVATE, (float(margin or 1.0),)))
    if margin is None or private is None:
        return Figure(values)
    share, square, cut = private
    values |= {"found": share, "square": square, "cut": cut[margin], "margin": margin}
    curve = by_margin(context, PUBLIC, MARGINS)[2]
    values["public_by_margin"] = {f"{at:g}": accuracy for at, accuracy in curve.items()}
    return Figure(values, curves={"framing-margin": curve})


def by_margin(
    context: EvaluationContext, usage: int, margins: tuple[float, ...]
) -> tuple[float, float, dict[float, float]]:
    """The share of rows that is found, their accuracy on their own square, and as cut with each margin.

    Raises:
        DataError: `fer2013` or `faces` is not here.
        Unavailable: a model is missing.
    """
    behind = faceless(context)
    data, finder, engine = bare.data(context), context.finder(), context.engine(bare.TASK)
    rows = context.some(np.random.default_rng(SEED).permutation(data.rows(usage))[:ROWS])
    frames, boxes, kept = [], [], []
    for number, row in enumerate(rows.tolist()):
        rng = np.random.default_rng((SEED, number))
        image, place = placed(data.images[row], behind[number % len(behind)], rng)
        faces = [face for face in finder.detect(image) if _overlap(face.box, place) >= IOU]
        if faces:
            frames.append(image)
            boxes.append(max(faces, key=lambda face: face.score).box)
            kept.append(row)
    labels = data.labels[kept]
    if not kept:
        return 0.0, 0.0, dict.fromkeys(margins, 0.0)
    square = answers(engine, data.images[kept], labels).accuracy
    cut = {margin: answers(engine, _cut(frames, boxes, margin, engine.spec), labels).accuracy for margin in margins}
    return len(kept) / len(rows), square, cut


def placed(face: np.ndarray, background: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, Box]:
    """A frame uint8 (HEIGHT, WIDTH, 3) RGB with a grey face square uint8 (S, S) in it, and where that square is."""
    frame = resize(background, WIDTH, HEIGHT)
    side = int(rng.integers(*SIDES))
    left, top = int(rng.integers(WIDTH - side)), int(rng.integers(HEIGHT - side))
    picture = cv2.resize(face, (side, side), interpolation=cv2.INTER_LINEAR)[:, :, None].astype(np.float32)
    cover = copy_paste.fading(side, side)[:, :, None]
    below = frame[top : top + side, left : left + side]
    frame[top : top + side, left : left + side] = np.round(below * (1 - cover) + picture * cover).astype(np.uint8)
    return frame, Box(left, top, left + side, top + side)


def _cut(frames: list[np.ndarray], boxes: list[Box], margin: float, spec: ModelSpec) -> list[np.ndarray]:
    squares = [box.square(margin, spec.shift) for box in boxes]
    return [crop(image, at, spec.width, spec.height, spec.channels) for image, at in zip(frames, squares, strict=True)]


def _overlap(one: Box, other: Box) -> float:
    return float(iou_matrix(np.array([one.ltrb], np.float32), np.array([other.ltrb], np.float32))[0, 0])
