"""MediaPipe's short-range face detector (BlazeFace, Bazarevsky et al., 2019) through LiteRT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge.engines.model import interpreter_module
from edge.vision.detection import nms
from edge.vision.letterbox import letterbox
from tests.bench.detectors import Boxes, need

FILE = "mediapipe_face_detection_short_range.tflite"
SIDE = 128
# Anchors a cell by stride: four layers of strides 8, 16, 16, 16, two anchors each (MediaPipe's SsdAnchorsCalculator).
LEVELS = ((8, 2), (16, 6))


def anchors() -> np.ndarray:
    """The middles of the 896 anchors as (x, y) in pixels of the 128x128 canvas, float32 (896, 2)."""
    levels = []
    for stride, count in LEVELS:
        y, x = np.mgrid[: SIDE // stride, : SIDE // stride]
        middles = (np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) * stride
        levels.append(np.repeat(middles, count, axis=0))
    return np.concatenate(levels).astype(np.float32)


class BlazeFace:
    """The detector at 128x128, pixels as -1 to 1, the picture letterboxed."""

    def __init__(self, peers: Path, score: float, threads: int = 1) -> None:
        self._net: Any = interpreter_module().Interpreter(model_path=need(peers, FILE), num_threads=threads)
        self._net.allocate_tensors()
        self._outputs = {d["name"]: d["index"] for d in self._net.get_output_details()}
        self._input = self._net.get_input_details()[0]["index"]
        self._anchors = anchors()
        self._score = score

    def find(self, bgr: np.ndarray) -> Boxes:
        """See Detector."""
        canvas, fit = letterbox(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), SIDE, SIDE)
        self._net.set_tensor(self._input, canvas[None].astype(np.float32) / 127.5 - 1)
        self._net.invoke()
        logits = self._net.get_tensor(self._outputs["classificators"])[0, :, 0]
        boxes = self._net.get_tensor(self._outputs["regressors"])[0, :, :4]
        scores = 1 / (1 + np.exp(-np.clip(logits, -80, 80)))
        kept = (scores >= self._score) & (boxes[:, 2:] > 0).all(axis=1)
        middle, half = boxes[kept, :2] + self._anchors[kept], boxes[kept, 2:] / 2
        ltrb = np.concatenate([middle - half, middle + half], axis=1)
        best = nms(ltrb, scores[kept], 0.3, 200)
        return fit.to_picture(ltrb[best]), scores[kept][best].astype(np.float32)
