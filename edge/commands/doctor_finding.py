"""A finding of `edge-emotion doctor`: how good, about what, and how to fix it."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from edge.errors import Absent, EdgeError, InUse

OK, WARN, FAIL = "ok", "warn", "fail"
SYSTEMCTL_S = 10.0
ANSWER_S = 2.0  # how long whoever listens on a port has to say who it is


@dataclass(frozen=True)
class Finding:
    """One line of the report. A finding of level FAIL means that `run` with the same settings cannot work."""

    level: str
    about: str
    text: str


def service_status() -> str:
    """The status of the installed service, such as "29.8 fps, 1 face"; empty where none is running."""
    # A stopped service keeps its last status.
    command = ["systemctl", "show", "--property=ActiveState", "--property=StatusText", "edge-emotion"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SYSTEMCTL_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    shown = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    return shown.get("StatusText", "") if shown.get("ActiveState") == "active" else ""


def asked(
    about: str,
    check: Callable[[], str],
    status: Callable[[], str] = service_status,
    prefix: str = "",
    later: str = "`run` will try again",
) -> Finding:
    """What a part's own check says. What the running service has in use is fine, where it can be told from others.

    Args:
        about: the part.
        check: its check: what it would use; it raises what `run` would end with, or `Absent` where `run` starts all
            the same.
        status: gets the status of the service; replaced in tests.
        prefix: the beginning of messages that says no more than `about`.
        later: what `run` does about something that is absent.
    """
    try:
        return Finding(OK, about, check())
    except EdgeError as error:
        text = str(error).removeprefix(prefix)
        if isinstance(error, InUse) and (shown := status()):
            if is_ours(error):
                return Finding(OK, about, f"used by the service ({shown})")
            return Finding(WARN, about, f"{text}; perhaps the running service has it ({shown})")
        if isinstance(error, Absent):
            return Finding(WARN, about, f"{text}; {later}")
        return Finding(FAIL, about, text)


def is_ours(error: InUse) -> bool:
    """Whether edge-emotion is known to be what has it: our servers name themselves in every answer."""
    if error.address is None:
        return True
    try:
        with socket.create_connection(error.address, ANSWER_S) as asking:
            asking.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return b"\r\nserver: edge-emotion" in asking.recv(4096).lower()
    except OSError:
        return False
