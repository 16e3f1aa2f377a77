"""LSTM, GRU and the like: the loop that Keras makes is written out, as neither int8 nor the device has loops."""

from __future__ import annotations

from typing import Any

import numpy as np

from convert import tflite
from convert.errors import ConversionError
from edge.engines.forms.network import kind_of, packed, unpacked


def unroll(model: Any) -> None:
    """Have the recurrent layers of a model of Keras 3 or 2 written out step by step, in place; its answers stay.

    The LSTM of Keras 2 is left alone: TensorFlow Lite has an operation for it.
    """
    for layer in model._flatten_layers():
        if hasattr(layer, "unroll") and not (type(layer).__name__ == "LSTM" and _is_keras_2(layer)):
            layer.unroll = True
            layer._could_use_gpu_kernel = False  # by which a GRU of Keras 2 chooses its loop


def without_loops(name: str, network: bytes) -> bytes:
    """A float .tflite that TensorFlow can calibrate; `name` of the model, for the message.

    Raises:
        ConversionError: it has a loop; TensorFlow would crash.
    """
    operations = tflite.read(network).operations
    if any(op.kind == "WHILE" for op in operations):
        raise ConversionError(
            f"{name}: has a loop (some forms of LSTM and GRU have one), which cannot be converted; rebuild it with "
            "unroll=True in these layers, and load the same weights"
        )
    return _sliced(network) if any(op.kind == "SPLIT" for op in operations) else network


def _is_keras_2(layer: Any) -> bool:
    return any(kind.__module__.startswith("tf_keras") for kind in type(layer).__mro__)


def _sliced(network: bytes) -> bytes:
    """Each SPLIT of which a part is never used as slices: TensorFlow leaves such a SPLIT in float in some runs.

    The first step of an LSTM has one, as there is nothing to forget yet.
    """
    from ai_edge_litert import schema_py_generated as schema

    kinds = schema.BuiltinOperator
    model = unpacked(network)
    graph = model.subgraphs[0]
    used = {int(place) for op in graph.operators for place in op.inputs} | {int(place) for place in graph.outputs}

    def constant(values: list[int]) -> int:
        model.buffers.append(schema.BufferT(data=np.array(values, np.int32).view(np.uint8)))
        made = schema.TensorT(shape=[len(values)], type=schema.TensorType.INT32, buffer=len(model.buffers) - 1)
        made.name = f"slice_{len(graph.tensors)}".encode()
        graph.tensors.append(made)
        return len(graph.tensors) - 1

    def slices(split: Any) -> list[Any]:
        along = int(model.buffers[graph.tensors[split.inputs[0]].buffer].data.view(np.int32)[0])
        start, made = [0] * len(graph.tensors[split.outputs[0]].shape), []
        for place in map(int, split.outputs):
            size = [int(side) for side in graph.tensors[place].shape]
            if place in used:
                one = schema.OperatorT(opcodeIndex=len(model.operatorCodes), outputs=[place])
                one.inputs = [int(split.inputs[1]), constant(list(start)), constant(size)]
                one.builtinOptionsType, one.builtinOptions = schema.BuiltinOptions.SliceOptions, schema.SliceOptionsT()
                made.append(one)
            start[along] += size[along]
        return made

    operators: list[Any] = []
    for op in graph.operators:
        split = kind_of(model.operatorCodes[op.opcodeIndex]) == kinds.SPLIT
        operators += slices(op) if split and not used >= set(map(int, op.outputs)) else [op]
    graph.operators = operators
    model.operatorCodes.append(schema.OperatorCodeT(kinds.SLICE, None, 1, kinds.SLICE))
    # TensorFlow calibrates no network with a code that no operation has.
    everywhere = [op for part in model.subgraphs for op in part.operators or ()]
    left = sorted({op.opcodeIndex for op in everywhere})
    model.operatorCodes = [model.operatorCodes[number] for number in left]
    for op in everywhere:
        op.opcodeIndex = left.index(op.opcodeIndex)
    return packed(model)
