"""Where the journal is: as the settings say, else in the log folder of the service (LOGS_DIRECTORY of systemd)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge.settings import JournalSettings

NAME = "journal.jsonl"
SERVICE = Path("/var/log/edge-emotion") / NAME


def journal_file(settings: JournalSettings, environment: Mapping[str, str]) -> str:
    """The journal's file, or "-" for standard output, which "auto" means where there is no log folder."""
    if settings.file != "auto":
        return settings.file
    folder = environment.get("LOGS_DIRECTORY", "").partition(":")[0]
    return str(Path(folder) / NAME) if folder else "-"
