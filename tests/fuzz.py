"""How many examples a fuzzer takes: a few in `make test`, many in `make fuzz`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings


def examples(short: int, long: int) -> settings:
    """The hypothesis settings of a fuzzer; FUZZ=1 in the environment asks for the long run."""
    count = long if os.environ.get("FUZZ") else short
    return settings(max_examples=count, suppress_health_check=list(HealthCheck), deadline=None)
