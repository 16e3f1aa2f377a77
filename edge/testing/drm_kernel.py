"""A kernel with graphics cards that behave: cables are pulled, flips take until the refresh, only one may set modes."""

from __future__ import annotations

import ctypes
import errno
import os
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from edge.screens import kms_abi as abi

CONSOLE = 7  # the framebuffer of the text console


def mode(width: int, height: int, refresh: int = 60, preferred: bool = False, interlaced: bool = False) -> abi.Mode:
    """A video mode of width x height pixels."""
    return abi.Mode(
        hdisplay=width, vdisplay=height, vrefresh=refresh, clock=width * height * refresh // 1000,
        type=abi.PREFERRED * preferred, flags=abi.INTERLACED * interlaced, name=f"{width}x{height}".encode(),
    )  # fmt: skip


def refuse(number: int, path: str | None = None) -> NoReturn:
    """Fail as the kernel does, with an errno."""
    raise OSError(number, os.strerror(number), path)


@dataclass
class Socket:
    """A connector of a card."""

    kind: int = 11  # HDMI-A
    number: int = 1
    state: int = abi.CONNECTED
    modes: list[abi.Mode] = field(default_factory=lambda: [mode(64, 36, preferred=True)])
    reaches: int = 0b1  # CRTCs, a bit each
    feeds: bool = False  # whether the console is on it
    known: int | None = None  # what is told of the state until somebody has the cable looked at; None: as it is


@dataclass
class FakeCard:
    """A card; `crtcs` shows what each scans out: (framebuffer, mode), at first the console."""

    sockets: list[Socket] = field(default_factory=list)
    crtc_count: int = 2
    draws: bool = True
    modes: bool = True  # a 3D core has none
    refusals: dict[int, int] = field(default_factory=dict)  # errno by request
    allowed: bool = True
    gone: bool = False
    stalls: bool = False  # a flip is never done
    master: int | None = None

    def __post_init__(self) -> None:
        self.crtcs: dict[int, tuple[int, abi.Mode | None]] = {
            100 + n: (CONSOLE, mode(64, 36)) for n in range(self.crtc_count)
        }
        self.buffers: dict[int, tuple[bytearray, int]] = {}
        self.fbs: dict[int, tuple[int, int, int, int]] = {}
        self.pending: tuple[int, int] | None = None
        self.told = False  # an event waits to be read
        self.made, self.probes, self.flips, self.sets = 0, 0, 0, 0

    def refresh(self) -> None:
        """The moment between two pictures: a flip that was asked for is done."""
        if self.pending is None or self.stalls:
            return
        crtc, fb = self.pending
        self.crtcs[crtc], self.pending = (fb, self.crtcs[crtc][1]), None
        self.told = True

    def shown(self, crtc: int = 100) -> np.ndarray | None:
        """What a screen on that CRTC shows, uint8 (H, W, 3) RGB; None for the console."""
        fb, now = self.crtcs[crtc]
        if fb not in self.fbs or now is None:
            return None
        width, height, pitch, handle = self.fbs[fb]
        rows = np.frombuffer(self.buffers[handle][0], np.uint8, height * pitch).reshape(height, pitch)
        return rows[:, : width * 4].reshape(height, width, 4)[: now.vdisplay, : now.hdisplay, 2::-1].copy()


class FakePlugs:
    """See edge.screens.kernel.Plugs."""

    def __init__(self, kernel: FakeKernel) -> None:
        self._kernel = kernel

    def heard(self) -> bool:
        """Whether a cable was moved since the last call."""
        news, self._kernel.news = self._kernel.news, 0
        return news > 0

    def close(self) -> None:
        """Stop listening."""
        self._kernel.listeners -= 1


class FakeKernel:
    """See edge.screens.kernel. `news` are cables that were moved and not yet heard of."""

    def __init__(self, **cards: FakeCard) -> None:
        self.news, self.listeners = 0, 0
        self.hardware = {f"/dev/dri/{name}": card for name, card in cards.items()}
        self.files: dict[int, FakeCard] = {}
        self._next = 30

    def cards(self) -> list[str]:
        """The device files of the cards that are there."""
        return sorted(path for path, card in self.hardware.items() if not card.gone)

    def open(self, path: str) -> int:
        """A file descriptor; the first one becomes the card's master.

        Raises:
            OSError: no such card, or it may not be opened.
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
        """Close it; the console comes back when the master goes."""
        card = self.files.pop(fd)
        if card.master == fd:
            card.master = None
            card.buffers.clear()
            card.fbs.clear()
            card.crtcs = {crtc: (CONSOLE, now) for crtc, (_, now) in card.crtcs.items()}

    def map(self, fd: int, size: int, offset: int) -> bytearray:
        """The memory of a dumb buffer.

        Raises:
            OSError: there is none of that size.
        """
        memory, large = self.files[fd].buffers.get(offset >> 12, (bytearray(), 0))
        if size > large or not size:
            refuse(errno.EINVAL)
        return memory

    def events(self, fd: int, seconds: float) -> bytes:
        """The events that wait to be read; none of them takes time."""
        card = self.files[fd]
        card.refresh()
        done, card.told = card.told, False
        return b"\2\0\0\0\40\0\0\0" if done else b""

    def plugs(self) -> FakePlugs:
        """Listen for cables that are moved."""
        self.listeners += 1
        return FakePlugs(self)

    def ioctl(self, fd: int, request: int, argument: ctypes.Structure) -> None:
        """Do what the request asks for, in `argument` as the kernel does.

        Raises:
            OSError: as the card was set up to refuse, or as a kernel would.
        """
        assert request >> 16 & 0x3FFF == ctypes.sizeof(argument), "the request's number says another size"
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


def _copy(address: int, values: ctypes.Array) -> None:
    ctypes.memmove(address, values, ctypes.sizeof(values))


def _capability(card: FakeCard, asked: abi.Capability) -> None:
    asked.value = int(card.draws)


def _resources(card: FakeCard, asked: abi.Resources) -> None:
    crtcs = (ctypes.c_uint32 * card.crtc_count)(*card.crtcs)
    connectors = (ctypes.c_uint32 * len(card.sockets))(*range(200, 200 + len(card.sockets)))
    if asked.count_crtcs >= len(crtcs) and len(crtcs):
        _copy(asked.crtcs, crtcs)
    if asked.count_connectors >= len(connectors) and len(connectors):
        _copy(asked.connectors, connectors)
    asked.count_crtcs, asked.count_connectors = len(crtcs), len(connectors)


def _connector(card: FakeCard, asked: abi.Connector) -> None:
    socket = card.sockets[asked.connector_id - 200]
    if asked.count_modes == 0:
        card.probes += 1
        socket.known = None
    state = socket.state if socket.known is None else socket.known
    modes = (abi.Mode * len(socket.modes))(*(socket.modes if state != abi.DISCONNECTED else ()))
    count = len(modes) if state != abi.DISCONNECTED else 0
    if asked.count_modes >= count and count:
        _copy(asked.modes, modes)
    encoder = asked.connector_id + 100
    if asked.count_encoders >= 1:
        _copy(asked.encoders, (ctypes.c_uint32 * 1)(encoder))
    asked.count_modes, asked.count_encoders, asked.connection = count, 1, state
    asked.connector_type, asked.connector_type_id = socket.kind, socket.number
    asked.encoder_id = encoder if socket.feeds else 0


def _encoder(card: FakeCard, asked: abi.Encoder) -> None:
    socket = card.sockets[asked.encoder_id - 300]
    asked.possible_crtcs = socket.reaches
    asked.crtc_id = 100 + (card.crtc_count - 1) if socket.feeds else 0


def _get_crtc(card: FakeCard, asked: abi.Crtc) -> None:
    asked.fb_id, now = card.crtcs[asked.crtc_id]
    if now is not None:
        asked.mode, asked.mode_valid = now, 1


def _set_crtc(card: FakeCard, asked: abi.Crtc) -> None:
    connector = ctypes.c_uint32.from_address(asked.connectors).value
    socket = card.sockets[connector - 200]
    fits = asked.fb_id == CONSOLE or (
        asked.fb_id in card.fbs
        and card.fbs[asked.fb_id][0] >= asked.mode.hdisplay
        and card.fbs[asked.fb_id][1] >= asked.mode.vdisplay
    )
    if asked.count_connectors != 1 or not fits or not socket.reaches >> (asked.crtc_id - 100) & 1:
        refuse(errno.EINVAL)
    kept = abi.Mode.from_buffer_copy(asked.mode)
    card.crtcs[asked.crtc_id], card.pending = (asked.fb_id, kept), None
    card.sets += 1


def _flip(card: FakeCard, asked: abi.PageFlip) -> None:
    if card.pending is not None:
        refuse(errno.EBUSY)
    if asked.fb_id not in card.fbs or asked.flags != abi.FLIP_EVENT:
        refuse(errno.EINVAL)
    card.pending = (asked.crtc_id, asked.fb_id)
    card.flips += 1


def _create(card: FakeCard, asked: abi.CreateDumb) -> None:
    card.made += 1
    asked.handle = card.made
    asked.pitch = (asked.width * 4 + 127) // 64 * 64  # rows lie further apart than they are wide
    asked.size = (asked.pitch * asked.height + 4095) // 4096 * 4096
    card.buffers[asked.handle] = (bytearray(asked.size), asked.size)


def _add(card: FakeCard, asked: abi.Framebuffer) -> None:
    if asked.handle not in card.buffers or (asked.bpp, asked.depth) != (32, 24):
        refuse(errno.EINVAL)
    asked.fb_id = 400 + asked.handle
    card.fbs[asked.fb_id] = (asked.width, asked.height, asked.pitch, asked.handle)


def _map(card: FakeCard, asked: abi.MapDumb) -> None:
    asked.offset = asked.handle << 12


def _remove(card: FakeCard, asked: abi.FramebufferId) -> None:
    del card.fbs[asked.fb_id]


def _destroy(card: FakeCard, asked: abi.DestroyDumb) -> None:
    del card.buffers[asked.handle]


ANSWERS: dict[int, Any] = {
    abi.GET_CAPABILITY: _capability, abi.GET_RESOURCES: _resources, abi.GET_CONNECTOR: _connector,
    abi.GET_ENCODER: _encoder, abi.GET_CRTC: _get_crtc, abi.SET_CRTC: _set_crtc, abi.PAGE_FLIP: _flip,
    abi.CREATE_DUMB: _create, abi.ADD_FRAMEBUFFER: _add, abi.MAP_DUMB: _map, abi.REMOVE_FRAMEBUFFER: _remove,
    abi.DESTROY_DUMB: _destroy,
}  # fmt: skip
