from __future__ import annotations

import pytest

from edge.daemon.firmware import TEMPERATURE, THROTTLED, Reading, read


@pytest.fixture
def machine(tmp_path):
    """machine(throttled, temperature): a root with these files; None: not there."""

    def make(throttled=None, temperature=None):
        for name, text in ((THROTTLED, throttled), (TEMPERATURE, temperature)):
            if text is not None:
                path = tmp_path / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("throttled", "temperature", "answer"),
    [
        (None, None, Reading()),
        ("0\n", "48312\n", Reading(celsius=48.312)),
        ("50005\n", "84500\n", Reading(("under-voltage", "throttled"), ("under-voltage", "throttled"), 84.5)),
        ("e0000\n", None, Reading((), ("frequency-capped", "throttled", "too-hot"))),
        ("a\n", None, Reading(("frequency-capped", "too-hot"))),
        ("rubbish", "rubbish", Reading()),
    ],
)
def test_the_firmwares_bits_are_words(machine, throttled, temperature, answer):
    assert read(machine(throttled, temperature)) == answer
