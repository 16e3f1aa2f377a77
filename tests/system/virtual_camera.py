"""edge-emotion with picamera2 on libcamera's virtual camera instead of a Pi's; runs inside the booted root.

`virtual_camera.py COMMAND ...` is the command as it is; `camera_facts.py` beside it asks the adapter itself. Two things
of picamera2 that a virtual camera does not have are replaced: raw modes, and buffers in one piece from a dma-heap.
"""

from __future__ import annotations

import sys
from typing import Any

import libcamera
import picamera2
from picamera2.allocators import LibcameraAllocator

from edge.__main__ import main

Real = picamera2.Picamera2


class VirtualPicamera2(Real):
    """A Picamera2 whose camera has no sensor."""

    def __init__(self) -> None:
        allocator = LibcameraAllocator(None)
        super().__init__(allocator=allocator)
        allocator.camera = self.camera

    def _get_raw_modes(self) -> list[dict[str, Any]]:
        found = self.camera.generate_configuration([libcamera.StreamRole.Viewfinder]).at(0).formats
        return [{"format": str(f), "size": (s.width, s.height)} for f in found.pixel_formats for s in found.sizes(f)]


def install() -> None:
    """From now on `picamera2.Picamera2` is the virtual one."""
    picamera2.Picamera2 = VirtualPicamera2


if __name__ == "__main__":
    install()
    sys.exit(main())
