"""Engines: a model on the CPU or the Edge TPU. `open_engine` picks; vendor libraries load inside the adapters."""

from __future__ import annotations

import logging
from collections.abc import Sequence

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
    return open_engines(manifest, (task,), threads, accelerator)[0]


def open_engines(
    manifest: Manifest, tasks: Sequence[str], threads: int = 1, accelerator: str = "cpu"
) -> tuple[Engine, ...]:
    """Load several models, each as `open_engine` does.

    An Edge TPU that does not work is tried and said once, not for every model: a probe that hangs takes its time-out.

    Raises:
        ModelError: a model is missing, broken, or not what the manifest says.
        InvalidValue: an unknown accelerator.
    """
    from edge.engines import tpu
    from edge.engines.litert import LiteRtEngine

    if accelerator not in ACCELERATORS:
        raise InvalidValue(f"accelerator: expected one of {', '.join(ACCELERATORS)}, got {accelerator!r}")
    wanted = accelerator == "edgetpu" or (accelerator == "auto" and bool(tpu.devices()))
    engines: list[Engine] = []
    for task in tasks:
        if wanted and not manifest[task].edgetpu:
            _log.warning(
                "Edge TPU: %s lists no compiled %s model; it runs on the CPU", manifest.folder / "manifest.json", task
            )
        elif wanted:
            try:
                engines.append(tpu.open_tpu(manifest, task, threads))
                continue
            except DelegateError as error:
                wanted = False
                _log.warning("%s; the CPU does the work", error)
        engines.append(LiteRtEngine(manifest[task], manifest.path(task), threads))
    return tuple(engines)
