"""What a graphics card needs of the operating system: its device files, requests, memory, and news of cables."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import select
import socket
from pathlib import Path
from typing import Protocol

TRIES = 100  # a request that a signal interrupts is made again, as libdrm does, but not for ever
# <linux/netlink.h>: messages about devices, and the group in which the kernel itself speaks.
NETLINK_KOBJECT_UEVENT, KERNEL = 15, 1
MESSAGES = 64  # of a storm of news the rest is read in the next turn


class Plugs(Protocol):
    """News of cables."""

    def heard(self) -> bool:
        """Whether a screen's cable was plugged in or pulled out since it was asked last; at once, never raises."""

    def close(self) -> None:
        """Listen no more."""


class Kernel(Protocol):
    """The part of the operating system that a card needs; tests bring one that behaves. All raise OSError."""

    def cards(self) -> list[str]:
        """The device files, in order."""

    def open(self, path: str) -> int:
        """Open a device file."""

    def close(self, fd: int) -> None:
        """Close it; the kernel frees what was made through it, and the console is back."""

    def ioctl(self, fd: int, request: int, argument: ctypes.Structure) -> None:
        """Make a request; the argument is read and written."""

    def map(self, fd: int, size: int, offset: int) -> mmap.mmap | bytearray:
        """A buffer's memory, shared with the card."""

    def events(self, fd: int, seconds: float) -> bytes:
        """What the card has to say, or nothing after so many seconds."""

    def plugs(self) -> Plugs:
        """Begin to listen for cables."""


class SystemKernel:
    """Linux."""

    def __init__(self, folder: Path = Path("/dev/dri")) -> None:
        self._folder = folder

    def cards(self) -> list[str]:
        """/dev/dri/card*, in the order of their numbers."""
        return [str(path) for path in sorted(self._folder.glob("card*"), key=lambda path: (len(path.name), path.name))]

    def open(self, path: str) -> int:
        """For reading and writing; the first who opens a card may set its modes."""
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def close(self, fd: int) -> None:
        """Close."""
        os.close(fd)

    def ioctl(self, fd: int, request: int, argument: ctypes.Structure) -> None:
        """Again where a signal came in between."""
        for left in range(TRIES, 0, -1):
            try:
                fcntl.ioctl(fd, request, argument)
                return
            except (InterruptedError, BlockingIOError):
                if left == 1:
                    raise

    def map(self, fd: int, size: int, offset: int) -> mmap.mmap:
        """Map."""
        return mmap.mmap(fd, size, offset=offset)

    def events(self, fd: int, seconds: float) -> bytes:
        """Wait and read."""
        ready, _, _ = select.select([fd], [], [], seconds)
        return os.read(fd, 1024) if ready else b""

    def plugs(self) -> Plugs:
        """The kernel's own messages."""
        return SystemPlugs()


class SystemPlugs:
    """The kernel's messages about devices (uevents). Where they are not to be had, nothing is ever heard."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        with contextlib.suppress(OSError, AttributeError):
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_KOBJECT_UEVENT)
            self._socket.setblocking(False)
            self._socket.bind((0, KERNEL))

    def heard(self) -> bool:
        """Read what came."""
        news = False
        for _ in range(MESSAGES if self._socket is not None else 0):
            try:
                news |= is_plug(self._socket.recv(8192))  # type: ignore[union-attr]
            except OSError as error:
                # Where messages were lost, it may have been among them.
                return news or error.errno == errno.ENOBUFS
        return news

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()


def is_plug(message: bytes) -> bool:
    """Whether a uevent, words with a zero byte between them, is about a screen's cable."""
    words = message.split(b"\0")
    return b"SUBSYSTEM=drm" in words and b"HOTPLUG=1" in words
