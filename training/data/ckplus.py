"""CK+ (Lucey et al., 2010): posed expressions, each sequence from neutral to its peak. Research use only.

No shipped model is trained on it: it is here for people who may use it, and for a test across data sets. Two layouts
are read: the full distribution (`cohn-kanade-images/`, `Emotion/`, `Landmarks/`) and folders of classes that hold
`subject_sequence_frame.png`, as the 48x48 excerpts are laid out. Contempt is not one of the seven classes: dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from edge.files import utf8_path
from edge.frame import Box
from edge.labels import Emotion
from edge.vision.crop import crop
from training.data.emotion_folders import Skipped, Unusable
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
IMAGES = "cohn-kanade-images"
BROKEN_LABEL = "expected a number"

# The face square of a grey picture uint8 (H, W), or None where no face is seen.
Find = Callable[[np.ndarray], Box | None]


class Damaged(Unusable):
    """A picture or its landmarks cannot be read."""


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


@dataclass(frozen=True)
class Frame:
    """One labelled frame.

    Attributes:
        path: of the picture.
        emotion: what its sequence shows.
        sequence: such as "S005/001".
        read: gives the face, uint8 (side, side) grey, of a given side; raises Unusable, or Damaged where a file is.
    """

    path: Path
    emotion: Emotion
    sequence: str
    read: Callable[[int], np.ndarray]

    @property
    def subject(self) -> str:
        """Such as "S005"."""
        return self.sequence.split("/")[0]


def frames(folder: Path, drop: float = DROP, find: Find | None = None) -> Iterator[Frame | Skipped]:
    """Every frame of either layout, and what is left out; the folder's content says which layout it is.

    Args:
        folder: of the set.
        drop: part of each full sequence that is left out at its beginning; the excerpts hold the last frames already.
        find: the face square of a full frame that has no landmark file; without it such frames are unusable.

    Raises:
        DataError: neither layout.
    """
    folder = Path(folder)
    if not 0 <= drop < 1:
        raise DataError(f"CK+: the part to drop: expected 0 to less than 1, got {drop}")
    images = next(iter(sorted(folder.rglob(IMAGES))), None)
    if images:
        return _full(folder, images, drop, find)
    if any((folder / name).is_dir() for name in FOLDERS):
        return _excerpt(folder)
    raise DataError(f"{folder}: neither {IMAGES}/ nor folders named {', '.join(FOLDERS)}; check the path")


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


def kept(count: int, drop: float) -> int:
    """The first frame of a sequence of `count` that is kept, when the part `drop` is left out."""
    return int(round(count * drop, 9))


def _excerpt(folder: Path) -> Iterator[Frame | Skipped]:
    known = {*FOLDERS, "contempt"}
    for place in sorted(path for path in folder.iterdir() if path.is_dir() and path.name not in known):
        yield Skipped(f"{place.name}/", "no emotion of that name", sum(path.is_file() for path in place.rglob("*")))
    if contempt := len(list((folder / "contempt").glob("*.png"))):
        yield Skipped("contempt/", "contempt", contempt)
    for name, emotion in FOLDERS.items():
        for path in sorted((folder / name).glob("*.png")):
            subject, sequence = path.stem.split("_")[:2] if path.stem.count("_") >= 2 else (path.stem, "")
            yield Frame(path, emotion, f"{subject}/{sequence}", partial(_whole, path))


def _full(folder: Path, images: Path, drop: float, find: Find | None) -> Iterator[Frame | Skipped]:
    for sequence in sorted(path for path in images.glob("*/*") if path.is_dir()):
        name = f"{sequence.parent.name}/{sequence.name}"
        path, code = _code(folder, name)
        if isinstance(code, str):
            yield Skipped(str(path), code)
            continue
        if code not in CODES:
            reason = "unlabelled sequence" if code is None else "contempt" if code == CONTEMPT else "unknown label"
            yield Skipped(name, reason)
            continue
        pictures = sorted(sequence.glob("*.png"))
        first = kept(len(pictures), drop)
        if first:
            yield Skipped(name, "beginning of a sequence", first)
        if not pictures:
            yield Skipped(name, "no picture in the sequence")
        for path in pictures[first:]:
            yield Frame(path, CODES[code], name, partial(_face, folder, name, path, find))


def _code(folder: Path, sequence: str) -> tuple[Path, int | str | None]:
    """The sequence's label file and emotion code; None where it was never labelled, a text that says what is wrong."""
    files = [path for place in _places(folder, "Emotion") for path in (place / sequence).glob("*_emotion.txt")]
    if not files:
        return Path(sequence), None
    try:
        return files[0], round(float(files[0].read_text(encoding="ascii").split()[0]))
    except (OSError, ValueError, IndexError, OverflowError) as error:
        return files[0], f"{BROKEN_LABEL} ({error})"


def _landmark_square(folder: Path, sequence: str, stem: str) -> Box | None:
    for place in _places(folder, "Landmarks"):
        path = place / sequence / f"{stem}_landmarks.txt"
        if path.is_file():
            try:
                return face_square(np.loadtxt(path).reshape(68, 2))
            except ValueError as error:
                raise Damaged(f"{path.name}: expected 68 points ({error})") from None
    return None


def _places(folder: Path, name: str) -> list[Path]:
    """Folders of that name; the distribution's archives put some of them one level deeper."""
    return [path for path in (folder / name, folder / f"{name}_labels" / name, folder / name / name) if path.is_dir()]


def _read(path: Path) -> np.ndarray:
    with utf8_path(path) as text:
        image = cv2.imread(text, cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise Damaged("cannot be read as a picture")
    return image


def _whole(path: Path, side: int) -> np.ndarray:
    return _square(_read(path), None, side)


def _face(folder: Path, sequence: str, path: Path, find: Find | None, side: int) -> np.ndarray:
    image = _read(path)
    square = _landmark_square(folder, sequence, path.stem) or (find(image) if find else None)
    if square is None:
        raise Unusable("no face found")
    return _square(image, square, side)


def _square(image: np.ndarray, square: Box | None, side: int) -> np.ndarray:
    whole = square or Box(0, 0, image.shape[1], image.shape[0])
    return crop(image[:, :, None], whole, side, side, channels=1)[:, :, 0]
