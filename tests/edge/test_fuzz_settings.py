"""Whatever a settings file says, `run` ends with 0 or with one line and its exit code; nothing is "unexpected"."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import __main__ as program
from edge import config, picture
from tests.fuzz import examples

VALUES = (
    "0", "-1", "1e400", "-0.0", "nan", "inf", "-inf", "1" + "0" * 400, "9" * 5000, "9223372036854775808", '""',
    '"\\u0000"', '"a\\u0000b"', "[]", "[1]", "{}", "{a=1}", "true", "1979-05-27T07:32:00Z", "07:32:00", "'''x\ny'''",
    '"' + "A" * 70_000 + '"', '"\\uFFFF"', '"/"', '"/proc/self/mem"', '"../../../etc/shadow"', '"-"', '"//"', '"~"',
    '"/dev/null"', '"/dev/zero"', '"/dev/full"', '"0x10"', "0x10", "0b1", "1_000", "1.5", "[" * 2000 + "]" * 2000,
    "{a=" * 500 + "1" + "}" * 500, '"é☃😀"', '"\\ud800"', "\"'unterminated\"", '"a \\"b"', '"v4l2:99"', '"v4l2:"',
    '"v4l2:/etc/passwd"', '"1x1"', '"99999999x99999999"', '"0x0"', '"-1x-1"', "65", "1e-300", "1e300", "0.1", "4096",
    "99999999999", '"auto"', '"none"', '"fifo"', '"folder"', '"loop"', '"text"',
)  # fmt: skip
LINES = config.render().splitlines()
KEYS = [n for n, line in enumerate(LINES) if re.match(r"\w+ = ", line)]
# Not these: they reach for a broker, open ports, use what the machine happens to have, or pause for ever.
SAFE = [n for n in KEYS if not LINES[n].startswith(("host = ", "port = ", "kind = ", "pause_file = "))]
PIECES = (
    b"[",
    b"]",
    b"=",
    b'"',
    b"\n[a.b.c]\n",
    b"\0",
    b"\xff\xfe",
    b"'''",
    b"[[source]]\n",
    b"[source]\n",
    b"#",
    b"{",
)


@st.composite
def changed_values(draw: st.DrawFn) -> bytes:
    """The defaults with one to three values replaced."""
    lines = list(LINES)
    for n in draw(st.lists(st.sampled_from(SAFE), min_size=1, max_size=3)):
        lines[n] = f"{lines[n].partition(' = ')[0]} = {draw(st.sampled_from(VALUES))}"
    return "\n".join(lines).encode("utf-8", "surrogatepass")


@st.composite
def changed_bytes(draw: st.DrawFn) -> bytes:
    """The defaults with bytes replaced, removed and inserted."""
    data = bytearray("\n".join(LINES).encode())
    for place in draw(st.lists(st.integers(0, len(data) - 1), min_size=1, max_size=8)):
        match draw(st.integers(0, 2)):
            case 0:
                data[place : place + 1] = bytes([draw(st.integers(0, 255))])
            case 1:
                del data[place : place + draw(st.integers(1, 300))]
            case _:
                data[place:place] = draw(st.sampled_from(PIECES))
    return bytes(data)


@pytest.fixture(scope="module")
def place(tmp_path_factory, tiny):
    """An empty folder to run in, with a picture and odd things in it; signals and the folder are restored."""
    folder = tmp_path_factory.mktemp("fuzz")
    picture.write(folder / "one.png", np.zeros((48, 48, 3), np.uint8))
    os.mkfifo(folder / "fifo")
    (folder / "folder").mkdir()
    (folder / "loop").symlink_to("loop")
    (folder / "text").write_text("text\n")
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
    handlers = {number: signal.getsignal(number) for number in numbers}
    before = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def run(*words: str) -> tuple[int, str]:
    """The exit code and standard error."""
    out, err = io.TextIOWrapper(io.BytesIO()), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = program.main(["run", "--frames", "1", *words])
    return code, err.getvalue()


@examples(short=60, long=1500)
@given(st.one_of(changed_values(), changed_bytes()))
def test_no_settings_file_is_unexpected(place, tiny, text):
    (place / "config.toml").write_bytes(text)
    threads = threading.active_count()
    source = [] if b'\nsource = "auto"' not in text else ["--source", "one.png"]
    models = [] if b'\ndir = ""' not in text else ["--models", str(tiny)]
    code, err = run("--config", "config.toml", *source, *models)
    assert code in (0, 1, 2, 3, 4), err
    assert not err.startswith("edge-emotion: unexpected"), err
    assert err.count("\n") <= (code != 0), err
    assert len(err) < 1500, err
    assert threading.active_count() <= threads
