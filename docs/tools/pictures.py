"""Make docs/pictures anew: `make pictures`. They show the portrait in the public domain and drawn people, nobody else.

Run it again after a change of models, captions or drawings, and look at what it made.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from docs.tools.page_picture import chromium, page
from edge.cameras.demo import FPS as DEMO_FPS
from edge.cameras.demo import DemoCamera
from edge.demo.portrait import portrait, put_mask_on, view
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
# The animation: so many seconds of the drawn people, then of the portrait, whose mask comes and goes. Nothing else
# moves, so that only what changes is stored.
FPS, DRAWN_S, PORTRAIT_S, MASK_S = 10, 10.0, 6.0, (1.6, 4.4)
WIDTH, HEIGHT, QUALITY = 560, 420, 62
SEEN = 8  # of 255: smaller differences are not worth a frame
NOTICE = "A camera counts faces and estimates emotions here. No picture is stored."


def main() -> int:
    """Make them all, and print their sizes."""
    PICTURES.mkdir(exist_ok=True)
    pipeline = open_pipeline(Settings(), live=False)
    try:
        animation(pipeline, PICTURES / "demo.webp")
        overlay(pipeline, PICTURES / "overlay.webp")
        annotated(pipeline, PICTURES / "annotated.webp")
        if program := chromium():
            with tempfile.TemporaryDirectory() as folder:
                page(pipeline, PICTURES / "page.webp", program, Path(folder))
        else:
            print("page.webp stays as it is: no Chromium here (Debian: sudo apt install chromium)", file=sys.stderr)
    finally:
        pipeline.close()
    for path in sorted(PICTURES.iterdir()):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")
    return 0


def animation(pipeline: EmotionPipeline, path: Path) -> None:
    """What `make demo` shows, shorter and smaller."""
    writer = AnimatedWebP(path, WIDTH, HEIGHT, QUALITY)
    held, frames = moving(pipeline), 0
    before = next(held)
    for image in held:
        frames += 1
        # What looks the same is one frame that lasts longer.
        if np.abs(image.astype(np.int16) - before).max() > SEEN:
            writer.add(before, frames / FPS)
            before, frames = image, 0
    writer.add(before, (frames + 1) / FPS)
    writer.close()


def moving(pipeline: EmotionPipeline) -> Iterator[np.ndarray]:
    """The frames of the animation: the drawn people first, who say more at a glance."""
    bare, worn = view(portrait(), 0.0), view(put_mask_on(portrait()), 0.0)
    begin, end = MASK_S
    parts = (
        [stage(n / FPS, sway=0.0) for n in range(round(DRAWN_S * FPS))],
        [worn if begin <= n / FPS < end else bare for n in range(round(PORTRAIT_S * FPS))],
    )
    for part in parts:
        scene, seats = Scene(), None
        for n, image in enumerate(part):
            frame = Frame(image, n / FPS, n)
            scene = pipeline(scene, frame)
            composed = compose(frame, scene, Notice(), WIDTH, HEIGHT, before=seats)
            seats = composed.seats
            yield composed.pixels.copy()


def overlay(pipeline: EmotionPipeline, path: Path) -> None:
    """The screen, with the line for visitors."""
    scene = Scene()
    for n in range(30):
        frame = Frame(stage(4.0 + n / DEMO_FPS), n / DEMO_FPS, n)
        scene = pipeline(scene, frame)
    write(path, compose(frame, scene, Notice(visitors=NOTICE), 960, 720, DEMO_FPS).pixels)


def annotated(pipeline: EmotionPipeline, path: Path) -> None:
    """What `edge-emotion image --out` writes: a chart beside a single face, captions on several."""
    frames = {frame.index: frame for frame in DemoCamera() if frame.index in (40, 187)}
    write(path, np.hstack([annotate(frame.image, pipeline.detect(frame.image)) for frame in frames.values()]))


def write(path: Path, image: np.ndarray) -> None:
    """A still picture, small."""
    Image.fromarray(image).save(path, quality=QUALITY + 20, method=6)


if __name__ == "__main__":
    sys.exit(main())
