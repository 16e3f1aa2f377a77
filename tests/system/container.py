"""A root booted with its own systemd in a container."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

PATH = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INSTALL = ("bash", "/root/src/systemd/install.sh")
OFFLINE = {"PIP_FIND_LINKS": "/root/wheels", "PIP_NO_INDEX": "1"}
SERVICE = "edge-emotion"
BOOT_S = 180.0  # seconds that a machine under load may take; two are usual

T = TypeVar("T")


def wait_for(what: str, ask: Callable[[], T], seconds: float = 60.0) -> T:
    """What `ask` answers as soon as it is true; an error that names `what` after so many seconds."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)
    return answer


def nspawn(root: Path, *options: str) -> list[str]:
    """The command that enters a root."""
    return ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--link-journal=no", "-D", str(root), *options]


def install_unbooted(root: Path) -> None:
    """Run install.sh in a root whose systemd does not run, as one builds an SD card's image."""
    environment = [f"--setenv={key}={value}" for key, value in OFFLINE.items()]
    command = [*nspawn(root, "--console=pipe", *environment), *INSTALL]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True, timeout=600)


class Container:
    """A booted root.

    Args:
        root: the root.
        options: of systemd-nspawn.
    """

    def __init__(self, root: Path, *options: str) -> None:
        self.root = root
        self._process = subprocess.Popen(
            [*nspawn(root, "--boot", "--console=pipe", *options)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._init = 0
        try:
            wait_for("the container's systemd", self._is_up, BOOT_S)
        except BaseException:
            for child in self._children():
                os.kill(child, signal.SIGKILL)
            self._process.kill()
            self._process.wait(30)
            raise

    def _is_up(self) -> bool:
        # Looked for anew each time: the first child that nspawn has is a helper of its own.
        self._init = next(iter(self._children()), 0)
        told = self.run("systemctl", "is-system-running").stdout.strip() if self._init else ""
        return told in ("running", "degraded")

    def _children(self) -> list[int]:
        path = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(child) for child in path.read_text().split()]

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command inside, as root; its result."""
        enter = ["nsenter", f"--target={self._init}", "--mount", "--uts", "--ipc", "--pid", "--"]
        clean = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", **environment}
        return subprocess.run(
            [*enter, "env", "-i", *(f"{key}={value}" for key, value in clean.items()), *command],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip

    def must(self, *command: str, **environment: str) -> str:
        """The output of a command inside that has to succeed."""
        result = self.run(*command, **environment)
        assert result.returncode == 0, f"{command}: {result.returncode}\n{result.stdout}{result.stderr}"
        return result.stdout

    def install(self, *options: str, **environment: str) -> str:
        """What install.sh says."""
        return self.must(*INSTALL, *options, **OFFLINE, **environment)

    def show(self, key: str) -> str:
        """A property of the service."""
        return self.must("systemctl", "show", "--value", f"--property={key}", SERVICE).strip()

    def pid(self) -> int:
        """The service's process as this machine numbers it; 0 where it does not run."""
        inner = self.show("MainPID")
        if inner == "0":
            return 0
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
            except OSError:
                continue
            if f"NSpid:\t{status.parent.name}\t{inner}\n" in text and self._is_mine(status.parent):
                return int(status.parent.name)
        return 0

    def _is_mine(self, process: Path) -> bool:
        try:
            return os.readlink(process / "ns/pid") == os.readlink(f"/proc/{self._init}/ns/pid")
        except OSError:
            return False

    def kill(self, number: signal.Signals) -> None:
        """Send the service's process a signal."""
        os.kill(wait_for("a running service", self.pid), number)

    def die(self) -> None:
        """Everything in it ends at once, without a last word."""
        for pid in (self._init, self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(30)


def since(events: list[Mapping[str, Any]], wall: float, what: str) -> Mapping[str, Any] | None:
    """The first event of a kind (of health events: what they tell) at or after a time, seconds since 1970."""
    from edge.clock import from_rfc3339

    for event in events:
        if event.get("what", event["event"]) == what and from_rfc3339(event["time"]) >= wall:
            return event
    return None
