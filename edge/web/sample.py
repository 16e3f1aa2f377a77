"""A picture to try, for those who have none at hand."""

from __future__ import annotations

import itertools

from edge.cameras import open_camera
from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.web.feed import encode

FRAME = 243  # of the demo: three drawn people, one with a mask


def sample() -> bytes:
    """A frame of the demo as a JPEG.

    Raises:
        EdgeError: the demo cannot be opened; the message says what to install.
    """
    camera = open_camera(SourceSettings(source="demo"))
    try:
        frames = (frame for frame in camera if frame is not None)
        frame = next(itertools.islice(frames, FRAME, None), None)
    finally:
        camera.close()
    if frame is None:
        raise SourceError("the demo gave no frame")
    return encode(frame)
