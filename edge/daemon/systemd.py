"""systemd's notifications (sd_notify(3)): READY, WATCHDOG and STATUS, datagrams on a unix socket."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

from edge.clock import Clock

_log = logging.getLogger(__name__)

STATUS_S = 5.0  # a status that changes all the time is sent this often


class Systemd:
    """Tells the service manager that the work goes on; does nothing where none asked for it.

    Args:
        environment: for NOTIFY_SOCKET and WATCHDOG_USEC.
        clock: for what is due.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ, clock: Clock | None = None) -> None:
        from edge.clock import SystemClock

        self._address = environment.get("NOTIFY_SOCKET", "")
        watchdog = environment.get("WATCHDOG_USEC", "")
        self._every = int(watchdog) / 1e6 / 8 if watchdog.isdigit() else 1.0
        self._clock = clock or SystemClock()
        self._beat_at: float | None = None
        self._told_at: float | None = None

    def ready(self, status: str) -> None:
        """The models are loaded, the loop begins."""
        self._send(f"READY=1\nSTATUS={status}\nWATCHDOG=1")

    def beat(self) -> None:
        """A turn of the loop came back. Sent a few times in each watchdog interval, not every time."""
        now = self._clock.monotonic()
        if self._beat_at is None or now - self._beat_at >= self._every:
            self._beat_at = now
            self._send("WATCHDOG=1")

    def give_up(self) -> None:
        """Ask for the watchdog's restart at once: something hangs that only a new process gets rid of."""
        self._send("WATCHDOG=trigger")

    def status_due(self) -> bool:
        """Whether a new status would be sent by now."""
        return self._told_at is None or self._clock.monotonic() - self._told_at >= STATUS_S

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._told_at = self._clock.monotonic()
        self._send(f"STATUS={text}")

    def stopping(self) -> None:
        """The loop has ended."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        # A leading @ stands for the abstract name space, whose names begin with a zero byte.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.setblocking(False)
                line.sendto(message.encode(), address)
        except OSError as error:
            _log.debug("%s: not notified (%s)", self._address, error)
