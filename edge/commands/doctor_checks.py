"""The checks of `edge-emotion doctor`, in the order of its lines. Each gives findings about the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from edge.commands.doctor_devices import camera, screen
from edge.commands.doctor_finding import Finding
from edge.commands.doctor_machine import power, room, runtime, version
from edge.commands.doctor_models import accelerator, models
from edge.commands.doctor_outputs import builtin_sinks, other_sinks, page
from edge.commands.doctor_pause import pause
from edge.settings import Settings

Check = Callable[[Settings], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    version, runtime, models, accelerator, camera, pause, screen, builtin_sinks, room, other_sinks, page, power,
)  # fmt: skip
# What a new version of this program or of its libraries can break; nothing here needs a device.
SOFTWARE: tuple[Check, ...] = (runtime, models, other_sinks)
