"""Fakes of every port, which behave: for our tests, and for people who write a camera, a screen or a sink.

They stall, end, fail, hang and remember: a test reads as a story, and needs no hardware, no network and no sleep.

>>> from edge.testing import FakeClock, FakeSink
>>> clock, sink = FakeClock(), FakeSink()
>>> clock.advance(10)  # ten seconds pass at once
>>> sink.write({"event": "start", "monotonic": clock.monotonic()})
>>> sink.kinds(), sink.events[0]["monotonic"]
(['start'], 10.0)

| fake | stands in for |
|---|---|
| FakeClock | the clock; time passes only when a test says so |
| FakeCamera, pictures | a source of frames that plays a script: frames, stalls, errors, calls |
| FakeGrabber | the driver under a live camera (edge.cameras.live), which may hang |
| FakeEngine | a model that answers what a function says, fails or hangs |
| FakePipeline | the whole pipeline: one face in every picture that is not black |
| FakeScreen | a screen that remembers what it showed, and can be unplugged |
| FakeSink | a sink that remembers its events, and can fail |
| FakeSystemd | the service manager: what it was sent, and when |

`edge.testing.drm_kernel` has a Linux kernel with graphics cards, for the DRM screen.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge.testing.camera import FakeCamera, FakeGrabber, pictures
    from edge.testing.clock import FakeClock
    from edge.testing.engine import FakeEngine
    from edge.testing.pipeline import FakePipeline
    from edge.testing.screen import FakeScreen
    from edge.testing.sink import FakeSink
    from edge.testing.systemd import FakeSystemd

_MODULES = {
    "FakeCamera": "camera", "FakeClock": "clock", "FakeEngine": "engine", "FakeGrabber": "camera",
    "FakePipeline": "pipeline", "FakeScreen": "screen", "FakeSink": "sink", "FakeSystemd": "systemd",
    "pictures": "camera",
}  # fmt: skip

__all__ = [
    "FakeCamera",
    "FakeClock",
    "FakeEngine",
    "FakeGrabber",
    "FakePipeline",
    "FakeScreen",
    "FakeSink",
    "FakeSystemd",
    "pictures",
]


def __getattr__(name: str) -> Any:
    # A test of a sink should not pay for OpenCV.
    if name in _MODULES:
        return getattr(importlib.import_module(f"edge.testing.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES])
