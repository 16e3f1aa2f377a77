"""A .tflite that can be changed: unpacked into the objects of LiteRT's own schema, and packed again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from edge.engines import flatbuffer
from edge.engines.graph import CONV_2D, Graph

INT8, INT32 = 9, 2  # types of a tensor
DTYPES: dict[int, str] = {INT8: "i1", INT32: "<i4"}
SAME = 0  # padding
DEPTH_TO_SPACE, RESHAPE, TRANSPOSE_CONV = 5, 22, 67
VERSIONS = {CONV_2D: 3, DEPTH_TO_SPACE: 2, RESHAPE: 1}  # of the operations, for int8
MOST_PARTS, MOST_WEIGHTS = 4096, 1 << 22  # what is worth it is far below; a hostile file could ask for anything
# Fields of each part: sparsity, variants; custom options, intermediates, ...; data outside of the file's tables.
UNUSUAL = {"tensors": (6, 9, 10), "operators": (5, 7, 8, 9, 10, 11, 12), "buffers": (1, 2)}


def unpacked(content: bytes) -> Any:
    """A .tflite as a `ModelT` of LiteRT's schema; it is not checked.

    Raises:
        ImportError: LiteRT's schema is not there, as beside tflite-runtime.
    """
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))


def packed(model: Any) -> bytes:
    """The .tflite of a `ModelT`."""
    import flatbuffers

    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def kind_of(code: Any) -> int:
    """The number of an `OperatorCodeT` in the schema's BuiltinOperator; files of older versions keep it elsewhere."""
    return int(max(code.builtinCode, code.deprecatedBuiltinCode))


class Network:
    """The one subgraph of a network of int8. Tensors are known by their numbers, operations are the schema's objects.

    Args:
        content: a .tflite whose operations were checked (edge.engines.operators).

    Raises:
        ImportError: LiteRT's schema is not there, as beside tflite-runtime.
        ValueError: it has parts that no network of ours has.
        Others: the file is damaged; the methods raise them, too. `best` (edge.engines.forms) catches them all.
    """

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert import schema_py_generated as schema

        _check_plain(Graph(content))
        self.schema: Any = schema
        self._model = unpacked(content)
        self._graph = self._model.subgraphs[0]
        self.operators: list[Any] = self._graph.operators

    def pack(self) -> bytes:
        """The .tflite."""
        return packed(self._model)

    @property
    def inputs(self) -> tuple[int, ...]:
        """Numbers of the network's inputs."""
        return tuple(self._graph.inputs)

    @property
    def outputs(self) -> tuple[int, ...]:
        """Numbers of the network's outputs."""
        return tuple(self._graph.outputs)

    def code(self, operator: Any) -> int:
        """The operation's number in the schema's BuiltinOperator."""
        return kind_of(self._model.operatorCodes[operator.opcodeIndex])

    def shape(self, number: int) -> tuple[int, ...]:
        """A tensor's sizes."""
        sizes = self._tensor(number).shape
        return tuple(map(int, sizes)) if sizes is not None else ()

    def users(self, number: int) -> list[Any]:
        """The operations that take a tensor."""
        return [operator for operator in self.operators if number in operator.inputs]

    def constant(self, number: int) -> np.ndarray | None:
        """The values of a constant of int8 or int32 in its shape; None for what is computed, or of another type."""
        tensor = self._tensor(number)
        data = self._model.buffers[tensor.buffer].data
        if tensor.type not in DTYPES or data is None or not len(data):
            return None
        values: np.ndarray = np.frombuffer(bytes(data), DTYPES[tensor.type]).reshape(self.shape(number))
        return values

    def parameters(self, operator: Any) -> tuple[np.ndarray, np.ndarray] | None:
        """The kernel int8 and the bias int32 (O,) of a CONV_2D with a scale for all or for each of its O channels.

        None where it has others, or where the network uses one of them twice.
        """
        if self.code(operator) != CONV_2D or operator.builtinOptions is None or len(operator.inputs) != 3:
            return None
        kernel, bias = (self.constant(number) for number in operator.inputs[1:])
        if kernel is None or bias is None or kernel.dtype != np.int8 or bias.dtype == np.int8 or kernel.ndim != 4:
            return None
        if bias.shape != kernel.shape[:1] or not all(self._is_own(number) for number in operator.inputs[1:]):
            return None
        return kernel, bias

    def is_plain(self, operator: Any) -> bool:
        """Whether a CONV_2D pads as "same" does, dilates nothing, and has no groups of channels."""
        options, (picture, kernel) = operator.builtinOptions, operator.inputs[:2]
        undilated = options.dilationWFactor == options.dilationHFactor == 1
        return options.padding == SAME and undilated and self.shape(kernel)[3:] == self.shape(picture)[3:]

    def reshape(self, number: int, shape: Iterable[int]) -> None:
        """Give a tensor other sizes."""
        tensor = self._tensor(number)
        tensor.shape = np.array(list(shape), np.int32)
        if tensor.shapeSignature is not None:
            tensor.shapeSignature = tensor.shape

    def set_parameters(self, operator: Any, kernel: np.ndarray, bias: np.ndarray) -> None:
        """Give a convolution other parameters; scales are repeated for channels that are repeated."""
        for number, values in zip(operator.inputs[1:], (kernel, bias), strict=True):
            tensor = self._tensor(number)
            self._model.buffers[tensor.buffer].data = np.frombuffer(values.tobytes(), np.uint8)
            self._repeat_scales(tensor.quantization, values.shape[0])
            self.reshape(number, values.shape)

    def computed_like(self, number: int, shape: Iterable[int]) -> int:
        """A new tensor of other sizes, with the type and the scale of a tensor that is computed."""
        tensor = self._tensor(number)
        return self._add(shape, tensor.type, tensor.quantization)

    def constant_of(self, values: np.ndarray, scales: np.ndarray | None = None) -> int:
        """A new constant of int8 or int32, with one scale for all or one for each of its first axis, if it has any."""
        quantization = self.schema.QuantizationParametersT()
        if scales is not None:
            quantization.scale = scales.astype(np.float32)
            quantization.zeroPoint = np.zeros(len(scales), np.int64)
        kind = INT8 if values.dtype == np.int8 else INT32
        return self._add(values.shape, kind, quantization, values.tobytes())

    def kind(self, number: int) -> int:
        """A tensor's type, a number of the schema's TensorType."""
        return int(self._tensor(number).type)

    def scales(self, number: int) -> np.ndarray:
        """A tensor's scales, float32: one, or one for each channel.

        Raises:
            ValueError: it is not quantized.
        """
        quantization = self._tensor(number).quantization
        if quantization is None or quantization.scale is None:
            raise ValueError("not quantized")
        return np.asarray(quantization.scale, np.float32)

    def operator(self, code: int, takes: list[int], gives: int, options: Any = None) -> Any:
        """A new operation, not yet in `operators`; options is an object of the schema such as `Conv2DOptionsT`."""
        made = self.schema.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = self._opcode(code), takes, [gives]
        if options is not None:
            made.builtinOptions = options
            name = type(options).__name__.removesuffix("T")
            made.builtinOptionsType = getattr(self.schema.BuiltinOptions, name)
        return made

    def reshaping(self, takes: int, gives: int) -> Any:
        """A new RESHAPE from one tensor to another."""
        options = self.schema.ReshapeOptionsT()
        options.newShape = np.array(self.shape(gives), np.int32)
        return self.operator(RESHAPE, [takes, self.constant_of(np.array(self.shape(gives), "<i4"))], gives, options)

    def _tensor(self, number: int) -> Any:
        if number < 0:
            raise IndexError("no such tensor")
        return self._graph.tensors[number]

    def _opcode(self, code: int) -> int:
        for index, known in enumerate(self._model.operatorCodes):
            if kind_of(known) == code:
                return index
        made = self.schema.OperatorCodeT()
        made.builtinCode, made.deprecatedBuiltinCode, made.version = code, code, VERSIONS[code]
        self._model.operatorCodes.append(made)
        return len(self._model.operatorCodes) - 1

    def _add(self, shape: Iterable[int], kind: int, quantization: Any, data: bytes | None = None) -> int:
        tensor, buffer = self.schema.TensorT(), self.schema.BufferT()
        tensor.shape, tensor.type = np.array(list(shape), np.int32), kind
        tensor.quantization, tensor.buffer = quantization, len(self._model.buffers)
        tensor.name = b"form%d" % len(self._graph.tensors)
        buffer.data = None if data is None else np.frombuffer(data, np.uint8)
        self._model.buffers.append(buffer)
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def is_symmetric(self, number: int) -> bool:
        """Whether a tensor has one scale, or one for each place of its first axis, and no zero point but 0."""
        quantization = self._tensor(number).quantization
        if quantization is None or quantization.scale is None or quantization.quantizedDimension != 0:
            return False
        zeros = quantization.zeroPoint
        counted = len(quantization.scale) in (1, self.shape(number)[0])
        return counted and (zeros is None or not np.any(zeros))

    def _is_own(self, number: int) -> bool:
        """Whether only this tensor has its constant, and only one operation takes it, once."""
        shared = sum(other.buffer == self._tensor(number).buffer for other in self._graph.tensors)
        takes = sum(list(operator.inputs).count(number) for operator in self.operators)
        return (shared, takes) == (1, 1) and self.is_symmetric(number)

    @staticmethod
    def _repeat_scales(quantization: Any, channels: int) -> None:
        quantization.min = quantization.max = None
        for name in ("scale", "zeroPoint"):
            values = getattr(quantization, name)
            if values is not None and len(values) > 1:
                setattr(quantization, name, np.tile(values, channels // len(values)))


def _check_plain(graph: Graph) -> None:
    """Raises ValueError for what no network of ours has; unpacking it could take for ever."""
    parts = {"tensors": graph.tensors, "operators": graph.operators, "buffers": graph.buffers}
    if graph.count != 1 or any(len(tables) > MOST_PARTS for tables in parts.values()):
        raise ValueError("too many parts")
    for name, numbers in UNUSUAL.items():
        if any(flatbuffer.field(graph.content, table, n) for table in parts[name] for n in numbers):
            raise ValueError("an unusual part")
    weights = sum(graph.constant(number)[1] for number in range(len(graph.tensors)))
    if weights > 2 * len(graph.content):
        raise ValueError("shared constants")
