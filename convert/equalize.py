"""Give the channels of a float .tflite like ranges before it is quantized, without changing what it computes.

One scale serves all channels of an activation in int8, so a loud channel takes the range from the others. Where a layer
feeds one other layer through nothing but ReLU, pooling and the like, a channel can be divided by s before and
multiplied by s after (cross-layer equalization, Nagel et al., 2019); s balances the range of the activation with that
of the weights that it meets (SmoothQuant, Xiao et al., 2023).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from convert import tflite
from convert.tflite import Graph, Operation
from edge.engines.model import interpreter_module

LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
# For these f(s x) = s f(x) holds in every channel, for s > 0.
PASSES = ("RELU", "LEAKY_RELU", "PRELU", "MAX_POOL_2D", "AVERAGE_POOL_2D", "MEAN", "PAD", "RESHAPE", "SQUEEZE")
BOUND = 1e3  # of a channel's factor, to either side of the middle one
CLOSE = 1e-3  # relative difference of the outputs that rounding in float may make


@dataclass(frozen=True)
class Pair:
    """Two layers of which the second alone sees the first one's output."""

    first: Operation
    second: Operation


def equalized(content: bytes, samples: np.ndarray) -> bytes:
    """The same float network with balanced channels; the content itself where nothing can be done.

    Args:
        content: of a float .tflite with one input.
        samples: float32 (N, H, W, C), real values as at its input; they show the ranges of the activations.
    """
    graph = tflite.read(content)
    found = list(pairs(graph))
    if not found:
        return content
    loudness = _ranges(content, [pair.first.outputs[0].index for pair in found], samples)
    made = bytearray(content)
    for pair in found:
        _balance(made, pair, loudness[pair.first.outputs[0].index])
    answers = _outputs(content, samples[:4]), _outputs(bytes(made), samples[:4])
    spread = max(float(np.abs(answers[0]).max()), 1e-12)
    return bytes(made) if np.abs(answers[0] - answers[1]).max() <= CLOSE * spread else content


def pairs(graph: Graph) -> Iterator[Pair]:
    """The layers of a graph whose channels can be balanced, in the order of execution."""
    takers: dict[int, list[Operation]] = {}
    for op in graph.operations:
        for tensor in op.inputs:
            if tensor is not None:
                takers.setdefault(tensor.index, []).append(op)
    ends = {tensor.index for tensor in graph.outputs}
    shared = {index for index, ops in takers.items() if len(ops) > 1}
    for op in graph.operations:
        if op.kind not in LAYERS or op.activation not in ("NONE", "RELU") or not _own_weights(op, shared):
            continue
        after: Operation | None = op
        while after is not None:
            index = after.outputs[0].index
            following = takers.get(index, [])
            after = following[0] if len(following) == 1 and index not in ends else None
            if after is None or after.kind not in PASSES or after.activation not in ("NONE", "RELU"):
                break
        if after is not None and after.kind in LAYERS and _own_weights(after, shared) and _fits(op, after):
            yield Pair(op, after)


def _own_weights(op: Operation, shared: set[int]) -> bool:
    """Whether an operation's parameters are constants of its own; a bias of zeros may serve several."""
    parameters = [tensor for tensor in op.inputs[1:] if tensor is not None]
    return bool(parameters) and all(
        t.constant and t.dtype == "FLOAT32" and (t.index not in shared or not t.values.any()) for t in parameters
    )


def _fits(first: Operation, second: Operation) -> bool:
    """Whether the second layer's inputs are the first one's channels, maybe at several places after a flattening."""
    channels, weights = first.outputs[0].shape[-1], second.inputs[1]
    assert weights is not None
    return weights.shape[-1] % channels == 0 and (second.kind == "FULLY_CONNECTED" or weights.shape[-1] == channels)


def _balance(content: bytearray, pair: Pair, loudness: np.ndarray) -> None:
    """Divide the first layer's channels by their factors, and multiply the second one's inputs by them, in place."""
    before, after = _values(content, pair.first, 1), _values(content, pair.second, 1)
    assert before is not None
    assert after is not None
    bias = _values(content, pair.first, 2)
    channels = len(loudness)
    meets = after.reshape(-1, channels)
    factors = _factors(loudness, np.abs(meets).max(axis=0))
    meets *= factors.astype(np.float32)
    rows = before.reshape(-1, channels) if pair.first.kind == "DEPTHWISE_CONV_2D" else before.reshape(channels, -1).T
    rows /= factors.astype(np.float32)
    if bias is not None:
        bias /= factors.astype(np.float32)


def _factors(loudness: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """sqrt(range / weight) about 1; a channel that nobody looks at is made as quiet as the bound allows."""
    live = (loudness > 0) & (weights > 0)
    factors = np.ones(len(loudness))
    if live.any():
        ratio = np.sqrt(loudness[live] / weights[live])
        factors[live] = np.clip(ratio / np.median(ratio), 1 / BOUND, BOUND)
        middle = np.median(loudness[live] / factors[live])
        unseen = (weights == 0) & (loudness > 0)
        factors[unseen] = np.maximum(loudness[unseen] / middle, 1.0)
    return factors


def _values(content: bytearray, op: Operation, place: int) -> np.ndarray | None:
    """A parameter of an operation as a writable view into the file's bytes, flat float32."""
    tensor = op.inputs[place] if len(op.inputs) > place else None
    if tensor is None:
        return None
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(content, 0)
    stored = model.Buffers(model.Subgraphs(0).Tensors(tensor.index).Buffer()).DataAsNumpy()
    values: np.ndarray = stored.view(np.float32).reshape(tensor.shape)
    return values


def _ranges(content: bytes, tensors: list[int], samples: np.ndarray) -> dict[int, np.ndarray]:
    """The greatest absolute value of each channel of these tensors over the samples."""
    interpreter = _interpreter(content, keep=True)
    found: dict[int, np.ndarray] = {}
    for sample in samples:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], sample[None])
        interpreter.invoke()
        for index in tensors:
            values = np.abs(interpreter.get_tensor(index))
            loudest = values.reshape(-1, values.shape[-1]).max(axis=0)
            found[index] = np.maximum(found.get(index, 0.0), loudest)
    return found


def _outputs(content: bytes, samples: np.ndarray) -> np.ndarray:
    interpreter = _interpreter(content)
    answers = []
    for sample in samples:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], sample[None])
        interpreter.invoke()
        answers += [interpreter.get_tensor(d["index"]).reshape(-1) for d in interpreter.get_output_details()]
    return np.concatenate(answers)


def _interpreter(content: bytes, keep: bool = False) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # LiteRT minds that every tensor is kept, which is what we want
        made = interpreter_module().Interpreter(model_content=content, experimental_preserve_all_tensors=keep)
    made.allocate_tensors()
    return made
