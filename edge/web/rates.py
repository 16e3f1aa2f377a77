"""How often a peer may ask, upload a picture, and try a token."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

PEERS = 1000  # whose rates are remembered


class Rate:
    """A token bucket for each peer: so many at once, then so many a second.

    Args:
        burst: at once.
        per_s: a second.
        clock: seconds.
    """

    def __init__(self, burst: float, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._per_s, self._clock = burst, per_s, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, peer: str) -> bool:
        """Whether this peer may go on; counts the request."""
        now = self._clock()
        left, at = self._left.pop(peer, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_s)
        allowed = left >= 1.0
        self._left[peer] = (left - 1.0 if allowed else left, now)
        if len(self._left) > PEERS:
            self._left.popitem(last=False)
        return allowed


@dataclass(frozen=True)
class Rates:
    """The rates of one server."""

    requests: Rate
    uploads: Rate
    logins: Rate

    @classmethod
    def usual(cls) -> Rates:
        """Enough for people and scripts."""
        return cls(Rate(300, 50), Rate(20, 4), Rate(5, 0.1))
