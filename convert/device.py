"""The device's own view of a file that has not landed yet."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from convert.errors import ConversionError
from convert.runner import Runner
from edge.engines.litert import LiteRtEngine
from edge.manifest import ModelSpec
from edge.ports import Engine
from edge.tasks import TASKS
from training.quiet import quiet


@contextlib.contextmanager
def opened(spec: ModelSpec | None, content: bytes) -> Iterator[Engine | None]:
    """The device's engine on the content of a .tflite, which must take it; None for a model of nobody's task.

    Raises:
        ConversionError: the labels or the outputs are not those of the task.
    """
    if spec is None:
        yield None
        return
    choices = TASKS[spec.task].labels
    if choices and sorted(spec.labels) not in [sorted(own) for own in choices]:
        own = ", or ".join(", ".join(labels) for labels in choices)
        raise ConversionError(f"--labels: {spec.task} has {own}, in any order; got {', '.join(spec.labels)}")
    with tempfile.TemporaryDirectory(prefix="edge-emotion-convert-") as folder:
        path = Path(folder) / spec.file
        path.write_bytes(content)
        try:
            with quiet():
                engine = LiteRtEngine(spec, path)
        except ValueError as error:
            raise ConversionError(str(error).replace(f"{path}: ", f"{spec.name}: ")) from None
        try:
            yield engine
        finally:
            engine.close()


def agrees(engine: Engine, runner: Runner, images: np.ndarray) -> None:
    """Check on pictures uint8 (N, H, W, C) that the device's engine answers the very numbers of the runner.

    Raises:
        ConversionError: it does not.
    """
    for image in images:
        for a, b in zip(engine.infer(image), runner.infer(image), strict=True):
            if not np.array_equal(a, b):
                name = engine.spec.name
                raise ConversionError(f"{name}: the device's engine answers otherwise than LiteRT; report it")
