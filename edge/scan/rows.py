"""The columns of a scan's tables, and a face as a row of them. Names are those of `edge-emotion log csv`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from edge.face import Track
from edge.records import face_record

BOX = ("left", "top", "right", "bottom")
FAILURES: Mapping[str, str] = {"source": "string", "kind": "string", "message": "string"}

Row = tuple[Any, ...]


def part_columns(labels: Sequence[str]) -> dict[str, str]:
    """Name to type of a part's columns. A part does not know its file's name, only its place among the part's files.

    Args:
        labels: of the emotions.
    """
    return {"file": "int32", **_columns(labels)}


def face_columns(labels: Sequence[str]) -> dict[str, str]:
    """Name to type of the columns of the table of faces."""
    return {"source": "string", **_columns(labels), "track": "int32"}


def file_columns(labels: Sequence[str]) -> dict[str, str]:
    """Name to type of the columns of the table of files."""
    whole = ("frames", "frames_with_faces", "faces", "tracks", "masked")
    counts = (f"n_{name}" for name in (*labels, "unsure", "too_small"))
    return {
        "source": "string", "kind": "string", "width": "int32", "height": "int32", "seconds": "double",
        **dict.fromkeys(whole, "int64"), "intensity": "double", **dict.fromkeys(counts, "int64"), "status": "string",
    }  # fmt: skip


def _columns(labels: Sequence[str]) -> dict[str, str]:
    return {
        "time": "double", "width": "int32", "height": "int32", **{f"box_{side}": "float" for side in BOX},
        "score": "float", "mask": "float", "worn": "bool", "mask_state": "string", "emotion": "string",
        "reason": "string", **{f"p_{name}": "float" for name in labels}, "intensity": "float",
    }  # fmt: skip


THINNEST = 0.5  # pixels of a box inside its picture: what is left of a thinner one shows no face


def face_rows(
    file: int, time: float | None, width: int, height: int, tracks: Iterable[Track], labels: Sequence[str]
) -> list[Row]:
    """The faces of a picture or frame as rows of a part, in their order.

    Args:
        file: the place of its file among the part's.
        time: seconds from the clip's first frame; None in a picture.
        width, height: of the picture or frame, in pixels.
        tracks: the faces; their numbers are not used.
        labels: of the emotions that have columns.
    """
    return [_row(file, time, width, height, track, labels) for track in tracks if _visible(track, width, height)]


def _visible(track: Track, width: int, height: int) -> bool:
    box = track.face.box.clipped(width, height)
    return box is not None and min(box.width, box.height) >= THINNEST


def _row(file: int, time: float | None, width: int, height: int, track: Track, labels: Sequence[str]) -> Row:
    record = face_record(track, width, height)
    probabilities = record["probabilities"] or {}
    return (
        file, time, width, height, *record["box"], *(record[key] for key in ("score", "mask", "worn", "mask_state")),
        record["emotion"], record.get("reason"), *(probabilities.get(name) for name in labels), record["intensity"],
    )  # fmt: skip
