"""The face in a frame of CK+: an excerpt as it is, a full frame cut by its landmarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from edge.files import utf8_path
from edge.frame import Box
from edge.text import decoded
from edge.vision.crop import crop
from training.data.emotion_folders import Unusable
from training.data.landmarks68 import POINTS, face_square

# The face square of a grey picture uint8 (H, W), or None where no face is seen.
Find = Callable[[np.ndarray], Box | None]


class Damaged(Unusable):
    """A picture or its landmarks cannot be read."""


def _landmarks(marks: Sequence[Path], sequence: str, stem: str) -> np.ndarray | None:
    """The points of a frame, float64 (68, 2), where there is a file of them."""
    for place in marks:
        path = place / sequence / f"{stem}_landmarks.txt"
        if path.is_file():
            try:
                values = np.array(decoded(path.read_bytes()).split(), float)
            except (OSError, ValueError) as error:
                raise Damaged(f"landmarks: expected 68 points ({error})") from None
            if values.size != 2 * POINTS:
                raise Damaged(f"landmarks: expected 68 points, got {values.size} numbers")
            return values.reshape(POINTS, 2)
    return None


def _landmark_square(points: np.ndarray, image: np.ndarray) -> Box:
    """The square of a face from its points, which must lie in or near the picture."""
    height, width = image.shape
    reach = max(height, width)
    if not (np.isfinite(points).all() and points.min() > -reach and points.max() < 2 * reach):
        raise Damaged("landmarks: not points of this picture")
    if np.ptp(points, axis=0).min() < 2:
        raise Damaged("landmarks: all in one place")
    return face_square(points)


def places(roots: Sequence[Path], name: str) -> list[Path]:
    """Folders of that name, in any case; the distribution's archives put some of them one level deeper."""
    return [
        path
        for root in roots
        for path in (*_named(root, name), *_deeper(root, name, name), *_deeper(root, f"{name}_labels", name))
    ]


def _deeper(root: Path, above: str, name: str) -> list[Path]:
    return [path for place in _named(root, above) for path in _named(place, name)]


def _named(folder: Path, name: str) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.lower() == name.lower() and path.is_dir())


def _read(path: Path) -> np.ndarray:
    with utf8_path(path) as text:
        image = cv2.imread(text, cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise Damaged("cannot be read as a picture")
    return image


def whole_face(path: Path, side: int) -> np.ndarray:
    """An excerpt as it is, uint8 (side, side) grey."""
    return _square(_read(path), None, side)


def face(marks: Sequence[Path], sequence: str, path: Path, find: Find | None, side: int) -> np.ndarray:
    """The face of a full frame, uint8 (side, side) grey: by its landmarks, or found where it has none.

    Raises:
        Damaged: the picture or the landmarks cannot be used.
        Unusable: no face is found.
    """
    image = _read(path)
    points = _landmarks(marks, sequence, path.stem)
    square = _landmark_square(points, image) if points is not None else find(image) if find else None
    if square is None:
        raise Unusable("no face found")
    return _square(image, square, side)


def _square(image: np.ndarray, square: Box | None, side: int) -> np.ndarray:
    whole = square or Box(0, 0, image.shape[1], image.shape[0])
    return crop(image[:, :, None], whole, side, side, channels=1)[:, :, 0]
