"""What our camera adapter does with picamera2 itself, as JSON on standard output; runs inside the root.

camera_facts.py formats    the formats as picamera2's own converter reads them, and as ours does
camera_facts.py frames     colours, turns, buffers, closing, reopening, a second opener, a stall
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import sys
from typing import Any

import numpy as np
import picamera2
import virtual_camera
from picamera2.request import Helpers

from edge.cameras import frames, open_camera
from edge.cameras.pi import PiGrabber, to_rgb
from edge.errors import SourceError
from edge.settings import SourceSettings

CENTRES = ((160, 96), (416, 96), (160, 352), (416, 352))  # of the painted squares, x and y
MANY, AGAIN = 300, 12
LOOKS = 25
SETTINGS = SourceSettings(source="picamera", timeout_s=2.0)


def formats() -> dict[str, bool]:
    """For each packed format: whether picamera2 makes the same picture of the same bytes as we do."""
    rng, width, height = np.random.default_rng(1), 64, 48
    same = {}
    for name, bytes_ in {"RGB888": 3, "BGR888": 3, "XRGB8888": 4, "XBGR8888": 4}.items():
        config = {"format": name, "size": (width, height), "stride": width * bytes_}
        buffer = rng.integers(0, 256, width * height * bytes_, dtype=np.uint8)
        helpers = Helpers(None)
        theirs = np.asarray(helpers.make_image(buffer, config))[:, :, :3]
        same[name] = bool((theirs == to_rgb(helpers.make_array(buffer, config), name)).all())
    return same


def colours(image: np.ndarray) -> list[list[int]]:
    """RGB at the centres of the squares."""
    return [image[y, x].tolist() for x, y in CENTRES]


def turned() -> dict[str, list[int]]:
    """Where a red square at the upper left goes: RGB near the four corners, by rotate and flip."""
    found = {}
    for rotate, flip in itertools.product((0, 90, 180, 270), ("none", "horizontal", "vertical")):
        camera = open_camera(SourceSettings(source="picamera", rotate=rotate, flip=flip))
        try:
            image = next(frames(camera)).image
        finally:
            camera.close()
        reddest = max(
            itertools.product((160, image.shape[0] - 160), (160, image.shape[1] - 160)),
            key=lambda place: int(image[place][0]) - int(image[place][1]) - int(image[place][2]),
        )
        found[f"{rotate} {flip}"] = [*image.shape[:2], *reddest]
    return found


def held() -> dict[str, Any]:
    """A first frame while hundreds come after it: whether it stays as it was, how many frames differ, what is used."""
    grabber = PiGrabber(SETTINGS)
    first = grabber.read()
    copy, markers = first.copy(), set()
    for _ in range(MANY // 4):
        markers.add(int(grabber.read()[470, 630, 0]) // 40)
    before = quietest(grabber)
    for _ in range(MANY):
        markers.add(int(grabber.read()[470, 630, 0]) // 40)
    after = quietest(grabber)
    grabber.close()
    return {"kept": bool((first == copy).all()), "markers": len(markers), "before": before, "after": after}


def quietest(grabber: PiGrabber) -> tuple[int, int]:
    """The least that is in use over some frames: libcamera's threads have buffers of theirs open for moments."""
    looks = []
    for _ in range(LOOKS):
        grabber.read()
        looks.append(used())
    return min(fds for fds, _ in looks), min(memory for _, memory in looks)


def used() -> tuple[int, int]:
    """Open file descriptors, and kB of memory in use."""
    with open("/proc/self/status") as status:
        memory = next(line.split()[1] for line in status if line.startswith("VmRSS"))
    return len(os.listdir("/proc/self/fd")), int(memory)


def reopened() -> list[int]:
    """File descriptors after each of many openings, as `PiGrabber.close` leaves them: the collector is off."""
    gc.disable()
    counts = []
    for _ in range(AGAIN):
        grabber = PiGrabber(SETTINGS)
        grabber.read()
        grabber.close()
        counts.append(used()[0])
    gc.enable()
    return counts


def faults() -> dict[str, str]:
    """A second opener while the first one reads; a camera that stalls; and the same camera afterwards."""
    told = {}
    grabber = PiGrabber(SETTINGS)
    grabber.read()
    try:
        PiGrabber(SETTINGS)
    except SourceError as error:
        told["second"] = str(error)
    grabber.read()
    grabber._camera.process_requests = lambda *_: None
    try:
        for _ in range(10):
            grabber.read()
    except SourceError as error:
        told["stalled"] = f"{type(error).__name__}: {error}"
    grabber.close()
    grabber = PiGrabber(SETTINGS)
    told["afterwards"] = str(grabber.read().shape)
    grabber.close()
    return told


def main() -> None:
    """One JSON object."""
    virtual_camera.install()
    if sys.argv[1] == "formats":
        print(json.dumps(formats()))
        return
    grabber = PiGrabber(SETTINGS)
    image = grabber.read()
    found = {"format": grabber._format, "shape": image.shape, "colours": colours(image)}
    grabber.close()
    found |= {"turned": turned(), "held": held(), "reopened": reopened(), "faults": faults()}
    print(json.dumps(found | {"version": picamera2.Picamera2.__mro__[1].__module__}))


if __name__ == "__main__":
    main()
