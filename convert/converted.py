"""A converted model: its bytes with what is known of them, each found out once."""

from __future__ import annotations

import hashlib
import statistics
import time
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from convert import tflite
from convert.errors import ConversionError
from convert.tflite import Graph
from edge.engines.litert import LiteRtEngine
from edge.engines.model import LiteRtModel
from edge.errors import ModelError
from edge.manifest import ModelSpec
from edge.vision.preprocessing import Preprocessing
from training.quiet import quiet


@dataclass(frozen=True, eq=False)
class Converted:
    """A .tflite in memory.

    Attributes:
        name: of the model, for messages.
        content: the file's bytes.
        preprocessing: what its input wants.
    """

    name: str
    content: bytes
    preprocessing: Preprocessing

    @cached_property
    def sha256(self) -> str:
        """64 hex digits."""
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def graph(self) -> Graph:
        """Its operations and tensors.

        Raises:
            ModelError: the bytes are not a model.
        """
        return tflite.read(self.content)

    @cached_property
    def model(self) -> LiteRtModel:
        """It in the device's interpreter.

        Raises:
            ModelError: the interpreter refuses it.
        """
        return self.opened()

    def opened(self, keep_tensors: bool = False) -> LiteRtModel:
        """It in an interpreter of its own; with `keep_tensors` for a look at every tensor."""
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return LiteRtModel(self.content, self.preprocessing, name=self.name, keep_tensors=keep_tensors)

    def engine(self, spec: ModelSpec) -> LiteRtEngine:
        """It as the device will open it.

        Raises:
            ConversionError: its input or its outputs are not what the manifest entry says.
        """
        try:
            with quiet():
                return LiteRtEngine(spec, self.content)
        except ModelError as error:
            raise ConversionError(str(error)) from None

    def predict(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        """Pictures uint8 (N, H, W, C) to one float32 array (N, ...) per output."""
        answers = [self.model.infer(image) for image in images]
        return tuple(np.stack([answer[k] for answer in answers]) for k in range(len(self.model.outputs)))

    def outputs(self) -> list[dict[str, Any]]:
        """Name, shape, dtype, scale and zero_point of each output, as the model card holds them."""
        return [
            {
                "name": f"output_{k}",
                "shape": list(output.shape),
                "dtype": output.dtype,
                "scale": output.scale,
                "zero_point": output.zero_point,
            }
            for k, output in enumerate(self.model.outputs)
        ]

    def milliseconds(self, runs: int = 50) -> float:
        """Median time of one run on the machine at hand, ms."""
        image = np.random.default_rng(0).integers(0, 256, self.model.input_shape[1:], np.uint8)
        times = []
        for _ in range(runs + 5):
            start = time.perf_counter()
            self.model.raw(image)
            times.append(time.perf_counter() - start)
        return statistics.median(times[5:]) * 1e3
