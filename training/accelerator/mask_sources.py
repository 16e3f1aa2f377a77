"""Where the crops of the mask pack come from: training and validation splits of the data sets, never their tests."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

import numpy as np

from edge.frame import Box
from edge.pipeline.detector import FaceDetector
from training.accelerator.mask_pack import BACKGROUND, BARE, INCORRECT, WORN, decode, split
from training.data import fer2013
from training.data import mask_pairs as pairs
from training.data.boxes import TIGHT, Boxed
from training.data.candidates import PARTS, PER_LOOK, candidates
from training.data.hard_negatives import random_part
from training.metrics import iou_matrix

LEAST_PX = 14.0
TINY_PX = 6.0  # of masked_faces: incorrect is scored on all of its boxes
SLICE = 7  # one picture in so many is of the validation slice, where a set has none of its own
HAND_KINDS = {"with_mask": WORN, "without_mask": BARE, "incorrect_mask": INCORRECT}


@dataclass(frozen=True, eq=False)
class Found:
    """One crop to pack.

    Attributes:
        image: the picture, uint8 (H, W, 3) RGB; box: in its pixels.
        kind: position in mask_pack.LABELS; group: a name of mask_pack.GROUPS.
        val: whether it is for validation; loose: whether the box is wider than a detector's.
        doubtful: it counts as bare only if the present mask model thinks so, too.
        weight: how often it is shown beside others of its group.
        five: (5, 2) points in pixels of the picture, or all 0.
    """

    image: np.ndarray
    box: Box
    kind: int
    group: str
    val: bool = False
    loose: bool = False
    doubtful: bool = False
    weight: float = 1.0
    five: np.ndarray = field(default_factory=lambda: np.zeros((5, 2), np.float32))


def held_out(name: str) -> bool:
    """Whether a picture is of the validation slice, by its name."""
    return crc32(name.encode()) % SLICE == 0


def rows(folder: Path) -> list[dict[str, str]]:
    """The rows of a set's annotations.csv."""
    with open(folder / "annotations.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def picture(path: Path) -> np.ndarray:
    """uint8 (H, W, 3) RGB."""
    return decode(path.read_bytes())


def box_of(row: dict[str, str], least: float = LEAST_PX) -> Box | None:
    """The row's box, if both sides have `least` pixels."""
    x, y, w, h = (float(row[key] or 0) for key in "xywh")
    return Box(x, y, x + w, y + h) if min(w, h) >= least else None


def _drawn(chosen: list[dict[str, str]], count: int, rng: np.random.Generator) -> list[dict[str, str]]:
    """At most `count` of the rows, those of one picture beside one another."""
    picked = [chosen[n] for n in rng.permutation(len(chosen))[:count]]
    return sorted(picked, key=lambda row: row["image"])


def _cut(
    folder: Path, chosen: list[dict[str, str]], least: float = LEAST_PX
) -> Iterator[tuple[dict[str, str], np.ndarray, Box]]:
    last, image = "", np.zeros((1, 1, 3), np.uint8)
    for row in chosen:
        box = box_of(row, least)
        if box is None:
            continue
        if row["image"] != last:
            last, image = row["image"], picture(folder / "images" / row["image"])
        yield row, image, box


def masked_faces(folder: Path, count: int, rng: np.random.Generator) -> Iterator[Found]:
    """The hand-labelled boxes, incorrectly worn masks among them."""
    chosen = [row for row in rows(folder) if row["split"] == "train"]
    for row, image, box in _cut(folder, _drawn(chosen, count, rng), TINY_PX):
        loose = not row["image"].startswith(TIGHT)
        yield Found(image, box, HAND_KINDS[row["label"]], "masked_faces", held_out(row["image"]), loose)


def news_masks(folder: Path, count: int, rng: np.random.Generator) -> Iterator[Found]:
    """Press photographs, labelled by hand."""
    chosen = [row for row in rows(folder) if row["split"] == "train" and row["label"] in HAND_KINDS]
    for row, image, box in _cut(folder, _drawn(chosen, count, rng)):
        yield Found(image, box, HAND_KINDS[row["label"]], "news_masks", held_out(row["image"]))


def street_masks(folder: Path, count: int, rng: np.random.Generator) -> Iterator[Found]:
    """Street photographs, where the labelling model was sure of face and mask."""
    chosen = []
    for row in rows(folder):
        if row["split"] != "train" or row["label"] not in HAND_KINDS or float(row["score"] or 0) < 0.75:
            continue
        worn = float(row["mask_p"] or 0.5)
        if (row["label"] == "with_mask" and worn > 0.93) or (row["label"] == "without_mask" and worn < 0.08):
            chosen.append(row)
    for row, image, box in _cut(folder, _drawn(chosen, count, rng)):
        yield Found(image, box, HAND_KINDS[row["label"]], "street_masks", held_out(row["image"]))


def faces(folder: Path, part: str, count: int, rng: np.random.Generator) -> Iterator[Found]:
    """Group photographs; larger faces more often, since masks can be drawn on them."""
    chosen = [row for row in rows(folder) if row["split"] == part and min(float(row["w"]), float(row["h"])) >= LEAST_PX]
    large = [row for row in chosen if float(row["w"]) >= 36]
    small = [row for row in chosen if float(row["w"]) < 36]
    both = _drawn(large, count * 7 // 10, rng) + _drawn(small, count - count * 7 // 10, rng)
    for _, image, box in _cut(folder, sorted(both, key=lambda row: row["image"])):
        yield Found(image, box, BARE, "faces", part == "val", loose=True, doubtful=True)


def wild(folder: Path, part: str, count: int, rng: np.random.Generator) -> Iterator[Found]:
    """Faces that the present model takes for bare: some of the people wear masks, and nobody labelled which."""
    chosen = [row for row in rows(folder) if row["split"] == part and row["label"] == "face" and box_of(row)]
    for _, image, box in _cut(folder, _drawn(chosen, count, rng)):
        yield Found(image, box, BARE, "wild", part == "val", doubtful=True)


def faces80(folder: Path, count: int, rng: np.random.Generator) -> Iterator[Found]:
    """Small, very different faces with five points; the left eye in the picture comes first."""
    files = stored_files(folder)
    names = ("eye_r", "eye_l", "nose", "mouth_r", "mouth_l")
    chosen = [row for row in rows(folder) if row["split"] == "train" and row["label"] == "face" and row["x"]]
    for row in _drawn(chosen, count, rng):
        box = box_of(row)
        if box is None:
            continue
        five = np.zeros((5, 2), np.float32)
        if row["nose_x"]:
            five = np.array([[float(row[f"{name}_{axis}"]) for axis in "xy"] for name in names], np.float32)
        val = crc32((row["person"] or row["image"]).encode()) % 12 == 0
        yield Found(decode(files[int(row["image"])]), box, BARE, "faces80", val, doubtful=True, five=five)


def stored_files(folder: Path) -> tuple[bytes, ...]:
    """The files of a set that keeps them in images.npz."""
    with np.load(folder / "images.npz") as stored:
        offset = stored["offset"].astype(np.int64)
        data = stored["webp"]
    ends = offset if offset[-1] == len(data) else np.append(offset, len(data))
    return split(data, ends)


def emotion_wild(folder: Path, count: int, rng: np.random.Generator) -> Iterator[Found]:
    """Grey press faces."""
    files = stored_files(folder)
    for row in _drawn([row for row in rows(folder) if row["split"] == "train"], count, rng):
        x, y, w, h = (float(row[f"face_{key}"]) for key in "xywh")
        yield Found(decode(files[int(row["image"])]), Box(x, y, x + w, y + h), BARE, "emotion_wild", doubtful=True)


def fer2013_rows(path: Path, count: int, rng: np.random.Generator) -> Iterator[Found]:
    """Grey crops of FER2013's Training rows; each is already the square, so the box is a little smaller."""
    stored = fer2013.load(path)
    inset = 48 * (1 - 1 / 1.05) / 2
    for row in rng.permutation(stored.training_rows())[:count]:
        image = np.repeat(stored.images[row][..., None], 3, axis=2)
        yield Found(image, Box(inset, inset, 48 - inset, 48 - inset), BARE, "fer2013", doubtful=True)


def mask_pairs(folder: Path, finder: FaceDetector, count: int, rng: np.random.Generator) -> Iterator[Found]:
    """One picture of each training cluster and kind; clusters of odd number are for validation."""
    seen: set[tuple[int, bool]] = set()
    listed = pairs.load(folder, "train")
    for pair in [listed[n] for n in rng.permutation(len(listed))]:
        if (pair.cluster, pair.worn) in seen or len(seen) >= count:
            continue
        seen.add((pair.cluster, pair.worn))
        image = pair.read()
        box = max((face.box for face in finder.detect(image) if face.score > 0.4), key=lambda b: b.width, default=None)
        if box is not None and min(box.width, box.height) >= LEAST_PX:
            yield Found(image, box, WORN if pair.worn else BARE, "mask_pairs", pair.cluster % 2 == 1)


def no_faces(folder: Path, finder: FaceDetector, count: int, rng: np.random.Generator) -> Iterator[Found]:
    """Animals, objects and rooms: what the detector takes for faces there, and random places."""
    given = 0
    train = [row for row in rows(folder) if row["split"] == "train"]
    for row in sorted(train, key=lambda row: -int(row["project_fires"])):
        image = picture(folder / "images" / row["image"])
        places = [(face.box, face.score) for face in finder.detect(image)[:PER_LOOK]]
        for _ in range(PARTS):
            x, y, across, down = random_part(image.shape, (4, 3), rng)
            seen = finder.detect(image[y : y + down, x : x + across])
            places += [(face.box.moved(x, y), face.score) for face in seen[:1]]
        for box, score in [*places, (random_box(image, rng), 0.1)]:
            if given < count and min(box.width, box.height) >= LEAST_PX:
                given += 1
                yield Found(
                    image, box, BACKGROUND, "no_faces", held_out(row["image"]), weight=0.2 + min(float(score), 1.0)
                )


def boxed(folder: Path, part: str) -> list[Boxed]:
    """Every picture of a set with all of its boxes, those to ignore too."""
    found: dict[str, list[list[float]]] = {}
    for row in rows(folder):
        if row["split"] == part:
            boxes = found.setdefault(row["image"], [])
            if row["w"]:
                x, y, w, h = (float(row[key]) for key in "xywh")
                boxes.append([x, y, x + w, y + h])
    tight = folder.name == "wild"
    return [
        Boxed(folder / "images" / name, np.array(ltrb, np.float32).reshape(-1, 4), ("",) * len(ltrb), tight)
        for name, ltrb in found.items()
    ]


def candidates_of(data: Path, finder: FaceDetector, count: int, rng: np.random.Generator) -> Iterator[Found]:
    """What the detector takes for faces in pictures with people, and is none."""
    for name, part, share in (("wild", "train", 0.5), ("faces", "train", 0.4), ("faces", "val", 0.1)):
        listed, left = boxed(data / name, part), round(count * share)
        for index in rng.permutation(len(listed)):
            if left <= 0:
                break
            image = listed[index].read()
            for one in candidates(finder, image, listed[index], rng):
                if one.face is None and left > 0 and min(one.box.width, one.box.height) >= LEAST_PX:
                    left -= 1
                    yield Found(image, one.box, BACKGROUND, "candidates", part == "val", weight=0.2 + float(one.score))


def random_box(image: np.ndarray, rng: np.random.Generator) -> Box:
    """A square somewhere in a picture."""
    height, width = image.shape[:2]
    side = float(np.exp(rng.uniform(np.log(18), np.log(max(20, min(height, width) * 0.7)))))
    x, y = rng.uniform(0, max(1, width - side)), rng.uniform(0, max(1, height - side))
    return Box(x, y, x + side, y + side)


def random_places(data: Path, count: int, rng: np.random.Generator) -> Iterator[Found]:
    """Places that touch no face, and a few that hold a small piece of one."""
    listed = boxed(data / "wild", "train") + boxed(data / "faces", "train")
    for index in rng.permutation(len(listed))[: count * 2]:
        image = listed[index].read()
        box = random_box(image, rng)
        shared = iou_matrix(np.array([box.ltrb], np.float32), listed[index].ltrb)
        if float(shared.max(initial=0.0)) <= (0.1 if listed[index].tight else 1e-6) and not _holds(box, listed[index]):
            count -= 1
            yield Found(image, box, BACKGROUND, "random", held_out(listed[index].path.name))
        if count <= 0:
            return


def _holds(box: Box, annotated: Boxed) -> bool:
    """Whether a face's middle lies in the box."""
    middle = (annotated.ltrb[:, :2] + annotated.ltrb[:, 2:]) / 2
    inside = (middle > [box.left, box.top]) & (middle < [box.right, box.bottom])
    return bool(inside.all(axis=1).any())
