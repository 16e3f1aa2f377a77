"""Peers that run in OpenCV: the Haar cascade, the SSD, YuNet and UltraFace; each used as its own examples use it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.vision.detection import nms
from tests.bench.detectors import Boxes, PeerError, need

HAAR = "haarcascade_frontalface_default.xml"
SSD = ("opencv_face_detector_uint8.pb", "opencv_face_detector.pbtxt")
YUNET = "face_detection_yunet_2026may.onnx"
ULTRAFACE = "ultraface_version-RFB-320.onnx"


def haar_path() -> Path:
    """The cascade's file, which comes with OpenCV 4."""
    return Path(cv2.data.haarcascades) / HAAR


class Haar:
    """The frontal-face cascade with the student demos' settings: scale step 1.3, five neighbours. Its scores are 1."""

    def __init__(self) -> None:
        self._cascade = cv2.CascadeClassifier(str(haar_path()))

    def find(self, bgr: np.ndarray) -> Boxes:
        """See Detector."""
        found = self._cascade.detectMultiScale(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), 1.3, 5)
        xywh = np.array(found, np.float32).reshape(-1, 4)
        return _corners(xywh), np.ones(len(xywh), np.float32)


class Ssd:
    """OpenCV's ResNet-10 SSD, uint8 weights, at 300x300.

    The mean is the one that it was trained with; with the (104, 177, 123) of most tutorials its AP is .04 lower.
    """

    def __init__(self, peers: Path, score: float) -> None:
        self._net = cv2.dnn.readNetFromTensorflow(*(need(peers, name) for name in SSD))
        self._score = score

    def find(self, bgr: np.ndarray) -> Boxes:
        """See Detector."""
        self._net.setInput(cv2.dnn.blobFromImage(bgr, 1.0, (300, 300), (104, 117, 123), False, False))
        rows = self._net.forward().reshape(-1, 7)
        rows = rows[rows[:, 2] >= self._score]
        height, width = bgr.shape[:2]
        return _whole(rows[:, 3:7] * np.array([width, height, width, height], np.float32), rows[:, 2])


class YuNet:
    """cv2.FaceDetectorYN (Wu et al., 2023).

    Args:
        peers: the folder of its file.
        score: from which a box counts.
        size: (width, height) at which it runs, boxes come back in the picture's pixels; None: the picture's own,
            times `zoom`.
        zoom: the picture is enlarged by so much.
    """

    def __init__(self, peers: Path, score: float, size: tuple[int, int] | None = None, zoom: int = 1) -> None:
        path = need(peers, YUNET)
        try:
            self._net = cv2.FaceDetectorYN.create(path, "", size or (320, 320), score, 0.5, 5000)
        except cv2.error as error:
            raise PeerError(f"{path}: this OpenCV ({cv2.__version__}) cannot load it ({error.err})") from None
        self._size, self._zoom = size, zoom

    def find(self, bgr: np.ndarray) -> Boxes:
        """See Detector."""
        height, width = bgr.shape[:2]
        size = self._size or (width * self._zoom, height * self._zoom)
        scale = np.array([width / size[0], height / size[1]] * 2, np.float32)
        if size != (width, height):
            bgr = cv2.resize(bgr, size)
        self._net.setInputSize(size)
        _, rows = self._net.detect(bgr)
        if rows is None:
            return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
        return _corners(rows[:, :4]) * scale, rows[:, 14]


class UltraFace:
    """UltraFace RFB-320 at 320x240 (github.com/Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB)."""

    def __init__(self, peers: Path, score: float) -> None:
        self._net = cv2.dnn.readNetFromONNX(need(peers, ULTRAFACE))
        self._score = score

    def find(self, bgr: np.ndarray) -> Boxes:
        """See Detector."""
        self._net.setInput(cv2.dnn.blobFromImage(bgr, 1 / 128, (320, 240), (127, 127, 127), True, False))
        boxes, scores = self._net.forward(["boxes", "scores"])
        score, ltrb = scores[0, :, 1], boxes[0]
        kept = score >= self._score
        height, width = bgr.shape[:2]
        ltrb, score = _whole(ltrb[kept] * np.array([width, height, width, height], np.float32), score[kept])
        best = nms(ltrb, score, 0.5, 200)
        return ltrb[best], score[best]


def _corners(xywh: np.ndarray) -> np.ndarray:
    return np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1).astype(np.float32)


def _whole(ltrb: np.ndarray, scores: np.ndarray) -> Boxes:
    """Only boxes that have an area."""
    kept = (ltrb[:, 2:] > ltrb[:, :2]).all(axis=1)
    return ltrb[kept].astype(np.float32), scores[kept].astype(np.float32)
