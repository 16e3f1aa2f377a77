"""CK+ (Lucey et al., 2010): posed expressions, each sequence from neutral to its peak. Research use only.

No shipped model is trained on it: it is here for people who may use it, and for a test across data sets. Two layouts
are read: the full distribution (`cohn-kanade-images/`, `Emotion/`, `Landmarks/`) and folders of classes that hold
`subject_sequence_frame.png`, as the 48x48 excerpts are laid out. Contempt is not one of the seven classes: dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from edge.frame import Box
from edge.labels import Emotion
from edge.vision.crop import crop
from training.data.fer2013 import PRIVATE, PUBLIC, TRAINING, DataError
from training.data.landmarks68 import face_square

SIDE = 48
DROP = 0.4  # of a full sequence: its beginning is still neutral
# The code of an Emotion file; 0 is neutral, which the distribution never writes, and 2 contempt.
CODES = {
    1: Emotion.ANGRY,
    3: Emotion.DISGUST,
    4: Emotion.FEAR,
    5: Emotion.HAPPY,
    6: Emotion.SAD,
    7: Emotion.SURPRISE,
}
FOLDERS = {
    "anger": Emotion.ANGRY,
    "disgust": Emotion.DISGUST,
    "fear": Emotion.FEAR,
    "happy": Emotion.HAPPY,
    "sadness": Emotion.SAD,
    "surprise": Emotion.SURPRISE,
    "neutral": Emotion.NEUTRAL,
}
CONTEMPT = 2

# The face square of a grey picture uint8 (H, W), or None where no face is seen.
Find = Callable[[np.ndarray], Box | None]


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
    """Read either layout; the folder's content says which one it is.

    Args:
        folder: of the set.
        drop: part of each full sequence that is left out at its beginning; the excerpts hold the last frames already.
        find: the face square of a full frame that has no landmark file; without it such frames are dropped.

    Raises:
        DataError: neither layout, or a picture cannot be read.
    """
    folder = Path(folder)
    if not 0 <= drop < 1:
        raise DataError(f"CK+: the part to drop: expected 0 to less than 1, got {drop}")
    dropped: Counter[str] = Counter()
    frames = next(iter(sorted(folder.rglob("cohn-kanade-images"))), None)
    if frames:
        rows = list(_full(folder, frames, drop, find, dropped))
    elif any((folder / name).is_dir() for name in FOLDERS):
        rows = list(_excerpt(folder, dropped))
    else:
        raise DataError(f"{folder}: neither cohn-kanade-images/ nor folders named {', '.join(FOLDERS)}; check the path")
    if not rows:
        raise DataError(f"{folder}: no labelled frame; put Emotion/SUBJECT/SEQUENCE/*_emotion.txt beside the images")
    return CkPlus(
        np.stack([image for image, _, _ in rows]),
        np.array([label for _, label, _ in rows], np.int8),
        tuple(sequence.split("/")[0] for _, _, sequence in rows),
        tuple(sequence for _, _, sequence in rows),
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


def kept(count: int, drop: float) -> int:
    """The first frame of a sequence of `count` that is kept, when the part `drop` is left out."""
    return int(round(count * drop, 9))


def _excerpt(folder: Path, dropped: Counter[str]) -> Iterator[tuple[np.ndarray, int, str]]:
    dropped["contempt"] += len(list((folder / "contempt").glob("*.png")))
    for name, emotion in FOLDERS.items():
        for path in sorted((folder / name).glob("*.png")):
            subject, sequence = path.stem.split("_")[:2] if path.stem.count("_") >= 2 else (path.stem, "")
            yield _square(_read(path), None), int(emotion), f"{subject}/{sequence}"


def _full(
    folder: Path, frames: Path, drop: float, find: Find | None, dropped: Counter[str]
) -> Iterator[tuple[np.ndarray, int, str]]:
    for sequence in sorted(path for path in frames.glob("*/*") if path.is_dir()):
        name = f"{sequence.parent.name}/{sequence.name}"
        code = _code(folder, name)
        if code not in CODES:
            reason = "unlabelled sequence" if code is None else "contempt" if code == CONTEMPT else "unknown label"
            dropped[reason] += 1
            continue
        pictures = sorted(sequence.glob("*.png"))
        first = kept(len(pictures), drop)
        dropped["beginning of a sequence"] += first
        for path in pictures[first:]:
            image = _read(path)
            square = _landmark_square(folder, name, path.stem) or (find(image) if find else None)
            if square is None:
                dropped["no face found"] += 1
                continue
            yield _square(image, square), int(CODES[code]), name


def _code(folder: Path, sequence: str) -> int | None:
    """The sequence's emotion code, or None where it was never labelled."""
    files = [path for place in _places(folder, "Emotion") for path in (place / sequence).glob("*_emotion.txt")]
    if not files:
        return None
    try:
        return round(float(files[0].read_text(encoding="ascii").split()[0]))
    except (OSError, ValueError, IndexError) as error:
        raise DataError(f"{files[0]}: expected a number ({error})") from None


def _landmark_square(folder: Path, sequence: str, stem: str) -> Box | None:
    for place in _places(folder, "Landmarks"):
        path = place / sequence / f"{stem}_landmarks.txt"
        if path.is_file():
            try:
                return face_square(np.loadtxt(path).reshape(68, 2))
            except ValueError as error:
                raise DataError(f"{path}: expected 68 points ({error})") from None
    return None


def _places(folder: Path, name: str) -> list[Path]:
    """Folders of that name; the distribution's archives put some of them one level deeper."""
    return [path for path in (folder / name, folder / f"{name}_labels" / name, folder / name / name) if path.is_dir()]


def _read(path: Path) -> np.ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise DataError(f"{path}: cannot be read as a picture")
    return image


def _square(image: np.ndarray, square: Box | None) -> np.ndarray:
    whole = square or Box(0, 0, image.shape[1], image.shape[0])
    return crop(image[:, :, None], whole, SIDE, SIDE, channels=1)[:, :, 0]
