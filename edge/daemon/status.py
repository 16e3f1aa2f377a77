"""The line of `systemctl status`: frames per second and faces, or why there are none."""

from __future__ import annotations

from edge.clock import Clock
from edge.daemon.systemd import Systemd


class StatusLine:
    """Updated in every turn; sent at once when the state changes, else every few seconds.

    Args:
        systemd: sends it.
        clock: for the frames per second.
    """

    def __init__(self, systemd: Systemd, clock: Clock) -> None:
        self._systemd, self._clock = systemd, clock
        self._state = ""
        self._sent = (clock.monotonic(), 0)  # when, and how many frames there were

    def update(self, state: str, frames: int, faces: int) -> None:
        """What the line should say now.

        Args:
            state: why there are no frames; empty where there are.
            frames: processed since the start.
            faces: in sight.
        """
        if state == self._state and not self._systemd.status_due():
            return
        self._state = state
        now = self._clock.monotonic()
        (since, before), self._sent = self._sent, (now, frames)
        fps = (frames - before) / (now - since) if now > since else 0.0
        self._systemd.status(state or f"{fps:.1f} fps, {faces} face{'s' * (faces != 1)}")
