"""No screen."""

from __future__ import annotations

from edge.face import Scene
from edge.frame import Frame
from edge.settings import ScreenSettings


class NoScreen:
    """Shows nothing."""

    def __init__(self, settings: ScreenSettings | None = None) -> None:
        pass

    def show(self, frame: Frame | None, scene: Scene, notice: str = "") -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to let go of."""
