"""Run any int8 file on LiteRT the way the device does: the same pixel table, the same order and dequantization.

Unlike the device's engine this needs no ModelSpec, so that a model can be checked before it is anybody's task.
"""

from __future__ import annotations

import os
import platform
import re
import statistics
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from convert.errors import ConversionError, one_line
from edge.engines.litert import interpreter_module
from edge.errors import ModelError
from edge.vision.tensor import dequantize, pixel_table, to_tensor
from training.quiet import quiet


class Runner:
    """One model in one interpreter.

    Args:
        content: of the .tflite.
        low, high: the real values that pixel 0 and pixel 255 stand for.
        inner: keep every tensor of the graph, for the comparison layer by layer.
        threads: of the interpreter.

    Raises:
        ModelError: the interpreter refuses the file.
    """

    def __init__(self, content: bytes, low: float, high: float, inner: bool = False, threads: int = 1) -> None:
        module = interpreter_module()
        try:
            with quiet(), warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                self._interpreter = module.Interpreter(
                    model_content=content, num_threads=threads, experimental_preserve_all_tensors=inner
                )
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"model: LiteRT cannot load it ({one_line(error, 120)}); convert it again") from None
        detail = self._interpreter.get_input_details()[0]
        self._input: int = detail["index"]
        if detail["dtype"] == np.float32:
            self._table = (low + (high - low) * np.arange(256) / 255.0).astype(np.float32)
        else:
            self._table = pixel_table(low, high, detail["quantization"][0], detail["quantization"][1], detail["dtype"])
        self._outputs = _ordered(self._interpreter)

    def raw(self, image: np.ndarray) -> tuple[np.ndarray, ...]:
        """uint8 (H, W, C) to the outputs as they are stored, without the batch axis, in the order of their names."""
        self._interpreter.set_tensor(self._input, to_tensor(image, self._table)[None])
        self._interpreter.invoke()
        return tuple(self._interpreter.get_tensor(d["index"])[0] for d in self._outputs)

    def infer(self, image: np.ndarray) -> tuple[np.ndarray, ...]:
        """uint8 (H, W, C) to float32 outputs."""
        pairs = zip(self.raw(image), self._outputs, strict=True)
        return tuple(v if v.dtype == np.float32 else dequantize(v, *d["quantization"]) for v, d in pairs)

    def predict(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        """uint8 (N, H, W, C) to one float32 array (N, ...) an output."""
        answers = [self.infer(image) for image in images]
        return tuple(np.stack([answer[k] for answer in answers]) for k in range(len(self._outputs)))

    def tensor(self, index: int) -> np.ndarray:
        """A tensor of the last run by its index, as float32; only with `inner`."""
        detail = self._interpreter._get_tensor_details(index, 0)
        values = self._interpreter.get_tensor(index)
        scale, zero_point = detail["quantization"]
        return (
            dequantize(values, scale, zero_point) if values.dtype.kind in "iu" and scale else values.astype(np.float32)
        )

    def described(self) -> list[dict[str, Any]]:
        """Name, shape, dtype, scale and zero_point of each output, plain values."""
        return [
            {
                "name": f"output_{k}",
                "shape": [int(size) for size in d["shape"]],
                "dtype": np.dtype(d["dtype"]).name,
                "scale": float(d["quantization"][0]),
                "zero_point": int(d["quantization"][1]),
            }
            for k, d in enumerate(self._outputs)
        ]

    def milliseconds(self, runs: int = 50) -> float:
        """Median time of one run on the machine at hand, ms."""
        shape = tuple(self._interpreter.get_input_details()[0]["shape"][1:])
        image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        times = []
        for _ in range(runs + 5):
            start = time.perf_counter()
            self.raw(image)
            times.append(time.perf_counter() - start)
        return statistics.median(times[5:]) * 1e3


def _ordered(interpreter: Any) -> list[dict[str, Any]]:
    signatures = interpreter.get_signature_list()
    if not signatures:
        return list(interpreter.get_output_details())
    by_name = interpreter.get_signature_runner(next(iter(signatures))).get_output_details()
    return [by_name[name] for name in sorted(by_name, key=lambda n: (len(n), n))]


def machine() -> str:
    """This machine in a few words: the board, or the processor's name, and the architecture."""
    board = Path("/proc/device-tree/model")
    if board.is_file():
        name = board.read_text(errors="replace").strip("\0 \n")
    else:
        found = re.search(r"model name\s*:\s*(.+)", _cpuinfo())
        name = found[1].strip() if found else platform.processor() or "unknown processor"
    return f"{name}, {os.cpu_count()} cores, {platform.machine()}"


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:
        return ""


def finite(name: str, outputs: tuple[np.ndarray, ...]) -> None:
    """Check a model's answers.

    Raises:
        ConversionError: one of them is not a number.
    """
    if not all(np.isfinite(output).all() for output in outputs):
        raise ConversionError(f"{name}: the float model answers with values that are not numbers; train it again")
