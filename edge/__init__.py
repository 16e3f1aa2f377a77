"""Mask-aware emotion recognition on a Raspberry Pi: cameras in; faces, masks and emotions out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.observe import Observer

__all__ = ["Observer"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    # Only those who ask for it pay for numpy and OpenCV.
    if name == "Observer":
        from edge.observe import Observer

        return Observer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
