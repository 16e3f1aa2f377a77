"""The picture of the web page: its live view on a desktop and on a phone, with the drawn people. It needs Chromium."""

from __future__ import annotations

import io
import itertools
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from PIL import Image

from edge.daemon.control import Control
from edge.demo.stage import stage
from edge.face import Scene
from edge.frame import Frame
from edge.pipeline.pipeline import EmotionPipeline
from edge.settings import Settings, WebSettings
from edge.testing import FakeClock
from edge.web.hub import Hub
from edge.web.part import WebPart
from tests.edge.web.browser import Browser

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FPS = 10
BEGIN_S, SHOWN_S = 5.4, 0.7  # of the drawn people's scene, in which nobody changes; what is shown goes round
DESKTOP, PHONE = (1100, 700), (390, 700)
WIDTH, GAP, QUALITY = 1280, 16, 80
# The page's clock runs faster, so that the curves of the last minute need not take one.
FASTER = "performance.now = (now => () => 8 * now())(performance.now.bind(performance))"
READY = """document.querySelectorAll('.box').length === 3 && document.getElementById('over').hidden
  && [...document.querySelectorAll('.spark path')].every(path => path.getAttribute('d').split('L').length > 40)"""


def chromium() -> str | None:
    """The browser, if there is one."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


def page(pipeline: EmotionPipeline, path: Path, program: str, folder: Path) -> None:
    """Show the page as `edge-emotion web --source demo` does, and write what a browser makes of it.

    Args:
        pipeline: looks at the drawn people.
        path: the picture to write.
        program: Chromium.
        folder: an empty one, for the browser's profile.
    """
    with served(pipeline) as address:
        browser = Browser(program, str(folder))
        try:
            browser.ask("Page.addScriptToEvaluateOnNewDocument", source=FASTER)
            browser.ask("Emulation.setScrollbarsHidden", hidden=True)
            shots = [shot(browser, address, *size, dark=size == PHONE) for size in (DESKTOP, PHONE)]
        finally:
            browser.close()
    high = max(image.height for image in shots)
    both = Image.new("RGB", (shots[0].width + GAP + shots[1].width, high), "white")
    both.paste(shots[0], (0, 0))
    both.paste(shots[1], (shots[0].width + GAP, 0))
    size = (WIDTH, round(both.height * WIDTH / both.width))
    both.resize(size, Image.Resampling.LANCZOS).save(path, quality=QUALITY, method=6)


def shot(browser: Browser, address: str, width: int, height: int, dark: bool) -> Image.Image:
    """The page in a window of that size."""
    browser.size(width, height, dark)
    browser.open("about:blank")
    browser.open(address)
    browser.wait(READY)
    return Image.open(io.BytesIO(browser.image())).convert("RGB").crop((0, 0, width, height))


@contextmanager
def served(pipeline: EmotionPipeline) -> Iterator[str]:
    """The address of the page, which shows the drawn people until the block ends."""
    clock, ended = FakeClock(), threading.Event()
    hub, shown = Hub(clock), list(seen(pipeline))
    settings = replace(Settings(), web=WebSettings(port=0))
    part = WebPart(settings, hub, Control(clock), live=True, token=None, environment={})

    def play() -> None:
        for frame, scene in itertools.cycle(shown):
            if ended.wait(1 / FPS):
                return
            clock.advance(1 / FPS)
            hub.show(frame, scene, "")

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield part.urls[0]
    finally:
        ended.set()
        thread.join()
        part.close()


def seen(pipeline: EmotionPipeline) -> Iterator[tuple[Frame, Scene]]:
    """Frames of the drawn people, and what is known after each."""
    scene = Scene()
    for n in range(round(SHOWN_S * FPS)):
        frame = Frame(stage(BEGIN_S + n / FPS, sway=0.0), n / FPS, n)
        scene = replace(pipeline(scene, frame), looked_at=frame.time)
        yield frame, scene
