"""systemd's notifications (sd_notify(3)): READY, WATCHDOG and STATUS, datagrams on a unix socket."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping

from edge.clock import Clock, SystemClock

_log = logging.getLogger(__name__)

STATUS_S = 5.0  # how often a status that changes all the time is sent


class Systemd:
    """Notifies the service manager; does nothing where none is listening.

    Args:
        environment: for NOTIFY_SOCKET and WATCHDOG_USEC.
        clock: for what is due.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ, clock: Clock | None = None) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        watchdog = environment.get("WATCHDOG_USEC", "")
        self._every = int(watchdog) / 1e6 / 8 if watchdog.isdigit() else 1.0
        self._clock = clock or SystemClock()
        self._beat_at: float | None = None
        self._status_at: float | None = None

    def ready(self, status: str) -> None:
        """The models are loaded and the loop begins."""
        self._send(f"READY=1\nSTATUS={status}\nWATCHDOG=1")

    def beat(self) -> None:
        """A turn of the loop is done. Sent a few times in each watchdog interval, not every time."""
        now = self._clock.monotonic()
        if self._beat_at is None or now - self._beat_at >= self._every:
            self._beat_at = now
            self._send("WATCHDOG=1")

    def give_up(self) -> None:
        """Ask for the watchdog's restart at once: something hangs, and only a new process helps."""
        self._send("WATCHDOG=trigger")

    def status_due(self) -> bool:
        """Whether it is time for a new status."""
        return self._status_at is None or self._clock.monotonic() - self._status_at >= STATUS_S

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._status_at = self._clock.monotonic()
        self._send(f"STATUS={text}")

    def stopping(self) -> None:
        """The loop has ended."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        import socket  # a start in a terminal does without it

        # A leading @ stands for the abstract name space, whose names begin with a zero byte.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.setblocking(False)
                line.sendto(message.encode(), address)
        except OSError as error:
            _log.debug("%s: not notified (%s)", self._address, error)
