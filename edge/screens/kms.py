"""A graphics device through the kernel's mode-setting requests: what is connected, buffers to draw in, page flips.

Raw requests instead of a library: PyPI's `kms` is an unrelated project, and SDL could not drive a console without a
desktop. Written from the kernel's documentation of the "dumb buffer" interface (Documentation/gpu/drm-kms.rst).
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.screens import kms_abi as abi
from edge.screens.kernel import Kernel


@dataclass(frozen=True)
class Connector:
    """A socket for a screen, as the kernel describes it.

    Attributes:
        id: the kernel's number.
        name: as under /sys/class/drm, such as HDMI-A-1.
        state: abi.CONNECTED, abi.DISCONNECTED, or 3 where the device cannot tell.
        modes: what the screen can show, usually its preferred mode first.
        encoders: ids of the encoders that can feed it.
        encoder: id of the encoder that feeds it now, or 0.
    """

    id: int
    name: str
    state: int
    modes: tuple[abi.Mode, ...]
    encoders: tuple[int, ...]
    encoder: int


@dataclass(frozen=True, eq=False)
class Buffer:
    """Memory that the device can show.

    Attributes:
        fb, handle: the kernel's numbers.
        pixels: uint8 (height, width, 4), bytes blue, green, red, unused (XRGB8888); rows may be padded.
    """

    fb: int
    handle: int
    pixels: np.ndarray


class DrmDevice:
    """An open graphics device.

    Args:
        kernel: see edge.screens.kernel.
        path: the device file, such as /dev/dri/card1.

    Raises (as every method):
        OSError: the kernel refused.
    """

    def __init__(self, kernel: Kernel, path: str) -> None:
        self.path = path
        self._kernel = kernel
        self._fd = kernel.open(path)

    def close(self) -> None:
        """Close the device file."""
        self._kernel.close(self._fd)

    def has_dumb_buffers(self) -> bool:
        """Whether it has buffers that the processor can draw in; a pure 3D core has none."""
        capability = abi.Capability(capability=abi.DUMB_BUFFERS)
        self._ioctl(abi.GET_CAPABILITY, capability)
        return bool(capability.value)

    def resources(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The ids of the CRTCs (each scans a buffer out) and of the connectors."""
        counts = abi.Resources()
        self._ioctl(abi.GET_RESOURCES, counts)
        crtcs, connectors = (ctypes.c_uint32 * counts.count_crtcs)(), (ctypes.c_uint32 * counts.count_connectors)()
        lists = abi.Resources(
            crtcs=ctypes.addressof(crtcs), count_crtcs=len(crtcs),
            connectors=ctypes.addressof(connectors), count_connectors=len(connectors),
        )  # fmt: skip
        self._ioctl(abi.GET_RESOURCES, lists)
        # A count may have changed between the two requests; only what both agree on was written.
        return tuple(crtcs[: lists.count_crtcs]), tuple(connectors[: lists.count_connectors])

    def connector(self, number: int) -> Connector:
        """A connector with its modes. The kernel probes the cable again, which takes some tenths of a second."""
        counts = abi.Connector(connector_id=number)
        self._ioctl(abi.GET_CONNECTOR, counts)
        modes, encoders = (abi.Mode * counts.count_modes)(), (ctypes.c_uint32 * counts.count_encoders)()
        # A count of 0 would make the kernel probe the cable once more.
        spare = (abi.Mode * 1)()
        lists = abi.Connector(
            connector_id=number, modes=ctypes.addressof(modes if len(modes) else spare),
            count_modes=max(1, len(modes)), encoders=ctypes.addressof(encoders), count_encoders=len(encoders),
        )  # fmt: skip
        self._ioctl(abi.GET_CONNECTOR, lists)
        # The kernel writes nothing where there are now more than were counted.
        known_modes = tuple(modes) if lists.count_modes == len(modes) else ()
        known_encoders = tuple(encoders) if lists.count_encoders == len(encoders) else ()
        kind = abi.CONNECTORS[lists.connector_type] if lists.connector_type < len(abi.CONNECTORS) else "Unknown"
        name = f"{kind}-{lists.connector_type_id}"
        return Connector(number, name, lists.connection, known_modes, known_encoders, lists.encoder_id)

    def state(self, number: int) -> int:
        """Connector.state as the kernel last saw it, at once: an interrupt tells it about cables."""
        spare = (abi.Mode * 1)()
        request = abi.Connector(connector_id=number, modes=ctypes.addressof(spare), count_modes=1)
        self._ioctl(abi.GET_CONNECTOR, request)
        return int(request.connection)

    def crtc_for(self, connector: Connector, crtcs: Sequence[int]) -> int | None:
        """The CRTC that feeds the connector now, else the first that can, else None."""
        possible: list[int] = []
        for number in dict.fromkeys((connector.encoder, *connector.encoders)):
            if not number:
                continue
            encoder = abi.Encoder(encoder_id=number)
            self._ioctl(abi.GET_ENCODER, encoder)
            if number == connector.encoder and encoder.crtc_id in crtcs:
                return int(encoder.crtc_id)
            possible += [crtc for index, crtc in enumerate(crtcs) if encoder.possible_crtcs >> index & 1]
        return possible[0] if possible else None

    def create_buffer(self, width: int, height: int) -> Buffer:
        """A black buffer of that size."""
        dumb = abi.CreateDumb(width=width, height=height, bpp=32)
        self._ioctl(abi.CREATE_DUMB, dumb)
        framebuffer = abi.Framebuffer(
            width=width, height=height, pitch=dumb.pitch, bpp=32, depth=24, handle=dumb.handle
        )  # fmt: skip
        self._ioctl(abi.ADD_FRAMEBUFFER, framebuffer)
        mapping = abi.MapDumb(handle=dumb.handle)
        self._ioctl(abi.MAP_DUMB, mapping)
        memory = self._kernel.map(self._fd, dumb.size, mapping.offset)
        rows = np.frombuffer(memory, np.uint8, height * dumb.pitch).reshape(height, dumb.pitch)
        pixels = np.lib.stride_tricks.as_strided(rows, (height, width, 4), (dumb.pitch, 4, 1))
        return Buffer(framebuffer.fb_id, dumb.handle, pixels)

    def free(self, buffer: Buffer) -> None:
        """Free a buffer; a screen that shows it goes dark."""
        with contextlib.suppress(OSError):
            self._ioctl(abi.REMOVE_FRAMEBUFFER, abi.FramebufferId(fb_id=buffer.fb))
        with contextlib.suppress(OSError):
            self._ioctl(abi.DESTROY_DUMB, abi.DestroyDumb(handle=buffer.handle))

    def shown(self, crtc: int) -> abi.Crtc:
        """What a CRTC shows now; pass it to `restore` later."""
        now = abi.Crtc(crtc_id=crtc)
        self._ioctl(abi.GET_CRTC, now)
        return now

    def set_mode(self, crtc: int, connector: int, mode: abi.Mode, fb: int) -> None:
        """Show a framebuffer on a connector, in a mode."""
        connectors = (ctypes.c_uint32 * 1)(connector)
        self._ioctl(
            abi.SET_CRTC,
            abi.Crtc(connectors=ctypes.addressof(connectors), count_connectors=1, crtc_id=crtc, fb_id=fb,
                     mode_valid=1, mode=mode),
        )  # fmt: skip

    def restore(self, before: abi.Crtc, connector: int) -> None:
        """Show what was shown before."""
        if before.mode_valid and before.fb_id:
            self.set_mode(before.crtc_id, connector, before.mode, before.fb_id)

    def flip(self, crtc: int, fb: int) -> None:
        """Show another framebuffer of the same size from the next refresh on; `wait_for_flip` waits for it."""
        self._ioctl(abi.PAGE_FLIP, abi.PageFlip(crtc_id=crtc, fb_id=fb, flags=abi.FLIP_EVENT))

    def wait_for_flip(self, seconds: float) -> bool:
        """Whether the flip was done within that time. No other event is ever requested."""
        return bool(self._kernel.events(self._fd, seconds))

    def _ioctl(self, request: int, argument: ctypes.Structure) -> None:
        self._kernel.ioctl(self._fd, request, argument)
