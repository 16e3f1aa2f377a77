"""The machine at hand: what it is called, and how an extra is installed on it."""

from __future__ import annotations

import os
import platform
import re
import shlex
import sys
from pathlib import Path

SERVICE = Path("/opt/edge-emotion")


def machine(root: Path = Path("/")) -> str:
    """The board, or the processor's name, its cores and its architecture. `root` is for tests."""
    board = _read(root / "proc/device-tree/model").strip("\0 \n")
    found = re.search(r"model name\s*:\s*(.+)", _read(root / "proc/cpuinfo"))
    name = board or (found[1].strip() if found else platform.processor() or "unknown processor")
    return f"{name}, {os.cpu_count()} cores, {platform.machine()}"


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def pip_install(extra: str, service: Path = SERVICE) -> str:
    """The command that installs one of our extras, such as "plot", into this very Python."""
    return pip(f"install 'edge-emotion[{extra}]'", service)


def pip(words: str, service: Path = SERVICE) -> str:
    """The command with which this very Python's pip does something: it need not be the one on the PATH.

    Args:
        words: of pip, as a shell takes them.
        service: where the service's environment is, or a link to it; only root can write there.
    """
    python = shlex.quote(sys.executable or "python3")
    if service.exists() and service.samefile(sys.prefix):
        python = f"sudo {service}/bin/python"
    return f"{python} -m pip {words}"
