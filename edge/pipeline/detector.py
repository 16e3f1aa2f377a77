"""The two things that engines are asked: where are faces in a picture, and which class is the face in this box."""

from __future__ import annotations

import numpy as np

from edge.errors import EngineError, ModelError
from edge.face import Face
from edge.frame import Box
from edge.ports import Engine
from edge.vision.crop import crop
from edge.vision.detection import anchor_points, box_voting, decode, nms, point_scales
from edge.vision.tensor import Letterbox, letterbox, to_grey

# Chosen on the validation split of `faces`: voting adds one point of average precision.
SUPPRESS_IOU, VOTES_IOU = 0.5, 0.7


class FaceDetector:
    """Finds faces with a detector of head "anchors".

    Args:
        engine: the detector.
        score: the score from which a box counts, or None for the model's own threshold.
        iou: two boxes that overlap by more are one face.
        limit: how many faces a picture may have.

    Raises:
        ModelError: the engine has another head.
    """

    def __init__(self, engine: Engine, score: float | None = None, iou: float = SUPPRESS_IOU, limit: int = 50) -> None:
        spec = engine.spec
        _expect_head(engine, "anchors")
        self.engine = engine
        self._score = spec.threshold if score is None else score
        self._iou, self._limit = iou, limit
        self._points = anchor_points(spec.width, spec.height, spec.strides)
        self._units = point_scales(spec.width, spec.height, spec.strides, spec.units)

    def find(self, image: np.ndarray) -> tuple[Face, ...]:
        """The faces of a picture uint8 (H, W, 3) RGB, best first, boxes in its pixels; they may reach over its edges.

        Raises:
            EngineError: the detector could not be run.
        """
        canvas, fit = self.prepare(image)
        return self.read(self.engine.infer(canvas), fit)

    def prepare(self, image: np.ndarray) -> tuple[np.ndarray, Letterbox]:
        """The detector's input uint8 (height, width, C) and how the picture was fitted into it."""
        canvas, fit = letterbox(image, self.engine.spec.width, self.engine.spec.height)
        return (to_grey(canvas) if self.engine.spec.channels == 1 else canvas), fit

    def read(self, outputs: tuple[np.ndarray, ...], fit: Letterbox) -> tuple[Face, ...]:
        """The faces that the detector's outputs speak of."""
        logits, distances = outputs
        ltrb, scores = decode(logits, distances, self._points, self._units, self._score)
        kept = nms(ltrb, scores, self._iou, self._limit)
        boxes = fit.to_picture(box_voting(ltrb, scores, kept, VOTES_IOU)).tolist()
        faces = (Face(Box(*box), score) for box, score in zip(boxes, scores[kept].tolist(), strict=True))
        # A box that lies wholly in the canvas's padding is nowhere in the picture.
        return tuple(face for face in faces if face.box.clipped(fit.width, fit.height))


class Classifier:
    """Says how probable each class of a model of head "probabilities" is for a face.

    Raises:
        ModelError: the engine has another head.
    """

    def __init__(self, engine: Engine) -> None:
        _expect_head(engine, "probabilities")
        self.engine = engine

    def look(self, image: np.ndarray, box: Box) -> np.ndarray:
        """P(class), float32 (K,) that sums to 1, in the order of the spec's labels.

        Args:
            image: uint8 (H, W, 3) RGB.
            box: the face, in pixels of the picture.

        Raises:
            EngineError: the model could not be run.
        """
        return self.read(self.engine.infer(self.prepare(image, box)))

    def prepare(self, image: np.ndarray, box: Box) -> np.ndarray:
        """The model's input uint8 (height, width, C): the square that its spec cuts around the box."""
        spec = self.engine.spec
        return crop(image, box.square(spec.margin, spec.shift), spec.width, spec.height, spec.channels)

    def read(self, outputs: tuple[np.ndarray, ...]) -> np.ndarray:
        """The model's answer as float32 (K,) that sums to 1: eight bits leave a softmax a little beside it."""
        values = np.clip(outputs[0].reshape(-1), 0.0, None)
        total = values.sum()
        if not total > 0:
            raise EngineError(f"{self.engine.spec.name}: expected probabilities, got all zero; convert it again")
        return (values / total).astype(np.float32)


def _expect_head(engine: Engine, head: str) -> None:
    if engine.spec.head != head:
        raise ModelError(f"model {engine.spec.name}: expected head {head!r}, got {engine.spec.head!r}")
