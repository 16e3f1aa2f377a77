"""LiteRT (TensorFlow Lite) on the CPU, XNNPACK inside; the file's own scales turn pixels and answers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge.engines import operators
from edge.engines.quiet import quiet_stderr
from edge.errors import EngineError, InvalidValue, MissingExtra, ModelError
from edge.manifest import ModelSpec
from edge.tasks import HEADS
from edge.vision.detection import anchor_points
from edge.vision.tensor import dequantize, pixel_table, to_tensor


def interpreter_module() -> Any:
    """LiteRT's interpreter module, or tflite-runtime's, its stand-in on 32-bit Raspberry Pi OS.

    Raises:
        MissingExtra: neither is installed.
    """
    try:
        from ai_edge_litert import interpreter
    except ImportError:
        try:
            from tflite_runtime import interpreter
        except ImportError:
            raise MissingExtra(
                f"LiteRT is not installed; install it: {sys.executable} -m pip install ai-edge-litert"
            ) from None
    return interpreter


class LiteRtEngine:
    """One model in one interpreter, for one thread at a time.

    Args:
        spec: the contract that the file must keep.
        path: the .tflite, its hash already verified.
        threads: threads of the interpreter, at least 1.
        delegates: loaded delegates, such as the Edge TPU's.

    Raises:
        ModelError: the file is broken, uses an operation that is refused, or its inputs or outputs are not what the
            spec says.
    """

    def __init__(self, spec: ModelSpec, path: Path, threads: int = 1, delegates: Sequence[Any] = ()) -> None:
        self.spec = spec
        module = interpreter_module()
        operators.check(path, _content(path))
        try:
            with quiet_stderr():
                self._interpreter: Any = module.Interpreter(
                    model_path=str(path), num_threads=max(1, threads), experimental_delegates=list(delegates) or None
                )
                self._interpreter.allocate_tensors()
            ordered = _outputs(self._interpreter)
            inputs = self._interpreter.get_input_details()
        except (ValueError, RuntimeError) as error:
            raise ModelError(
                f"{path}: not a usable TensorFlow Lite model ({_line(error)}); "
                f"reinstall edge-emotion or convert it again"
            ) from None
        self._table = _checked_input(path, spec, inputs)
        self._input: int = inputs[0]["index"]
        self._outputs = _checked_outputs(path, spec, ordered)

    def infer(self, image: np.ndarray) -> tuple[np.ndarray, ...]:
        """Run the model on uint8 (H, W, C) of the spec's size; float32 copies of the outputs without the batch axis.

        Raises:
            InvalidValue: the image has another shape or type.
            EngineError: the interpreter failed, or answered something that is not a number.
        """
        expected = (self.spec.height, self.spec.width, self.spec.channels)
        if image.shape != expected or image.dtype != np.uint8:
            raise InvalidValue(f"{self.spec.name}: expected uint8 {expected}, got {image.dtype} {image.shape}")
        if self._interpreter is None:
            raise EngineError(f"{self.spec.name}: the engine is closed")
        try:
            self._interpreter.set_tensor(self._input, to_tensor(image, self._table)[None])
            self._interpreter.invoke()
            answers = tuple(self._answer(output) for output in self._outputs)
        except (ValueError, RuntimeError) as error:
            raise EngineError(f"{self.spec.name}: the model could not be run ({_line(error)})") from None
        if not all(np.isfinite(answer).all() for answer in answers):
            raise EngineError(f"{self.spec.name}: the model's answer is not a number; convert it again")
        return answers

    def close(self) -> None:
        """Let go of the interpreter; the engine cannot be used after that."""
        self._interpreter = None

    def _answer(self, output: dict[str, Any]) -> np.ndarray:
        values = self._interpreter.get_tensor(output["index"])[0]
        if values.dtype == np.float32:
            return values
        return dequantize(values, *output["quantization"])


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot read the model ({error.strerror or error}); reinstall edge-emotion") from None


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _outputs(interpreter: Any) -> list[dict[str, Any]]:
    """Output details in the order of the first signature's names (output_0, output_1, ...); never guessed from sizes.

    A file without a signature, from an old converter, has only the order of its outputs.
    """
    signatures = interpreter.get_signature_list()
    if not signatures:
        return list(interpreter.get_output_details())
    key = next(iter(signatures))
    by_name = interpreter.get_signature_runner(key).get_output_details()
    return [by_name[name] for name in sorted(by_name, key=_natural)]


def _natural(name: str) -> tuple[str, int]:
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or 0)


def _checked_input(path: Path, spec: ModelSpec, inputs: list[dict[str, Any]]) -> np.ndarray:
    """The table from a pixel to the tensor's value: int8, uint8 or float32, (256,)."""
    if len(inputs) != 1:
        raise ModelError(f"{path}: expected one input, got {len(inputs)}; convert the model again")
    detail = inputs[0]
    expected = (1, spec.height, spec.width, spec.channels)
    # Sizes that the file leaves open (-1) cannot keep a contract; an open batch is run as 1.
    shape = (int(detail["shape"][0]), *(int(size) for size in detail.get("shape_signature", detail["shape"])[1:]))
    dtype = np.dtype(detail["dtype"])
    if shape != expected:
        raise ModelError(f"{path}: input: expected {expected} as the manifest says, got {shape}; convert it again")
    if dtype == np.float32:
        return (spec.low + (spec.high - spec.low) * np.arange(256) / 255.0).astype(np.float32)
    scale, zero_point = detail["quantization"]
    if dtype not in (np.int8, np.uint8) or scale <= 0:
        raise ModelError(f"{path}: input: expected quantized int8 or uint8, or float32, got {dtype}; convert it again")
    return pixel_table(spec.low, spec.high, scale, zero_point, dtype.type)


def _checked_outputs(path: Path, spec: ModelSpec, outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(outputs) != HEADS[spec.head]:
        raise ModelError(
            f"{path}: head {spec.head}: expected {HEADS[spec.head]} outputs, got {len(outputs)}; convert it again"
        )
    shapes = [tuple(int(size) for size in output["shape"]) for output in outputs]
    expected: list[tuple[int, ...]]
    if spec.head == "anchors":
        count = len(anchor_points(spec.width, spec.height, spec.strides))
        expected = [(1, count, 1), (1, count, 4)]
    elif spec.head == "probabilities":
        expected = [(1, len(spec.labels))]
    else:
        expected = [(1, 136)]
    if shapes != expected:
        raise ModelError(f"{path}: head {spec.head}: expected outputs {expected}, got {shapes}; convert it again")
    for output in outputs:
        dtype = np.dtype(output["dtype"])
        if dtype not in (np.int8, np.uint8, np.float32):
            raise ModelError(f"{path}: output: expected int8, uint8 or float32, got {dtype}; convert it again")
        if dtype != np.float32 and output["quantization"][0] <= 0:
            raise ModelError(f"{path}: output: expected one scale for the tensor, got none; convert it again")
    return outputs
