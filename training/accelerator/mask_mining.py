"""What a detector takes for a face in training pictures, and is none; and faces that it is not sure of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

import numpy as np

from edge.frame import Box
from edge.pipeline.classifier import MaskModel
from edge.pipeline.detector import FaceDetector
from edge.vision.crop import crop
from training.accelerator.mask_pack import WIDE
from training.accelerator.mask_packing import MARGIN, SURE
from training.accelerator.mask_sources import held_out
from training.accelerator.pack import HELD_OUT
from training.data import boxes, no_faces
from training.data.boxes import Boxed
from training.data.hard_negatives import random_part
from training.evaluate.backgrounds import places
from training.metrics import iou_matrix

SCORE = 0.25  # of the detector: what it is less sure of, verification never sees
LEAST_PX = 5.0
UNSURE = 0.75  # of the faces: surer ones need no help
FACE_IOU, FACE_PX = 0.5, 8.0  # from which a detection is the annotated face, and worth keeping
SEED = 77


@dataclass
class Mined:
    """Crops uint8 (WIDE, WIDE, 3): places of `faces`, places of `wild` and `no_faces`, and faces of both."""

    of_faces: list[np.ndarray] = field(default_factory=list)
    of_wild: list[np.ndarray] = field(default_factory=list)
    faces: list[np.ndarray] = field(default_factory=list)


def mine(data: Path, detector: FaceDetector, mask: MaskModel, limit: int = 0) -> Mined:
    """Look at the training pictures of faces, wild and no_faces.

    Args:
        data: the folder of the data sets.
        detector: with a score of SCORE.
        mask: faces that look masked to it are left out: nobody labelled them.
        limit: pictures of each set; 0 for all.
    """
    mined, rng = Mined(), np.random.default_rng(7)
    nothing = np.zeros((0, 4), np.float32)
    for number, picture in enumerate(boxes.load(data / "faces", "train")[: limit or None]):
        image = picture.read()
        free = places(image.shape[1], image.shape[0], picture.ltrb, np.random.default_rng((SEED, number)))
        for left, top, right, bottom in free:
            mined.of_faces += false_detections(detector, image[top:bottom, left:right], nothing, 3)
        if number % 5 == 0:
            mined.faces += unsure_faces(detector, mask, image, picture)
    for number, picture in enumerate(boxes.load(data / "wild", "train")[: limit or None]):
        image, known = picture.read(), np.concatenate([picture.ltrb, picture.ignored])
        mined.of_wild += false_detections(detector, image, known, 2)
        mined.of_wild += _in_a_part(detector, image, known, rng)
        if number % 3 == 0:
            mined.faces += unsure_faces(detector, mask, image, picture)
    for picture in no_faces.load(data / "no_faces", "train")[: limit or None]:
        if held_out(picture.path.name) or crc32(picture.path.name.encode()) % 100 < HELD_OUT["no_faces"]:
            continue
        image = picture.read()
        mined.of_wild += false_detections(detector, image, nothing, 3)
        for _ in range(2):
            mined.of_wild += _in_a_part(detector, image, nothing, rng)
    return mined


def false_detections(detector: FaceDetector, image: np.ndarray, known: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """Crops of the best detections that touch none of the known boxes (N, 4)."""
    given = 0
    for found in detector.detect(image):
        ltrb = np.array([found.box.ltrb], np.float32)
        large = min(found.box.width, found.box.height) >= LEAST_PX
        if given < most and large and not (iou_matrix(ltrb, known) > 0).any():
            given += 1
            yield _cut(image, found.box)


def unsure_faces(
    detector: FaceDetector, mask: MaskModel, image: np.ndarray, picture: Boxed, most: int = 2
) -> Iterator[np.ndarray]:
    """Crops of annotated bare faces whose detection is not sure, as the detector boxes them."""
    given = 0
    for found in detector.detect(image):
        shared = iou_matrix(np.array([found.box.ltrb], np.float32), picture.ltrb).max(initial=0)
        wanted = found.score <= UNSURE and shared >= FACE_IOU and found.box.width >= FACE_PX
        if given < most and wanted and mask.classify(image, found.box).worn <= SURE:
            given += 1
            yield _cut(image, found.box)


def _in_a_part(
    detector: FaceDetector, image: np.ndarray, known: np.ndarray, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    x, y, across, down = random_part(image.shape, (4, 3), rng)
    return false_detections(
        detector, image[y : y + down, x : x + across], known - np.array([x, y, x, y], np.float32), 2
    )


def _cut(image: np.ndarray, box: Box) -> np.ndarray:
    return crop(image, box.square(MARGIN * WIDE / 48), WIDE, WIDE)
