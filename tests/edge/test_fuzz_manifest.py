"""Whatever stands in a manifest, `run` ends with 0 or with one line and its exit code; nothing is "unexpected"."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import __main__ as program
from edge import picture
from tests.fuzz import examples

VALUES = (
    None, 0, -1, 1, 1.5, 1e308, -1e308, float("nan"), float("inf"), "", "x", [], [0], [1], [-8, 16, 32], [1e9], ["a"],
    [[1]], {}, {"a": 1}, True, False, 10**400, 2**31, 2**63, "../../../../etc/passwd", "/dev/zero", "/etc/passwd", "\0",
    ".", "rgb", "grey", "anchors", "points", "probabilities", ["bare", "worn"], ["a", "b", "c"], 1e-320, 64, 63,
    "face/model.tflite", "😀" * 100, "fifo", [None], [True] * 3, [float("nan")] * 3, "a" * 5000,
)  # fmt: skip
PIECES = (b"[" * 100_000, b"{" * 5000, b'"', b"\xff", b"}", b"NaN", b"1" * 5000, b"\0", b"\\ud800", b",")


@pytest.fixture(scope="module")
def place(tmp_path_factory, tiny):
    """A copy of the tiny models, and a picture."""
    folder = tmp_path_factory.mktemp("fuzz")
    shutil.copytree(tiny, folder / "models", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    picture.write(folder / "one.png", np.zeros((48, 48, 3), np.uint8))
    return folder


@examples(short=50, long=1500)
@given(data=st.data())
def test_no_manifest_is_unexpected(place, tiny, data):
    listed = json.loads((tiny / "manifest.json").read_text())
    tasks = sorted(listed["models"])
    for _ in range(data.draw(st.integers(0, 3))):
        task, value = data.draw(st.sampled_from(tasks)), copy.deepcopy(data.draw(st.sampled_from(VALUES)))
        entry = listed["models"].get(task) if isinstance(listed.get("models"), dict) else None
        match data.draw(st.integers(0, 9)):
            case 0 if entry is not None:
                listed["models"][task] = value
            case 1:
                listed[data.draw(st.sampled_from(("version", "models", "more")))] = value
            case 2 if entry is not None:
                del listed["models"][task]
            case _ if isinstance(entry, dict) and entry:
                entry[data.draw(st.sampled_from(sorted(entry)))] = value
    text = bytearray(json.dumps(listed).encode())
    for _ in range(data.draw(st.integers(0, 1))):
        at = data.draw(st.integers(0, len(text)))
        text[at : at + data.draw(st.integers(0, 3))] = data.draw(st.sampled_from(PIECES))
    (place / "models/manifest.json").write_bytes(text)
    out, err = io.TextIOWrapper(io.BytesIO()), io.StringIO()
    words = ["run", "--models", str(place / "models"), "--source", str(place / "one.png"), "--frames", "1"]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = program.main(words)
    assert code in (0, 4), err.getvalue()
    assert not err.getvalue().startswith("edge-emotion: unexpected"), err.getvalue()
    assert err.getvalue().count("\n") <= (code != 0)
    assert len(err.getvalue()) < 1500
