"""What the shipped detector takes for faces in training pictures: faces as it boxes them, and false detections.

A second network that looks at each of them more closely learns from its predecessor's mistakes, as the stages of a
cascade do (Viola & Jones, 2001; Zhang et al., MTCNN, 2016).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.frame import Box
from edge.pipeline.detector import FaceDetector
from training.data.boxes import Boxed
from training.data.hard_negatives import MOST, random_part
from training.metrics import iou_matrix

LEAST = 0.05  # boxes with a lower score are ignored
PARTS = 2  # random parts of each picture that are searched besides the whole
PER_LOOK = 4  # backgrounds kept of one look, the highest scores first
FACE_IOU, APART_IOU = (
    0.5,
    0.3,
)  # overlap with an annotated box from which a box is that face, and below which it is a false detection


@dataclass(frozen=True)
class Candidate:
    """A box that the detector gave, with its score, and the position of the annotated box that it is, or None."""

    box: Box
    score: float
    face: int | None


def candidates(finder: FaceDetector, image: np.ndarray, picture: Boxed, rng: np.random.Generator) -> list[Candidate]:
    """The faces that the detector found in a picture, and the places that it took for faces.

    What overlaps a face by too little to be it and too much to be none is left out; so is, where boxes are loose or a
    face may be cut, all that touches a face; and so are high scores far from all boxes, which may be faces that nobody
    annotated.

    Args:
        finder: with a score of LEAST.
        image: the picture, uint8 (H, W, 3) RGB; picture: its boxes.
        rng: chooses the parts.
    """
    found = judged(finder, image, picture, near=picture.tight)
    for _ in range(PARTS):
        x, y, across, down = random_part(image.shape, (4, 3), rng)
        moved = Boxed(picture.path, picture.ltrb - np.array([x, y, x, y], np.float32), picture.labels, picture.tight)
        for one in judged(finder, image[y : y + down, x : x + across], moved, near=False):
            found.append(Candidate(one.box.moved(x, y), one.score, one.face))
    return found


def judged(finder: FaceDetector, image: np.ndarray, picture: Boxed, near: bool) -> list[Candidate]:
    """The candidates of one look; with `near`, also what touches a face and is too far from it to be it."""
    faces = finder.detect(image)
    overlaps = iou_matrix(np.array([face.box.ltrb for face in faces], np.float32).reshape(-1, 4), picture.ltrb)
    kept: list[Candidate] = []
    places = 0
    for face, shared in zip(faces, overlaps, strict=True):
        best = float(shared.max(initial=0.0))
        if best >= FACE_IOU:
            kept.append(Candidate(face.box, face.score, int(shared.argmax())))
        elif best < (APART_IOU if near else 1e-9) and face.score <= MOST and places < PER_LOOK:
            places += 1
            kept.append(Candidate(face.box, face.score, None))
    return kept
