"""A fake kernel with graphics devices that behave, for tests of a screen that draws on a console.

Cables are plugged in and pulled, a page flip takes until the refresh, only one program at a time may set modes, and a
request with a wrong size or value is refused as Linux refuses it. Pass it in the place of Linux:

>>> import numpy as np
>>> from edge.face import Scene
>>> from edge.frame import Frame
>>> from edge.screens.drm import DrmScreen
>>> from edge.settings import ScreenSettings
>>> from edge.testing.drm_kernel import FakeCard, FakeConnector, FakeKernel
>>> from edge.testing import FakeClock
>>> card = FakeCard([FakeConnector()])                     # a card with one HDMI connector and a 64x36 screen on it
>>> kernel = FakeKernel(card0=card)                        # appears as /dev/dri/card0
>>> screen = DrmScreen(ScreenSettings(kind="drm"), FakeClock(), kernel=kernel)
>>> screen.show(Frame(np.full((36, 64, 3), 200, np.uint8), time=0.0, index=0), Scene())
>>> card.refresh()                                         # the moment at which a page flip is done
>>> int(card.shown()[0, 0, 0])                             # what the screen shows, RGB
200
>>> kernel.unplug(card.connectors[0])
>>> screen.tick()
Traceback (most recent call last):
edge.errors.ScreenAbsent: screen: HDMI-A-1 was unplugged
>>> screen.close()
>>> card.shown() is None                                   # the console is back
True
"""

from __future__ import annotations

import ctypes
import errno
import os
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from edge.screens import kms_abi as abi

CONSOLE = 7  # id of the text console's framebuffer


def mode(width: int, height: int, refresh: int = 60, preferred: bool = False, interlaced: bool = False) -> abi.Mode:
    """A video mode of width x height pixels, `refresh` in Hz."""
    return abi.Mode(
        hdisplay=width, vdisplay=height, vrefresh=refresh, clock=width * height * refresh // 1000,
        type=abi.PREFERRED * preferred, flags=abi.INTERLACED * interlaced, name=f"{width}x{height}".encode(),
    )  # fmt: skip


def refuse(number: int, path: str | None = None) -> NoReturn:
    """Fail as the kernel does.

    Raises:
        OSError: always, with that errno.
    """
    raise OSError(number, os.strerror(number), path)


@dataclass
class FakeConnector:
    """A connector for a screen on a card.

    Attributes:
        kind: as in abi.CONNECTORS; 11 is HDMI-A.
        number: of its kind, from 1.
        state: abi.CONNECTED, abi.DISCONNECTED, or 3 where it cannot tell.
        modes: what the screen on it can show.
        reaches: the CRTCs that can feed it, a bit each.
        feeds: whether the console is shown on it.
        known: what the kernel reports as its state until somebody probes the cable; None: the true state.
    """

    kind: int = 11
    number: int = 1
    state: int = abi.CONNECTED
    modes: list[abi.Mode] = field(default_factory=lambda: [mode(64, 36, preferred=True)])
    reaches: int = 0b1
    feeds: bool = False
    known: int | None = None


@dataclass
class FakeCard:
    """A graphics device.

    Attributes:
        connectors: its connectors; their ids are 200, 201, ...
        crtc_count: how many CRTCs it has; their ids are 100, 101, ...
        draws: whether it has buffers that the processor can draw in.
        modes: whether it can drive screens; a 3D core cannot.
        refusals: errno by request number, for requests that shall fail.
        allowed: whether this user may open it.
        gone: whether it was removed.
        stalls: whether page flips are never done.
        master: the file descriptor that may set modes, or None.
        crtcs: what each CRTC scans out, (framebuffer, mode); at first the console.
        made, probes, flips, sets: how often buffers were made, cables probed, pages flipped and modes set.
    """

    connectors: list[FakeConnector] = field(default_factory=list)
    crtc_count: int = 2
    draws: bool = True
    modes: bool = True
    refusals: dict[int, int] = field(default_factory=dict)
    allowed: bool = True
    gone: bool = False
    stalls: bool = False
    master: int | None = None

    def __post_init__(self) -> None:
        self.crtcs: dict[int, tuple[int, abi.Mode | None]] = {
            100 + n: (CONSOLE, mode(64, 36)) for n in range(self.crtc_count)
        }
        self.buffers: dict[int, tuple[bytearray, int]] = {}
        self.fbs: dict[int, tuple[int, int, int, int]] = {}
        self.pending: tuple[int, int] | None = None
        self.event = False  # whether one waits to be read
        self.made, self.probes, self.flips, self.sets = 0, 0, 0, 0

    def refresh(self) -> None:
        """The moment between two pictures: a requested page flip is done."""
        if self.pending is None or self.stalls:
            return
        crtc, fb = self.pending
        self.crtcs[crtc], self.pending = (fb, self.crtcs[crtc][1]), None
        self.event = True

    def shown(self, crtc: int = 100) -> np.ndarray | None:
        """What a screen on that CRTC shows, uint8 (H, W, 3) RGB; None for the console."""
        fb, now = self.crtcs[crtc]
        if fb not in self.fbs or now is None:
            return None
        width, height, pitch, handle = self.fbs[fb]
        rows = np.frombuffer(self.buffers[handle][0], np.uint8, height * pitch).reshape(height, pitch)
        return rows[:, : width * 4].reshape(height, width, 4)[: now.vdisplay, : now.hdisplay, 2::-1].copy()


class FakeHotplugMonitor:
    """See edge.screens.kernel.HotplugMonitor."""

    def __init__(self, kernel: FakeKernel) -> None:
        self._kernel = kernel

    def poll(self) -> bool:
        """Whether a cable was plugged in or pulled out since the last call."""
        changes, self._kernel.hotplugs = self._kernel.hotplugs, 0
        return changes > 0

    def close(self) -> None:
        """Stop listening."""
        self._kernel.listeners -= 1


class FakeKernel:
    """See edge.screens.kernel.Kernel.

    Args:
        cards: by the names of their device files: FakeKernel(card0=FakeCard(...)).

    Attributes:
        hardware: the cards by path.
        files: the card by open file descriptor; empty when everything was closed.
        hotplugs: how many changes of cables were not yet polled.
        listeners: how many hotplug monitors are open.
    """

    def __init__(self, **cards: FakeCard) -> None:
        self.hotplugs, self.listeners = 0, 0
        self.hardware = {f"/dev/dri/{name}": card for name, card in cards.items()}
        self.files: dict[int, FakeCard] = {}
        self._next = 30

    def plug(self, connector: FakeConnector) -> None:
        """Plug a screen in, and report it."""
        connector.state = abi.CONNECTED
        self.hotplugs += 1

    def unplug(self, connector: FakeConnector) -> None:
        """Pull the cable out, and report it."""
        connector.state = abi.DISCONNECTED
        self.hotplugs += 1

    def cards(self) -> list[str]:
        """The device files of the cards that are not gone."""
        return sorted(path for path, card in self.hardware.items() if not card.gone)

    def open(self, path: str) -> int:
        """A file descriptor; the first one may set modes.

        Raises:
            OSError: no such card, or no permission.
        """
        card = self.hardware.get(path)
        if card is None or card.gone:
            refuse(errno.ENOENT, path)
        elif not card.allowed:
            refuse(errno.EACCES, path)
        self._next += 1
        self.files[self._next] = card
        if card.master is None:
            card.master = self._next
        return self._next

    def close(self, fd: int) -> None:
        """Close it; the console comes back when the one that set modes is closed."""
        card = self.files.pop(fd)
        if card.master == fd:
            card.master = None
            card.buffers.clear()
            card.fbs.clear()
            card.crtcs = {crtc: (CONSOLE, now) for crtc, (_, now) in card.crtcs.items()}

    def map(self, fd: int, size: int, offset: int) -> bytearray:
        """The memory of a dumb buffer.

        Raises:
            OSError: no such buffer, or a smaller one.
        """
        memory, large = self.files[fd].buffers.get(offset >> 12, (bytearray(), 0))
        if size > large or not size:
            refuse(errno.EINVAL)
        return memory

    def events(self, fd: int, seconds: float) -> bytes:
        """The events that wait to be read; never waits."""
        card = self.files[fd]
        card.refresh()
        done, card.event = card.event, False
        return b"\2\0\0\0\40\0\0\0" if done else b""

    def hotplug(self) -> FakeHotplugMonitor:
        """Start to listen for cables."""
        self.listeners += 1
        return FakeHotplugMonitor(self)

    def ioctl(self, fd: int, request: int, argument: ctypes.Structure) -> None:
        """Answer a request in `argument`, as the kernel does.

        Raises:
            OSError: as the card's `refusals` say, or as Linux would.
        """
        assert request >> 16 & 0x3FFF == ctypes.sizeof(argument), "the request number encodes another size"
        card = self.files[fd]
        if card.gone:
            refuse(errno.ENODEV)
        if request in card.refusals:
            refuse(card.refusals[request])
        if not card.modes and request != abi.GET_CAPABILITY:
            refuse(errno.EOPNOTSUPP)
        if request in (abi.SET_CRTC, abi.PAGE_FLIP) and card.master != fd:
            refuse(errno.EACCES)
        ANSWERS[request](card, argument)


def _copy(address: int, values: ctypes.Array[Any]) -> None:
    ctypes.memmove(address, values, ctypes.sizeof(values))


def _capability(card: FakeCard, argument: abi.Capability) -> None:
    argument.value = int(card.draws)


def _resources(card: FakeCard, argument: abi.Resources) -> None:
    crtcs = (ctypes.c_uint32 * card.crtc_count)(*card.crtcs)
    connectors = (ctypes.c_uint32 * len(card.connectors))(*range(200, 200 + len(card.connectors)))
    if argument.count_crtcs >= len(crtcs) and len(crtcs):
        _copy(argument.crtcs, crtcs)
    if argument.count_connectors >= len(connectors) and len(connectors):
        _copy(argument.connectors, connectors)
    argument.count_crtcs, argument.count_connectors = len(crtcs), len(connectors)


def _connector(card: FakeCard, argument: abi.Connector) -> None:
    connector = card.connectors[argument.connector_id - 200]
    if argument.count_modes == 0:
        card.probes += 1
        connector.known = None
    state = connector.state if connector.known is None else connector.known
    modes = (abi.Mode * len(connector.modes))(*(connector.modes if state != abi.DISCONNECTED else ()))
    count = len(modes) if state != abi.DISCONNECTED else 0
    if argument.count_modes >= count and count:
        _copy(argument.modes, modes)
    encoder = argument.connector_id + 100
    if argument.count_encoders >= 1:
        _copy(argument.encoders, (ctypes.c_uint32 * 1)(encoder))
    argument.count_modes, argument.count_encoders, argument.connection = count, 1, state
    argument.connector_type, argument.connector_type_id = connector.kind, connector.number
    argument.encoder_id = encoder if connector.feeds else 0


def _encoder(card: FakeCard, argument: abi.Encoder) -> None:
    connector = card.connectors[argument.encoder_id - 300]
    argument.possible_crtcs = connector.reaches
    argument.crtc_id = 100 + (card.crtc_count - 1) if connector.feeds else 0


def _get_crtc(card: FakeCard, argument: abi.Crtc) -> None:
    argument.fb_id, now = card.crtcs[argument.crtc_id]
    if now is not None:
        argument.mode, argument.mode_valid = now, 1


def _set_crtc(card: FakeCard, argument: abi.Crtc) -> None:
    connector = card.connectors[ctypes.c_uint32.from_address(argument.connectors).value - 200]
    fits = argument.fb_id == CONSOLE or (
        argument.fb_id in card.fbs
        and card.fbs[argument.fb_id][0] >= argument.mode.hdisplay
        and card.fbs[argument.fb_id][1] >= argument.mode.vdisplay
    )
    if argument.count_connectors != 1 or not fits or not connector.reaches >> (argument.crtc_id - 100) & 1:
        refuse(errno.EINVAL)
    kept = abi.Mode.from_buffer_copy(argument.mode)
    card.crtcs[argument.crtc_id], card.pending = (argument.fb_id, kept), None
    card.sets += 1


def _flip(card: FakeCard, argument: abi.PageFlip) -> None:
    if card.pending is not None:
        refuse(errno.EBUSY)
    if argument.fb_id not in card.fbs or argument.flags != abi.FLIP_EVENT:
        refuse(errno.EINVAL)
    card.pending = (argument.crtc_id, argument.fb_id)
    card.flips += 1


def _create(card: FakeCard, argument: abi.CreateDumb) -> None:
    card.made += 1
    argument.handle = card.made
    argument.pitch = (argument.width * 4 + 127) // 64 * 64  # rows are padded
    argument.size = (argument.pitch * argument.height + 4095) // 4096 * 4096
    card.buffers[argument.handle] = (bytearray(argument.size), argument.size)


def _add(card: FakeCard, argument: abi.Framebuffer) -> None:
    if argument.handle not in card.buffers or (argument.bpp, argument.depth) != (32, 24):
        refuse(errno.EINVAL)
    argument.fb_id = 400 + argument.handle
    card.fbs[argument.fb_id] = (argument.width, argument.height, argument.pitch, argument.handle)


def _map(card: FakeCard, argument: abi.MapDumb) -> None:
    argument.offset = argument.handle << 12


def _remove(card: FakeCard, argument: abi.FramebufferId) -> None:
    del card.fbs[argument.fb_id]


def _destroy(card: FakeCard, argument: abi.DestroyDumb) -> None:
    del card.buffers[argument.handle]


ANSWERS: dict[int, Any] = {
    abi.GET_CAPABILITY: _capability, abi.GET_RESOURCES: _resources, abi.GET_CONNECTOR: _connector,
    abi.GET_ENCODER: _encoder, abi.GET_CRTC: _get_crtc, abi.SET_CRTC: _set_crtc, abi.PAGE_FLIP: _flip,
    abi.CREATE_DUMB: _create, abi.ADD_FRAMEBUFFER: _add, abi.MAP_DUMB: _map, abi.REMOVE_FRAMEBUFFER: _remove,
    abi.DESTROY_DUMB: _destroy,
}  # fmt: skip
