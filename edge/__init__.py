"""Mask-aware emotion recognition on a Raspberry Pi: pictures and cameras in; faces, masks and emotions out.

>>> import edge
>>> with edge.Recognizer() as recognizer:
...     for face in recognizer.detect("photo.jpg"):
...         print(face)
Face(happy 96 %, no mask, box=(48, 32, 96, 80))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge import errors

if TYPE_CHECKING:
    from edge.observe import Observer as Observer
    from edge.recognizer import Recognizer
    from edge.result import Face, Result

__all__ = ["Face", "Recognizer", "Result", "__version__", "errors"]

__version__ = "0.1.0"

# Loaded when they are first asked for: `import edge` costs neither numpy nor OpenCV.
_HOMES = {"Face": "edge.result", "Recognizer": "edge.recognizer", "Result": "edge.result", "Observer": "edge.observe"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
