"""A summary of the run's events, for the end of `edge-emotion run`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge.journals.summary import Summary


class SummarySink:
    """Counts the events.

    Attributes:
        summary: of the events so far.
    """

    def __init__(self) -> None:
        self.summary = Summary()

    def write(self, event: Mapping[str, Any]) -> None:
        """Count one event."""
        self.summary.add(event)

    def tick(self) -> None:
        """Nothing is due."""

    def close(self) -> None:
        """Nothing to release."""
