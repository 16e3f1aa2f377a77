"""Whatever stands in a .tflite, reading its operations and rewriting it end, with an answer or one line.

LiteRT itself is not asked: it trusts its files, which is why only those load whose hash is in the manifest.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.engines import forms, operators
from edge.engines.forms.network import MOST_WEIGHTS
from edge.engines.transposed import transposed
from edge.errors import ModelError
from tests.edge.engines.forms.networks import rewritten
from tests.fuzz import examples

HERE = Path("model.tflite")
MOST_MORE = 8 * MOST_WEIGHTS  # bytes
WORDS = (b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\0\0\0\x80", b"\1\0\0\0", b"\xff\xff\0\0", b"\x10\0\0\0")


@pytest.fixture(scope="module")
def contents(tiny):
    return [path.read_bytes() for path in sorted(tiny.glob("*/*.tflite"))]


@examples(short=150, long=3500)
@given(data=st.data())
def test_no_model_is_unexpected(contents, data):
    content = bytearray(data.draw(st.sampled_from(contents)))
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.integers(0, len(content) - 1)) & ~3
        match data.draw(st.integers(0, 4)):
            case 0:
                content[place] = data.draw(st.integers(0, 255))
            case 1:
                content[place : place + 4] = data.draw(st.sampled_from(WORDS))
            case 2:
                other = data.draw(st.integers(0, len(content) - 1)) & ~3
                content[place : place + 4] = content[other : other + 4]
            case 3:
                del content[place : place + 4 * data.draw(st.integers(1, 16))]
            case _:
                content[place:place] = bytes(4 * data.draw(st.integers(1, 16)))
        content = content or bytearray(8)
    said = "model.tflite: "
    try:
        operators.check(HERE, bytes(content))
    except ModelError as error:
        said = str(error)
    assert said.startswith("model.tflite: ")
    assert "\n" not in said
    turned = transposed(bytes(content))
    assert turned is None or len(turned) == len(content)
    for step in forms.STEPS:
        form = rewritten(bytes(content), step)
        assert form is None or form[4:8] == b"TFL3"
        assert len(form or b"") < 4 * len(content) + MOST_MORE
