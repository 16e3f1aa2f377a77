"""Random changes to face crops in training: pure functions of an array and a random generator."""

from __future__ import annotations

from dataclasses import dataclass, fields

import cv2
import numpy as np

from edge.frame import Box


@dataclass(frozen=True)
class Augmentation:
    """Sizes of the random changes; 0 switches one off.

    Attributes:
        rotate: degrees, either way.
        zoom: the crop grows or shrinks by up to this part (jitter of the margin).
        shift: part of the side by which the crop moves (jitter of the position).
        light: part by which contrast and brightness change.
        erase: chance that a random rectangle is blanked (Zhong et al., 2020).
        blur: chance that the picture is shrunk and enlarged again, as a small face is, or blurred.
        noise: chance of sensor noise, as in low light.
    """

    rotate: float = 12.0
    zoom: float = 0.15
    shift: float = 0.08
    light: float = 0.35
    erase: float = 0.3
    blur: float = 0.1
    noise: float = 0.1

    def scaled(self, part: float) -> Augmentation:
        """The same with all sizes and chances at `part` of what they are."""
        return Augmentation(**{field.name: getattr(self, field.name) * part for field in fields(self)})

    def __call__(
        self, image: np.ndarray, rng: np.random.Generator, square: Box | None = None, size: int | None = None
    ) -> np.ndarray:
        """Change one crop uint8 (S, S) or (S, S, C); mirrored half of the time.

        Args:
            image: the crop.
            rng: of the draw.
            square: the part of it that is shown, in its pixels, so that moving shows what is around it; default: all.
            size: pixels of the answer; default: as the crop.
        """
        image = self._move(image, rng, square, size or image.shape[0])
        if rng.random() < self.blur:
            image = _small(image, rng)
        image = self._light(image, rng)
        if rng.random() < self.erase:
            image = _erased(image, rng)
        return image

    def _move(self, image: np.ndarray, rng: np.random.Generator, square: Box | None, size: int) -> np.ndarray:
        square = square or Box(0, 0, image.shape[1], image.shape[0])
        angle, scale = rng.uniform(-self.rotate, self.rotate), 1 + rng.uniform(-self.zoom, self.zoom)
        # Pixel centres lie half a pixel from the edges that a box counts from.
        x, y = (value - 0.5 for value in square.centre)
        matrix = cv2.getRotationMatrix2D((x, y), angle, scale * size / square.width)
        matrix[:, 2] += (size - 1) / 2 - np.array([x, y]) + rng.uniform(-self.shift, self.shift, 2) * size
        if rng.random() < 0.5:
            matrix[0] *= -1
            matrix[0, 2] += size - 1
        return cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def _light(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        gain = 1 + rng.uniform(-self.light, self.light)
        offset = rng.uniform(-self.light, self.light) * 100
        pixels = (image.astype(np.float32) - 128) * gain + 128 + offset
        if rng.random() < self.noise:
            pixels += rng.normal(0, rng.uniform(3, 14), image.shape).astype(np.float32)
        return np.clip(pixels, 0, 255).astype(np.uint8)


def _small(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    size = image.shape[0]
    side = int(rng.integers(size // 3, size))
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR).reshape(image.shape)


def _erased(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    size = image.shape[0]
    height, width = rng.integers(size // 8, size * 2 // 5, 2)
    top, left = rng.integers(0, size - height), rng.integers(0, size - width)
    image = image.copy()
    image[top : top + height, left : left + width] = rng.integers(0, 256)
    return image
