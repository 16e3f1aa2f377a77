"""All pictures and boxes of the detector's data sets in one small file: python -m training.accelerator.pack."""

from __future__ import annotations

import argparse
import csv
import io
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

LONG_SIDE = 320
SETS = ("wild", "faces", "masked_faces", "news_masks", "street_masks", "no_faces", "landmarks68", "faces80")
TRAIN, VAL = 0, 1
FACE, MASKED, IGNORE = 0, 1, -1
KINDS = {"face": FACE, "without_mask": FACE, "with_mask": MASKED, "incorrect_mask": MASKED, "ignore": IGNORE}
TIGHT = "maksssksksss"
# From each set's style of boxes to that of `wild`: the width's and the height's factor, then the middle's shift in
# widths and heights; medians over 110 to 800 boxes of each that YuNet finds too, beside the same on `wild`.
STYLES = {
    "faces": (0.89, 1.09, 0.039, 0.021),
    "tight": (0.99, 1.12, -0.016, -0.16),
    "loose": (1.03, 1.10, 0.0, -0.08),
    "news_masks": (0.79, 0.825, 0.0, 0.04),
}
QUALITY = {"wild": 42, "faces": 24, "masked_faces": 26}  # of AVIF
HELD_OUT = {"news_masks": 12, "street_masks": 8, "no_faces": 15}  # % of a training split without a validation split
LIMITS = {("faces", VAL): 320, ("landmarks68", TRAIN): 300}  # pictures


@dataclass(frozen=True)
class Source:
    """One picture before packing: boxes (N, 4) as left, top, right, bottom in its pixels, one kind a box."""

    name: str
    role: int
    path: Path
    ltrb: np.ndarray
    kinds: np.ndarray


def restyle(ltrb: np.ndarray, style: tuple[float, float, float, float]) -> np.ndarray:
    """Boxes (N, 4) of one set in the style of `wild`."""
    size, middle = ltrb[:, 2:] - ltrb[:, :2], (ltrb[:, :2] + ltrb[:, 2:]) / 2
    middle = middle + size * np.array(style[2:])
    half = size * np.array(style[:2]) / 2
    return np.concatenate([middle - half, middle + half], axis=1)


def boxed(data: Path, name: str) -> Iterator[Source]:
    """The pictures of one folder with an annotations.csv."""
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    with open(data / name / "annotations.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault((row["split"], row["image"]), []).append(row)
    for (split, image), rows in found.items():
        if split == "test":
            continue
        role = VAL if split == "val" else TRAIN
        if zlib.crc32(image.encode()) % 100 < HELD_OUT.get(name, 0):
            role = VAL
        rows = [row for row in rows if row.get("w")]
        boxes = np.array([[float(row[key]) for key in "xywh"] for row in rows], np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        kinds = np.array([KINDS[row["label"]] for row in rows], np.int8)
        style = ("tight" if image.startswith(TIGHT) else "loose") if name == "masked_faces" else name
        if style in STYLES and role == TRAIN:
            boxes = restyle(boxes, STYLES[style]).astype(np.float32)
        yield Source(name, role, data / name / "images" / image, boxes, kinds)


def landmarks(data: Path) -> Iterator[Source]:
    """Heads with 68 points, one box each: brows to chin, a little above the brows."""
    folder = data / "landmarks68"
    with open(folder / "points.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["split"] != "train" or not row["image"].startswith("helen_train"):
                continue
            points = np.array([[float(row[f"{axis}{i}"]) for axis in "xy"] for i in range(68)], np.float32)
            (left, top), (right, bottom) = points.min(0), points.max(0)
            box = np.array([[left, top - 0.18 * (bottom - top), right, bottom]], np.float32)
            yield Source("landmarks68", TRAIN, folder / row["image"], box, np.zeros(1, np.int8))


def encode(source: Source) -> tuple[bytes, int, int, float]:
    """A picture as AVIF, its width and height, and its scale against the stored one."""
    image = Image.open(source.path).convert("RGB")
    scale = min(1.0, LONG_SIDE / max(image.size))
    if scale < 1:
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "AVIF", quality=QUALITY.get(source.name, 42), speed=7)
    return file.getvalue(), image.width, image.height, scale


def small_faces(data: Path) -> tuple[list[bytes], list[Source]]:
    """`faces80`, training split: its pictures as they are stored."""
    folder = data / "faces80"
    with np.load(folder / "images.npz") as stored:
        blob, offset = stored["webp"].tobytes(), stored["offset"]
    files: list[bytes] = []
    sources = []
    rows: dict[int, list[dict[str, str]]] = {}
    with open(folder / "annotations.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["split"] == "train":
                rows.setdefault(int(row["image"]), []).append(row)
    for number, boxes in rows.items():
        ltwh = np.array([[float(row[key]) for key in "xywh"] for row in boxes], np.float32)
        ltwh[:, 2:] += ltwh[:, :2]
        kinds = np.array([KINDS[row["label"]] for row in boxes], np.int8)
        files.append(blob[int(offset[number]) : int(offset[number + 1])])
        sources.append(Source("faces80", TRAIN, Path(str(number)), ltwh, kinds))
    return files, sources


def pack(data: Path, out: Path, keep: float = 1.0) -> int:
    """Write the pack and return its bytes; `keep` is the part of the `faces` training pictures that is taken."""
    sources = [s for name in SETS[:6] for s in (blank(data) if name == "no_faces" else boxed(data, name))]
    sources += landmarks(data)
    counts: dict[tuple[str, int], int] = {}
    chosen = []
    for source in sorted(sources, key=lambda s: zlib.crc32(str(s.path.name).encode())):
        key = (source.name, source.role)
        counts[key] = counts.get(key, 0) + 1
        limit = LIMITS.get(
            key, keep * sum((s.name, s.role) == key for s in sources) if key == ("faces", TRAIN) else 1e9
        )
        if counts[key] <= limit:
            chosen.append(source)
    with ProcessPoolExecutor() as pool:
        made = list(pool.map(encode, chosen, chunksize=32))
    files = [m[0] for m in made]
    shapes = [(m[2], m[1]) for m in made]
    boxes = [s.ltrb * m[3] for s, m in zip(chosen, made, strict=True)]
    small, few = small_faces(data)
    chosen += few
    files += small
    shapes += [Image.open(io.BytesIO(content)).size[::-1] for content in small]
    boxes += [s.ltrb for s in few]
    np.savez(
        out,
        blob=np.frombuffer(b"".join(files), np.uint8),
        offset=np.cumsum([0, *map(len, files)]).astype(np.int64),
        shape=np.array(shapes, np.int16),  # height, width
        set=np.array([SETS.index(s.name) for s in chosen], np.int8),
        role=np.array([s.role for s in chosen], np.int8),
        boxes=np.concatenate(boxes).astype(np.float32),
        kinds=np.concatenate([s.kinds for s in chosen]),
        first=np.cumsum([0, *map(len, boxes)]).astype(np.int64),
        tight=np.array([s.name not in ("faces", "masked_faces", "news_masks", "landmarks68") for s in chosen]),
    )
    sizes: dict[tuple[str, int], list[int]] = {}
    for source, content in zip(chosen, files, strict=True):
        sizes.setdefault((source.name, source.role), []).append(len(content))
    for key, values in sizes.items():
        print(f"{key[0]:14} {'val' if key[1] else 'train':6} {len(values):6} pictures {sum(values) / 1e6:7.2f} MB")
    return out.stat().st_size


def blank(data: Path) -> Iterator[Source]:
    """Pictures without a face."""
    with open(data / "no_faces" / "annotations.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["split"] == "train":
                role = VAL if zlib.crc32(row["image"].encode()) % 100 < HELD_OUT["no_faces"] else TRAIN
                path = data / "no_faces" / "images" / row["image"]
                yield Source("no_faces", role, path, np.zeros((0, 4), np.float32), np.zeros(0, np.int8))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the data sets")
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    parser.add_argument("--keep", type=float, default=1.0, help="part of the `faces` training pictures to take (1)")
    arguments = parser.parse_args()
    print(f"{arguments.out}: {pack(arguments.data, arguments.out, arguments.keep):,} bytes")


if __name__ == "__main__":
    main()
