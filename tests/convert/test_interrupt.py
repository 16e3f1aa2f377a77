"""Ctrl-C while a library is at work that hears no signals."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from convert.interrupt import heard

# "ready" comes from a thread that gets no turn before the main thread is inside the library, or asleep.
PROGRAM = """
import _thread, ctypes, functools, signal, sys, time
from convert.interrupt import heard
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit that it is ignored
sys.setswitchinterval(600)
lock, acquire = ctypes.create_string_buffer(64), ctypes.CDLL(None).pthread_mutex_lock
acquire(lock)
try:
    with heard({grace}):
        _thread.start_new_thread(functools.partial(print, "ready", flush=True), ())
        while True:
            {work}
except KeyboardInterrupt:
    print("cleaned up")
    raise SystemExit(3)
"""


@pytest.mark.parametrize(
    ("work", "grace", "code", "said"), [("acquire(lock)", 0.05, 130, ""), ("time.sleep(0.01)", 600, 3, "cleaned up\n")]
)
def test_the_process_ends(work, grace, code, said):
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(work=work, grace=grace)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGINT)
            assert (process.communicate(timeout=60)[0], process.returncode) == (said, code)
        finally:
            process.kill()


def test_nothing_is_left_over():
    before, threads = signal.set_wakeup_fd(-1), threading.enumerate()
    signal.set_wakeup_fd(before)
    with heard():
        pass
    assert signal.set_wakeup_fd(before) == before
    assert set(threading.enumerate()) <= set(threads)


def test_other_threads_do_without():
    said = []

    def work():
        with heard():
            said.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert said == ["done"]
