"""A console's HDMI without a desktop: the picture is drawn whole and scanned out by the card (edge/screens/kms.py)."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable

import cv2
import numpy as np

from edge.clock import Clock
from edge.errors import ScreenAbsent
from edge.face import Scene
from edge.frame import Frame
from edge.ports import NO_NOTICE, Notice
from edge.screens import kms_abi as abi
from edge.screens.connectors import Target, find, refusal, size
from edge.screens.kernel import Kernel, SystemKernel
from edge.screens.kms import Buffer
from edge.screens.painter import Painter
from edge.settings import ScreenSettings

LOOK_S = 1.0  # how often the cable is looked at
FLIP_S = 0.1  # a refresh takes a 24th of a second at most; a flip that is not done by then is lost
# What a card answers that cannot flip, or not now: then the mode is set anew, which always waits for the refresh.
CANNOT_FLIP = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBUSY)


class DrmScreen:
    """Two buffers, one shown while the other is drawn.

    Args:
        settings: card, connector and mode.
        clock: for the pace of drawing and of looking at the cable.
        stop: not used; there is nobody to close a console's picture.
        kernel: Linux, or what stands in for it in tests.

    Raises (as its methods):
        ScreenAbsent: nothing is connected, or no longer.
        ScreenError: the card refuses; see edge.screens.connectors.find.
    """

    def __init__(
        self,
        settings: ScreenSettings,
        clock: Clock,
        stop: Callable[[], None] | None = None,
        kernel: Kernel | None = None,
    ) -> None:
        self._clock = clock
        kernel = kernel or SystemKernel()
        self._target = find(kernel, settings)
        try:
            self._pages = DoubleBuffer(self._target)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._target.card.close()
            raise refusal(self._target.card.path, error) from None
        self._painter = Painter(self._present, clock)
        self._looked_at = clock.monotonic()
        self._plugs = kernel.plugs()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self._target.mode.hdisplay, self._target.mode.vdisplay

    def show(self, frame: Frame | None, scene: Scene, notice: Notice = NO_NOTICE) -> None:
        """Draw it where it changed."""
        self._painter.show(frame, scene, notice, *self.size)

    def tick(self) -> None:
        """Look at the cable, once a second, and at once where the kernel tells of a plug.

        One that was out and in again in between is as before: the card went on. But it may be another screen's.
        """
        now, plugged = self._clock.monotonic(), self._plugs.heard()
        if now - self._looked_at < LOOK_S and not plugged:
            return
        self._looked_at = now
        card, output = self._target.card, self._target.output
        try:
            # Some drivers (virtio) tell of a plug before they have looked at the cable; asking for modes is looking.
            there = card.output(output.id) if plugged else None
            state = there.state if there else card.state(output.id)
            modes = there.modes if there else (self._target.mode,)
        except OSError as error:
            raise refusal(card.path, error) from None
        if state == abi.DISCONNECTED:
            raise ScreenAbsent(f"screen: {output.name} was unplugged")
        if size(self._target.mode) not in map(size, modes):
            raise ScreenAbsent(f"screen: another one is on {output.name}, which cannot show {size(self._target.mode)}")

    def close(self) -> None:
        """Show again what was shown before, and let go of the card."""
        self._plugs.close()
        self._pages.close()
        with contextlib.suppress(OSError):
            self._target.card.close()

    def _present(self, picture: np.ndarray) -> None:
        try:
            self._pages.show(picture)
        except OSError as error:
            raise refusal(self._target.card.path, error) from None


class DoubleBuffer:
    """The two buffers of a target, and which of them is shown.

    Raises (as `show`):
        OSError: the kernel refused.
    """

    def __init__(self, target: Target) -> None:
        self._target, card, mode = target, target.card, target.mode
        self._before = card.shown(target.crtc)
        self._flips, self._waiting = True, False
        self._front: Buffer | None = None
        self._back: Buffer | None = None
        try:
            self._front = card.buffer(mode.hdisplay, mode.vdisplay)
            self._back = card.buffer(mode.hdisplay, mode.vdisplay)
            self._set(self._front)
        except OSError:
            self._free()
            raise

    def show(self, picture: np.ndarray) -> None:
        """Show uint8 (height, width, 3) RGB of the mode's size."""
        if self._front is None or self._back is None:
            raise OSError(errno.ENODEV, "the screen is closed")
        if self._waiting and not self._target.card.flipped(FLIP_S):
            # What is shown is not known: setting the mode makes it certain.
            self._set(self._front)
        self._waiting = False
        write(picture, self._back.pixels)
        self._turn_to(self._back)
        self._front, self._back = self._back, self._front

    def close(self) -> None:
        """Show what was shown before; free the buffers. Nothing is raised: the card may be gone."""
        with contextlib.suppress(OSError):
            if self._waiting:
                self._target.card.flipped(FLIP_S)
            self._target.card.restore(self._before, self._target.output.id)
        self._free()

    def _turn_to(self, buffer: Buffer) -> None:
        if self._flips:
            try:
                self._target.card.flip(self._target.crtc, buffer.fb)
                self._waiting = True
                return
            except OSError as error:
                if error.errno not in CANNOT_FLIP:
                    raise
                self._flips = error.errno == errno.EBUSY
        self._set(buffer)

    def _set(self, buffer: Buffer) -> None:
        target = self._target
        target.card.set_mode(target.crtc, target.output.id, target.mode, buffer.fb)

    def _free(self) -> None:
        for buffer in (self._front, self._back):
            if buffer is not None:
                self._target.card.free(buffer)
        self._front = self._back = None


def write(picture: np.ndarray, pixels: np.ndarray) -> None:
    """Write RGB (H, W, 3) into a card's memory (H, W, 4) in the order blue, green, red, in one pass.

    That memory is slow to read, so nothing is drawn in it.
    """
    cv2.cvtColor(picture, cv2.COLOR_RGB2BGRA, dst=pixels)
