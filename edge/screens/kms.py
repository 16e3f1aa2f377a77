"""A graphics card through the kernel's mode-setting requests: what is connected, buffers to draw in, page flips.

Raw requests and no library: PyPI's `kms` is a stranger's package, and SDL could not drive a console without a desktop.
Written from the kernel's documentation of the "dumb buffer" interface (Documentation/gpu/drm-kms.rst).
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
class Output:
    """A connector as the card tells of it.

    Attributes:
        id: the kernel's number.
        name: as under /sys/class/drm, such as HDMI-A-1.
        state: 1 connected, 2 disconnected, 3 the card cannot tell.
        modes: what the screen can show, its favourite usually first.
        encoders: that can feed it.
        encoder: that feeds it now, or 0.
    """

    id: int
    name: str
    state: int
    modes: tuple[abi.Mode, ...]
    encoders: tuple[int, ...]
    encoder: int


@dataclass(frozen=True, eq=False)
class Buffer:
    """Memory that the card can show.

    Attributes:
        fb, handle: the kernel's numbers.
        pixels: uint8 (height, width, 4), bytes blue, green, red, unused (XRGB8888); rows may lie further apart.
    """

    fb: int
    handle: int
    pixels: np.ndarray


class Card:
    """An open card.

    Args:
        kernel: see edge.screens.kernel.
        path: the device file.

    Raises (as every method):
        OSError: the kernel refused.
    """

    def __init__(self, kernel: Kernel, path: str) -> None:
        self.path = path
        self._kernel = kernel
        self._fd = kernel.open(path)

    def close(self) -> None:
        """Let go of it."""
        self._kernel.close(self._fd)

    def draws(self) -> bool:
        """Whether it has buffers that can be drawn in without a library of its own; a pure 3D core has none."""
        asked = abi.Capability(capability=abi.DUMB_BUFFERS)
        self._ask(abi.GET_CAPABILITY, asked)
        return bool(asked.value)

    def resources(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The ids of the CRTCs (what scans a buffer out) and of the connectors."""
        counted = abi.Resources()
        self._ask(abi.GET_RESOURCES, counted)
        crtcs, connectors = (ctypes.c_uint32 * counted.count_crtcs)(), (ctypes.c_uint32 * counted.count_connectors)()
        filled = abi.Resources(
            crtcs=ctypes.addressof(crtcs), count_crtcs=len(crtcs),
            connectors=ctypes.addressof(connectors), count_connectors=len(connectors),
        )  # fmt: skip
        self._ask(abi.GET_RESOURCES, filled)
        # A count may have changed between the two; what is beyond the smaller is not there.
        return tuple(crtcs[: filled.count_crtcs]), tuple(connectors[: filled.count_connectors])

    def output(self, connector: int) -> Output:
        """A connector with its modes. The kernel looks at the cable again: some tenths of a second."""
        counted = abi.Connector(connector_id=connector)
        self._ask(abi.GET_CONNECTOR, counted)
        modes, encoders = (abi.Mode * counted.count_modes)(), (ctypes.c_uint32 * counted.count_encoders)()
        # A count of 0 would make the kernel look at the cable once more.
        spare = (abi.Mode * 1)()
        filled = abi.Connector(
            connector_id=connector, modes=ctypes.addressof(modes if len(modes) else spare),
            count_modes=max(1, len(modes)), encoders=ctypes.addressof(encoders), count_encoders=len(encoders),
        )  # fmt: skip
        self._ask(abi.GET_CONNECTOR, filled)
        # The kernel writes none where there are more of them than were counted.
        told = tuple(modes) if filled.count_modes == len(modes) else ()
        feeds = tuple(encoders) if filled.count_encoders == len(encoders) else ()
        kind = abi.CONNECTORS[filled.connector_type] if filled.connector_type < len(abi.CONNECTORS) else "Unknown"
        name = f"{kind}-{filled.connector_type_id}"
        return Output(connector, name, filled.connection, told, feeds, filled.encoder_id)

    def state(self, connector: int) -> int:
        """Output.state as the kernel knows it, at once: it is told of plugs by an interrupt."""
        spare = (abi.Mode * 1)()
        asked = abi.Connector(connector_id=connector, modes=ctypes.addressof(spare), count_modes=1)
        self._ask(abi.GET_CONNECTOR, asked)
        return asked.connection

    def crtc_for(self, output: Output, crtcs: Sequence[int]) -> int | None:
        """The CRTC that feeds the output now, else the first that can, else None."""
        free: list[int] = []
        for number in dict.fromkeys((output.encoder, *output.encoders)):
            if not number:
                continue
            encoder = abi.Encoder(encoder_id=number)
            self._ask(abi.GET_ENCODER, encoder)
            if number == output.encoder and encoder.crtc_id in crtcs:
                return encoder.crtc_id
            free += [crtc for place, crtc in enumerate(crtcs) if encoder.possible_crtcs >> place & 1]
        return free[0] if free else None

    def buffer(self, width: int, height: int) -> Buffer:
        """A black buffer of that size."""
        made = abi.CreateDumb(width=width, height=height, bpp=32)
        self._ask(abi.CREATE_DUMB, made)
        shown = abi.Framebuffer(
            width=width, height=height, pitch=made.pitch, bpp=32, depth=24, handle=made.handle
        )  # fmt: skip
        self._ask(abi.ADD_FRAMEBUFFER, shown)
        where = abi.MapDumb(handle=made.handle)
        self._ask(abi.MAP_DUMB, where)
        memory = self._kernel.map(self._fd, made.size, where.offset)
        rows = np.frombuffer(memory, np.uint8, height * made.pitch).reshape(height, made.pitch)
        pixels = np.lib.stride_tricks.as_strided(rows, (height, width, 4), (made.pitch, 4, 1))
        return Buffer(shown.fb_id, made.handle, pixels)

    def free(self, buffer: Buffer) -> None:
        """Give a buffer back; what is shown of it goes dark."""
        with contextlib.suppress(OSError):
            self._ask(abi.REMOVE_FRAMEBUFFER, abi.FramebufferId(fb_id=buffer.fb))
        with contextlib.suppress(OSError):
            self._ask(abi.DESTROY_DUMB, abi.DestroyDumb(handle=buffer.handle))

    def shown(self, crtc: int) -> abi.Crtc:
        """What a CRTC shows now, to be given back to `restore`."""
        now = abi.Crtc(crtc_id=crtc)
        self._ask(abi.GET_CRTC, now)
        return now

    def set_mode(self, crtc: int, connector: int, mode: abi.Mode, fb: int) -> None:
        """Show a framebuffer on a connector, in a mode."""
        connectors = (ctypes.c_uint32 * 1)(connector)
        self._ask(
            abi.SET_CRTC,
            abi.Crtc(connectors=ctypes.addressof(connectors), count_connectors=1, crtc_id=crtc, fb_id=fb,
                     mode_valid=1, mode=mode),
        )  # fmt: skip

    def restore(self, before: abi.Crtc, connector: int) -> None:
        """Show what was shown before."""
        if before.mode_valid and before.fb_id:
            self.set_mode(before.crtc_id, connector, before.mode, before.fb_id)

    def flip(self, crtc: int, fb: int) -> None:
        """Show another framebuffer of the same size from the next refresh on; `flipped` tells when."""
        self._ask(abi.PAGE_FLIP, abi.PageFlip(crtc_id=crtc, fb_id=fb, flags=abi.FLIP_EVENT))

    def flipped(self, seconds: float) -> bool:
        """Whether the flip was done, after so many seconds at most. It is the only event that is asked for."""
        return bool(self._kernel.events(self._fd, seconds))

    def _ask(self, request: int, argument: ctypes.Structure) -> None:
        self._kernel.ioctl(self._fd, request, argument)
