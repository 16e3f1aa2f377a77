"""Engines: a model on the CPU or the Edge TPU. `open_engine` picks; vendor libraries load inside the adapters."""

from __future__ import annotations

import logging

from edge.errors import DelegateError, InvalidValue
from edge.manifest import Manifest
from edge.ports import Engine

ACCELERATORS = ("auto", "cpu", "edgetpu")

_log = logging.getLogger(__name__)


def open_engine(manifest: Manifest, task: str, threads: int = 1, accelerator: str = "cpu") -> Engine:
    """Load a task's model, verified against the manifest.

    Args:
        manifest: the models.
        task: "face", "mask", "emotion-bare", "emotion-masked" or "landmarks".
        threads: of the interpreter.
        accelerator: "cpu"; "edgetpu" for the compiled model on an Edge TPU, with a said fall-back to the CPU; "auto"
            for the same where one is plugged in and nothing said where none is.

    Raises:
        ModelError: the model is missing, broken, or not what the manifest says.
        InvalidValue: an unknown accelerator.
    """
    from edge.engines import tpu
    from edge.engines.litert import LiteRtEngine

    if accelerator not in ACCELERATORS:
        raise InvalidValue(f"accelerator: expected one of {', '.join(ACCELERATORS)}, got {accelerator!r}")
    if accelerator == "edgetpu" or (accelerator == "auto" and tpu.devices()):
        try:
            return tpu.open_tpu(manifest, task, threads)
        except DelegateError as error:
            _log.warning("%s; the %s model runs on the CPU", error, task)
    return LiteRtEngine(manifest[task], manifest.path(task), threads)
