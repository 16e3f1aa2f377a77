"""The emulated machine's disk: a Debian arm64 root in which the README's chapter on the Pi was followed to the letter.

The root's own programs run through qemu-user while it is made, and the machine boots from a copy of it on ext4.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.system import debian
from tests.system.container import nspawn, wait_for

ARCH = "arm64"
CHAPTER = "As a service"
PACKAGES = ("linux-image-arm64", "initramfs-tools", "qemu-guest-agent", "v4l-utils")
ADDRESS = "/srv/edge-emotion.git"
USER = "maker"
DISK_BYTES = 4 << 30
# What the service is made of; the disk is made anew when it changes.
MATTERS = (
    "setup.cfg",
    "pyproject.toml",
    "edge",
    "models",
    "systemd",
    "tests/tiny",
    "tests/system/faulty.py",
    "tests/system/emulated.py",
)
BINFMT = Path("/proc/sys/fs/binfmt_misc")
# As Debian's qemu-user-binfmt registers it; F: opened now, so that it works inside any root, C: sudo keeps its rights.
MAGIC = (
    r":qemu-aarch64:M::\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
    r":\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:{path}:OCF"
)


def run_in(root: Path, *command: str, stdin: str | None = None, user: str = "root") -> str:
    """What a command says that runs in a root and has to succeed."""
    enter = [*nspawn(root, "--console=pipe", f"--user={user}"), *command]
    done = subprocess.run(enter, input=stdin, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def emulate() -> None:
    """Let this kernel run arm64 programs: by qemu-user 10 of trixie, as bookworm's 7.2 breaks in LiteRT."""
    if debian.architecture() == ARCH or (BINFMT / "qemu-aarch64").exists():
        return
    program = debian.CACHE / "qemu-user/usr/bin/qemu-aarch64"
    if not program.exists():
        with debian.overlay(debian.base(debian.architecture()), "qemu-user") as root:
            # Not in /tmp, which systemd-nspawn keeps in memory.
            run_in(root, "sh", "-c", "cd /root && apt-get -q update && apt-get -q download qemu-user")
            package = next((root / "root").glob("qemu-user_*.deb"))
            program.parent.mkdir(parents=True, exist_ok=True)
            unpack = f"dpkg-deb --fsys-tarfile '{package}' | tar -xO ./usr/bin/qemu-aarch64 > '{program}.part'"
            subprocess.run(["sh", "-c", unpack], check=True)
        program.with_suffix(".part").chmod(0o755)
        program.with_suffix(".part").rename(program)
    if not (BINFMT / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT)], check=True)
    (BINFMT / "register").write_text(MAGIC.format(path=program))


def machine_root() -> Path:
    """The cached root with a kernel, made once: twenty minutes."""
    root = debian.CACHE / f"{debian.SUITE}-{ARCH}-machine"
    if root.exists():
        return root
    emulate()
    base = debian.base(ARCH)
    scratch = root.with_suffix(".part")
    shutil.rmtree(scratch, ignore_errors=True)
    subprocess.run(["cp", "-a", str(base), str(scratch)], check=True)
    # An initrd with what finds the disk, and no more: it is unpacked in every emulated boot.
    drivers = scratch / "etc/initramfs-tools"
    (drivers / "conf.d").mkdir(parents=True)
    (drivers / "conf.d/machine").write_text("MODULES=list\nCOMPRESS=gzip\nFSTYPE=ext4\n")
    (drivers / "modules").write_text("virtio_pci\nvirtio_blk\next4\n")
    environment = ("env", "DEBIAN_FRONTEND=noninteractive", "INITRAMFS_TOOLS_KERNEL_HOOK=1")
    run_in(scratch, "apt-get", "-q", "update")
    keep = ("-o", "Dpkg::Options::=--force-confold")
    run_in(scratch, *environment, "apt-get", "-q", "-y", "--no-install-recommends", *keep, "install", *PACKAGES)
    # One camera that only captures, and one screen at the other end of its cable, for what the tests want it to see.
    (scratch / "etc/modules-load.d/vivid.conf").write_text("vivid\n")
    (scratch / "etc/modprobe.d/vivid.conf").write_text("options vivid n_devs=1 node_types=0x101\n")
    scratch.rename(root)
    return root


def commands(chapter: str) -> list[str]:
    """The lines of the first two shell blocks under a heading of the README: to install, and to look at it."""
    text = (debian.TREE / "README.md").read_text().partition(f"### {chapter}\n")[2].partition("\n#")[0]
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)[:2]


def follow(root: Path) -> str:
    """What a new user sees who does what the README says, as a user with sudo; the network is a folder of wheels."""
    subprocess.run(["git", "clone", "--quiet", "--bare", str(debian.TREE), f"{root}{ADDRESS}"], check=True)
    shutil.copytree(debian.wheels(ARCH), root / "srv/wheels")
    (root / "etc/pip.conf").write_text("[global]\nno-index = true\nfind-links = /srv/wheels\n")
    run_in(root, "useradd", "--create-home", "--shell=/bin/bash", "--groups=sudo", USER)
    run_in(root, "chown", "-R", USER, ADDRESS)  # git serves nobody a repository of somebody else
    (root / "etc/sudoers.d/maker").write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
    (root / "etc/apt/apt.conf.d/90yes").write_text('APT::Get::Assume-Yes "true";\n')  # the user says yes
    typed = commands(CHAPTER)[0].replace("ADDRESS-OF-THIS-REPOSITORY", ADDRESS)
    return run_in(root, "bash", "-e", "-l", "-c", f"cd ~; {typed}", user=USER)


def boot_folder() -> Path:
    """The folder with `disk`, `vmlinuz` and `initrd` for the committed tree; `said` is what the user saw."""
    listed = ["git", "-C", str(debian.TREE), "ls-tree", "HEAD", *MATTERS]
    tree = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
    below = machine_root()
    name = hashlib.sha256("".join([tree, *commands(CHAPTER)]).encode()).hexdigest()[:12]
    folder = debian.CACHE / f"machine-{name}"
    if folder.exists():
        return folder
    emulate()
    for old in debian.CACHE.glob("machine-*"):
        shutil.rmtree(old)
    scratch = folder.with_suffix(".part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    with debian.overlay(below, "machine") as root:
        (scratch / "said").write_text(follow(root))
        for name in ("vmlinuz", "initrd"):
            shutil.copy(next((root / "boot").glob(f"{name}*-arm64")), scratch / name)
        debian.put_tiny_models(root)
        # Else the first boot makes caches anew, which takes minutes of ours.
        for part in ("etc", "var"):
            (root / part / ".updated").touch()
        make_disk(root, scratch / "disk")
    scratch.rename(folder)
    return folder


def make_disk(root: Path, file: Path, size: int = DISK_BYTES) -> None:
    """An ext4 file system with what is in a folder."""
    with open(file, "wb") as disk:
        disk.truncate(size)
    subprocess.run(["mkfs.ext4", "-q", "-L", "root", "-d", str(root), str(file)], check=True)


@contextlib.contextmanager
def mounted(disk: Path, where: Path) -> Iterator[Path]:
    """The files of a disk, for as long as no machine has it."""
    where.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-o", "loop", str(disk), str(where)], check=True)
    try:
        yield where
    finally:
        subprocess.run(["umount", str(where)], check=True)
        # A container that was started meanwhile has taken the mount along, for as long as it wants.
        attached = ["losetup", "--associated", str(disk)]
        wait_for("the disk", lambda: not subprocess.run(attached, capture_output=True, check=True).stdout, 600.0)


def repaired(disk: Path, folder: str, into: Path) -> Path:
    """A copy of a folder of a disk whose machine lost its power, the file system repaired as a boot would repair it.

    Nothing is mounted: see `mounted` for why, and a disk is cut again before a stranger's mount would be gone.
    """
    repair = subprocess.run(["e2fsck", "-fp", str(disk)], capture_output=True, text=True, check=False)
    assert repair.returncode in (0, 1), repair.stdout + repair.stderr
    sound = subprocess.run(["e2fsck", "-fn", str(disk)], capture_output=True, text=True, check=False)
    assert sound.returncode == 0, sound.stdout
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    subprocess.run(["debugfs", "-R", f"rdump {folder} {into}", str(disk)], capture_output=True, check=True)
    return into / Path(folder).name


@contextlib.contextmanager
def changed(boot: Path, name: str) -> Iterator[tuple[Path, Path]]:
    """A copy of a boot folder to change, thrown away at the end, and an empty folder beside it."""
    folder = debian.CACHE / "run" / f"{name}-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "mount").mkdir(parents=True)
    try:
        copied = folder / "boot"
        subprocess.run(["cp", "-r", "--sparse=always", "--reflink=auto", str(boot), str(copied)], check=True)
        yield copied, folder
    finally:
        shutil.rmtree(folder)
