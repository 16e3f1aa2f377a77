"""The Debian package of this tree, its successor, and what an installed one owns."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.system import debian

BUILD = debian.TREE / "systemd/debian/build.sh"
SETTINGS = "etc/edge-emotion/config.toml"
DPKG = ("dpkg", "--force-confdef", "--force-confold", "--install")  # as unattended upgrades call it
QUICK = {"DPKG_DEB_COMPRESSOR_TYPE": "gzip", "DPKG_DEB_COMPRESSOR_LEVEL": "1", "PYTHON": sys.executable}
SITE = f"opt/edge-emotion/lib/python{debian.PYTHON}/site-packages"
OURS = (
    "opt/edge-emotion", "usr/bin/edge-emotion", "usr/lib/systemd/system/edge-emotion.service",
    "usr/lib/udev/rules.d/60-edge-emotion.rules", "usr/lib/sysusers.d/edge-emotion.conf",
)  # fmt: skip


def build(arch: str, out: Path) -> Path:
    """The package of this tree, built into a folder."""
    command = [str(BUILD), "--suite", debian.SUITE, "--out", str(out), arch]
    subprocess.run(command, env=os.environ | QUICK, check=True)
    (path,) = out.glob("*.deb")
    return path


def build_successor(package: Path, folder: Path) -> Path:
    """The next version of a package, with another default, built into a folder."""
    subprocess.run(["dpkg-deb", "--raw-extract", str(package), str(folder / "tree")], check=True)
    for name, old, new in (
        ("DEBIAN/control", r"(Version: .*)", r"\1.1"),
        (SETTINGS, r"fps = 30\.0", "fps = 25.0"),
        (f"{SITE}/edge/__init__.py", '__version__ = ".*"', '__version__ = "99.0"'),
    ):
        path = folder / "tree" / name
        text, count = re.subn(old, new, path.read_text())
        assert count == 1, name
        path.write_text(text)
    made = folder / "successor.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(folder / "tree"), str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return made


def exists(root: Path, *paths: str) -> list[str]:
    """Those of the paths that a root has."""
    return [path for path in paths if (root / path).is_symlink() or (root / path).exists()]
