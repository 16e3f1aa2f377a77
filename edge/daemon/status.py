"""The line of `systemctl status`: frames a second and faces, or why there are none."""

from __future__ import annotations

from edge.clock import Clock
from edge.daemon.systemd import Systemd


class Status:
    """Told in every turn; sent at once where the state is another one, else as often as the heartbeat wants it.

    Args:
        heartbeat: sends it.
        clock: for the frames a second.
    """

    def __init__(self, heartbeat: Systemd, clock: Clock) -> None:
        self._heartbeat, self._clock = heartbeat, clock
        self._state = ""
        self._sent = (clock.monotonic(), 0)  # when, and how many frames there were

    def tell(self, state: str, frames: int, faces: int) -> None:
        """How it is now.

        Args:
            state: why nothing is seen; empty where something is.
            frames: seen since the start.
            faces: in sight.
        """
        if state == self._state and not self._heartbeat.status_due():
            return
        self._state = state
        now = self._clock.monotonic()
        (since, before), self._sent = self._sent, (now, frames)
        fps = (frames - before) / (now - since) if now > since else 0.0
        self._heartbeat.status(state or f"{fps:.1f} fps, {faces} face{'s' * (faces != 1)}")
