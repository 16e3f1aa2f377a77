"""edge-emotion with a camera and models that fail when a file asks for it; runs inside the booted root.

The service runs this instead of the command. All else, from the settings to the watchdog, is the product's own.
A file of `FAULTS` is taken away when its fault begins, but for those that stand for a state.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from pathlib import Path

import numpy as np

from edge.__main__ import main
from edge.engines import tpu
from edge.engines.litert import LiteRtEngine
from edge.errors import EngineError, SourceError
from edge.registry import CAMERAS

FAULTS = Path("/var/lib/edge-emotion/faults")
FPS = 20.0
FACES = ((16, 0), (80, 0), (16, 64), (80, 64))  # the tiny model sees a face across two that touch


def state(name: str) -> bool:
    """Whether the file is there."""
    return (FAULTS / name).exists()


def take(name: str) -> bool:
    """Whether the file was there; it is not any more."""
    try:
        (FAULTS / name).unlink()
    except OSError:
        return False
    return True


def hang(holding_gil: bool) -> None:
    """Never come back; with the interpreter's lock in hand no other thread runs either."""
    if holding_gil:
        ctypes.PyDLL(None).sleep(1_000_000)
    threading.Event().wait()


class FaultyGrabber:
    """Four faces that change every half second, as the tiny models see them, at 20 frames a second."""

    def __init__(self) -> None:
        if state("camera-gone"):
            raise SourceError("fault: no such camera")

    def read(self) -> np.ndarray:
        """The next picture, uint8 (120, 160, 3)."""
        if state("camera-gone"):
            raise SourceError("fault: unplugged")
        if take("camera-hangs"):
            hang(holding_gil=False)
        if take("camera-hangs-hard"):
            hang(holding_gil=True)
        time.sleep(1 / FPS)
        image = np.zeros((120, 160, 3), np.uint8)
        half = int(time.monotonic() * 2)
        half ^= half >> 1  # one bit at a time (Gray code): if more faces changed at once, that would be a scene cut
        for n, (x, y) in enumerate(FACES):
            image[y : y + 48, x : x + 48] = (255, 255 * (half >> n & 1), 255 * (half >> n + 1 & 1))
        return image

    def close(self) -> None:
        """Nothing to release."""


def faulty_infer(self: LiteRtEngine, image: np.ndarray) -> tuple[np.ndarray, ...]:
    """As LiteRtEngine.infer, where no fault is asked for."""
    if take("engine-hangs"):
        hang(holding_gil=True)
    if state("engine-fails") or take("engine-fails-once"):
        raise EngineError(f"{self.spec.name}: fault: the model could not be run")
    return infer(self, image)


def hanging_tpu(manifest: object, tasks: object, threads: int, trial_s: float) -> dict[str, LiteRtEngine]:
    """As edge.engines.tpu.open_tpu, where the child that tries the device out does not come back.

    Raises:
        DelegateError: when its time is over.
    """
    tpu.probe([], trial_s, (sys.executable, "-c", "import time; time.sleep(1_000_000)"))
    raise AssertionError("it came back")


infer = LiteRtEngine.infer

if __name__ == "__main__":
    CAMERAS.load = lambda name: lambda settings: FaultyGrabber()  # type: ignore[method-assign]
    LiteRtEngine.infer = faulty_infer  # type: ignore[method-assign]
    if state("tpu-hangs"):
        tpu.devices = lambda *_: ["fault"]
        tpu.open_tpu = hanging_tpu  # type: ignore[assignment]
    sys.exit(main())
