"""What lies in a data folder: each set's counts and splits, and what its traps drop."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge.errors import EdgeError
from edge.files import utf8_path
from training.data import boxes, ckplus, fer2013, landmarks68, mask_pairs
from training.data.fer2013 import BLANK_ROW, LEFT_OUT, PRIVATE, PUBLIC, TRAINING, DataError, Fer2013

NO_FACE_VOTES = 5  # FER+ votes for "no face" from which a picture is named here
MISSING, BROKEN, GOOD = "missing", "broken", "ok"


@dataclass(frozen=True)
class Entry:
    """One data set: its name, MISSING, BROKEN or GOOD, and what is known of it (or why it is broken)."""

    name: str
    state: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def survey(data: Path) -> Iterator[Entry]:
    """One entry a data set, in the order in which trainings need them, each as soon as it is known.

    Raises:
        DataError: the folder itself is not there.
    """
    data = Path(data)
    if not data.is_dir():
        raise DataError(f"{data}: no such folder; give the one that holds fer2013.npz and the other sets with --data")
    return (_entry(fer2013.find(data) if name == fer2013.NAME else data / name, look) for name, look in LOOKS.items())


def _entry(path: Path, look: Callable[[Path], dict[str, Any]]) -> Entry:
    if not path.exists():
        return Entry(path.name, MISSING)
    try:
        return Entry(path.name, GOOD, look(path))
    except EdgeError as error:
        return Entry(path.name, BROKEN, {"reason": str(error)})


def _fer2013(path: Path) -> dict[str, Any]:
    return fer2013_facts(fer2013.load(path))


def fer2013_facts(data: Fer2013) -> dict[str, Any]:
    """Counts, and what training leaves out: rows that are in a test set, and flat pictures."""
    training, kept = data.rows(TRAINING), data.training_rows()
    used = data.usage != LEFT_OUT
    flat = data.images[used].std(axis=(1, 2)) <= 1
    held_out = {data.images[row].tobytes() for usage in (PUBLIC, PRIVATE) for row in data.rows(usage)}
    in_test = sum(data.images[row].tobytes() in held_out for row in training)
    return {
        "pixels_sha256": hashlib.sha256(data.images.tobytes()).hexdigest(),
        "training": len(training),
        "public_test": len(data.rows(PUBLIC)),
        "private_test": len(data.rows(PRIVATE)),
        "training_rows_used": len(kept),
        "training_rows_dropped_as_in_a_test": in_test,
        "training_rows_dropped_as_flat": len(training) - in_test - len(kept),
        "public_test_rows_also_in_training": int(data.in_training(PUBLIC).sum()),
        "private_test_rows_also_in_training": int(data.in_training(PRIVATE).sum()),
        "public_test_rows_left_out_of_selection": len(data.rows(PUBLIC)) - len(data.selection_rows()),
        "identical_pictures_with_different_labels": _conflicts(data),
        "flat_pictures": int(flat.sum()),
        "pictures_voted_no_face": int((data.ferplus[used, 9] >= NO_FACE_VOTES).sum()),
        "rows_with_votes": int((data.ferplus[used].sum(axis=1) > 0).sum()),
        "row_whose_votes_are_ignored": BLANK_ROW if len(data.labels) > BLANK_ROW else None,
    }


def _conflicts(data: Fer2013) -> int:
    labels: dict[bytes, set[int]] = {}
    used = data.usage != LEFT_OUT
    for image, label in zip(data.images[used], data.labels[used].tolist(), strict=True):
        labels.setdefault(image.tobytes(), set()).add(label)
    return sum(len(found) > 1 for found in labels.values())


def _boxes(path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for split in ("train", "val", "test"):
        try:
            listed = boxes.load(path, split)
        except DataError:
            if split == "val":
                continue  # masked_faces has none
            raise
        widths = np.concatenate([picture.ltrb[:, 2] - picture.ltrb[:, 0] for picture in listed])
        facts[split] = {
            "pictures": len(listed),
            "absent": sum(not picture.path.is_file() for picture in listed),
            "boxes": dict(Counter(label for picture in listed for label in picture.labels)),
            "boxes_under_12_px": int((widths < 12).sum()),
            "pictures_with_loose_boxes": sum(not picture.tight for picture in listed),
        }
    return facts


def _pairs(path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for split in ("train", "test"):
        listed = mask_pairs.load(path, split)
        facts[split] = {
            "pictures": len(listed),
            "absent": sum(not pair.path.is_file() for pair in listed),
            "worn": sum(pair.worn for pair in listed),
            "clusters": len({pair.cluster for pair in listed}),
        }
    return facts


def _landmarks(path: Path) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    for name, split, _ in landmarks68.rows(path / "points.csv"):
        counts["rows"] += 1
        counts["absent"] += not (path / name).is_file()
        kinds = {
            "training": landmarks68.training_row,
            "validation": landmarks68.validation_row,
            "held_out": landmarks68.held_out_row,
        }
        counts.update(kind for kind, wanted in kinds.items() if wanted(name, split))
    return dict(counts)


def _ckplus(path: Path) -> dict[str, Any]:
    found = ckplus.load(path)
    return {
        "pictures": len(found.labels),
        "sequences": len(set(found.sequences)),
        "subjects": len(set(found.subjects)),
        "dropped": dict(found.dropped),
        "terms": "research only: no shipped model is trained on it",
    }


def _clips(path: Path) -> dict[str, Any]:
    facts = {}
    for clip in sorted(p for p in path.iterdir() if p.suffix in (".mp4", ".mkv", ".avi", ".mov")):
        with utf8_path(clip) as text:
            source = cv2.VideoCapture(text)
        facts[clip.name] = f"{int(source.get(cv2.CAP_PROP_FRAME_COUNT))} frames" if source.isOpened() else "unreadable"
        source.release()
    return facts


LOOKS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "fer2013.npz": _fer2013,
    "faces": _boxes,
    "masked_faces": _boxes,
    "mask_pairs": _pairs,
    "landmarks68": _landmarks,
    "ckplus48": _ckplus,
    "clips": _clips,
}
