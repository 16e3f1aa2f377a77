"""Picture files for tests, as bytes."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

COLOURS = np.uint8([[[200, 100, 50]]]).repeat(8, axis=0).repeat(9, axis=1)
RGB = Image.fromarray(COLOURS)


def encoded(image, suffix, *options) -> bytes:
    return cv2.imencode(suffix, image[:, :, ::-1], list(options))[1].tobytes()


def by_pillow(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
