"""Weights of the torch detector as a file of plain arrays, and into the Keras network of the same layers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import ModelError
from edge.files import replacing

NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def save(state: Mapping[str, Any], path: Path) -> None:
    """A state dict as an .npz of float32 arrays, written whole or not at all."""
    arrays = {key: value.detach().float().cpu().numpy() for key, value in state.items() if "num_batches" not in key}
    with replacing(path) as scratch, open(scratch, "wb") as file:
        np.savez(file, **arrays)


def load(network: Any, path: Path) -> None:
    """Set the weights of a torch network from such a file.

    Raises:
        ModelError: an array is missing, left over, or of another shape.
    """
    with np.load(path) as stored:
        arrays = dict(stored)
    state = {key: value for key, value in network.state_dict().items() if "num_batches" not in key}
    if {key: value.shape for key, value in arrays.items()} != {key: tuple(v.shape) for key, v in state.items()}:
        raise ModelError(f"{path}: weights of another network; take the recipe that they were trained by")
    for key, value in state.items():
        value.copy_(value.new_tensor(arrays[key]))


def to_keras(arrays: Mapping[str, np.ndarray], model: Any) -> None:
    """Set the weights of a model that training.networks.face.build made.

    Raises:
        ModelError: an array is missing or left over, or has another shape.
    """
    left = set(arrays)
    for layer in model.layers:
        values = []
        for weight in layer.weights:
            key = _key(layer.name, weight.name)
            if key not in arrays:
                raise ModelError(f"{layer.name}: no array {key!r}; build the network with the recipe it was trained by")
            value = _arranged(arrays[key], type(layer).__name__)
            if tuple(value.shape) != tuple(weight.shape):
                raise ModelError(f"{key}: expected shape {tuple(weight.shape)}, got {tuple(value.shape)}")
            values.append(value)
            left.discard(key)
        if values:
            layer.set_weights(values)
    if left:
        raise ModelError(f"arrays without a layer: {', '.join(sorted(left)[:4])}")


def _key(layer: str, weight: str) -> str:
    block = layer.removesuffix("_norm").removesuffix("_conv")
    if layer.endswith("_norm"):
        torch_name = {keras: torch for torch, keras in NORM.items()}[weight]
        return f"parts.{_module(block)}.norm.{torch_name}"
    if layer.endswith("_conv"):
        return f"parts.{_module(block)}.conv.weight"
    return f"parts.{layer}.{'bias' if weight == 'bias' else 'weight'}"


def _module(block: str) -> str:
    for part in ("deep", "point"):
        if block.endswith("_" + part):
            return f"{block[: -len(part) - 1]}.{part}"
    return block


def _arranged(values: np.ndarray, kind: str) -> np.ndarray:
    """A kernel in Keras' order of axes."""
    if values.ndim != 4:
        return values
    return values.transpose(2, 3, 0, 1) if "Depthwise" in kind else values.transpose(2, 3, 1, 0)
