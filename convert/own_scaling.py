"""Does a model scale its pixels itself? Its graph tells, whatever file it came from and whichever layer does it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from convert.float_model import FloatModel, tensorflow
from training.quiet import quiet

NARROW = 1 / 32  # what becomes of a step of one pixel value at most, where 0-255 is brought to a small range
SHIFTED = 32.0  # pixel values by which a mean moves black at least

# Operations after which a value is still a pixel: those that move pixels about, and those that limit or average them.
_MOVE = re.compile(
    r"Identity(N)?|Snapshot|StopGradient|EnsureShape|Cast|Reshape|Squeeze|ExpandDims|Transpose|ReverseV2|Tile|"
    r"BroadcastTo|StridedSlice|Slice|Split(V)?|Unpack|Pack|ConcatV2|Gather(V2|Nd)|(Mirror)?Pad(V2)?|SpaceToDepth|"
    r"Select(V2)?|ImageProjectiveTransformV[23]|Minimum|Maximum|ClipByValue|AddN|Add(V2)?|Sub|BiasAdd|Neg|"
    r"AvgPool|MaxPool|Resize(Bilinear|NearestNeighbor|Area|Bicubic)"
)
_BATCHNORM = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
_SIZES = ("Shape", "ShapeN", "Size", "Rank", "NoOp")
_GREY = 9  # numbers of a matrix that mixes colours, at most


def own_scaling(model: FloatModel, shape: tuple[int, int, int]) -> str:
    """What a model makes of pixels 0-255 before its first layer with weights, such as "0-255 becomes -1 to 1".

    Args:
        model: float.
        shape: (height, width, channels) of its pictures.

    Returns:
        "" where it takes pixels as they come, or where its graph does not tell.
    """
    try:
        with quiet():
            black, white = _scaled(model, shape)
    except Exception:  # a graph that cannot be frozen; what is wrong with it is told when it is quantized
        return ""
    gain = float(np.abs(white - black).max()) / 255
    if not (0 < gain <= NARROW or (gain <= 1 and float(np.abs(black).max()) >= SHIFTED)):
        return ""
    ends = np.minimum(black, white).min(), np.maximum(black, white).max()
    return f"0-255 becomes {ends[0]:.3g} to {ends[1]:.3g}"


def _scaled(model: FloatModel, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """What black and white pictures are when the first layer with weights gets them, flat float32."""
    tf = tensorflow()
    from tensorflow.python.framework import convert_to_constants

    traced = tf.function(model.call, input_signature=[tf.TensorSpec((1, *shape), tf.float32)]).get_concrete_function()
    inlined = convert_to_constants._run_inline_graph_optimization(traced, False, aggressive_inlining=True)
    graph = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(inlined, name=""), [])
    inputs = [graph.graph.get_tensor_by_name(tensor.name) for tensor in traced.inputs]  # the picture, then variables
    seen = graph.prune(inputs, _last_pixels(inputs[0].op))
    black, white = (
        [np.asarray(x, np.float32) for x in seen(tf.fill((1, *shape), value), *traced.captured_inputs)]
        for value in (0.0, 255.0)
    )
    # Where several layers see the picture, a raw one among them says that nothing scales it for good.
    gains = [float(np.abs(b - a).max()) for a, b in zip(black, white, strict=True)]
    most = int(np.argmax(gains))
    return black[most].reshape(-1), white[most].reshape(-1)


def _last_pixels(picture: Any) -> list[Any]:
    """The tensors that still hold pixels and are used as something else; `picture` is the operation of the input."""
    varies = _varying(picture)
    kept: dict[str, bool] = {picture.name: True}

    def pixels(operation: Any) -> bool:
        return kept.get(operation.name, False)

    found = []
    for operation in _ordered(picture, varies):
        if operation is not picture:
            kept[operation.name] = _keeps(operation, varies, pixels)
        if not kept[operation.name]:
            found += [tensor for tensor in operation.inputs if pixels(tensor.op)]
    return list({tensor.name: tensor for tensor in found}.values())


def _varying(picture: Any) -> set[str]:
    """The names of the operations that depend on the picture, beyond its size."""
    names, todo = {picture.name}, [picture]
    while todo:
        for tensor in todo.pop().outputs:
            for user in tensor.consumers():
                if user.name not in names and user.type not in _SIZES:
                    names.add(user.name)
                    todo.append(user)
    return names


def _ordered(picture: Any, varies: set[str]) -> list[Any]:
    """The operations that depend on the picture, each after those that it needs."""
    made: dict[str, Any] = {}
    todo = [picture]
    while todo:
        operation = todo.pop()
        if operation.name in made or any(t.op.name in varies and t.op.name not in made for t in operation.inputs):
            continue
        made[operation.name] = operation
        todo += [user for tensor in operation.outputs for user in tensor.consumers() if user.name in varies]
    return list(made.values())


def _keeps(operation: Any, varies: set[str], pixels: Callable[[Any], bool]) -> bool:
    """Whether an operation answers with pixels, scaled or not."""
    changing = [tensor for tensor in operation.inputs if tensor.op.name in varies]
    if not all(pixels(tensor.op) for tensor in changing):
        return False
    first = changing[0] is operation.inputs[0]
    if operation.type in ("Mul", "MulNoNan"):
        return len(changing) == 1
    if operation.type in ("RealDiv", "Div", "DivNoNan", *_BATCHNORM):
        return len(changing) == 1 and first
    if operation.type == "MatMul":  # to grey: three colours times one column
        return len(changing) == 1 and first and (operation.inputs[1].shape.num_elements() or _GREY + 1) <= _GREY
    return bool(_MOVE.fullmatch(operation.type))
