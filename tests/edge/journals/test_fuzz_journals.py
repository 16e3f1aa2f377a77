"""Whatever stands in a journal, every `log` command skips what is not an event, and the daemon can write on."""

from __future__ import annotations

import contextlib
import io
import json
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import __main__ as program
from edge.errors import JournalError
from edge.journals.jsonl import encode
from edge.journals.writer import JournalWriter
from edge.settings import JournalSettings
from edge.testing import FakeClock
from tests.fuzz import examples

P = {label: 0.05 for label in ("angry", "disgust", "fear", "happy", "sad", "surprise")} | {"neutral": 0.7}
FACE = {"track": 1, "box": [1.0, 2.0, 3.5, 4.0], "score": 0.9, "mask": 0.1, "worn": False, "emotion": "neutral",
        "probabilities": P, "intensity": 0.3}  # fmt: skip
EVENTS = (
    {"monotonic": 0.0, "event": "start", "source": "demo", "live": True, "models": {"face": "abc"}},
    {"monotonic": 1.0, "event": "appeared", **FACE}, {"monotonic": 2.0, "event": "sample", **FACE},
    {"monotonic": 3.0, "event": "changed", **FACE, "worn": True, "mask_state": "worn"},
    {"monotonic": 4.0, "event": "health", "what": "throttled", "now": ["too-hot"], "celsius": 84.0},
    {"monotonic": 5.0, "event": "left", **FACE, "emotion": None, "reason": "unsure", "seconds": 4.0},
    {"monotonic": 6.0, "event": "stop", "frames": 100},
)  # fmt: skip
BASE = [encode(event, 1.8e9 + float(event["monotonic"])) for event in EVENTS]  # type: ignore[arg-type]
VALUES = (
    None, 0, -1, 1e308, float("nan"), float("inf"), float("-inf"), "", "x", [], [1], {}, {"a": 1}, True, 10**30,
    "\x1b[31m", "\n", "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z", "2026-01-01", "2026-11-27T05:00:00",
    "start", "left", "appeared", "health", "happy", ["happy"], -0.0, 1e-300, 3e9, -3e9, "x" * 500,
    "2027-01-20T08:00:00.000Z",
)  # fmt: skip
KEYS = sorted({key for event in EVENTS for key in event} | {"time"})
BEGIN = b'\n{"time": "2026-01-01T00:00:00.000Z", "monotonic": 1.0, "event": '


@st.composite
def changed_values(draw: st.DrawFn) -> bytes:
    """The journal with values of a few lines replaced."""
    lines = list(BASE)
    for n in draw(st.lists(st.integers(0, len(lines) - 1), min_size=1, max_size=5)):
        event = json.loads(lines[n])
        event[draw(st.sampled_from(KEYS))] = draw(st.sampled_from(VALUES))
        lines[n] = json.dumps(event).encode() + b"\n"
    return b"".join(lines)


@st.composite
def changed_bytes(draw: st.DrawFn) -> bytes:
    """The journal with bytes replaced, removed and inserted."""
    data = bytearray(b"".join(BASE))
    for place in draw(st.lists(st.integers(0, len(data) - 1), min_size=1, max_size=8)):
        match draw(st.integers(0, 5)):
            case 0:
                data[place : place + 1] = bytes([draw(st.integers(0, 255))])
            case 1:
                del data[place : place + draw(st.integers(1, 500))]
            case 2:
                data[place:place] = bytes(draw(st.integers(1, 5000)))
            case 3:
                data[place:place] = BEGIN + b"[" * draw(st.sampled_from((10, 5000, 100_000))) + b"\n"
            case 4:
                data[place:place] = BEGIN + b'"x", "a": ' + b"9" * 5000 + b"}\n"
            case _:
                del data[place:]
    return bytes(data)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "journal.jsonl"


def log(*words: object) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = program.main(["log", *map(str, words)])
    return code, out.getvalue(), err.getvalue()


@examples(short=80, long=2500)
@given(st.one_of(changed_values(), changed_bytes()))
def test_no_journal_is_unexpected_and_reading_does_not_change_it(path, data):
    path.write_bytes(data)
    for words in (["summary", path], ["tail", path], ["csv", path]):
        code, out, err = log(*words)
        nothing = f"edge-emotion: {path}: not a journal of edge-emotion, none of its lines is an event\n"
        assert (code, err) in ((0, ""), (1, nothing))
        assert "\x1b" not in out
    assert path.read_bytes() == data


@examples(short=8, long=300)
@given(changed_values())
def test_no_journal_is_unexpected_to_the_plot(path, data):
    pytest.importorskip("matplotlib")
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Matplotlib's, of a picture without room
        code, _, err = log("plot", path, "--out", path.with_name("timeline.png"))
    assert code == 0 or (code == 1 and "nothing to draw" in err), err


@examples(short=80, long=2500)
@given(st.one_of(changed_values(), changed_bytes()))
def test_the_daemon_writes_on_or_leaves_the_file_alone(path, data):
    path.write_bytes(data)
    try:
        journal = JournalWriter(path, JournalSettings(), FakeClock(wall=1.8e9), lambda: False)
    except JournalError:
        assert path.read_bytes() == data
        return
    journal.write({"monotonic": 1.0, "event": "sample"})
    journal.close()
    whole = b"".join(file.read_bytes() for file in sorted(path.parent.glob("journal.jsonl*"), reverse=True))
    for file in path.parent.glob("journal.jsonl.*"):
        file.unlink()
    kept = data[: data.rfind(b"\n") + 1]
    assert whole.startswith(kept)
    assert json.loads(whole.splitlines()[-1])["event"] == "sample"
