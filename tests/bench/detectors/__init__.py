"""Face detectors that a user would pick instead of ours, and ours, behind one small protocol. None of them ships."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from edge.errors import EdgeError

Boxes = tuple[np.ndarray, np.ndarray]


class PeerError(EdgeError):
    """A peer's file that is missing, or that this OpenCV cannot load."""


class Detector(Protocol):
    """Finds faces in uint8 (H, W, 3) BGR, OpenCV's order: boxes float32 (N, 4) ltrb in its pixels, scores (N,)."""

    def find(self, bgr: np.ndarray) -> Boxes: ...


def need(folder: Path, name: str) -> str:
    """The path of a peer's file, as OpenCV wants it.

    Raises:
        PeerError: it is not there.
    """
    path = folder / name
    if not path.is_file():
        raise PeerError(f"{path}: no such file; point --peers at the folder of other people's models")
    return str(path)


def open_haar(peers: Path, score: float, threads: int) -> Detector:
    """OpenCV's Haar cascade."""
    from tests.bench.detectors.opencv import Haar

    return Haar()


def open_ssd(peers: Path, score: float, threads: int) -> Detector:
    """OpenCV's SSD."""
    from tests.bench.detectors.opencv import Ssd

    return Ssd(peers, score)


def open_yunet(peers: Path, score: float, threads: int) -> Detector:
    """YuNet at the picture's own size."""
    from tests.bench.detectors.opencv import YuNet

    return YuNet(peers, score)


def open_yunet_doubled(peers: Path, score: float, threads: int) -> Detector:
    """YuNet at twice the picture's size: four times the work."""
    from tests.bench.detectors.opencv import YuNet

    return YuNet(peers, score, zoom=2)


def open_ultraface(peers: Path, score: float, threads: int) -> Detector:
    """UltraFace RFB-320."""
    from tests.bench.detectors.opencv import UltraFace

    return UltraFace(peers, score)


def open_blazeface(peers: Path, score: float, threads: int) -> Detector:
    """MediaPipe's short-range BlazeFace."""
    from tests.bench.detectors.blazeface import BlazeFace

    return BlazeFace(peers, score, threads)


PEERS: Mapping[str, Callable[[Path, float, int], Detector]] = {
    "Haar cascade": open_haar,
    "OpenCV SSD": open_ssd,
    "YuNet": open_yunet,
    "YuNet, picture doubled": open_yunet_doubled,
    "UltraFace RFB-320": open_ultraface,
    "MediaPipe short-range": open_blazeface,
}
