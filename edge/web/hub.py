"""What the loop shows, for viewers in another thread: the newest frame and what is known about it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from edge.clock import Clock
from edge.face import Scene
from edge.frame import Frame
from edge.ports import NO_NOTICE, Notice, Screen

MIN_GAP_S = 0.06  # viewers get pictures this many seconds apart on average, or more: 15 a second, and a little
LINGER_S = 3.0  # a viewer who reloads the page is not gone
RATE_FRAMES = 32  # the frame rate is that of the last so many frames


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What was known at one moment.

    Attributes:
        number: counts up; viewers ask for the one after theirs.
        wall: seconds since 1970.
        frame: None while there is no camera.
        scene: boxes in pixels of the frame.
        state: "paused" or "no camera", or what is wrong with the picture ("dark picture"); empty: all is well.
        fps: frames processed per second.
    """

    number: int
    wall: float
    frame: Frame | None
    scene: Scene
    state: str = ""
    fps: float = 0.0


class Hub:
    """The newest snapshot, and how many viewers wait for the next.

    Written by the loop's thread, read by the server's. With nobody watching, `show` stores two references.

    Args:
        clock: for the frame rate, and for how long nobody has been watching.
        reason: why there is no camera, in one line; empty while there is one.
    """

    def __init__(self, clock: Clock, reason: Callable[[], str] = lambda: "") -> None:
        self.clock, self.reason = clock, reason
        self._lock = threading.Lock()
        self._times: deque[float] = deque(maxlen=RATE_FRAMES)
        self._shown: tuple[Frame | None, Scene, str] = (None, Scene(), "")
        self._number, self._watchers = 0, 0
        self._left_at = -LINGER_S
        self._due_at = 0.0  # when viewers may get the next picture
        self._wake: Callable[[], None] | None = None

    def show(self, frame: Frame | None, scene: Scene, state: str) -> None:
        """Take what the loop shows; called from the loop's thread."""
        now = self.clock.monotonic()
        if frame is None:
            self._times.clear()
        else:
            self._times.append(now)
        self._shown = (frame, scene, state)
        self._number += 1
        if self._watchers and self._wake and (frame is None or now >= self._due_at):
            # Counted from when it was due: a picture that came early or late does not cost the next one.
            self._due_at = max(self._due_at + MIN_GAP_S, now)
            self._wake()

    def snapshot(self) -> Snapshot:
        """The newest, made when somebody asks."""
        frame, scene, state = self._shown
        return Snapshot(self._number, self.clock.wall(), frame, scene, state, self.fps)

    @property
    def fps(self) -> float:
        """Frames per second, of the last few; 0 where none came for a while."""
        times = tuple(self._times)
        if len(times) < 2 or self.clock.monotonic() - times[-1] > 2.0:
            return 0.0
        return (len(times) - 1) / max(1e-3, times[-1] - times[0])

    @property
    def watched(self) -> bool:
        """Whether somebody watches, or did a moment ago."""
        return self._watchers > 0 or self.clock.monotonic() - self._left_at < LINGER_S

    @property
    def watchers(self) -> int:
        """How many viewers there are now."""
        return self._watchers

    def on_news(self, wake: Callable[[], None] | None) -> None:
        """Call `wake` from the loop's thread when there is news and somebody watches; None: nobody is there."""
        self._wake = wake

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count a viewer for as long as the block lasts."""
        with self._lock:
            self._watchers += 1
        try:
            yield
        finally:
            with self._lock:
                self._watchers -= 1
                self._left_at = self.clock.monotonic()


class WatchedScreen:
    """A screen whose pictures a hub gets, too.

    Args:
        screen: what shows them here.
        hub: what shows them in browsers.
    """

    def __init__(self, screen: Screen, hub: Hub) -> None:
        self._screen, self._hub = screen, hub

    def show(self, frame: Frame | None, scene: Scene, notice: Notice = NO_NOTICE) -> None:
        """Show it here and there."""
        self._screen.show(frame, scene, notice)
        self._hub.show(frame, scene, notice.state)

    def tick(self) -> None:
        """Do what is due by time."""
        self._screen.tick()

    def close(self) -> None:
        """Give the screen back."""
        self._screen.close()
