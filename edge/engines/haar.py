"""OpenCV's Haar cascade for frontal faces (Viola & Jones, 2001), used like the face model; to compare the two.

The file comes with opencv-python; Debian keeps it in the package opencv-data. OpenCV 5 has no cascades.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge.errors import EngineError, InvalidValue, ModelError, one_line
from edge.files import utf8_path
from edge.manifest import ModelSpec
from edge.sha256 import sha256_of

FILE = "haarcascade_frontalface_default.xml"
SYSTEM = Path("/usr/share/opencv4/haarcascades")
WIDTH, HEIGHT = 640, 480  # of the canvas: a camera's frame is searched as it is
# The settings of the demos, and of most tutorials.
STEP, NEIGHBOURS = 1.3, 5
# The weight of the last stage becomes a score, P(face) on the validation pictures of `faces` and `wild`:
# python -m tests.bench.haar --data DATA.
SLOPE, MIDDLE = 0.47, -1.24
INSTEAD = 'set [models] detector = "model"'


class HaarEngine:
    """The cascade behind edge.ports.Engine: its head is "boxes", it sees grey pictures of 640x480.

    Args:
        path: the cascade's file; None: the one that is installed.

    Attributes:
        path: of the cascade's file.

    Raises:
        ModelError: there is no such file, it is broken, or this OpenCV has no cascades.
    """

    def __init__(self, path: Path | None = None) -> None:
        if not hasattr(cv2, "CascadeClassifier"):
            raise ModelError(f"detector haar: OpenCV {cv2.__version__} has no cascades; install OpenCV 4, or {INSTEAD}")
        self.path = path or find()
        try:
            digest = sha256_of(self.path)
            self._cascade: Any = cv2.CascadeClassifier()
            with utf8_path(self.path) as text:
                loaded = self._cascade.load(text)
        except (OSError, cv2.error) as error:
            raise ModelError(f"{self.path}: cannot read the cascade ({one_line(error)}); {INSTEAD}") from None
        if not loaded:
            raise ModelError(f"{self.path}: not a cascade that OpenCV {cv2.__version__} can use; {INSTEAD}")
        self.spec = ModelSpec(
            name="haar", task="face", file=FILE, sha256=digest, width=WIDTH, height=HEIGHT, colour="grey", head="boxes"
        )

    def infer(self, image: np.ndarray) -> tuple[np.ndarray, ...]:
        """The faces of a picture uint8 (480, 640, 1): boxes float32 (N, 4) ltrb in its pixels, scores float32 (N,).

        Raises:
            InvalidValue: the image has another shape or type.
            EngineError: OpenCV failed, or the engine is closed.
        """
        ltrb, weights = self.weighted(image)
        return ltrb, score(weights)

    def weighted(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `infer`, with the weight of the last stage in place of the score."""
        if image.shape != (HEIGHT, WIDTH, 1) or image.dtype != np.uint8:
            raise InvalidValue(f"haar: expected uint8 {(HEIGHT, WIDTH, 1)}, got {image.dtype} {image.shape}")
        if self._cascade is None:
            raise EngineError("haar: the engine is closed")
        grey = np.ascontiguousarray(image[:, :, 0])
        try:
            found, _, weights = self._cascade.detectMultiScale3(grey, STEP, NEIGHBOURS, outputRejectLevels=True)
        except cv2.error as error:
            raise EngineError(f"haar: OpenCV failed ({one_line(error)})") from None
        xywh = np.array(found, np.float32).reshape(-1, 4)
        ltrb = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)
        return ltrb, np.array(weights, np.float64).reshape(-1)

    def close(self) -> None:
        """Release the cascade."""
        self._cascade = None


def score(weights: np.ndarray) -> np.ndarray:
    """Weights of the last stage, float64 (N,), as scores float32 (N,), 0-1."""
    answer: np.ndarray = (1 / (1 + np.exp(-SLOPE * (weights - MIDDLE)))).astype(np.float32)
    return answer


def find() -> Path:
    """The installed cascade.

    Raises:
        ModelError: there is none; the message names the places.
    """
    places = list(_folders())
    for place in places:
        if (place / FILE).is_file():
            return place / FILE
    looked = ", ".join(map(str, places))
    raise ModelError(
        f"detector haar: no {FILE} in {looked}; install opencv-python-headless or opencv-data, or {INSTEAD}"
    )


def _folders() -> Iterator[Path]:
    shipped = getattr(getattr(cv2, "data", None), "haarcascades", "")
    if shipped:
        yield Path(shipped)
    yield SYSTEM
