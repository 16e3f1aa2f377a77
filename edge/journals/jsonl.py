"""One event, one line of JSON: how it is written and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from edge.clock import rfc3339

DECIMALS = 4
HEAD = b'{"time": "'  # the beginning of every line


def encode(event: Mapping[str, Any], wall: float) -> bytes:
    """A line in UTF-8 with its line end: the time first, then the event's keys in their order, numbers to 4 decimals.

    Args:
        event: what JSON can hold; a number that is not finite becomes null.
        wall: seconds since 1970; it replaces whatever `time` the event has.
    """
    time = {"time": rfc3339(wall)}
    line = json.dumps(rounded({**time, **event, **time}), ensure_ascii=False, allow_nan=False)
    return line.encode("utf-8", "replace") + b"\n"


def decode(line: bytes) -> dict[str, Any] | None:
    """The event of a line, or None where it is not a complete one."""
    if not line.startswith(HEAD) or not line.endswith(b"\n"):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event.get("event"), str) and isinstance(event.get("time"), str) else None


def rounded(value: Any) -> Any:
    """The same value with every float to 4 decimals, tuples as lists; a new one."""
    if isinstance(value, float):
        number = round(value, DECIMALS)
        # JSON has no NaN, and minus zero is zero.
        return number + 0.0 if number - number == 0 else None
    if isinstance(value, Mapping):
        return {str(key): rounded(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(entry) for entry in value]
    return value
