"""The frames that every pipeline sees: 640x480, in memory, with exactly one face."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np

from edge import cameras
from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.vision.letterbox import resize
from tests.bench.detectors.opencv import YuNet

WIDTH, HEIGHT = 640, 480
SCORE = 0.7  # YuNet, as a third party, says how many faces a frame has


def load(source: str, peers: Path, most: int) -> tuple[np.ndarray, float]:
    """The source's frames with exactly one face, cut and scaled to 640x480, uint8 (N, 480, 640, 3) RGB, and its pace.

    Args:
        source: as for `edge-emotion run`: demo, a clip, a folder.
        peers: where YuNet lies.
        most: so many of the source's frames are looked at.

    Raises:
        SourceError: it cannot be opened, or has no frame with exactly one face.
        PeerError: YuNet is not there.
    """
    camera = cameras.open_camera(SourceSettings(source=source))
    try:
        fps = camera.fps
        images = [cover(frame.image) for frame in islice(cameras.frames(camera), most)]
    finally:
        camera.close()
    counter = YuNet(peers, SCORE)
    kept = [image for image in images if len(counter.find(image[:, :, ::-1].copy())[0]) == 1]
    if not kept:
        raise SourceError(f"{source}: no frame with exactly one face; choose another with --source")
    return np.stack(kept), fps


def cover(image: np.ndarray) -> np.ndarray:
    """The middle of a picture uint8 (H, W, 3) that has the shape of the frames, as uint8 (480, 640, 3)."""
    height, width = image.shape[:2]
    inner_w = max(1, min(width, height * WIDTH // HEIGHT))
    inner_h = max(1, min(height, width * HEIGHT // WIDTH))
    left, top = (width - inner_w) // 2, (height - inner_h) // 2
    return resize(image[top : top + inner_h, left : left + inner_w], WIDTH, HEIGHT)
