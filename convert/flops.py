"""Multiply-adds of a .tflite, counted by walking its tensors."""

from __future__ import annotations

from math import prod

from convert.tflite import Graph, Operation


def multiply_adds(graph: Graph) -> int:
    """Multiply-adds of one run. Convolutions and dense layers count; element-wise work does not, as is the custom."""
    return sum(of_operation(op) for op in graph.operations)


def of_operation(op: Operation) -> int:
    """Multiply-adds of one operation; weights as TensorFlow Lite lays them out.

    Convolution (out, h, w, in), depthwise (1, h, w, channels), dense (out, in), transposed (out, h, w, in).
    """
    if len(op.inputs) < 2 or op.inputs[1] is None or not op.outputs:
        return 0
    weights, out = op.inputs[1], op.outputs[0]
    if op.kind == "CONV_2D":
        return out.elements * prod(weights.shape[1:])
    if op.kind == "DEPTHWISE_CONV_2D":
        return out.elements * prod(weights.shape[1:3])
    if op.kind == "FULLY_CONNECTED":
        return out.elements * weights.shape[-1]
    if op.kind == "TRANSPOSE_CONV" and len(op.inputs) > 2 and op.inputs[2] is not None:
        return op.inputs[2].elements * prod(weights.shape[:3])
    if op.kind == "BATCH_MATMUL" and op.inputs[0] is not None:
        return out.elements * op.inputs[0].shape[-1]
    return 0
