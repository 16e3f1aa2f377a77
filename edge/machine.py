"""What the machine at hand is called, for figures that depend on it."""

from __future__ import annotations

import os
import platform
import re
import shlex
import sys
from pathlib import Path


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


def pip_install(extra: str) -> str:
    """The command that installs one of our extras into this very Python, whose pip need not be the one on the PATH."""
    return f"{shlex.quote(sys.executable or 'python3')} -m pip install 'edge-emotion[{extra}]'"
