"""Events on their way to a broker: bounded, counted, and never in the loop's way."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Waiting:
    """An event that waits to be delivered."""

    event: Mapping[str, Any]


class Outbox:
    """A queue between the loop, which adds, and one other thread, which takes, confirms and puts back.

    Every event that was added is at any time in exactly one place: waiting, in hand, taken, delivered or dropped.

    Args:
        most: events that may be waiting, in hand or taken; beyond that the oldest waiting ones are dropped.
        wake: called when there is something new; it may not block.

    Attributes:
        delivered: events that the broker confirmed.
        dropped: events that were given up.
    """

    def __init__(self, most: int, wake: Callable[[], None] = lambda: None) -> None:
        self._most, self._wake = most, wake
        self._lock = threading.Lock()
        self._waiting: deque[Waiting] = deque()
        self._in_hand: list[Waiting] = []  # between take() and sent()
        self._taken: dict[int, Waiting] = {}
        self._latest: dict[str, str] = {}  # what each retained topic should say
        self._said: dict[str, str] = {}  # what it says, as far as this connection sent it
        self._picture: Callable[[], bytes] | None = None
        self.delivered = self.dropped = 0

    def add(self, event: Mapping[str, Any]) -> bool:
        """Queue an event; False where an older one had to be dropped for it."""
        with self._lock:
            self._waiting.append(Waiting(event))
            fits = len(self._waiting) + len(self._in_hand) + len(self._taken) <= self._most
            if not fits:
                self._waiting.popleft()
                self.dropped += 1
        self._wake()
        return fits

    def say(self, values: Mapping[str, str]) -> None:
        """What retained topics should say from now on; only the latest value of each is kept."""
        with self._lock:
            new = any(self._latest.get(topic) != value for topic, value in values.items())
            self._latest.update(values)
        if new:
            self._wake()

    def unsaid(self) -> dict[str, str]:
        """What the retained topics should say and do not yet; the caller sends it."""
        with self._lock:
            new = {topic: value for topic, value in self._latest.items() if self._said.get(topic) != value}
            self._said.update(new)
        return new

    def repeat(self) -> None:
        """The other side has forgotten the retained topics: `unsaid` gives all of them again."""
        with self._lock:
            self._said.clear()

    def show(self, picture: Callable[[], bytes]) -> None:
        """The newest picture; only one waits. `picture` encodes it, and is called by whoever sends it."""
        with self._lock:
            self._picture = picture
        self._wake()

    def take_picture(self) -> Callable[[], bytes] | None:
        """The newest picture, if it was not taken yet."""
        with self._lock:
            picture, self._picture = self._picture, None
        return picture

    def take(self) -> Waiting | None:
        """The oldest event that waits; the caller passes it on to `sent`."""
        with self._lock:
            if not self._waiting:
                return None
            waiting = self._waiting.popleft()
            self._in_hand.append(waiting)
            return waiting

    def sent(self, number: int, waiting: Waiting) -> None:
        """An event is on its way under this number, which its confirmation will have."""
        with self._lock:
            self._in_hand.remove(waiting)
            self._taken[number] = waiting

    def refused(self, waiting: Waiting) -> None:
        """An event in hand cannot be sent at all; it is dropped."""
        with self._lock:
            self._in_hand.remove(waiting)
            self.dropped += 1

    def confirmed(self, number: int) -> None:
        """The other side has the event of that number; other numbers are ignored."""
        with self._lock:
            if self._taken.pop(number, None) is not None:
                self.delivered += 1

    def lost_connection(self) -> None:
        """What was not confirmed waits again, before the rest: it may arrive twice, but it arrives."""
        with self._lock:
            self._waiting.extendleft(reversed([*self._taken.values(), *self._in_hand]))
            self._taken.clear()
            self._in_hand.clear()
            self._said.clear()

    def give_up(self) -> int:
        """Drop what was not confirmed; how many events that are."""
        with self._lock:
            count = len(self._waiting) + len(self._in_hand) + len(self._taken)
            self._waiting.clear()
            self._in_hand.clear()
            self._taken.clear()
            self.dropped += count
        return count

    @property
    def on_the_way(self) -> int:
        """Events that were sent and not confirmed."""
        with self._lock:
            return len(self._taken)

    @property
    def behind(self) -> bool:
        """Whether events wait to be sent."""
        with self._lock:
            return bool(self._waiting)

    @property
    def empty(self) -> bool:
        """Whether all events are delivered or dropped, and the retained topics say what they should."""
        with self._lock:
            said = all(self._said.get(topic) == value for topic, value in self._latest.items())
            return said and not self._waiting and not self._in_hand and not self._taken
