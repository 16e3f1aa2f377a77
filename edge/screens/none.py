"""No screen."""

from __future__ import annotations

from typing import Any

from edge.face import Scene
from edge.frame import Frame
from edge.ports import NO_NOTICE, Notice
from edge.settings import ScreenSettings


class NoScreen:
    """Shows nothing."""

    def __init__(self, *_: Any) -> None:
        pass

    @staticmethod
    def check(settings: ScreenSettings) -> str:
        """For `edge-emotion doctor`."""
        return "not configured"

    def show(self, frame: Frame | None, scene: Scene, notice: Notice = NO_NOTICE) -> None:
        """Nothing to do."""

    def tick(self) -> None:
        """Nothing to check."""

    def close(self) -> None:
        """Nothing to close."""
