"""The representative set: which pictures, drawn how, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convert.errors import CalibrationError
from convert.sources import Source, View

ENOUGH = 100  # TensorFlow's guide asks for a few hundred; below this the ranges are a matter of luck
FEWEST = 20  # pictures that a check needs to mean something
FLAT = 8.0  # standard deviation of the pixels, of 255, under which a picture shows nothing
SPAN = 64  # pixel values that a set of photos spans at the very least


@dataclass(frozen=True, eq=False)
class Calibration:
    """What the quantization saw.

    Attributes:
        source: its name.
        images: uint8 (n, H, W, C), they set the ranges.
        check: uint8 (m, H, W, C), other pictures of the same source; the same ones where it has too few.
        fresh: whether `check` holds pictures that calibration did not see.
        seed: of the draw.
        warnings: one line each; empty where the set looks sound.
    """

    source: str
    images: np.ndarray
    check: np.ndarray
    fresh: bool
    seed: int
    warnings: tuple[str, ...]


def draw(source: Source, view: View, samples: int, seed: int, checks: int = 200) -> Calibration:
    """Draw calibration and check pictures without replacement.

    Args:
        source: the pictures.
        view: how the model sees them.
        samples: how many calibrate at most; a fifth of a source that is not larger is kept for the check.
        seed: of the draw.
        checks: how many further ones the check gets at most.

    Raises:
        CalibrationError: no picture, one that cannot be read, none that shows anything, or copies of one.
    """
    if samples < 1:
        raise CalibrationError(f"--samples: expected at least 1, got {samples}")
    order = np.random.default_rng(seed).permutation(source.size)
    if source.size - samples < FEWEST <= source.size // 5:
        samples = source.size - min(checks, source.size // 5)
    images = source.pictures(order[:samples], view)
    rest = order[samples : samples + checks]
    fresh = len(rest) >= FEWEST
    check = source.pictures(rest, view) if fresh else images[:checks]
    first = [source.read(int(row))[0].shape for row in order[:16]]
    warnings = (*_size(source, samples), *_shape(source, first, view), *_flat(source, images))
    if len({image.tobytes() for image in check}) == 1:
        raise CalibrationError(f"{source.name}: only one picture, or copies of it; give different ones")
    return Calibration(source.name, images, check, fresh, seed, warnings)


def _size(source: Source, samples: int) -> list[str]:
    used = min(samples, source.size)
    if used >= ENOUGH:
        return []
    return [f"{source.name}: only {used} calibration pictures; give {ENOUGH} or more for ranges that hold"]


def _shape(source: Source, shapes: list[tuple[int, ...]], view: View) -> list[str]:
    """Warnings where pictures must be changed much to fit the model; cutting annotated boxes out is no fault."""
    if source.read(0)[1] is not None or view.whole:
        return []
    wanted = f"{view.width}x{view.height}"
    warnings = []
    if any(h < view.height / 4 or w < view.width / 4 for h, w, _ in shapes):
        warnings.append(
            f"{source.name}: pictures far smaller than {wanted} are enlarged; give the ones the model will see"
        )
    if any(abs((w / h) / (view.width / view.height) - 1) > 0.34 for h, w, _ in shapes):
        warnings.append(
            f"{source.name}: pictures of another shape than {wanted} are stretched; give crops as the model sees them"
        )
    if any(c == 1 for *_, c in shapes) and view.channels == 3:
        warnings.append(
            f"{source.name}: grey pictures for a colour model; give colour pictures, or --colour grey if it was "
            "trained on grey ones"
        )
    return warnings


def _flat(source: Source, images: np.ndarray) -> list[str]:
    deviations = images.reshape(len(images), -1).std(axis=1)
    flat = int((deviations < FLAT).sum())
    if flat == len(images):
        raise CalibrationError(f"{source.name}: every picture is flat, nothing can be calibrated; give real pictures")
    warnings = []
    if flat > len(images) // 10:
        warnings.append(f"{source.name}: {flat} of {len(images)} pictures are flat; give real pictures")
    if int(images.max()) - int(images.min()) < SPAN:
        warnings.append(f"{source.name}: pixels span {images.min()}-{images.max()} only; are they 0-255?")
    if len(images) > 1 and len({image.tobytes() for image in images}) <= len(images) // 2:
        warnings.append(f"{source.name}: half of the pictures or more are the same picture; give different ones")
    return warnings
