"""Engines: a model on the CPU or the Edge TPU. `open_engine` picks; vendor libraries load inside the adapters."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from edge.errors import DelegateError, InvalidValue
from edge.manifest import Manifest
from edge.ports import Engine

ACCELERATORS = ("auto", "cpu", "edgetpu")
# How long an Edge TPU may take to be tried out. The first time it gets its firmware; after a run that ended badly the
# whole restart has 15 s, most of which the watchdog took.
FIRST_S, AGAIN_S = 20.0, 3.0

_log = logging.getLogger(__name__)


def open_engine(manifest: Manifest, task: str, threads: int = 1, accelerator: str = "cpu") -> Engine:
    """Load a task's model, verified against the manifest.

    Args:
        manifest: the models.
        task: one of edge.tasks.TASKS.
        threads: of the interpreter.
        accelerator: "cpu"; "edgetpu" for the compiled model on an Edge TPU, with a warning where the CPU takes over;
            "auto" for the same, but without a warning where no Edge TPU is plugged in.

    Raises:
        ModelError: the model is missing, broken, or not what the manifest says.
        InvalidValue: an unknown accelerator.
    """
    return open_engines(manifest, (task,), threads, accelerator)[0]


def open_engines(
    manifest: Manifest,
    tasks: Sequence[str],
    threads: int = 1,
    accelerator: str = "cpu",
    trial_s: float = FIRST_S,
    fell_back: Callable[[str], None] | None = None,
) -> tuple[Engine, ...]:
    """Load several models, each as `open_engine` does.

    An Edge TPU is tried out once for all of them: where one does not work on it, none runs there.

    Args:
        manifest: the models.
        tasks: which, in the order of the answer.
        threads, accelerator: as of `open_engine`.
        trial_s: seconds that trying out an Edge TPU may take.
        fell_back: told, beside the log, what runs on the CPU though the Edge TPU was asked for, and why.

    Raises:
        ModelError: a model is missing, broken, or not what the manifest says.
        InvalidValue: an unknown accelerator.
    """
    from edge.engines import tpu
    from edge.engines.litert import LiteRtEngine

    if accelerator not in ACCELERATORS:
        raise InvalidValue(f"accelerator: expected one of {', '.join(ACCELERATORS)}, got {accelerator!r}")
    told: list[str] = []
    accelerated: dict[str, LiteRtEngine] = {}
    if accelerator == "edgetpu" or (accelerator == "auto" and tpu.devices()):
        plain = [task for task in tasks if not manifest[task].edgetpu]
        if plain:
            listing = manifest.folder / "manifest.json"
            told.append(f"Edge TPU: {listing} lists no compiled {', '.join(plain)} model; the CPU runs it")
        try:
            accelerated = tpu.open_tpu(manifest, [task for task in tasks if task not in plain], threads, trial_s)
        except DelegateError as error:
            told.append(f"{error}; the CPU does the work")
    for line in told:
        _log.warning("%s", line)
        if fell_back:
            fell_back(line)
    return tuple(accelerated.get(task) or LiteRtEngine(manifest[task], manifest.path(task), threads) for task in tasks)
