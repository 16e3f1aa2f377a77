"""Fakes of every port that behave: they stall, end, fail and remember, so that tests read as stories."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from edge.errors import EngineError, InvalidValue, ScreenError
from edge.face import Scene
from edge.frame import Frame
from edge.manifest import ModelSpec
from edge.ports import NO_NOTICE, Notice


class FakeClock:
    """A clock that moves only when it is told to, or when somebody sleeps.

    Attributes:
        slept: every sleep, in seconds.
    """

    def __init__(self, monotonic: float = 0.0, wall: float = 1_700_000_000.0) -> None:
        self._monotonic, self._wall = monotonic, wall
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """Seconds since it was made."""
        return self._monotonic

    def wall(self) -> float:
        """Seconds since 1970."""
        return self._wall

    def sleep(self, seconds: float) -> None:
        """Time passes at once.

        Raises:
            InvalidValue: less than 0, as time.sleep does.
        """
        if seconds < 0:
            raise InvalidValue(f"sleep: expected at least 0 s, got {seconds}")
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Both clocks move on."""
        self._monotonic += seconds
        self._wall += seconds

    def jump(self, seconds: float) -> None:
        """The time of day is set; the monotonic clock does not notice."""
        self._wall += seconds


def pictures(count: int, fps: float = 10.0, size: tuple[int, int] = (64, 48), level: int = 128) -> list[Frame]:
    """Plain frames of a (width, height), all of one brightness, `time` = index / fps."""
    image = np.full((size[1], size[0], 3), level, np.uint8)
    return [Frame(image, index / fps, index) for index in range(count)]


class FakeCamera:
    """Plays a script: frames are given, None is a short wait without one, an error is raised, a call is made.

    Args:
        script: what happens, in order; then the source ends.
        live: as of the port.
        hangs: whether its thread stays inside the driver after close.

    Attributes:
        closed: whether close was called; iterating a closed camera raises.
    """

    fps = 10.0

    def __init__(
        self, script: Iterable[Frame | Exception | Callable[[], None] | None], live: bool = False, hangs: bool = False
    ) -> None:
        self._script = list(script)
        self.live = live
        self.hangs = hangs
        self.closed = False

    @property
    def stuck(self) -> bool:
        """Whether it was closed and hangs."""
        return self.closed and self.hangs

    def __iter__(self) -> Iterator[Frame | None]:
        for step in self._script:
            if self.closed:
                raise InvalidValue("fake camera: expected an open camera, got a closed one")
            if isinstance(step, Exception):
                raise step
            if callable(step):
                step()
                continue
            yield step

    def close(self) -> None:
        """Remembered."""
        self.closed = True


class FakeEngine:
    """A model that answers what a function says; it checks its input as the real one does.

    Args:
        spec: the contract.
        answer: image uint8 (H, W, C) to output arrays.
        fails: how many of the first calls raise EngineError.
        hangs: an event to wait for in every call; a call does not come back until it is set.

    Attributes:
        calls: how many images it was given.
        closed: whether close was called; it cannot be used after that.
    """

    def __init__(
        self,
        spec: ModelSpec,
        answer: Callable[[np.ndarray], tuple[np.ndarray, ...]],
        fails: int = 0,
        hangs: threading.Event | None = None,
    ) -> None:
        self.spec = spec
        self._answer, self._fails, self._hangs = answer, fails, hangs
        self.calls = 0
        self.closed = False

    def infer(self, image: np.ndarray) -> tuple[np.ndarray, ...]:
        """The function's answer, as float32 copies.

        Raises:
            InvalidValue: the image has another shape or type than the spec's.
            EngineError: it is one of the calls that fail, or the engine was closed.
        """
        expected = (self.spec.height, self.spec.width, self.spec.channels)
        if image.shape != expected or image.dtype != np.uint8:
            raise InvalidValue(f"{self.spec.name}: expected uint8 {expected}, got {image.dtype} {image.shape}")
        if self.closed:
            raise EngineError(f"{self.spec.name}: the engine is closed")
        self.calls += 1
        if self._hangs is not None:
            self._hangs.wait()
        if self.calls <= self._fails:
            raise EngineError(f"{self.spec.name}: the model could not be run (fake)")
        return tuple(np.array(output, np.float32) for output in self._answer(image))

    def close(self) -> None:
        """Remembered."""
        self.closed = True


class FakeJournal:
    """Remembers.

    Attributes:
        events: what was written, in order.
        ticks: how many turns it was told of.
        closed: whether close was called; writing then raises.
    """

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.ticks = 0
        self.closed = False

    def write(self, event: Mapping[str, Any]) -> None:
        """Keep it."""
        if self.closed:
            raise InvalidValue("fake journal: expected an open journal, got a closed one")
        self.events.append(dict(event))

    def tick(self) -> None:
        """Counted."""
        self.ticks += 1

    def close(self) -> None:
        """Remembered."""
        self.closed = True

    def kinds(self) -> list[str]:
        """What happened, in order: the kind of each event, of health events what they tell."""
        return [event.get("what", event["event"]) for event in self.events]


class FakeScreen:
    """Remembers what it showed; it can be unplugged.

    Attributes:
        shown: (frame, scene, notice) of every show.
        ticks: how many turns it was told of.
        unplugged: while True, show and tick raise ScreenError.
        closed: whether close was called.
    """

    def __init__(self) -> None:
        self.shown: list[tuple[Frame | None, Scene, Notice]] = []
        self.ticks = 0
        self.unplugged = False
        self.closed = False

    def show(self, frame: Frame | None, scene: Scene, notice: Notice = NO_NOTICE) -> None:
        """Keep it.

        Raises:
            ScreenError: it is unplugged.
        """
        if self.unplugged:
            raise ScreenError("fake screen: unplugged")
        self.shown.append((frame, scene, notice))

    def tick(self) -> None:
        """Counted.

        Raises:
            ScreenError: it is unplugged.
        """
        if self.unplugged:
            raise ScreenError("fake screen: unplugged")
        self.ticks += 1

    def close(self) -> None:
        """Remembered."""
        self.closed = True

    def notices(self) -> list[str]:
        """The notices, each change once."""
        texts = [str(notice) for _, _, notice in self.shown]
        return [text for n, text in enumerate(texts) if n == 0 or text != texts[n - 1]]
