"""Lines that libjpeg writes to standard error for each damaged picture are counted and reported once a minute.

A camera with a bad cable writes one for every frame: a million a day. Nothing in libjpeg or OpenCV turns them off.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import select
import threading
from collections.abc import Iterator

from edge.clock import Clock

AGAIN_S = 60.0
REST_S = 0.25  # after which half a line is passed on as it is
LONGEST = 1 << 16  # bytes of a line
# The warnings of libjpeg's jerror.h that data from outside can cause.
NOISE = (
    b"Corrupt JPEG data: ", b"Premature end of JPEG file", b"Inconsistent progression sequence",
    b"Invalid SOS parameters", b"Unknown Adobe color transform", b"Warning: unknown JFIF revision",
    b"Unsupported marker type",
)  # fmt: skip


@contextlib.contextmanager
def filtered_stderr(clock: Clock) -> Iterator[None]:
    """Pass everything that is written to file descriptor 2 on at once, except for the lines that begin as NOISE.

    A crash still writes its traceback (faulthandler) to the true standard error, as nobody may be left to pass it on.
    """
    try:
        true = os.dup(2)
        reading, writing = os.pipe2(os.O_CLOEXEC)
        stopped, stop = os.pipe2(os.O_CLOEXEC)
    except OSError:  # standard error is closed, or there is no descriptor left
        yield
        return
    relay = threading.Thread(target=_Relay(reading, stopped, true, clock).run, name="stderr", daemon=True)
    relay.start()
    os.dup2(writing, 2)
    os.close(writing)
    if traced := faulthandler.is_enabled():
        faulthandler.enable(file=true)
    try:
        yield
    finally:
        os.dup2(true, 2)
        if traced:
            faulthandler.enable(file=2)
        # Not the end of the pipe ends the relay: a child may have inherited it.
        os.close(stop)
        relay.join()
        for fd in (reading, stopped, true):
            os.close(fd)


class _Relay:
    def __init__(self, reading: int, stopped: int, true: int, clock: Clock) -> None:
        self._reading, self._stopped, self._true, self._clock = reading, stopped, true, clock
        self._rest = b""
        self._count, self._example = 0, b""
        self._reported_at: float | None = None

    def run(self) -> None:
        os.set_blocking(self._reading, False)
        while True:
            ready, _, _ = select.select([self._reading, self._stopped], [], [], REST_S)
            # What was written before the end comes first.
            if self._reading in ready and self._take():
                pass
            elif self._stopped in ready:
                break
            else:
                self._pass_on(self._rest)
                self._rest = b""
            self._report()
        self._pass_on(self._rest)
        self._report(last=True)

    def _take(self) -> bool:
        """Take what was written; False at the end of the pipe."""
        data = os.read(self._reading, LONGEST)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
        if len(self._rest) > LONGEST:
            self._pass_on(self._rest)
            self._rest = b""
        return bool(data)

    def _line(self, line: bytes) -> None:
        if line.startswith(NOISE):
            self._count, self._example = self._count + 1, line
        else:
            self._pass_on(line + b"\n")

    def _report(self, last: bool = False) -> None:
        now = self._clock.monotonic()
        due = last or self._reported_at is None or now - self._reported_at >= AGAIN_S
        if self._count and due:
            self._pass_on(b"edge-emotion: damaged JPEG pictures: %d (%s)\n" % (self._count, self._example))
            self._count, self._reported_at = 0, now

    def _pass_on(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            while data:
                data = data[os.write(self._true, data) :]
