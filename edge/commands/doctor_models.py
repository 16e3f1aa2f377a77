"""The checks of `edge-emotion doctor` of the models and of what runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge import manifest
from edge.commands.doctor_finding import FAIL, OK, WARN, Finding
from edge.engines import open_engine, tpu
from edge.errors import DelegateError, EdgeError
from edge.pipeline.factory import daemon_tasks, open_pipeline, optional_tasks
from edge.settings import Settings


def models(settings: Settings) -> Iterator[Finding]:
    """Each model that the settings need: its hash, and that it runs; then that they fit together."""
    try:
        listed = manifest.load(Path(settings.models.dir) if settings.models.dir else None)
    except EdgeError as error:
        yield Finding(FAIL, "models", str(error))
        return
    found = [_model(settings, listed, task) for task in daemon_tasks(settings.models)]
    yield from found
    try:
        optional = [_model(settings, listed, task) for task in optional_tasks(listed, settings.faces)]
        yield from optional
        if all(finding.level == OK for finding in (*found, *optional)):
            open_pipeline(replace(settings, engine=replace(settings.engine, accelerator="cpu"))).close()
    except EdgeError as error:
        yield Finding(FAIL, "models", str(error))


def _model(settings: Settings, listed: manifest.Manifest, task: str) -> Finding:
    try:
        path = listed.path(task)
        engine = open_engine(listed, task, settings.engine.threads)
        spec = engine.spec
        engine.infer(np.zeros((spec.height, spec.width, spec.channels), np.uint8))
        engine.close()
    except EdgeError as error:
        return Finding(FAIL, f"model {task}", str(error))
    size = path.stat().st_size / 1000
    return Finding(OK, f"model {task}", f"{spec.name}, {size:.0f} kB, sha256 {spec.sha256[:12]} verified, runs")


def accelerator(settings: Settings, devices: Callable[[], list[str]] = tpu.devices) -> Iterator[Finding]:
    """The Edge TPU, if it is wanted."""
    asked, there = settings.engine.accelerator, devices()
    if asked == "cpu" or (asked == "auto" and not there):
        reason = "as configured" if asked == "cpu" else "no Edge TPU is plugged in"
        yield Finding(OK, "accelerator", f"CPU, {settings.engine.threads} threads ({reason})")
        return
    try:
        listed = manifest.load(Path(settings.models.dir) if settings.models.dir else None)
        for engine in tpu.open_tpu(listed, daemon_tasks(settings.models)).values():
            engine.close()
    except DelegateError as error:
        yield Finding(WARN, "accelerator", f"{error}; using the CPU")
    except EdgeError as error:
        yield Finding(FAIL, "accelerator", str(error))
    else:
        yield Finding(OK, "accelerator", f"Edge TPU ({', '.join(there) or 'found by its library'}), runs all models")
