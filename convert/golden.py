"""Golden examples: generated pictures and the exact answers to them, so that training and device cannot drift apart.

Pictures come from integer arithmetic alone, so every machine makes the same ones; int8 answers are bit-identical under
XNNPACK on x86-64 and ARM, so they can be compared exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edge.engines.model import LiteRtModel
from edge.frame import Box
from edge.manifest import Manifest, ModelSpec
from edge.vision.crop import crop
from edge.vision.letterbox import letterbox, resize, to_grey
from edge.vision.preprocessing import Preprocessing
from training.quiet import quiet

SEEDS = (1, 2, 3)
VISION = "vision.npz"
_MASK = (1 << 64) - 1
# Sizes that take every path of resize: down by halves and more, up, odd sizes, a shape that changes, nothing to do.
_SIZES = ((24, 24), (56, 56), (37, 31), (9, 64), (5, 3), (40, 30), (72, 54))
# Squares inside, over each edge, wholly outside, and of fractions of a pixel.
_SQUARES = (
    (10.0, 20.0, 42.0, 52.0),
    (-20.4, -10.6, 20.0, 29.8),
    (60.5, 40.5, 100.5, 80.5),
    (300.0, 300.0, 340.0, 340.0),
    (30.2, 30.2, 30.6, 30.6),
    (0.0, 0.0, 72.0, 72.0),
)


def noise(seed: int, count: int) -> np.ndarray:
    """`count` bytes, uint8, of SplitMix64 (Steele et al., 2014), the same on every machine."""
    steps = np.arange(1, count + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        z = np.uint64(seed & _MASK) * np.uint64(0xD1342543DE82EF95) + steps * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(56)).astype(np.uint8)


def picture(seed: int, width: int, height: int, channels: int) -> np.ndarray:
    """A generated picture uint8 (height, width, channels): coarse and fine blocks of noise and a slope.

    Noise alone would be grey to every network; blocks of several sizes have edges and areas as photographs have.
    """
    total = np.zeros((height, width, channels), np.int64)
    for k, (block, weight) in enumerate(((max(width, height) // 3 + 1, 8), (max(width, height) // 9 + 1, 5), (1, 1))):
        rows, columns = -(-height // block), -(-width // block)
        coarse = noise(seed * 8 + k, rows * columns * channels).reshape(rows, columns, channels).astype(np.int64)
        total += weight * np.repeat(np.repeat(coarse, block, axis=0), block, axis=1)[:height, :width]
    slope = (
        np.arange(width)[None, :] * 255 // max(1, width - 1) + np.arange(height)[:, None] * 255 // max(1, height - 1)
    ) // 2
    return ((total + 2 * slope[:, :, None]) // 16).astype(np.uint8)


def of_model(content: bytes, spec: ModelSpec) -> dict[str, np.ndarray]:
    """The golden arrays of one model.

    Returns:
        seeds (n,); sha256, the model's, as a string; and output_k, the stored integers (n, ...), with scale_k and
        zero_k that turn them into real values.
    """
    with quiet():
        model = LiteRtModel(content, Preprocessing.of(spec), name=spec.name)
    answers = [model.raw(picture(seed, spec.width, spec.height, spec.channels)) for seed in SEEDS]
    arrays: dict[str, np.ndarray] = {"seeds": np.array(SEEDS, np.int64), "sha256": np.array(spec.sha256)}
    for k, output in enumerate(model.outputs):
        arrays[f"output_{k}"] = np.stack([answer[k] for answer in answers])
        arrays[f"scale_{k}"] = np.array(output.scale, np.float64)
        arrays[f"zero_{k}"] = np.array(output.zero_point, np.int64)
    return arrays


def of_vision() -> dict[str, np.ndarray]:
    """The golden arrays of resize, letterbox, crop and grey, by a name that says the case."""
    colour, grey = picture(11, 72, 54, 3), picture(12, 48, 48, 1)
    arrays = {"grey": to_grey(colour)}
    for width, height in _SIZES:
        arrays[f"resize colour {width}x{height}"] = resize(colour, width, height)
        arrays[f"resize grey {width}x{height}"] = resize(grey, width, height)
        arrays[f"letterbox {width}x{height}"] = letterbox(colour, width, height)[0]
    for number, sides in enumerate(_SQUARES):
        arrays[f"crop colour {number}"] = crop(colour, Box(*sides), 24, 24, 3)
        arrays[f"crop to grey {number}"] = crop(colour, Box(*sides), 24, 24, 1)
        arrays[f"crop of grey {number}"] = crop(grey, Box(*sides), 32, 32, 1)
    return arrays


def all_of(manifest: Manifest) -> dict[str, dict[str, np.ndarray]]:
    """File name -> arrays, for every model of a manifest and for the vision functions.

    Raises:
        ModelError: a model is missing or does not match.
    """
    made = {f"{task}.npz": of_model(manifest.path(task).read_bytes(), spec) for task, spec in manifest.specs.items()}
    return {**made, VISION: of_vision()}


def save(folder: Path, made: Mapping[str, Mapping[str, np.ndarray]]) -> tuple[Path, ...]:
    """Write golden files, take away those of models that are gone; returns the paths of the written."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.npz"):
        if path.name not in made:
            path.unlink()
    for name, arrays in made.items():
        values: dict[str, Any] = dict(arrays)
        np.savez_compressed(folder / name, **values)
    return tuple(folder / name for name in made)
