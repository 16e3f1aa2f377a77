"""An emulated arm64 computer: QEMU's `virt` board on another kind of processor, some hundred times too slow.

Its clock counts instructions (`-icount`): however busy this machine is, the emulated one sees a steady processor of 500
million instructions a second, its watchdogs never fire for want of our time, and where it waits, time flies.

It has a camera (the kernel's `vivid`), a screen on virtio-gpu whose cable can be pulled, and a disk. Commands go
through the guest agent (qemu-guest-agent), pictures through the monitor's `screendump`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.system.container import SERVICE, wait_for

SIZE = (1280, 720)  # of the screen, pixels
BOOT_S = 3600.0
SOCKETS = ("qmp", "agent", "vnc")
ANSWER_S = 1200.0
TOOLS = {"qemu-system-aarch64": "qemu-system-arm", "nbdkit": "nbdkit"}  # command: Debian's package


class Wire:
    """Lines of JSON over a Unix socket: QEMU's monitor and the guest agent both speak them."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(ANSWER_S)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rb")

    def read(self) -> Mapping[str, Any]:
        """The next line."""
        line = self._lines.readline()
        if not line:
            raise ConnectionError("the machine is off")
        return json.loads(line)

    def ask(self, what: str, **arguments: Any) -> Any:
        """The answer to a request; events in between are dropped."""
        self.send(what, **arguments)
        while True:
            answer = self.read()
            if "error" in answer:
                raise RuntimeError(f"{what}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def send(self, what: str, **arguments: Any) -> None:
        """Make a request."""
        self._socket.sendall(json.dumps({"execute": what, "arguments": arguments}).encode() + b"\n")

    def wait(self, seconds: float) -> None:
        """From now on an answer may take so long."""
        self._socket.settimeout(seconds)

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._socket.close()


class Machine:
    """A machine that boots as soon as it is made.

    Args:
        folder: for sockets and the console's text; short, as a socket's path has 107 bytes at the most.
        boot: a folder with `disk` (ext4), `vmlinuz` and `initrd`.
        disk: another disk in its place, as QEMU names it (tests/system/volatile.py).
        state: what `save` left: the machine goes on from there, and the folder's disk is not written to.
    """

    def __init__(self, folder: Path, boot: Path, disk: str = "", state: Path | None = None) -> None:
        self.folder = folder
        own = f"file={boot / 'disk'},cache=unsafe,snapshot={'on' if state else 'off'}"
        drive = f"file={disk},cache=none" if disk else own
        for name in SOCKETS:
            (folder / name).unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [
                "setpriv", "--pdeathsig=KILL",  # it does not outlive its tests
                "qemu-system-aarch64", "-nodefaults", "-no-user-config", "-machine", "virt", "-cpu", "cortex-a72",
                "-smp", "2", "-m", "1024", "-icount", "shift=1,sleep=off", "-rtc", "clock=vm",
                "-kernel", str(boot / "vmlinuz"), "-initrd", str(boot / "initrd"),
                "-append", "root=/dev/vda rw console=ttyAMA0 fsck.mode=skip",
                "-drive", f"{drive},if=none,format=raw,id=disk0", "-device", "virtio-blk-pci,drive=disk0",
                "-device", f"virtio-gpu-pci,romfile=,xres={SIZE[0]},yres={SIZE[1]}", "-vnc", f"unix:{folder}/vnc",
                "-device", "virtio-serial-pci", "-chardev", f"socket,id=agent,path={folder}/agent,server=on,wait=off",
                "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
                "-qmp", f"unix:{folder}/qmp,server=on,wait=off", "-serial", f"file:{folder}/console",
                *(["-incoming", f"exec:cat '{state}'"] if state else []),
            ],
            stdin=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(folder)},
        )  # fmt: skip
        wait_for("QEMU's sockets", lambda: all((folder / name).exists() for name in SOCKETS))
        self._monitor = Wire(folder / "qmp")
        self._monitor.read()
        self._monitor.ask("qmp_capabilities")
        if state:
            wait_for("the state", lambda: self._monitor.ask("query-status")["status"] != "inmigrate", ANSWER_S)
            self._monitor.ask("cont")
        self._agent = Wire(folder / "agent")
        self._cable: socket.socket | None = None

    def booted(self) -> Machine:
        """Wait until commands can be run in it; one that goes on from a state is there at once."""
        self._agent.wait(BOOT_S)
        # What is said before anybody listens is read by the agent when it comes.
        assert self._agent.ask("guest-sync", id=7) == 7
        self._agent.wait(ANSWER_S)
        return self

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command inside, as root; its result."""
        pid = self._agent.ask("guest-exec", path=command[0], arg=command[1:], **{"capture-output": True})["pid"]
        done = wait_for(f"the end of {command}", lambda: self._ended(pid), ANSWER_S)
        out, err = (base64.b64decode(done.get(key, "")).decode() for key in ("out-data", "err-data"))
        return subprocess.CompletedProcess(command, done.get("exitcode", 128 + done.get("signal", 0)), out, err)

    def _ended(self, pid: int) -> Mapping[str, Any] | None:
        state = self._agent.ask("guest-exec-status", pid=pid)
        return state if state["exited"] else None

    def must(self, *command: str) -> str:
        """The output of a command inside that has to succeed."""
        result = self.run(*command)
        assert result.returncode == 0, f"{command}: {result.returncode}\n{result.stdout}{result.stderr}"
        return result.stdout

    def show(self, key: str) -> str:
        """A property of the service."""
        return self.must("systemctl", "show", "--value", f"--property={key}", SERVICE).strip()

    def clock(self) -> float:
        """The time of day inside, seconds since 1970."""
        return self._agent.ask("guest-get-time") / 1e9

    def picture(self) -> np.ndarray:
        """What the screen shows, uint8 (H, W, 3) RGB."""
        file = self.folder / "screen.ppm"
        self._monitor.ask("screendump", filename=str(file))
        return cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)

    def pass_time(self, seconds: float) -> None:
        """Wait until so many seconds have passed inside."""
        end = self.clock() + seconds
        wait_for("time to pass inside", lambda: self.clock() >= end, ANSWER_S)

    def save(self, state: Path) -> None:
        """Write down the whole machine as it is at a moment, and switch it off; its disks stay as they are then."""
        self._monitor.ask("stop")
        self._monitor.ask("migrate", uri=f"exec:cat > '{state}'")
        wait_for("the state", lambda: self._monitor.ask("query-migrate").get("status") == "completed", ANSWER_S)
        self._monitor.ask("quit")
        self._process.wait(30)
        self._hang_up()

    def plug(self, width: int, height: int) -> None:
        """Connect a screen of that size; 0, 0 pulls its cable.

        QEMU has no command for it, but a VNC client may say which size it wants, and no size means no screen:
        ui/vnc.c and virtio_gpu_ui_info() of hw/display/virtio-gpu-base.c.
        """
        if self._cable is None:
            self._cable = _vnc(self.folder / "vnc")
            # What is said first has to be something else than nothing, or it is taken for no news.
            self._size(*SIZE)
            self.pass_time(1.0)
        self._size(width, height)

    def _size(self, width: int, height: int) -> None:
        assert self._cable is not None
        self._cable.sendall(struct.pack(">BxHHBx", 251, width, height, 0))

    def cut(self) -> None:
        """The power is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(30)
        self._hang_up()

    def _hang_up(self) -> None:
        for wire in (self._monitor, self._agent, self._cable):
            if wire is not None:
                wire.close()


def _vnc(path: Path) -> socket.socket:
    """A VNC client that has introduced itself (RFC 6143, without a password)."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(ANSWER_S)
    client.connect(str(path))
    client.sendall(_exactly(client, 12))
    kinds = _exactly(client, _exactly(client, 1)[0])
    assert 1 in kinds, kinds
    client.sendall(b"\1")
    assert _exactly(client, 4) == bytes(4)
    client.sendall(b"\1")
    _exactly(client, struct.unpack(">20xI", _exactly(client, 24))[0])
    return client


def _exactly(client: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = client.recv(count - len(data))
        if not more:
            raise ConnectionError("the machine is off")
        data += more
    return data
