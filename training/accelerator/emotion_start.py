"""The weights of a shipped emotion network (weights.npz), laid out as emotion_nets.arrays has them. No Keras here."""

from __future__ import annotations

import re
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from edge.errors import ModelError

_PARTS = {"kernel": "kernel", "gamma": "gamma", "beta": "beta", "moving_mean": "mean", "moving_variance": "variance"}
_KINDS = ("conv2d", "batch_normalization")
_ENTRY = re.compile(r"\d+ (?:fused_)?(conv2d|batch_normalization|logits)(?:_(\d+))?/(\w+)")


def read(path: Path) -> dict[str, np.ndarray]:
    """Arrays float32 by name: `NN.kernel` (H, W, in, out), `NN.gamma`, ... by convolution, `head.kernel`, `head.bias`.

    Args:
        path: what training.weights.save wrote of an emotion network.

    Raises:
        ModelError: the file is missing, broken or of another kind of network.
    """
    found: dict[str, np.ndarray] = {}
    try:
        with np.load(path) as stored:
            entries = [entry for name in stored.files if (entry := _ENTRY.fullmatch(name))]
            # Keras counts the layers of a process, so the first one of a network may have any number.
            made = {kind: sorted({int(e[2] or 0) for e in entries if e[1] == kind}) for kind in _KINDS}
            for entry in entries:
                layer, number, part = entry.groups()
                place = f"{made[layer].index(int(number or 0)):02d}.{_PARTS[part]}" if layer in made else f"head.{part}"
                found[place] = stored[entry[0]].astype(np.float32)
    except (OSError, KeyError, ValueError, BadZipFile) as error:
        raise ModelError(f"{path}: cannot read the weights ({error}); expected a model's weights.npz") from None
    if "head.kernel" not in found or "00.kernel" not in found:
        raise ModelError(f"{path}: these are not the weights of an emotion network; expected a model's weights.npz")
    return found


def blend(first: dict[str, np.ndarray], second: dict[str, np.ndarray], share: float) -> dict[str, np.ndarray]:
    """Weights between two networks of one shape: `share` of the second, the rest of the first."""
    return {name: (1 - share) * first[name] + share * second[name].astype(np.float32) for name in first}
