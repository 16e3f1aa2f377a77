"""The face detector's task: random scenes, quality focal loss and GIoU, AP on the `faces` validation split."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from edge.pipeline.detector import NMS_IOU, VOTING_IOU
from edge.vision import detection
from edge.vision.letterbox import letterbox
from training import recipe_values
from training.data import boxes, copy_paste, scenes
from training.data.boxes import Boxed
from training.metrics import Found, average_precision
from training.networks import face
from training.networks.layers import strip_custom_layers
from training.recipe import Recipe, parse
from training.tasks.face_batches import Extras, SceneBatches

LEAST_SIDE = 0.1  # units: a point's distance to a side of its face is pushed above this
HEADS_MASKED = 0.7  # part of the heads that also stand there with a mask drawn on


def detection_loss(truth: Any, answer: Any) -> Any:
    """Quality focal loss (Li et al., GFL, 2020) plus GIoU (Rezatofighi et al., 2019), over the faces of the batch.

    Args:
        truth: (B, P, 7), see scenes.targets; answer: (B, P, 5), logit and four distances.
    """
    positive, sides, score_weight, box_weight = truth[..., 0], truth[..., 1:5], truth[..., 5], truth[..., 6]
    logit, guess = answer[..., 0], answer[..., 1:5]
    shared = ops.maximum(ops.minimum(sides, guess), 0.0)
    overlap = (shared[..., 0] + shared[..., 2]) * (shared[..., 1] + shared[..., 3])
    kept = ops.maximum(guess, 0.0)
    area = (kept[..., 0] + kept[..., 2]) * (kept[..., 1] + kept[..., 3])
    area += (sides[..., 0] + sides[..., 2]) * (sides[..., 1] + sides[..., 3])
    union = area - overlap + 1e-6
    iou = overlap / union
    around = ops.maximum(sides, guess)
    hull = (around[..., 0] + around[..., 2]) * (around[..., 1] + around[..., 3]) + 1e-6
    giou = iou - (hull - union) / hull
    # Where the box is not to be trusted, neither is its overlap: such a face is simply a face.
    quality = positive * ops.where(box_weight > 0, ops.stop_gradient(iou), 0.8)
    gap = ops.abs(ops.sigmoid(logit) - quality)
    entropy = ops.maximum(logit, 0.0) - logit * quality + ops.log1p(ops.exp(-ops.abs(logit)))
    score = ops.sum(score_weight * ops.square(gap) * entropy)
    box = ops.sum(positive * box_weight * (1.0 - giou))
    # A box turned inside out overlaps nothing and would get no gradient: one whole level once died of that, unnoticed.
    box += ops.sum(positive[..., None] * box_weight[..., None] * ops.maximum(LEAST_SIDE - guess, 0.0))
    return (score + 2.0 * box) / ops.maximum(ops.sum(positive), 1.0)


@dataclass(frozen=True)
class FaceData:
    """The recipe's [data] table beside the fields of scenes.Zoom.

    Attributes:
        canvas: width and height as served, px.
        window: the part of it that is trained on, for speed: the network is convolutional. Empty: all of it.
        limit: use only so many pictures; 0: all.
        masks: how often a copy with drawn masks is shown, 0-1.
        hard_negatives_from, degrade_from: epochs; see Extras.
    """

    canvas: tuple[int, int] = (320, 240)
    window: tuple[int, ...] = ()
    limit: int = 0
    masks: float = 0.0
    hard_negatives_from: int = 0
    degrade_from: int = 0


class FaceDetection:
    """`faces` and `masked_faces`, training splits; see FaceData and scenes.Zoom for the recipe's [data] table."""

    def __init__(self, recipe: Recipe, data: Path) -> None:
        self.recipe, self.data = recipe, data
        self.options, self.zoom = parse(recipe, FaceData, scenes.Zoom)
        self.width, self.height = self.options.canvas
        self.window = self.options.window or self.options.canvas
        self.val: list[tuple[np.ndarray, Any, np.ndarray]] = []

    def build(self) -> keras.Model:
        """See training/networks/face.py; of the window's size."""
        with recipe_values.network(self.recipe.name):
            return face.build(*self.window, **self.recipe.network)

    def served(self, model: keras.Model) -> keras.Model:
        """The same weights at the size that is served."""
        if model.input_shape[1:3] == (self.height, self.width):
            return model
        whole = face.build(self.width, self.height, **self.recipe.network)
        whole.set_weights(model.get_weights())
        return whole

    def pictures(self) -> list[Boxed]:
        """The training pictures of both sets."""
        both = [p for name in ("faces", "masked_faces") for p in boxes.load(self.data / name, "train")]
        return both[: self.options.limit] if self.options.limit else both

    def batches(self) -> keras.utils.PyDataset:
        """Random scenes."""
        options = self.options
        extras = Extras(
            heads=copy_paste.load(self.data / "landmarks68", HEADS_MASKED, self.recipe.seed)
            if self.zoom.copy_paste
            else (),
            masks=options.masks,
            detect=(lambda model: partial(self._detect, model, *self.window)) if self.zoom.hard_negatives else None,
            hard_negatives_from=options.hard_negatives_from,
            degrade_from=options.degrade_from,
        )
        return SceneBatches(self.pictures(), self.recipe, self.window, (self.width, self.height), self.zoom, extras)

    def loss(self) -> Any:
        """See detection_loss."""
        return detection_loss

    def measure(self, model: keras.Model) -> dict[str, float]:
        """AP on the `faces` validation split, float."""
        if not self.val:
            for picture in boxes.load(self.data / "faces", "val"):
                self.val.append((*letterbox(picture.read(), self.width, self.height), picture.ltrb))
        found, model = [], self.served(model)
        for start in range(0, len(self.val), 32):
            part = self.val[start : start + 32]
            answers = self._detect(model, self.width, self.height, np.stack([v[0] for v in part]))
            for (ltrb, scores), (_, fit, truth) in zip(answers, part, strict=True):
                found.append(Found(fit.to_picture(ltrb), scores, truth))
        return {"score": average_precision(found)}

    def _detect(
        self, model: keras.Model, width: int, height: int, canvases: np.ndarray
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Boxes (N, 4) and scores on each canvas uint8 (B, height, width, 3), by what the device does."""
        points = detection.anchor_points(width, height, face.STRIDES)
        units = detection.point_scales(width, height, face.STRIDES, face.UNITS)
        found = []
        for answer in model.predict_on_batch(canvases.astype(np.float32) / 255):
            ltrb, scores = detection.decode(answer[:, 0], answer[:, 1:], points, units, 0.01)
            kept = detection.nms(ltrb, scores, NMS_IOU, 200)
            found.append((detection.box_voting(ltrb, scores, kept, VOTING_IOU), scores[kept]))
        return found

    def samples(self, count: int, seed: int) -> np.ndarray:
        """Real canvases uint8 (count, H, W, 3) for calibration: pictures as the daemon would show them."""
        pictures = self.pictures()
        rows = np.random.default_rng(seed).permutation(len(pictures))[:count]
        return np.stack([letterbox(pictures[row].read(), self.width, self.height)[0] for row in rows])

    def export(self, model: keras.Model) -> keras.Model:
        """Logits and distances apart."""
        return strip_custom_layers(face.split(self.served(model)))
