"""The columns of a scan's tables, and a face as a row of them. Names are those of `edge-emotion log csv`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edge.face import Track
from edge.labels import EMOTIONS
from edge.records import face_record

BOX = ("left", "top", "right", "bottom")
PROBABILITIES = tuple(f"p_{name}" for name in EMOTIONS)
# Of a row in a part: a part does not know its file's name, but its place among the part's files, nor its tracks.
FACE: dict[str, str] = {
    "time": "double", "width": "int32", "height": "int32", **{f"box_{side}": "float" for side in BOX},
    "score": "float", "mask": "float", "worn": "bool", "mask_state": "label", "emotion": "label", "reason": "label",
    **dict.fromkeys(PROBABILITIES, "float"), "intensity": "float",
}  # fmt: skip
PART: dict[str, str] = {"file": "int32", **FACE}
FACES: dict[str, str] = {"source": "string", **FACE, "track": "int32"}
FILES: dict[str, str] = {
    "source": "string", "kind": "label", "width": "int32", "height": "int32", "seconds": "double", "frames": "int64",
    "frames_with_faces": "int64", "faces": "int64", "tracks": "int64", "masked": "int64", "intensity": "double",
    **{f"n_{name}": "int64" for name in (*EMOTIONS, "unsure", "too_small")}, "status": "label",
}  # fmt: skip
FAILURES: dict[str, str] = {"source": "string", "kind": "label", "message": "string"}

Row = tuple[Any, ...]


THINNEST = 0.5  # pixels of a box inside its picture: what is left of a thinner one shows no face


def face_rows(file: int, time: float | None, width: int, height: int, tracks: Iterable[Track]) -> list[Row]:
    """The faces of a picture or frame as rows of PART, in their order.

    Args:
        file: the place of its file among the part's.
        time: seconds from the clip's first frame; None in a picture.
        width, height: of the picture or frame, in pixels.
        tracks: the faces; their numbers are not used.
    """
    return [_row(file, time, width, height, track) for track in tracks if _visible(track, width, height)]


def _visible(track: Track, width: int, height: int) -> bool:
    box = track.face.box.clipped(width, height)
    return box is not None and min(box.width, box.height) >= THINNEST


def _row(file: int, time: float | None, width: int, height: int, track: Track) -> Row:
    told = face_record(track, width, height)
    probabilities = told["probabilities"] or {}
    return (
        file, time, width, height, *told["box"], told["score"], told["mask"], told["worn"], told["mask_state"],
        told["emotion"], told.get("reason"), *(probabilities.get(name) for name in EMOTIONS), told["intensity"],
    )  # fmt: skip
