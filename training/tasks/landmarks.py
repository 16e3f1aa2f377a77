"""The landmark task: 68 points on a face framed as FER2013 frames it, hands and odd light included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np

from training import recipe_values
from training.data import landmarks68
from training.data.landmarks68 import MARGIN, MIRROR, Faces68
from training.networks import landmarks
from training.networks.layers import strip_custom_layers
from training.recipe import Recipe, parse

WIDE = 1.5  # training squares are cut this much wider, so that turning and moving shows picture and not padding
WIDE_SIZE = 96
GAIN = 1 / 16  # in training only


@dataclass(frozen=True)
class Warp:
    """Sizes of the random changes in training.

    Attributes:
        rotate: degrees, either way.
        zoom: part by which the square grows or shrinks.
        stretch: part by which width and height grow apart.
        shift: part of the side by which the square moves.
        light: part by which contrast and brightness change.
        hide: chance of each of three patches over the face, as hands and hair are.
        blur: chance of a loss of sharpness.
    """

    rotate: float = 30.0
    zoom: float = 0.22
    stretch: float = 0.1
    shift: float = 0.09
    light: float = 0.45
    hide: float = 0.25
    blur: float = 0.25

    def __call__(
        self, image: np.ndarray, points: np.ndarray, size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """A wide square uint8 (S, S) and its points (68, 2) of 0-1 to `size` pixels; mirrored half of the time."""
        matrix = self._matrix(image.shape[0], size, rng)
        moved = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        # warpAffine counts from the middle of the first pixel, points from its corner.
        at = ((points * image.shape[0] - 0.5) @ matrix[:, :2].T + matrix[:, 2] + 0.5) / size
        if rng.random() < 0.5:
            moved = moved[:, ::-1]
            at = at[MIRROR] * [-1, 1] + [1, 0]
        return self._spoil(moved, rng), at.astype(np.float32)

    def _matrix(self, wide: int, size: int, rng: np.random.Generator) -> np.ndarray:
        angle = np.deg2rad(np.clip(rng.normal(0, self.rotate / 2), -self.rotate, self.rotate))
        scale = WIDE * size / wide * np.exp(rng.uniform(-self.zoom, self.zoom))
        apart = np.exp(rng.uniform(-self.stretch, self.stretch) / 2)
        cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
        turn = np.array([[cos, -sin], [sin, cos]]) @ np.diag([apart, 1 / apart])
        middle = np.full(2, (wide - 1) / 2)
        move = (size - 1) / 2 + rng.uniform(-self.shift, self.shift, 2) * size - turn @ middle
        return np.column_stack([turn, move])

    def _spoil(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        size = image.shape[0]
        pixels = image.astype(np.float32)
        if rng.random() < self.blur:
            side = int(rng.integers(size // 3, size))
            pixels = cv2.resize(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA), (size, size))
        gain, offset = 1 + rng.uniform(-self.light, 1.4 * self.light), rng.uniform(-self.light, self.light) * 110
        ramp = np.linspace(-1, 1, size, dtype=np.float32) * rng.uniform(-self.light, self.light) * 80
        ramp = ramp if rng.random() < 0.5 else ramp[:, None]
        pixels = (pixels - pixels.mean()) * gain + 128 + offset + ramp
        if rng.random() < 0.2:
            pixels += rng.normal(0, rng.uniform(2, 12), pixels.shape).astype(np.float32)
        for _ in range(3):
            if rng.random() < self.hide:
                _hide(pixels, rng)
        return np.clip(pixels, 0, 255).astype(np.uint8)


def _hide(pixels: np.ndarray, rng: np.random.Generator) -> None:
    """Cover a turned ellipse or box of it, in place, with a flat or rough grey."""
    size = pixels.shape[0]
    middle = tuple(float(v) for v in rng.uniform(0, size, 2))
    axes = tuple(float(v) for v in rng.uniform(size / 12, size / 3, 2))
    cover = np.zeros(pixels.shape, np.uint8)
    if rng.random() < 0.5:
        cv2.ellipse(cover, (middle, axes, float(rng.uniform(0, 180))), 1, -1)
    else:
        corners = cv2.boxPoints((middle, axes, float(rng.uniform(0, 180))))
        cv2.fillPoly(cover, [corners.astype(np.int32)], 1)
    grey = rng.uniform(0, 255) + rng.normal(0, rng.uniform(0, 25), pixels.shape)
    np.copyto(pixels, grey, where=cover == 1, casting="same_kind")


class LandmarkBatches(keras.utils.PyDataset):
    """Batches float32 (B, S, S, 1) in 0-1 and (B, 136), drawn by weight, changed anew every time."""

    def __init__(self, faces: Faces68, weights: np.ndarray, recipe: Recipe, size: int, warp: Warp) -> None:
        super().__init__(workers=1)
        self.faces, self.recipe, self.size, self.warp = faces, recipe, size, warp
        self.weights = weights / weights.sum()
        self.epoch = 0

    def __len__(self) -> int:
        return self.recipe.fit.steps or max(1, len(self.faces) // self.recipe.fit.batch)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng((self.recipe.seed, self.epoch, index))
        rows = rng.choice(len(self.faces), self.recipe.fit.batch, p=self.weights)
        pairs = [self.warp(self.faces.images[row], self.faces.points[row], self.size, rng) for row in rows]
        images = np.stack([image for image, _ in pairs])[..., None].astype(np.float32) / 255
        return images, np.stack([points.reshape(-1) for _, points in pairs])

    def on_epoch_end(self) -> None:
        """Draw anew."""
        self.epoch += 1


def wing(size: int = 48, width: float = 3.0, curve: float = 0.5) -> Callable[[Any, Any], Any]:
    """Wing loss (Feng et al., 2018): logarithmic for small errors, linear for large ones.

    Args:
        size: pixels of the square, since width and curve are in pixels.
        width: pixels up to which an error counts as small.
        curve: pixels; the smaller, the more the smallest errors count.
    """
    constant = width - width * float(np.log1p(width / curve))

    def loss(true: Any, predicted: Any) -> Any:
        pixels = keras.ops.abs(true - predicted) * size
        near = width * keras.ops.log(1 + pixels / curve)
        return keras.ops.mean(keras.ops.where(pixels < width, near, pixels - constant), axis=-1)

    return loss


@dataclass(frozen=True)
class LandmarkData:
    """The recipe's [data] table beside the sizes of Warp.

    Attributes:
        helen: weight of a Helen row beside a video frame's.
        limit: use only so many rows; 0: all.
    """

    helen: float = 1.0
    limit: int = 0


class Landmarks:
    """Helen and 300-VW training rows; see LandmarkData and Warp for the recipe's [data] table."""

    def __init__(self, recipe: Recipe, data: Path) -> None:
        self.recipe = recipe
        self.options, self.warp = parse(recipe, LandmarkData, Warp)
        self.folder = Path(data) / "landmarks68"
        self.size = recipe_values.network_size(recipe.name, recipe.network, 48)
        self.validation = landmarks68.load(self.folder, landmarks68.validation_row, self.size, limit=self.options.limit)

    def build(self) -> keras.Model:
        """See training/networks/landmarks.py."""
        with recipe_values.network(self.recipe.name):
            return landmarks.build(**self.recipe.network, gain=GAIN)

    def batches(self) -> LandmarkBatches:
        """Training rows, cut wide. Frames of one video are alike, so a Helen photo may be drawn more often."""
        faces = landmarks68.load(
            self.folder, landmarks68.training_row, WIDE_SIZE, margin=MARGIN * WIDE, limit=self.options.limit
        )
        weights = np.array([self.options.helen if name.startswith("helen") else 1.0 for name in faces.names])
        return LandmarkBatches(faces, weights, self.recipe, self.size, self.warp)

    def loss(self) -> Any:
        """Wing loss in pixels."""
        return wing(self.size)

    def measure(self, model: keras.Model) -> dict[str, float]:
        """Normalized mean error on the validation rows; the score is 1 less it."""
        found = error(model, self.validation)
        return {"score": 1 - found, "nme": found}

    def samples(self, count: int, seed: int) -> np.ndarray:
        """Training squares to calibrate with, uint8 (count, S, S, 1), changed as in training."""
        batches = self.batches()
        rng = np.random.default_rng(seed)
        rows = rng.choice(len(batches.faces), count, p=batches.weights)
        faces = batches.faces
        squares = [self.warp(faces.images[row], faces.points[row], self.size, rng)[0] for row in rows]
        return np.array(squares, np.uint8).reshape(-1, self.size, self.size, 1)

    def export(self, model: keras.Model) -> keras.Model:
        """The network with its gain folded in, of Keras' own layers."""
        return strip_custom_layers(landmarks.folded(model, GAIN, **self.recipe.network))


def predict(model: keras.Model, images: np.ndarray, batch: int = 256) -> np.ndarray:
    """Points float32 (N, 68, 2), parts of the square, of grey squares uint8 (N, S, S)."""
    pixels = images[..., None].astype(np.float32) / 255
    return np.asarray(model.predict(pixels, batch_size=batch, verbose=0), np.float32).reshape(len(images), -1, 2)


def error(model: keras.Model, faces: Faces68) -> float:
    """Normalized mean error of a network on faces."""
    return float(landmarks68.error(predict(model, faces.images), faces.points).mean())
