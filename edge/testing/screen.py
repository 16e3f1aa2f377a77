"""A screen that remembers what it showed."""

from __future__ import annotations

from edge.errors import ScreenError
from edge.face import Scene
from edge.frame import Frame
from edge.ports import NO_NOTICE, Notice


class FakeScreen:
    """Remembers what it showed; it can be unplugged.

    Attributes:
        shown: (frame, scene, notice) of every show.
        ticks: how often tick was called.
        unplugged: while True, show and tick raise ScreenError.
        closed: whether close was called.
    """

    def __init__(self) -> None:
        self.shown: list[tuple[Frame | None, Scene, Notice]] = []
        self.ticks = 0
        self.unplugged = False
        self.closed = False

    def show(self, frame: Frame | None, scene: Scene, notice: Notice = NO_NOTICE) -> None:
        """Remember it.

        Raises:
            ScreenError: it is unplugged.
        """
        if self.unplugged:
            raise ScreenError("fake screen: unplugged")
        self.shown.append((frame, scene, notice))

    def tick(self) -> None:
        """Count it.

        Raises:
            ScreenError: it is unplugged.
        """
        if self.unplugged:
            raise ScreenError("fake screen: unplugged")
        self.ticks += 1

    def close(self) -> None:
        """Remember it."""
        self.closed = True

    def notices(self) -> list[str]:
        """The notices as one text each; one that stayed stands once."""
        texts = [str(notice) for _, _, notice in self.shown]
        return [text for n, text in enumerate(texts) if n == 0 or text != texts[n - 1]]
