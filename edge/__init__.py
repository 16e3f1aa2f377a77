"""Mask-aware emotion recognition on a Raspberry Pi: cameras in; faces, masks and emotions out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.pipeline.pipeline import Observer

__all__ = ["Observer"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    # Only who asks for the Observer pays for numpy and OpenCV.
    if name == "Observer":
        from edge.pipeline.pipeline import Observer

        return Observer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
