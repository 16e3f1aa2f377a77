"""The service's files: where systemd says that its state lies (STATE_DIRECTORY)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge.settings import Settings

SERVICE = Path("/var/lib/edge-emotion")  # the state folder of the installed service


def pause_file(settings: Settings, environment: Mapping[str, str]) -> Path | None:
    """The pause file: "auto" means `pause` in the service's state folder, or none where there is no such folder."""
    if settings.maker.pause_file != "auto":
        return Path(settings.maker.pause_file) if settings.maker.pause_file else None
    return state_file("pause", environment)


def with_service(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The environment with the service's state folder, where the service is installed and none is named."""
    if environment.get("STATE_DIRECTORY") or not SERVICE.is_dir():
        return environment
    return {**environment, "STATE_DIRECTORY": str(SERVICE)}


def state_file(name: str, environment: Mapping[str, str]) -> Path | None:
    """A file in the service's state folder; None where there is no such folder."""
    folder = environment.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(folder) / name if folder else None
