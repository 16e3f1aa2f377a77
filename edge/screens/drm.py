"""HDMI or a panel on a console without a desktop: whole pictures, scanned out by the graphics device (kms.py)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np

from edge.clock import Clock
from edge.errors import ScreenAbsent
from edge.face import Scene
from edge.frame import Frame
from edge.ports import NO_NOTICE, Notice
from edge.screens import kms_abi as abi
from edge.screens.connectors import find, refusal, size
from edge.screens.double_buffer import DoubleBuffer
from edge.screens.kernel import Kernel, SystemKernel
from edge.screens.painter import Painter
from edge.settings import ScreenSettings

CHECK_S = 1.0  # how often the cable is checked


class DrmScreen:
    """Two buffers, one shown while the other is drawn.

    Args:
        settings: card, connector, mode, rotation and style.
        clock: for the rate of drawing and of checking the cable.
        stop: not used; nobody can close a console's picture.
        kernel: Linux, or a fake one (edge.testing.drm_kernel).

    Raises (as its methods):
        ScreenAbsent: nothing is connected, or no longer.
        ScreenError: the device refused; see edge.screens.connectors.find.
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
            self._buffers = DoubleBuffer(self._target)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._target.device.close()
            raise refusal(self._target.device.path, error) from None
        self._painter = Painter(self._present, clock, settings)
        self._checked_at = clock.monotonic()
        self._hotplug = kernel.hotplug()

    @staticmethod
    def check(settings: ScreenSettings, kernel: Kernel | None = None) -> str:
        """What would be used, for `edge-emotion doctor`; the device is only queried, so a running service goes on.

        Raises:
            ScreenError, ScreenAbsent: as of the class.
        """
        target = find(kernel or SystemKernel(), settings)
        target.device.close()
        return f"{target.device.path}, {target.connector.name}, {size(target.mode)}"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self._target.mode.hdisplay, self._target.mode.vdisplay

    def show(self, frame: Frame | None, scene: Scene, notice: Notice = NO_NOTICE) -> None:
        """Draw it, if it changed."""
        self._painter.show(frame, scene, notice, *self.size)

    def tick(self) -> None:
        """Check the cable: once a second, and at once when the kernel reports a change.

        A cable that was out and in again between two checks changes nothing, as the device kept on scanning out. But
        another screen may be on it now.
        """
        now, changed = self._clock.monotonic(), self._hotplug.poll()
        if now - self._checked_at < CHECK_S and not changed:
            return
        self._checked_at = now
        device, connector = self._target.device, self._target.connector
        try:
            # Some drivers (virtio) report a change before they have probed the cable; asking for modes probes it.
            probed = device.connector(connector.id) if changed else None
            state = probed.state if probed else device.state(connector.id)
            modes = probed.modes if probed else (self._target.mode,)
        except OSError as error:
            raise refusal(device.path, error) from None
        if state == abi.DISCONNECTED:
            raise ScreenAbsent(f"screen: {connector.name} was unplugged")
        if size(self._target.mode) not in map(size, modes):
            wanted = size(self._target.mode)
            raise ScreenAbsent(f"screen: a different screen is on {connector.name}; it cannot show {wanted}")

    def close(self) -> None:
        """Show what was shown before, and let go of the device."""
        self._hotplug.close()
        self._buffers.close()
        with contextlib.suppress(OSError):
            self._target.device.close()

    def _present(self, picture: np.ndarray) -> None:
        try:
            self._buffers.show(picture)
        except OSError as error:
            raise refusal(self._target.device.path, error) from None
