"""The face detector: the first stage of the pipeline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from edge.face import Detection
from edge.frame import Box
from edge.pipeline.classifier import expect_head
from edge.ports import Engine, TransposableEngine
from edge.vision.detection import anchor_points, box_voting, candidates, check_shapes, decode, nms, point_scales
from edge.vision.few_boxes import FEW
from edge.vision.few_boxes import find as find_few
from edge.vision.letterbox import Letterbox, letterbox, to_grey

# Chosen on the validation split of `faces`: voting adds one point of average precision.
NMS_IOU, VOTING_IOU = 0.5, 0.7


@dataclass(frozen=True)
class Fit:
    """How a picture was fitted into the detector's canvas, and whether its rows and columns were swapped before."""

    box: Letterbox
    swapped: bool


class FaceDetector:
    """Finds faces with a model of head "anchors", or anything else that has the head "boxes".

    On an upright picture the canvas is upright, too, if the engine can be had for it: faces are then a third larger on
    a canvas of 240x320, at the same cost.

    Args:
        engine: the detector.
        score: the detection threshold, 0-1, or None for the model's own.
        iou: of two boxes that overlap by more, the better one stays.
        limit: the most faces in one picture.

    Raises:
        ModelError: the engine has another head.
    """

    def __init__(self, engine: Engine, score: float | None = None, iou: float = NMS_IOU, limit: int = 50) -> None:
        spec = engine.spec
        if engine.spec.head != "boxes":
            expect_head(engine, "anchors")
        self.engine = engine
        self._score = spec.threshold if score is None else score
        self._iou, self._limit = iou, limit
        self._anchors = anchor_points(spec.width, spec.height, spec.strides)
        self._scales = point_scales(spec.width, spec.height, spec.strides, spec.units)

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height of the model's input, in pixels."""
        return (self.engine.spec.width, self.engine.spec.height)

    def scale(self, width: int, height: int) -> float:
        """Pixels of the canvas for one pixel of a picture of that size."""
        across, down = self._canvas_for(width, height)
        return min(across / width, down / height)

    def detect(self, image: np.ndarray) -> tuple[Detection, ...]:
        """The faces of a picture uint8 (H, W, 3) RGB, best first, boxes in its pixels; they may reach over its edges.

        Raises:
            EngineError: the detector could not be run.
        """
        canvas, fit = self.preprocess(image)
        return self.postprocess(self.infer(canvas, fit), fit)

    def preprocess(self, image: np.ndarray) -> tuple[np.ndarray, Fit]:
        """The detector's input uint8 (height, width, C) and how the picture was fitted into it."""
        sides = self._canvas_for(image.shape[1], image.shape[0])
        swapped = sides != self.canvas
        canvas, box = letterbox(image, *sides)
        canvas = to_grey(canvas) if self.engine.spec.channels == 1 else canvas
        return (_transposed(canvas) if swapped else canvas), Fit(box, swapped)

    def infer(self, canvas: np.ndarray, fit: Fit) -> tuple[np.ndarray, ...]:
        """The detector's outputs for what `preprocess` gave.

        Raises:
            EngineError: the detector could not be run.
        """
        engine = self._upright() if fit.swapped else self.engine
        assert engine is not None
        return engine.infer(canvas)

    def postprocess(self, outputs: tuple[np.ndarray, ...], fit: Fit) -> tuple[Detection, ...]:
        """The faces in the detector's outputs, best first."""
        if self.engine.spec.head == "boxes":
            ltrb, scores = (output[outputs[1] >= self._score] for output in outputs)
            found = self._suppressed(ltrb, scores)
        else:
            logits, distances = outputs
            found = self._decoded(logits, distances, self._anchors[:, ::-1] if fit.swapped else self._anchors)
        scale = fit.box.scale
        faces = (Detection(Box(*(side / scale for side in box)), score) for box, score in found)
        # A box that lies wholly in the canvas's padding is nowhere in the picture.
        return tuple(face for face in faces if face.box.clipped(fit.box.width, fit.box.height))

    def _decoded(
        self, logits: np.ndarray, distances: np.ndarray, anchors: np.ndarray
    ) -> Iterable[tuple[Iterable[float], float]]:
        """Boxes on the canvas, left, top, right, bottom, and their scores, best first."""
        check_shapes(logits, distances, anchors, self._scales)
        chosen = candidates(logits, self._score)
        logits, distances = logits.reshape(-1)[chosen], distances[chosen]
        anchors, scales = anchors[chosen], self._scales[chosen]
        if len(chosen) > FEW:
            return self._suppressed(*decode(logits, distances, anchors, scales, self._score))
        lists = logits.tolist(), distances.tolist(), anchors.tolist(), scales.tolist()
        return find_few(*lists, self._iou, VOTING_IOU, self._limit)

    def _suppressed(self, ltrb: np.ndarray, scores: np.ndarray) -> Iterable[tuple[Iterable[float], float]]:
        kept = nms(ltrb, scores, self._iou, self._limit)
        return zip(box_voting(ltrb, scores, kept, VOTING_IOU).tolist(), scores[kept].tolist(), strict=True)

    def _canvas_for(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the canvas on which a picture of that size is searched."""
        across, down = self.canvas
        return (down, across) if height > width and across > down and self._upright() is not None else (across, down)

    def _upright(self) -> Engine | None:
        return self.engine.transposed() if isinstance(self.engine, TransposableEngine) else None


def _transposed(image: np.ndarray) -> np.ndarray:
    """Rows and columns swapped, (H, W, C) to (W, H, C)."""
    return np.asarray(cv2.transpose(image)).reshape(image.shape[1], image.shape[0], image.shape[2])
