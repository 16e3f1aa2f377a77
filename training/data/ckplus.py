"""CK+ (Lucey et al., 2010): posed expressions, each sequence from neutral to its peak. Research use only.

No shipped model is trained on it: it is here for people who may use it, and for a test across data sets. Contempt is
not one of the seven classes: dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from training.data.ckplus_faces import Damaged, Find
from training.data.ckplus_frames import BROKEN_LABEL, CODES, DROP, IMAGES, Frame, frames, kept
from training.data.emotion_folders import Skipped, Unusable
from training.data.fer2013 import PRIVATE, PUBLIC, TRAINING, DataError

__all__ = [
    "CODES", "DROP", "IMAGES", "SIDE", "CkPlus", "Damaged", "DataError", "Find", "Frame", "frames", "kept", "load",
    "split",
]  # fmt: skip

SIDE = 48


@dataclass(frozen=True, eq=False)
class CkPlus:
    """The set as arrays.

    Attributes:
        images: uint8 (N, 48, 48), grey, framed as FER2013 frames faces.
        labels: int8 (N,), the order of edge.labels.Emotion.
        subjects: of each picture, such as "S005".
        sequences: of each picture, such as "S005/001".
        dropped: why frames or sequences are not here, and how many.
    """

    images: np.ndarray
    labels: np.ndarray
    subjects: tuple[str, ...]
    sequences: tuple[str, ...]
    dropped: Mapping[str, int] = field(default_factory=dict)


def load(folder: Path, drop: float = DROP, find: Find | None = None) -> CkPlus:
    """Read either layout; arguments as of `frames`.

    Raises:
        DataError: neither layout, or a picture or label cannot be read.
    """
    dropped: Counter[str] = Counter()
    kept_frames, images = [], []
    for frame in frames(folder, drop, find):
        if isinstance(frame, Skipped):
            if frame.reason.startswith(BROKEN_LABEL):
                raise DataError(f"{frame.name}: {frame.reason}")
            dropped[frame.reason] += frame.count
            continue
        try:
            images.append(frame.read(SIDE))
        except Damaged as error:
            raise DataError(f"{frame.path}: {error}") from None
        except Unusable as error:
            dropped[str(error)] += 1
            continue
        kept_frames.append(frame)
    if not images:
        raise DataError(f"{folder}: no labelled frame; put Emotion/SUBJECT/SEQUENCE/*_emotion.txt beside the images")
    return CkPlus(
        np.stack(images),
        np.array([frame.emotion for frame in kept_frames], np.int8),
        tuple(frame.subject for frame in kept_frames),
        tuple(frame.sequence for frame in kept_frames),
        dict(dropped),
    )


def split(subjects: Sequence[str], seed: int = 1, parts: tuple[float, float] = (0.7, 0.15)) -> np.ndarray:
    """FER2013's usage for each picture, uint8 (N,), so that no subject is on two sides of the split.

    Args:
        subjects: of each picture.
        seed: of the draw.
        parts: of the subjects for Training and for PublicTest; the rest is PrivateTest.
    """
    names = np.array(sorted(set(subjects)))
    shuffled = np.random.default_rng(seed).permutation(names)
    first, second = (round(edge * len(names)) for edge in np.cumsum(parts))
    usage = {name: TRAINING if n < first else PUBLIC if n < second else PRIVATE for n, name in enumerate(shuffled)}
    return np.array([usage[name] for name in subjects], np.uint8)
