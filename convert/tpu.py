"""Which operations of a .tflite an Edge TPU would run, which would fall back to the CPU, and why; before compiling.

The rules are coral.ai's model requirements: 8-bit tensors, constant sizes and parameters, at most three dimensions,
listed operations, and one Edge TPU subgraph: what comes after the first operation on the CPU stays there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from convert.tflite import Graph, Operation, Tensor
from convert.tpu_table import SUPPORTED

MEMORY = 8 * 2**20  # bytes of parameters that an Edge TPU holds, shared by all models that are compiled together
EIGHT_BIT = ("INT8", "UINT8")
COMPILED = "edgetpu-custom-op"
WHOLE = "the compiler refuses the whole model"
AFTER = "more than one subgraph is not supported: it comes after an operation on the CPU"
# Operands that are no activations: their type is not an 8-bit one by nature.
_PARAMETERS = {"CONV_2D": 1, "DEPTHWISE_CONV_2D": 1, "FULLY_CONNECTED": 1, "TRANSPOSE_CONV": 1}


@dataclass(frozen=True)
class Verdict:
    """What becomes of one operation.

    Attributes:
        operation: itself.
        reason: why it stays on the CPU; "" where it is mapped.
        caution: what may still keep it off the Edge TPU although the list has it.
    """

    operation: Operation
    reason: str
    caution: str = ""

    @property
    def mapped(self) -> bool:
        """Whether the Edge TPU would run it."""
        return not self.reason


@dataclass(frozen=True)
class Report:
    """What becomes of one model.

    Attributes:
        name: of the model.
        verdicts: one an operation, in the order of execution.
        parameters: bytes of weights and biases of the mapped operations; of all where a version bars the whole model.
        compiled: whether the file is a compiler's output already.
    """

    name: str
    verdicts: tuple[Verdict, ...]
    parameters: int
    compiled: bool = False

    @property
    def on_cpu(self) -> tuple[Verdict, ...]:
        """The operations that would stay on the CPU."""
        return tuple(verdict for verdict in self.verdicts if not verdict.mapped)

    @property
    def cause(self) -> Verdict | None:
        """The first operation that stays on the CPU for its own sake."""
        return next((verdict for verdict in self.on_cpu if verdict.reason not in (WHOLE, AFTER)), None)

    @property
    def complete(self) -> bool:
        """Whether the Edge TPU would run all of it."""
        return bool(self.verdicts) and not self.on_cpu


def report(name: str, graph: Graph) -> Report:
    """Judge every operation of a model."""
    if any(op.kind == COMPILED for op in graph.operations):
        verdicts = tuple(Verdict(op, "" if op.kind == COMPILED else "the compiler left it") for op in graph.operations)
        return Report(name, verdicts, 0, compiled=True)
    own = [refusal(op) for op in graph.operations]
    if any(WHOLE in reason for reason in own):
        refused = tuple(Verdict(op, reason or WHOLE) for op, reason in zip(graph.operations, own, strict=True))
        return Report(name, refused, _constant_bytes(graph.operations))
    verdicts = tuple(
        Verdict(op, reason or after, _caution(op))
        for op, reason, after in zip(graph.operations, own, _after(graph.operations, own), strict=True)
    )
    return Report(name, verdicts, _constant_bytes([v.operation for v in verdicts if v.mapped]))


def _constant_bytes(operations: Sequence[Operation]) -> int:
    stored = {t.index: len(t.data) for op in operations for t in op.inputs if t is not None}
    return sum(stored.values())


def refusal(op: Operation) -> str:
    """Why an operation cannot be mapped for its own sake, or ""."""
    support = SUPPORTED.get(op.kind)
    if op.custom:
        return "a custom operation"
    if support is None:
        return "not in the list of supported operations"
    if op.version > support.version:
        return f"operation version {op.version}, the compiler knows {support.version} at most; {WHOLE}"
    return _tensors(op) or support.limit(op)


def _tensors(op: Operation) -> str:
    weights = _PARAMETERS.get(op.kind)
    if weights is not None and (op.inputs[weights] is None or not op.inputs[weights].constant):  # type: ignore[union-attr]
        return "parameters must be constant at compile time"
    eight_bit = (*EIGHT_BIT, *SUPPORTED[op.kind].state)
    computed = [t for t in (*op.inputs, *op.outputs) if t is not None and not t.constant]
    for tensor in computed:
        if tensor.open:
            return f"dynamic size {tensor.shape}, sizes must be constant; convert with a fixed input size and batch 1"
        if tensor.dtype not in eight_bit:
            return f"works on an unsupported data type, {tensor.dtype}"
        if not tensor.scales:
            return "a tensor without quantization"
        if any(size != 1 for size in tensor.shape[:-3]):
            return f"more than three dimensions above 1 in {tensor.shape}"
    return _constants(op)


def _constants(op: Operation) -> str:
    """Constant operands: 8-bit, or int32 as biases, axes and shapes are."""
    for tensor in op.inputs:
        if (
            tensor is not None
            and tensor.constant
            and tensor.dtype not in (*EIGHT_BIT, "INT32", *SUPPORTED[op.kind].state)
        ):
            return f"works on an unsupported data type, {tensor.dtype}"
    return ""


def _after(operations: Sequence[Operation], own: Sequence[str]) -> list[str]:
    """For each operation AFTER where it needs something that the CPU makes from what the Edge TPU made.

    Operations on the CPU at the very start, such as a QUANTIZE of a float input, keep nothing off.
    """
    mapped: set[int] = set()  # tensors made on the Edge TPU
    tail: set[int] = set()  # tensors made on the CPU after it
    answers = []
    for op, reason in zip(operations, own, strict=True):
        needs = {t.index for t in op.inputs if t is not None}
        makes = {t.index for t in op.outputs}
        late = bool(needs & tail) or (bool(reason) and bool(needs & mapped))
        if late:
            tail |= makes
        elif not reason:
            mapped |= makes
        answers.append(AFTER if needs & tail else "")
    return answers


def _caution(op: Operation) -> str:
    support = SUPPORTED.get(op.kind)
    return support.caution(op) if support else ""


def described(tensor: Tensor | None) -> str:
    """A tensor in a few words: type, shape, quantization."""
    if tensor is None:
        return "none"
    shape = "x".join("?" if tensor.open and k == 0 else str(size) for k, size in enumerate(tensor.shape)) or "scalar"
    if not tensor.scales:
        return f"{tensor.dtype.lower()} {shape}"
    scale = f"{tensor.scales[0]:.4g}" if len(tensor.scales) == 1 else f"{len(tensor.scales)} scales"
    return f"{tensor.dtype.lower()} {shape} ({scale}, zero {tensor.zero_points[0] if tensor.zero_points else 0})"


def memory(reports: Sequence[Report]) -> Mapping[str, int]:
    """Bytes of parameters: of each model by name, and of all together under "all"."""
    return {**{r.name: r.parameters for r in reports}, "all": sum(r.parameters for r in reports)}


def fits(reports: Sequence[Report]) -> bool:
    """Whether the models' parameters, compiled together, would all lie in the Edge TPU's memory."""
    return memory(reports)["all"] <= MEMORY
