"""How closely a picture is searched: once as a whole, or also in tiles where it is much larger than the canvas."""

from __future__ import annotations

import numpy as np

from edge.errors import InvalidValue
from edge.face import Detection
from edge.frame import Box
from edge.pipeline.detector import FaceDetector
from edge.vision.tiling import Tile, cut_off, merge, tiles

DETAILS = ("auto", "fast", "full")
LARGE = 1.5  # times the canvas: the longer side from which `auto` searches a picture a second time
GAIN = 1.5  # how much larger a face must be in a tile than in the whole picture
MAX_TILES = 150
OVERLAP = 0.2  # of neighbouring tiles; larger faces are found in the whole picture
MAX_COLUMNS = 8  # of `full`: about 90 tiles of a photograph of 4:3
# Chosen on the validation splits of `wild` and `faces`: python -m tests.bench.detail.
MARGIN = 0.05  # of a box's side: nearer to its tile's edge it is left to the neighbour
IOU, INSIDE = 0.4, 0.7
LIMIT = 200


def search(detector: FaceDetector, image: np.ndarray, detail: str) -> tuple[Detection, ...]:
    """The faces of a picture, best first, boxes in its pixels.

    Args:
        detector: finds the faces of one view.
        image: uint8 (H, W, 3) RGB.
        detail: "fast" looks at the whole picture once; "auto" also at about four tiles if the picture is much larger
            than the detector's canvas; "full" also at ever smaller tiles, down to the picture's own pixels.

    Raises:
        EngineError: the detector could not be run.
        InvalidValue: another word than these.
    """
    check(detail)
    height, width = image.shape[:2]
    found = detector.detect(image)
    views = plan(detail, width, height, *detector.canvas)
    if not views:
        return found
    ltrb, scores, seen_in = [_boxes(found)], [face.score for face in found], [0] * len(found)
    for number, tile in enumerate(views, start=1):
        faces = detector.detect(tile.of(image))
        boxes = _boxes(faces)
        whole = ~cut_off(boxes, tile, width, height, MARGIN)
        ltrb.append(tile.to_picture(boxes[whole]))
        scores += [face.score for face, kept in zip(faces, whole, strict=True) if kept]
        seen_in += [number] * int(whole.sum())
    every, marks = np.concatenate(ltrb), np.array(scores, np.float32)
    kept = merge(every, marks, np.array(seen_in), IOU, INSIDE, LIMIT)
    return tuple(Detection(Box(*every[n].tolist()), scores[n]) for n in kept)


def plan(detail: str, width: int, height: int, canvas_width: int, canvas_height: int) -> tuple[Tile, ...]:
    """The tiles of a picture that are looked at beside the whole of it; none where that would not pay.

    Args:
        detail: as of `search`.
        width, height: of the picture, in pixels.
        canvas_width, canvas_height: of the detector, in pixels.
    """
    if detail == "fast" or max(width, height) <= LARGE * max(canvas_width, canvas_height):
        return ()
    found: list[Tile] = []
    columns = 1
    fit = min(canvas_width / width, canvas_height / height)
    while columns <= MAX_COLUMNS:
        level = tiles(width, height, canvas_width, canvas_height, columns, OVERLAP)
        if len(found) + len(level) > MAX_TILES:  # a strip: no face is as narrow as that
            break
        scale = min(canvas_width / level[0].width, canvas_height / level[0].height)
        if found and scale > GAIN:  # larger than life: nothing more to see
            break
        if scale >= GAIN * fit:
            found += level
            if detail == "auto":
                break
        columns *= 2
    return tuple(found)


def check(detail: str) -> str:
    """The word itself.

    Raises:
        InvalidValue: it is none of DETAILS.
    """
    if detail not in DETAILS:
        raise InvalidValue(f"detail: expected one of {', '.join(DETAILS)}, got {detail!r}")
    return detail


def _boxes(faces: tuple[Detection, ...]) -> np.ndarray:
    return np.array([face.box.ltrb for face in faces], np.float32).reshape(-1, 4)
