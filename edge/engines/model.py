"""A .tflite in LiteRT's interpreter: a picture in, its outputs out; the file's own scales turn pixels and answers."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.engines.quiet import quiet_stderr
from edge.errors import EngineError, InvalidValue, MissingExtra, ModelError, one_line
from edge.machine import pip
from edge.vision.preprocessing import Preprocessing, look_up
from edge.vision.tensor import dequantize, is_less_128, less_128, to_tensor

MAX_VALUES = 1 << 26  # of one tensor; a file of 2 kB can ask for any number
HELD = "reference to internal data"  # a part of what the interpreter says while somebody has a view of its memory
TRIES, WAIT_S = 20, 0.01  # how often it is asked, and how long is waited in between


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
            raise MissingExtra(f"LiteRT is not installed; install it: {pip('install ai-edge-litert')}") from None
    return interpreter


@dataclass(frozen=True)
class Output:
    """One output of a model as the file declares it; `scale` is 0 where it is not quantized."""

    index: int
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int


class LiteRtModel:
    """A .tflite in an interpreter, whatever it is for: one picture in, its outputs in the order of their names out.

    For one thread at a time.

    Args:
        source: a .tflite file or its content.
        preprocessing: what the model was trained on.
        name: for messages; default: the file's path.
        threads: threads of the interpreter, at least 1.
        delegates: loaded delegates, such as the Edge TPU's.
        keep_tensors: keep every tensor of a run for `tensor`.
        shape: of the picture, (H, W, C), where the file takes its pixels in another shape (edge.engines.forms).

    Raises:
        ModelError: the file is broken, or its input is not one picture.
    """

    def __init__(
        self,
        source: Path | bytes,
        preprocessing: Preprocessing,
        *,
        name: str = "",
        threads: int = 1,
        delegates: Sequence[Any] = (),
        keep_tensors: bool = False,
        shape: tuple[int, ...] = (),
    ) -> None:
        self.name = name or ("model" if isinstance(source, bytes) else str(source))
        where = {"model_content": source} if isinstance(source, bytes) else {"model_path": str(source)}
        more = {"experimental_preserve_all_tensors": True} if keep_tensors else {}
        module = interpreter_module()
        try:
            with quiet_stderr():
                self._interpreter: Any = module.Interpreter(
                    **where, num_threads=max(1, threads), experimental_delegates=list(delegates) or None, **more
                )
                self._interpreter.allocate_tensors()
            values = max(math.prod(map(int, one["shape"])) for one in self._interpreter.get_tensor_details())
            self._details = _ordered_outputs(self._interpreter)
            inputs = self._interpreter.get_input_details()
        except (ValueError, RuntimeError) as error:
            raise ModelError(
                f"{self.name}: not a usable TensorFlow Lite model ({one_line(error)}); "
                f"reinstall edge-emotion or convert it again"
            ) from None
        # Their memory is only touched when the model runs.
        if values > MAX_VALUES:
            self._interpreter = None
            raise ModelError(
                f"{self.name}: refused, as one of its tensors has {values:,} values, at most {MAX_VALUES:,} fit"
            )
        if len(inputs) != 1:
            raise ModelError(f"{self.name}: expected one input, got {len(inputs)}; convert the model again")
        self._stored = _shape(inputs[0])
        self.input_shape = (self._stored[0], *shape) if shape else self._stored
        self.outputs = tuple(_output(detail) for detail in self._details)
        self._input: int = inputs[0]["index"]
        self._table = self._pixel_table(inputs[0], preprocessing)
        self._reverse = preprocessing.reverse and self.input_shape[-1] == 3
        self._less_128 = is_less_128(self._table) and not self._reverse

    def _pixel_table(self, detail: dict[str, Any], preprocessing: Preprocessing) -> np.ndarray:
        """From a pixel to the tensor's value: int8, uint8 or float32, (256,) or (3, 256)."""
        dtype = np.dtype(detail["dtype"])
        if dtype == np.float32:
            return preprocessing.real_values().astype(np.float32)
        scale, zero_point = detail["quantization"]
        if dtype not in (np.int8, np.uint8) or scale <= 0:
            raise ModelError(
                f"{self.name}: input: expected quantized int8 or uint8, or float32, got {dtype}; convert it again"
            )
        return preprocessing.table(scale, zero_point, dtype.type)

    def raw(self, image: np.ndarray) -> tuple[np.ndarray, ...]:
        """Run the model on a picture uint8 (H, W, C), RGB or grey, of its input size.

        Returns:
            The outputs as the model stores them, without the batch axis; copies.

        Raises:
            InvalidValue: the image has another shape or type.
            EngineError: the interpreter failed.
        """
        if image.shape != self.input_shape[1:] or image.dtype != np.uint8:
            raise InvalidValue(f"{self.name}: expected uint8 {self.input_shape[1:]}, got {image.dtype} {image.shape}")
        if self._interpreter is None:
            raise EngineError(f"{self.name}: the engine is closed")
        try:
            self._take(image)
            self._invoke()
            return tuple(self._interpreter.get_tensor(output.index)[0] for output in self.outputs)
        except (ValueError, RuntimeError) as error:
            raise EngineError(f"{self.name}: the model could not be run ({one_line(error)})") from None

    def _take(self, image: np.ndarray) -> None:
        """Put a picture into the input tensor."""
        if self._less_128:
            # Straight into the interpreter's memory, which must not be held any longer.
            less_128(image, out=self._interpreter.tensor(self._input)().reshape(image.shape))
            return
        plain = self._table.ndim == 1 and not self._reverse
        tensor = to_tensor(image, self._table) if plain else look_up(image, self._table, self._reverse)
        self._interpreter.set_tensor(self._input, tensor.reshape(self._stored))

    def _invoke(self) -> None:
        """Run the interpreter, which refuses while anybody has a view of its memory.

        A profiler in another thread, as each worker of a Dask cluster has one, may for a moment hold the frame of the
        function that filled the input, and with it the view.
        """
        for tries_left in reversed(range(TRIES)):
            try:
                self._interpreter.invoke()
                return
            except RuntimeError as error:
                if HELD not in str(error) or not tries_left:
                    raise
                time.sleep(WAIT_S)

    def infer(self, image: np.ndarray) -> tuple[np.ndarray, ...]:
        """As `raw`, but in real values: float32 copies of the outputs without the batch axis.

        Raises:
            InvalidValue: the image has another shape or type.
            EngineError: the interpreter failed, or answered something that is not a number.
        """
        return tuple(
            self._finite(values) if values.dtype == np.float32 else dequantize(values, output.scale, output.zero_point)
            for values, output in zip(self.raw(image), self.outputs, strict=True)
        )

    def _finite(self, answer: np.ndarray) -> np.ndarray:
        """The answer itself: unlike integers, floats may hold what is not a number."""
        if not np.isfinite(answer).all():
            raise EngineError(f"{self.name}: the model's answer is not a number; convert it again")
        return answer

    def seconds(self, image: np.ndarray) -> float:
        """How long `raw` takes on a picture; raises what it raises."""
        begun = time.perf_counter()
        self.raw(image)
        return time.perf_counter() - begun

    def become(self, other: LiteRtModel) -> None:
        """Switch to another model's interpreter, which must run a form of the same network."""
        self._interpreter, self._input, self._stored = other._interpreter, other._input, other._stored
        self.outputs = other.outputs

    def tensor(self, index: int) -> np.ndarray:
        """A tensor of the last run by its index, as float32 real values; only with `keep_tensors`."""
        detail = self._interpreter._get_tensor_details(index, 0)
        values = self._interpreter.get_tensor(index)
        scale, zero_point = detail["quantization"]
        quantized = values.dtype.kind in "iu" and scale
        return dequantize(values, scale, zero_point) if quantized else values.astype(np.float32)

    def close(self) -> None:
        """Let go of the interpreter; the model cannot be used after that."""
        self._interpreter = None


def natural(name: str) -> tuple[str, int]:
    """A sort key that puts output_2 before output_10."""
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or 0)


def _ordered_outputs(interpreter: Any) -> list[dict[str, Any]]:
    """Output details in the order of the first signature's names (output_0, output_1, ...); never guessed from sizes.

    A file without a signature, from an old converter, has only the order of its outputs.
    """
    signatures = interpreter.get_signature_list()
    if not signatures:
        return list(interpreter.get_output_details())
    key = next(iter(signatures))
    by_name = interpreter.get_signature_runner(key).get_output_details()
    return [by_name[name] for name in sorted(by_name, key=natural)]


def _output(detail: dict[str, Any]) -> Output:
    scale, zero_point = detail["quantization"]
    shape = tuple(int(size) for size in detail["shape"])
    return Output(int(detail["index"]), shape, np.dtype(detail["dtype"]).name, float(scale), int(zero_point))


def _shape(detail: dict[str, Any]) -> tuple[int, ...]:
    """An input's sizes; those that the file leaves open stand as -1, but an open batch is run as 1."""
    return (int(detail["shape"][0]), *(int(size) for size in detail.get("shape_signature", detail["shape"])[1:]))
