"""What the Edge TPU's compiler takes: the published list of operations, as plain data and small checks.

Operations and their limits: coral.ai, "TensorFlow models on the Edge TPU", table of supported operations (runtime 14,
compiler 16.0). Versions: the compiler and runtime 14 are built with TensorFlow 2.5, so the newest version of an
operation is the last one that TensorFlow 2.5 runs (tensorflow/lite/tools/versioning/runtime_version.cc). With a newer
one the compiler cannot even load the model: "Didn't find op for builtin opcode 'CONV_2D' version '6'"
(google-coral/edgetpu issue 631).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from convert.tflite import Operation, Tensor

SOFTMAX_ELEMENTS = 16_000


@dataclass(frozen=True)
class Support:
    """One line of the list.

    Attributes:
        version: the newest version of the operation.
        limit: what is wrong with an operation, or "" where it can be mapped.
        caution: what may still keep an operation off although it is supported, "" where nothing is known.
        state: further types that the operation keeps its state in.
    """

    version: int
    limit: Callable[[Operation], str] = lambda op: ""
    caution: Callable[[Operation], str] = lambda op: ""
    state: tuple[str, ...] = ()


def _plain(op: Operation) -> str:
    return "" if op.activation == "NONE" else f"fused activation {op.activation} is not supported here"


def _dilation(op: Operation) -> str:
    across, down = (getattr(op.options, f"dilation{side}Factor", 1) or 1 for side in "WH")
    return "" if across == down else f"dilation must be the same in x and y, got {across} and {down}"


def _concatenation(op: Operation) -> str:
    constants = [t for t in op.inputs if t is not None and t.constant]
    if constants and (len(op.inputs) != 2 or any((t.values != _zero(t)).any() for t in constants)):
        return "a constant input must be all zeros, and one of two inputs"
    return _plain(op)


def _zero(tensor: Tensor) -> int:
    return tensor.zero_points[0] if tensor.zero_points else 0


def _dense(op: Operation) -> str:
    weights = op.inputs[1]
    if getattr(op.options, "weightsFormat", 0):
        return "only the default format of weights is supported"
    if weights is not None and len(weights.scales) > 1:
        return "weights with a scale a row; one scale for the layer is needed (quantize per tensor)"
    return "" if _flat(op.outputs[0]) else f"output must be one-dimensional, got {op.outputs[0].shape}"


def _flat(tensor: Tensor) -> bool:
    return all(size == 1 for size in tensor.shape[:-1])


def _axes(op: Operation) -> list[int]:
    operand = op.inputs[1] if len(op.inputs) > 1 else None
    first = op.inputs[0]
    if operand is None or first is None:
        return []
    return [int(axis) % len(first.shape) for axis in operand.values.reshape(-1)]


def _reduction(op: Operation) -> str:
    return "cannot reduce over the batch" if 0 in _axes(op) else ""


def _mean(op: Operation) -> str:
    axes, shape = _axes(op), op.inputs[0].shape if op.inputs[0] is not None else ()
    if shape and len(shape) - 1 in axes and shape[-1] % 4:
        return f"a mean over channels needs a multiple of 4 of them, got {shape[-1]}"
    return _reduction(op)


def _pack(op: Operation) -> str:
    return "cannot pack over the batch" if getattr(op.options, "axis", 0) == 0 else ""


def _split(op: Operation) -> str:
    axis, whole = op.inputs[0], op.inputs[1]
    if axis is None or whole is None or not axis.constant:
        return "the axis must be constant"
    return "cannot split over the batch" if int(axis.values.reshape(-1)[0]) % len(whole.shape) == 0 else ""


def _pad(op: Operation) -> str:
    paddings = op.inputs[1]
    if paddings is None or not paddings.constant:
        return "the padding must be constant"
    return "cannot pad the batch" if paddings.values.reshape(-1, 2)[0].any() else ""


def _prelu(op: Operation) -> str:
    alpha = op.inputs[1]
    flat = alpha is not None and _flat(alpha)
    return "" if flat else "alpha must have one value a channel: PReLU(shared_axes=[1, 2])"


def _softmax(op: Operation) -> str:
    first = op.outputs[0]
    if not _flat(first):
        return f"input must be one-dimensional, got {first.shape}"
    return "" if first.elements <= SOFTMAX_ELEMENTS else f"at most {SOFTMAX_ELEMENTS} elements, got {first.elements}"


def _squeeze(op: Operation) -> str:
    before, after = (tensor.shape if tensor is not None else () for tensor in (op.inputs[0], op.outputs[0]))
    flat = _without_leading(before) == _without_leading(after)
    return "" if flat else f"only leading sizes of 1 can be squeezed away, got {before} to {after}"


def _without_leading(shape: tuple[int, ...]) -> tuple[int, ...]:
    ones = next((k for k, size in enumerate(shape) if size != 1), len(shape))
    return shape[ones:]


def _strided(op: Operation) -> str:
    strides = op.inputs[3] if len(op.inputs) > 3 else None
    if strides is None or not strides.constant or (strides.values != 1).any():
        return "all strides must be 1"
    masks = [getattr(op.options, name, 0) or 0 for name in ("ellipsisMask", "newAxisMask")]
    return "ellipsis and new-axis masks must be 0" if any(masks) else ""


def _resize(op: Operation) -> str:
    """As users of the compilers report: google-coral/edgetpu issues 31, 187 and 206, ultralytics/yolov5 PR 1127."""
    if op.kind == "RESIZE_NEAREST_NEIGHBOR" and getattr(op.options, "halfPixelCenters", False):
        return "with half-pixel centres, compilers 14.1 and 15.0 refuse it; 16.0 maps it"
    return "depending on its size it may stay on the CPU, to keep precision (128 px was mapped, 512 px was not)"


def _reshape(op: Operation) -> str:
    return "large tensors may stay on the CPU"


SUPPORTED: Mapping[str, Support] = {
    "ADD": Support(3),
    "AVERAGE_POOL_2D": Support(3, _plain),
    "CONCATENATION": Support(3, _concatenation),
    "CONV_2D": Support(5, _dilation),
    "DEPTHWISE_CONV_2D": Support(6, _dilation),
    "EXPAND_DIMS": Support(1),
    "FULLY_CONNECTED": Support(9, _dense),
    "L2_NORMALIZATION": Support(2),
    "LOGISTIC": Support(3),
    "MAXIMUM": Support(4),
    "MAX_POOL_2D": Support(3, _plain),
    "MEAN": Support(3, _mean),
    "MINIMUM": Support(4),
    "MUL": Support(4),
    "PACK": Support(3, _pack),
    "PAD": Support(3, _pad),
    "PRELU": Support(1, _prelu),
    "QUANTIZE": Support(2),
    "REDUCE_MAX": Support(3, _reduction),
    "REDUCE_MIN": Support(3, _reduction),
    "RELU": Support(3),
    "RELU6": Support(3),
    "RELU_N1_TO_1": Support(1),
    "RESHAPE": Support(1, caution=_reshape),
    "RESIZE_BILINEAR": Support(4, caution=_resize),
    "RESIZE_NEAREST_NEIGHBOR": Support(4, caution=_resize),
    "RSQRT": Support(2),
    "SLICE": Support(5),
    "SOFTMAX": Support(3, _softmax),
    "SPACE_TO_DEPTH": Support(2),
    "SPLIT": Support(4, _split),
    "SQUARED_DIFFERENCE": Support(2),
    "SQUEEZE": Support(2, _squeeze),
    "STRIDED_SLICE": Support(5, _strided),
    "SUB": Support(5),
    "SUM": Support(2, _reduction),
    "TANH": Support(3),
    "TRANSPOSE": Support(5),
    "TRANSPOSE_CONV": Support(3),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Support(3, state=("INT16",)),  # its cell state, by the format
}
