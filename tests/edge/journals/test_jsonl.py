from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.journals.jsonl import HEAD, decode, encode, rounded

NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def test_an_event_is_one_line_with_the_time_first_and_its_keys_in_their_order():
    event = {
        "monotonic": 1.23456789,
        "event": "sample",
        "track": 3,
        "box": (1.0, 2.00004, -0.00001, 4),
        "emotion": "heureux é",
    }
    assert encode(event, 1_700_000_000.0004).decode() == (
        '{"time": "2023-11-14T22:13:20.000Z", "monotonic": 1.2346, "event": "sample", "track": 3, '
        '"box": [1.0, 2.0, 0.0, 4], "emotion": "heureux é"}\n'
    )


@settings(max_examples=50)
@given(st.dictionaries(st.text(), VALUES, max_size=3))
def test_whatever_json_can_hold_is_one_whole_line(fields):
    line = encode({"time": "noon", **fields}, 0)
    assert line.startswith(HEAD + b"1970-01-01T00:00:00.000Z")
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    json.loads(line, parse_constant=pytest.fail)


@given(NUMBERS)
def test_numbers_have_four_decimals_and_json_can_hold_them(number):
    got = rounded(number)
    if math.isfinite(number):
        assert got == round(number, 4)
        assert math.copysign(1, got) == 1 or got < 0
    else:
        assert got is None


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"\0\0\0\0",
        b'{"time": "2023-11-14T22:13:20.000Z", "event": "sta',
        b'{"time": "2023-11-14T22:13:20.000Z", "event": "start"}',
        b'{"time": "2023-11-14T22:13:20.000Z", "event": "start"\n',
        b'{"time": "2023-11-14T22:13:20.000Z", "event": 7}\n',
        b'{"time": "2023-11-14T22:13:20.000Z"}\n',
        b'{"event": "start", "time": "2023-11-14T22:13:20.000Z"}\n',
        b"[]\n",
        b'{"time": "\xff", "event": "start"}\n',
    ],
)
def test_an_incomplete_event_is_none(line):
    assert decode(line) is None


ODD = {
    "time": [0, None, "", "noon", [], "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"],
    "event": [None, 1, ["left"]], "monotonic": ["x", True, [], 1e300, -1e300, 10**400], "track": ["1", 1.5, True, {}],
    "box": [1, "box", [1, 2, 3], [1, 2, 3, "4"], {}], "score": ["x"], "mask": [[0.5]], "worn": ["yes", 1, []],
    "mask_state": [1], "emotion": [1, ["happy"]], "probabilities": ["x", [1], {"happy": "x"}, {"happy": None}],
    "intensity": ["x"], "reason": [[]], "seconds": ["x", -1, 1e300], "what": [{}, ["dark"], 5], "live": ["no", 0],
}  # fmt: skip


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in ODD.items() for value in values])
def test_a_value_of_an_odd_type_makes_the_line_no_event(key, value):
    event = {"time": "2026-11-27T05:00:00.000Z", "monotonic": 1.0, "event": "health"}
    assert decode(json.dumps(event).encode() + b"\n") == event
    assert decode(json.dumps(event | {key: value}).encode() + b"\n") is None


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_a_number_that_json_does_not_have_makes_the_line_no_event(number):
    assert decode(b'{"time": "2026-11-27T05:00:00.000Z", "event": "x", "monotonic": %s}\n' % number.encode()) is None


def test_a_written_event_is_read_back():
    event = {"monotonic": 1.5, "event": "left", "track": 1, "box": [1.0, 2.0, 3.0, 4.0], "worn": True, "emotion": None}
    assert decode(encode(event, 0)) == {"time": "1970-01-01T00:00:00.000Z", **event}
