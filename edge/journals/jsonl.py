"""One event, one line of JSON: how it is written and read back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from edge.clock import from_rfc3339, rfc3339

DECIMALS = 4
HEAD = b'{"time": "'  # the beginning of every line
BOM = b"\xef\xbb\xbf"  # which some editors put in front of a file
LONGEST = 1 << 20  # bytes; a longer line is not an event

# How a line that this program wrote begins: a zero stands for a digit.
_TEMPLATE = b'{"time": "0000-00-00T00:00:00.000Z", "monotonic": '
_OURS = re.compile(
    re.escape(_TEMPLATE).replace(b"0", rb"[0-9]") + rb'-?[0-9][0-9.eE+-]*, "event": "[^"\\\x00-\x1f]+"[,}]'
)
_LATEST = 221e9  # about the year 8973: with a century added, it is still a date that Python has
_LARGEST = 3.2e9  # a century in seconds; no pixel and no number of a track is beyond it either


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
    """The event of a line, or None where it is not a complete one or one of its values has a type of its own."""
    line = line.removeprefix(BOM)
    if not line.startswith(HEAD) or not line.endswith(b"\n") or len(line) > LONGEST:
        return None
    try:
        event = _DECODER.decode(line.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event.get("event"), str) and _is_sound(event) else None


def ended(line: bytes) -> bytes:
    """The line with its line end, which the last one of a file that was copied or edited may lack; without the zeros
    that a power cut leaves there.
    """
    return line if line.endswith(b"\n") else line.rstrip(b"\0") + b"\n"


def is_torn(line: bytes) -> bool:
    """Whether the last line of a file is only the beginning of one of ours: the writer is in the middle of it, or a
    power cut came.

    A whole object whose line end alone is missing is not torn: no beginning of an object is an object.
    """
    if line.endswith(b"\n") or not begins_as_ours(line := line.rstrip(b"\0")):
        return False
    try:
        _DECODER.decode(line.removeprefix(BOM).decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return True
    return False


def is_ours(line: bytes) -> bool:
    """Whether this program wrote the (complete) line: other programs' logs may be JSON with a `time`, too."""
    return _OURS.match(line.removeprefix(BOM)) is not None and decode(line) is not None


def begins_as_ours(data: bytes) -> bool:
    """Whether these bytes, cut off anywhere, can be the beginning of a line of ours."""
    digits = data.removeprefix(BOM)[: len(_TEMPLATE)].translate(bytes.maketrans(b"123456789", b"0" * 9))
    return _TEMPLATE.startswith(digits)


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


def _refuse(constant: str) -> None:
    raise ValueError(constant)


# Kept, since json.loads makes a new one for every line.
_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and 0 <= from_rfc3339(value) < _LATEST
    except (ValueError, OverflowError):
        return False


def _is_number(value: Any) -> bool:
    # JSON has no subclasses but bool; a long journal has millions of numbers.
    return type(value) in (float, int) and abs(value) <= _LARGEST


def _is_seconds(value: Any) -> bool:
    return _is_number(value) and value >= 0


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and _is_number(value)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_box(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(map(_is_number, value))


def _is_distribution(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_number, value.values()))


_REQUIRED: dict[str, Callable[[Any], bool]] = {"time": _is_time, "event": _is_text}
# The keys that commands work with. All may be null or absent; other keys may hold anything.
_OPTIONAL: dict[str, Callable[[Any], bool]] = {
    "monotonic": _is_number, "track": _is_whole, "box": _is_box, "score": _is_number, "mask": _is_number,
    "worn": _is_bool, "mask_state": _is_text, "emotion": _is_text, "probabilities": _is_distribution,
    "intensity": _is_number, "reason": _is_text, "seconds": _is_seconds, "what": _is_text, "live": _is_bool,
}  # fmt: skip


def _is_sound(event: Mapping[str, Any]) -> bool:
    return all(check(event.get(key)) for key, check in _REQUIRED.items()) and all(
        event.get(key) is None or check(event[key]) for key, check in _OPTIONAL.items()
    )
