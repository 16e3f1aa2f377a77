"""A Debian root in the cache, made once, and throw-away copies of it that hold an installed edge-emotion."""

from __future__ import annotations

import configparser
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

from edge import manifest
from edge.tasks import DAEMON

CACHE = Path(os.environ.get("EDGE_SYSTEM_CACHE", "~/.cache/edge-emotion/system")).expanduser()
MIRROR = os.environ.get("EDGE_SYSTEM_MIRROR", "http://deb.debian.org/debian")
SUITE = os.environ.get("EDGE_SYSTEM_SUITE", "trixie")
PYTHON = {"bookworm": "3.11", "trixie": "3.13"}[SUITE]
PACKAGES = "systemd-sysv,dbus,udev,procps,ca-certificates,python3-venv,python3-pip,sudo,adduser"
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
TREE = Path(__file__).resolve().parent.parent.parent
FAULTS = "opt/edge-faults"  # where the faulty command and its models lie in a root


def architecture() -> str:
    """Debian's name of the architecture: EDGE_SYSTEM_ARCH, or this machine's own."""
    own = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
    return os.environ.get("EDGE_SYSTEM_ARCH", own)


def base(arch: str) -> Path:
    """The cached root; made by debootstrap where it is not there. A foreign one needs qemu-user 10 in binfmt_misc."""
    root = CACHE / f"{SUITE}-{arch}"
    if not root.exists():
        scratch = root.with_suffix(".part")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.parent.mkdir(parents=True, exist_ok=True)
        options = [f"--arch={arch}", "--variant=minbase", f"--include={PACKAGES}"]
        subprocess.run(["debootstrap", *options, SUITE, str(scratch), MIRROR], check=True)
        scratch.rename(root)
    return root


def requirements(arch: str) -> list[str]:
    """What setup.cfg says that the device needs, and what builds the package."""
    config = configparser.ConfigParser()
    config.read(TREE / "setup.cfg")
    listed = [Requirement(line) for line in config["options"]["install_requires"].split("\n") if line]
    machine = {"platform_machine": MACHINES[arch], "python_version": PYTHON}
    needed = [one for one in listed if one.marker is None or one.marker.evaluate(machine)]
    return [*(f"{one.name}{one.specifier}" for one in needed), "setuptools>=77"]


def wheels(arch: str) -> Path:
    """A folder with the wheels of the device's libraries, fetched once; anew where they are others."""
    needed = requirements(arch)
    folder = CACHE / f"wheels-{SUITE}-{arch}-{hashlib.sha256(' '.join(needed).encode()).hexdigest()[:8]}"
    if not folder.exists():
        scratch = folder.with_suffix(".part")
        levels = ("2_28", "2_27", "2_26", "2_24", "2_17", "2014")
        platforms = [f"--platform=manylinux{'' if n == '2014' else '_'}{n}_{MACHINES[arch]}" for n in levels]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--dest", str(scratch)]
        limits = [f"--constraint={TREE}/systemd/constraints-bookworm.txt"] if SUITE == "bookworm" else []
        subprocess.run([*command, f"--python-version={PYTHON}", *platforms, *limits, *needed], check=True)
        scratch.rename(folder)
    return folder


@contextlib.contextmanager
def overlay(below: Path, name: str) -> Iterator[Path]:
    """A root that begins as the one below and whose changes are thrown away at the end."""
    folder = CACHE / "run" / f"{name}-{os.getpid()}"
    parts = {part: folder / part for part in ("upper", "work", "root")}
    for part in parts.values():
        part.mkdir(parents=True)
    options = f"lowerdir={below},upperdir={parts['upper']},workdir={parts['work']}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, str(parts["root"])], check=True)
    try:
        yield parts["root"]
    finally:
        subprocess.run(["umount", "--recursive", "--lazy", str(parts["root"])], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def put_sources(root: Path, arch: str) -> None:
    """The committed tree, with the tests' tiny models where the shipped ones are not all there, and the wheels."""
    source = root / "root/src"
    source.mkdir()
    archive = subprocess.run(["git", "-C", str(TREE), "archive", "HEAD"], capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(source)], input=archive, check=True)
    shutil.copytree(wheels(arch), root / "root/wheels")
    faults = put_tiny_models(root)
    if not set(DAEMON) <= set(manifest.load(source / "models").specs):
        shutil.rmtree(source / "models")
        shutil.copytree(faults / "models", source / "models")


def put_tiny_models(root: Path) -> Path:
    """The tests' tiny models and the faulty command; their folder."""
    faults = root / FAULTS
    faults.mkdir(parents=True)
    shutil.copytree(TREE / "tests/tiny", faults / "models", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    shutil.copy(Path(__file__).with_name("faulty.py"), faults)
    return faults


def put_faults(root: Path, settings: str = "") -> None:
    """Let the service run the faulty command, on the tiny models; what else the settings say."""
    folder = root / "etc/systemd/system/edge-emotion.service.d"
    folder.mkdir(parents=True, exist_ok=True)
    command = f"/opt/edge-emotion/bin/python /{FAULTS}/faulty.py run --wait --config /etc/edge-emotion/config.toml"
    (folder / "faults.conf").write_text(f"[Service]\nExecStart=\nExecStart={command}\n")
    text = f'[source]\nsource = "v4l2:0"\n[models]\ndir = "/{FAULTS}/models"\n[engine]\nthreads = 1\n{settings}'
    (root / "etc/edge-emotion/config.toml").write_text(text)
