"""Make docs/pictures anew: `make pictures`. They show the portrait in the public domain and drawn people, nobody else.

Run it again after a change of models, captions or drawings, and look at what it made.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from edge.cameras.demo import FPS, PORTRAIT, DemoCamera
from edge.demo.stage import stage
from edge.face import Scene
from edge.frame import Frame
from edge.picture.animation import AnimatedWebP
from edge.pipeline.factory import open_pipeline
from edge.pipeline.pipeline import EmotionPipeline
from edge.ports import Notice
from edge.screens.overlay import compose
from edge.settings import Settings
from edge.vision.annotate import annotate

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURES = ROOT / "docs" / "pictures"
# The animation: every second frame, and of the portrait only the part around the mask.
EVERY, FIRST, LAST = 2, 20, 116
WIDTH, HEIGHT, QUALITY = 480, 360, 62
NOTICE = "A camera counts faces and estimates emotions here. No picture is stored."


def main() -> int:
    """Make them all, and print their sizes."""
    PICTURES.mkdir(exist_ok=True)
    pipeline = open_pipeline(Settings(), live=False)
    try:
        animation(pipeline, PICTURES / "demo.webp")
        overlay(pipeline, PICTURES / "overlay.webp")
        annotated(pipeline, PICTURES / "annotated.webp")
    finally:
        pipeline.close()
    for path in sorted(PICTURES.iterdir()):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")
    return 0


def animation(pipeline: EmotionPipeline, path: Path) -> None:
    """What `make demo` shows, shorter and smaller."""
    writer = AnimatedWebP(path, WIDTH, HEIGHT, QUALITY)
    for image in moving(pipeline):
        writer.add(cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), EVERY / FPS)
    writer.close()


def moving(pipeline: EmotionPipeline) -> Iterator[np.ndarray]:
    """The frames of the animation: the drawn people first, who say more at a glance."""
    frames = list(DemoCamera())
    for part in (frames[PORTRAIT:], frames[FIRST:LAST]):
        scene, seats = Scene(), None
        for frame in part:
            scene = pipeline(scene, frame)
            composed = compose(frame, scene, Notice(), frame.width, frame.height, before=seats)
            seats = composed.seats
            if frame.index % EVERY == 0:
                yield composed.pixels


def overlay(pipeline: EmotionPipeline, path: Path) -> None:
    """The screen, with the line for visitors."""
    scene = Scene()
    for n in range(30):
        frame = Frame(stage(4.0 + n / FPS), n / FPS, n)
        scene = pipeline(scene, frame)
    write(path, compose(frame, scene, Notice(visitors=NOTICE), 960, 720, FPS).pixels)


def annotated(pipeline: EmotionPipeline, path: Path) -> None:
    """What `edge-emotion image --out` writes of the portrait, bare and masked."""
    frames = {frame.index: frame for frame in DemoCamera() if frame.index in (40, 60)}
    write(path, np.hstack([annotate(frame.image, pipeline.detect(frame.image)) for frame in frames.values()]))


def write(path: Path, image: np.ndarray) -> None:
    """A still picture, small."""
    Image.fromarray(image).save(path, quality=QUALITY + 20, method=6)


if __name__ == "__main__":
    sys.exit(main())
