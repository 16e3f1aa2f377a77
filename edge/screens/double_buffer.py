"""Two buffers on one screen: one is shown while the other is drawn, so that no half-drawn picture is ever seen."""

from __future__ import annotations

import contextlib
import errno

import cv2
import numpy as np

from edge.screens.connectors import Target
from edge.screens.kms import Buffer

FLIP_S = 0.1  # a refresh takes 1/24 s at most; a flip that is not done by then is lost
# Errors of a device that cannot flip, or not now: then the mode is set again, which always waits for the refresh.
CANNOT_FLIP = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBUSY)


class DoubleBuffer:
    """The two buffers of a target, and which of them is shown.

    Raises (as `show`):
        OSError: the kernel refused.
    """

    def __init__(self, target: Target) -> None:
        self._target, device, mode = target, target.device, target.mode
        self._before = device.shown(target.crtc)
        self._can_flip, self._flipping = True, False
        self._front: Buffer | None = None
        self._back: Buffer | None = None
        try:
            self._front = device.create_buffer(mode.hdisplay, mode.vdisplay)
            self._back = device.create_buffer(mode.hdisplay, mode.vdisplay)
            self._set_mode(self._front)
        except OSError:
            self._free()
            raise

    def show(self, picture: np.ndarray) -> None:
        """Show uint8 (height, width, 3) RGB of the mode's size."""
        if self._front is None or self._back is None:
            raise OSError(errno.ENODEV, "the screen is closed")
        if self._flipping and not self._target.device.wait_for_flip(FLIP_S):
            # Either buffer may be on the screen: setting the mode makes it certain.
            self._set_mode(self._front)
        self._flipping = False
        write(picture, self._back.pixels)
        self._present(self._back)
        self._front, self._back = self._back, self._front

    def close(self) -> None:
        """Show what was shown before; free the buffers. Never raises: the device may be gone."""
        with contextlib.suppress(OSError):
            if self._flipping:
                self._target.device.wait_for_flip(FLIP_S)
            self._target.device.restore(self._before, self._target.connector.id)
        self._free()

    def _present(self, buffer: Buffer) -> None:
        if self._can_flip:
            try:
                self._target.device.flip(self._target.crtc, buffer.fb)
                self._flipping = True
                return
            except OSError as error:
                if error.errno not in CANNOT_FLIP:
                    raise
                self._can_flip = error.errno == errno.EBUSY
        self._set_mode(buffer)

    def _set_mode(self, buffer: Buffer) -> None:
        target = self._target
        target.device.set_mode(target.crtc, target.connector.id, target.mode, buffer.fb)

    def _free(self) -> None:
        for buffer in (self._front, self._back):
            if buffer is not None:
                self._target.device.free(buffer)
        self._front = self._back = None


def write(picture: np.ndarray, pixels: np.ndarray) -> None:
    """Write RGB (H, W, 3) into the device's memory (H, W, 4) as blue, green, red, unused, in one pass.

    That memory is slow to read, so nothing is drawn in it.
    """
    cv2.cvtColor(picture, cv2.COLOR_RGB2BGRA, dst=pixels)
