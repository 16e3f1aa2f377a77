"""The demo: a public-domain portrait, bare and masked, then three drawn people and their emotions."""

from __future__ import annotations

from collections.abc import Iterator

from edge.demo.portrait import portrait, put_mask_on, view
from edge.demo.stage import stage
from edge.frame import Frame
from edge.settings import SourceSettings

FPS = 15.0
PORTRAIT = 150  # frames that show the portrait
MASKED = range(50, 100)  # those of them in which the mask is on
FRAMES = 2 * PORTRAIT


class DemoCamera:
    """300 frames of 640x480 at 15 frames per second, the same every time.

    The first half pans over a portrait: bare, masked, bare. The second half shows people who are drawn by code.
    """

    live = False
    stuck = False
    fps = FPS
    length = FRAMES

    def __init__(self) -> None:
        self._bare = portrait()
        self._worn = put_mask_on(self._bare)

    def __iter__(self) -> Iterator[Frame]:
        for index in range(FRAMES):
            if index < PORTRAIT:
                image = view(self._worn if index in MASKED else self._bare, index / PORTRAIT)
            else:
                image = stage((index - PORTRAIT) / FPS)
            yield Frame(image, index / FPS, index)

    def close(self) -> None:
        """Nothing to release."""


def open_demo(settings: SourceSettings) -> DemoCamera:
    """The demo, whatever the settings say."""
    return DemoCamera()
