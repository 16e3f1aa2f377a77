"""Standard error is a file descriptor here, so each story is a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LITERT = b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n"
STORY = """
import logging, os, sys, threading
from edge.engines.quiet import quiet_stderr
from edge.engines import quiet
{before}
with quiet_stderr():
    {inside}
{after}
"""


def story(inside: str, before: str = "", after: str = "pass", **options) -> bytes:
    program = STORY.format(inside=inside, before=before, after=after)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE, check=False, **options)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("written", "left"),
    [
        (b"", b""),
        (LITERT, b""),
        (b"ERROR: something\n", b"ERROR: something\n"),
        (LITERT + b"ERROR: something\nno end of line", b"ERROR: something\nno end of line"),
    ],
)
def test_only_the_noise_is_dropped(written, left):
    assert story(f"os.write(2, {written!r})") == left


def test_what_is_written_before_and_after_stands_in_its_order():
    said = story(
        "os.write(2, b'inside\\n')",
        before="print('before', file=sys.stderr)",
        after="print('after', file=sys.stderr)",
    )
    assert said == b"before\ninside\nafter\n"


def test_an_error_passes_through_and_standard_error_is_back():
    story("os.write(2, b'x')", after="os.fstat(2); assert not quiet._lock.locked()")
    failing = "raise ValueError('wrong')"
    program = STORY.format(before="", inside=failing, after="")
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith(b"ValueError: wrong\n")


def test_with_debug_nothing_is_dropped():
    assert story(f"os.write(2, {LITERT!r})", before="logging.getLogger('edge').setLevel(logging.DEBUG)") == LITERT


def test_a_closed_standard_error_is_no_trouble():
    assert story("pass", before="os.close(2)") == b""


def test_loading_the_models_writes_nothing():
    program = "import edge; edge.Recognizer().close()"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
