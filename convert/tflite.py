"""What is inside a .tflite: operations, tensors and their quantization, read from the flatbuffer without TensorFlow."""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import MissingExtra, ModelError, one_line

MAGIC = b"TFL3"
_NUMPY = {"INT8": "i1", "UINT8": "u1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "FLOAT32": "<f4", "BOOL": "?"}


@dataclass(frozen=True)
class Tensor:
    """One tensor of a graph.

    Attributes:
        index: its place in the subgraph.
        name: as the converter left it.
        shape: sizes; an open size stands as 1.
        open: whether the file leaves a size open (dynamic shape).
        dtype: "INT8", "FLOAT32", ... as in TensorFlow Lite's schema.
        scales, zero_points: of the quantization; empty where there is none, several where it is per channel.
        data: the constant's bytes as the file holds them; empty for tensors that are computed.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    open: bool
    dtype: str
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    data: bytes = field(default=b"", repr=False)

    @property
    def elements(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def constant(self) -> bool:
        """Whether its values stand in the file."""
        return bool(self.data)

    @property
    def values(self) -> np.ndarray:
        """A constant's values as stored, in the tensor's shape; empty for tensors that are computed."""
        kind = _NUMPY.get(self.dtype)
        return np.frombuffer(self.data, kind).reshape(self.shape) if self.data and kind else np.empty(0)


@dataclass(frozen=True)
class Operation:
    """One operation: its kind ("CONV_2D", a custom operation's own name), version, tensors and options."""

    kind: str
    version: int
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: Any = None
    custom: bool = False

    @property
    def name(self) -> str:
        """Where it is in the network: the name of its first output, without the exporter's prefixes."""
        return short(self.outputs[0].name) if self.outputs else self.kind

    @property
    def activation(self) -> str:
        """The fused activation, "NONE" without one."""
        code = getattr(self.options, "fusedActivationFunction", 0) or 0
        return _names("ActivationFunctionType")[code]


@dataclass(frozen=True)
class Graph:
    """The first subgraph of a file, in the order of execution."""

    operations: tuple[Operation, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    subgraphs: int
    size: int

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Every tensor that an operation touches, once."""
        seen = {t.index: t for op in self.operations for t in (*op.inputs, *op.outputs) if t is not None}
        return tuple(seen[index] for index in sorted(seen))

    @property
    def kinds(self) -> Mapping[str, int]:
        """How many operations of each kind, the most frequent first."""
        return dict(Counter(op.kind for op in self.operations).most_common())

    @property
    def parameters(self) -> int:
        """Stored weights and biases; shapes, axes and paddings are not counted."""
        return sum(t.elements for t in self.tensors if t.constant and (t.scales or t.dtype.startswith("FLOAT")))


def short(name: str) -> str:
    """A tensor's name without the exporter's prefixes: the last of the names that were fused into it."""
    parts = [part for part in name.split(";") if part and not part.startswith("StatefulPartitionedCall:")]
    if not parts:
        return "output"
    pieces = parts[0].split("/")
    return "/".join(pieces[1:] if len(pieces) > 1 else pieces)


def read(source: Path | bytes) -> Graph:
    """The graph of a .tflite file or of its bytes.

    Raises:
        ModelError: the file cannot be read or is not a TensorFlow Lite model.
        MissingExtra: LiteRT's schema is not installed.
    """
    if isinstance(source, bytes):
        where, content = "model", source
    else:
        where = str(source)
        try:
            content = Path(source).read_bytes()
        except OSError as error:
            raise ModelError(f"{where}: cannot read the model ({error.strerror or error}); fix the path") from None
    if content[4:8] != MAGIC:
        raise ModelError(f"{where}: not a TensorFlow Lite file; convert the model with edge-emotion-convert first")
    schema = _schema()
    try:
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
        return _graph(model, len(content))
    except (struct.error, IndexError, ValueError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise ModelError(f"{where}: broken TensorFlow Lite file ({one_line(error, 80)}); convert it again") from None


def _schema() -> Any:
    try:
        from ai_edge_litert import schema_py_generated
    except ImportError:
        raise MissingExtra("LiteRT's schema is not installed; fix it with: pip install ai-edge-litert") from None
    return schema_py_generated


@lru_cache
def _names(enumeration: str) -> dict[int, str]:
    members = vars(getattr(_schema(), enumeration))
    return {value: name for name, value in members.items() if isinstance(value, int)}


def _graph(model: Any, size: int) -> Graph:
    subgraph = model.subgraphs[0]
    tensors = [_tensor(index, t, model.buffers) for index, t in enumerate(subgraph.tensors)]
    operations = []
    for op in subgraph.operators or []:
        code = model.operatorCodes[op.opcodeIndex]
        kind = _names("BuiltinOperator")[max(code.builtinCode, code.deprecatedBuiltinCode)]
        custom = kind == "CUSTOM"
        name = code.customCode.decode() if custom and code.customCode else kind
        operations.append(
            Operation(
                name,
                code.version,
                tuple(tensors[i] if i >= 0 else None for i in _list(op.inputs)),
                tuple(tensors[i] for i in _list(op.outputs)),
                op.builtinOptions,
                custom,
            )
        )
    ends = [tuple(tensors[i] for i in _list(side)) for side in (subgraph.inputs, subgraph.outputs)]
    return Graph(tuple(operations), ends[0], ends[1], len(model.subgraphs), size)


def _tensor(index: int, tensor: Any, buffers: list[Any]) -> Tensor:
    stored = buffers[tensor.buffer].data
    quantization = tensor.quantization
    open_sizes = [size for size in _list(tensor.shapeSignature) if size < 0]
    return Tensor(
        index,
        tensor.name.decode() if tensor.name else str(index),
        tuple(int(size) for size in _list(tensor.shape)),
        bool(open_sizes),
        _names("TensorType")[tensor.type],
        tuple(float(s) for s in _list(quantization.scale if quantization else None)),
        tuple(int(z) for z in _list(quantization.zeroPoint if quantization else None)),
        b"" if stored is None else bytes(stored),
    )


def _list(values: Any) -> list[Any]:
    return [] if values is None else list(values)
