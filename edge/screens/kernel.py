"""What a graphics device needs of the operating system: device files, requests, memory, and news about cables."""

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

TRIES = 100  # a request that a signal interrupts is repeated, as libdrm does, but not for ever
# <linux/netlink.h>: messages about devices, and the multicast group in which the kernel itself sends.
NETLINK_KOBJECT_UEVENT, KERNEL = 15, 1
MESSAGES = 64  # read at most so many at once; the rest is read next time


class HotplugMonitor(Protocol):
    """Notices cables that are plugged in or pulled out."""

    def poll(self) -> bool:
        """Whether that happened to a screen's cable since the last call. Returns at once, never raises."""

    def close(self) -> None:
        """Stop listening."""


class Kernel(Protocol):
    """The part of the operating system that a graphics device needs. All methods raise OSError.

    edge.testing.drm_kernel.FakeKernel is one that behaves, for tests.
    """

    def cards(self) -> list[str]:
        """The device files, in order."""

    def open(self, path: str) -> int:
        """Open a device file; its file descriptor."""

    def close(self, fd: int) -> None:
        """Close it; the kernel frees what was made through it and brings the console back."""

    def ioctl(self, fd: int, request: int, argument: ctypes.Structure) -> None:
        """Make a request; the argument is read and written."""

    def map(self, fd: int, size: int, offset: int) -> mmap.mmap | bytearray:
        """A buffer's memory, shared with the device."""

    def events(self, fd: int, seconds: float) -> bytes:
        """The device's next events; empty if there are none within that time."""

    def hotplug(self) -> HotplugMonitor:
        """Start to listen for cables."""


class SystemKernel:
    """Linux."""

    def __init__(self, folder: Path = Path("/dev/dri")) -> None:
        self._folder = folder

    def cards(self) -> list[str]:
        """/dev/dri/card*, in the order of their numbers."""
        return [str(path) for path in sorted(self._folder.glob("card*"), key=lambda path: (len(path.name), path.name))]

    def open(self, path: str) -> int:
        """For reading and writing; the first program to open a device may set its modes."""
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def close(self, fd: int) -> None:
        """Close the file descriptor."""
        os.close(fd)

    def ioctl(self, fd: int, request: int, argument: ctypes.Structure) -> None:
        """Make a request; one that a signal interrupted is repeated."""
        for left in range(TRIES, 0, -1):
            try:
                fcntl.ioctl(fd, request, argument)
                return
            except (InterruptedError, BlockingIOError):
                if left == 1:
                    raise

    def map(self, fd: int, size: int, offset: int) -> mmap.mmap:
        """Map the buffer into this process."""
        return mmap.mmap(fd, size, offset=offset)

    def events(self, fd: int, seconds: float) -> bytes:
        """Wait for events, then read them."""
        ready, _, _ = select.select([fd], [], [], seconds)
        return os.read(fd, 1024) if ready else b""

    def hotplug(self) -> HotplugMonitor:
        """Listen to the kernel's own messages."""
        return SystemHotplugMonitor()


class SystemHotplugMonitor:
    """The kernel's messages about devices (uevents). Where they cannot be received, `poll` always returns False."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        with contextlib.suppress(OSError, AttributeError):
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_KOBJECT_UEVENT)
            self._socket.setblocking(False)
            self._socket.bind((0, KERNEL))

    def poll(self) -> bool:
        """Read the messages that have arrived."""
        changed = False
        for _ in range(MESSAGES if self._socket is not None else 0):
            try:
                changed |= is_hotplug(self._socket.recv(8192))  # type: ignore[union-attr]
            except OSError as error:
                # Where messages were lost, one about a cable may have been among them.
                return changed or error.errno == errno.ENOBUFS
        return changed

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()


def is_hotplug(message: bytes) -> bool:
    """Whether a uevent (words separated by zero bytes) is about a screen's cable."""
    words = message.split(b"\0")
    return b"SUBSYSTEM=drm" in words and b"HOTPLUG=1" in words
