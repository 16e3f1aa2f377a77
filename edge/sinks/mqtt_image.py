"""The picture for Home Assistant's image entity, where somebody asked for one."""

from __future__ import annotations

import cv2

from edge.errors import PictureError
from edge.frame import Frame

LONGEST = 640  # px of the longer side
QUALITY = 80


def jpeg(frame: Frame) -> bytes:
    """A frame as a JPEG, made smaller if its longer side has more than LONGEST pixels.

    Raises:
        PictureError: OpenCV cannot encode it.
    """
    image, share = frame.image, LONGEST / max(frame.width, frame.height)
    if share < 1:
        size = (max(1, round(frame.width * share)), max(1, round(frame.height * share)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not ok:
        raise PictureError("a frame cannot be encoded")
    return data.tobytes()
