"""A model that answers what a function says."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from edge.errors import EngineError, InvalidValue
from edge.manifest import ModelSpec


class FakeEngine:
    """A model that answers what a function says; it checks its input as a real one does.

    Args:
        spec: the contract.
        answer: from an image, uint8 (H, W, C), to the output arrays in the order of the head.
        fails: how many of the first calls raise EngineError.
        hangs: an event that every call waits for; a call does not return until it is set.

    Attributes:
        images: what it was given, in order.
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
        self.images: list[np.ndarray] = []
        self.closed = False

    @property
    def calls(self) -> int:
        """How many images it was given."""
        return len(self.images)

    def infer(self, image: np.ndarray) -> tuple[np.ndarray, ...]:
        """The function's answer, as float32 copies.

        Raises:
            InvalidValue: the image has another shape or type than the spec's.
            EngineError: this call is one of those that fail, or the engine was closed.
        """
        expected = (self.spec.height, self.spec.width, self.spec.channels)
        if image.shape != expected or image.dtype != np.uint8:
            raise InvalidValue(f"{self.spec.name}: expected uint8 {expected}, got {image.dtype} {image.shape}")
        if self.closed:
            raise EngineError(f"{self.spec.name}: the engine is closed")
        self.images.append(image)
        if self._hangs is not None:
            self._hangs.wait()
        if self.calls <= self._fails:
            raise EngineError(f"{self.spec.name}: the model could not be run (fake)")
        return tuple(np.array(output, np.float32) for output in self._answer(image))

    def close(self) -> None:
        """Remember it."""
        self.closed = True
