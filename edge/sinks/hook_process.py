"""One run of the on_event command: what it may print is bounded, and its processes end with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

MARK = "EDGE_EMOTION_HOOK"  # the environment variable by which a run's processes are known
KEPT = 400  # bytes of standard error that are kept, for one line in the log
TURN = 1 << 18  # bytes of standard error that one turn takes at most; the rest waits in the pipe
ROUNDS = 5  # times that /proc is searched: a process may start another one meanwhile


class HookProcess:
    """A started command.

    It leads a session of its own; children that leave that session are known by a variable in their environment. Only
    a child that also clears its environment escapes: of the service, systemd ends it with the service.

    Args:
        command: the words.
        line: what it reads on its standard input.
        environment: of the command.

    Attributes:
        said: the beginning of what it printed to standard error.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, command: Sequence[str], line: bytes, environment: Mapping[str, str] = os.environ) -> None:
        self.said = b""
        self._mark = f"{MARK}={uuid.uuid4().hex}"
        name, _, value = self._mark.partition("=")
        self.child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            start_new_session=True, env={**environment, name: value},
        )  # fmt: skip
        assert self.child.stdin is not None
        assert self.child.stderr is not None
        os.set_blocking(self.child.stderr.fileno(), False)
        # A pipe holds 64 KiB and an event is far smaller: this does not wait for the reader.
        os.set_blocking(self.child.stdin.fileno(), False)
        with contextlib.suppress(OSError), self.child.stdin:
            self.child.stdin.write(line)

    def poll(self) -> int | None:
        """Take what it printed; its exit code once it has ended, and then its other processes are ended, too."""
        ended = self.child.poll()
        self._drain()
        if ended is not None:
            self.kill()
        return ended

    def kill(self) -> None:
        """End it and whatever it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.child.pid, signal.SIGKILL)
        for _ in range(ROUNDS):
            if not _kill_marked(self._mark.encode()):
                break
        if self.child.returncode is not None and self.child.stderr is not None:
            self.child.stderr.close()

    def wait(self, seconds: float) -> None:
        """Wait for its end after `kill`."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.child.wait(seconds)
        if self.child.stderr is not None:
            self.child.stderr.close()

    def _drain(self) -> None:
        assert self.child.stderr is not None
        if self.child.stderr.closed:
            return
        left = TURN
        with contextlib.suppress(BlockingIOError):
            while left > 0 and (data := os.read(self.child.stderr.fileno(), min(left, 1 << 16))):
                self.said += data[: KEPT - len(self.said)]
                left -= len(data)


def _kill_marked(mark: bytes) -> int:
    """Kill the processes of this user that have the mark in their environment; returns how many there were."""
    killed, user, own = 0, os.geteuid(), os.getpid()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == own:
            continue
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == user and mark in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
                killed += 1
    return killed
