"""Power cuts: the journal lies on an ext4 disk of its own, which stops in the middle of whatever it is doing.

`EXT4_IOC_SHUTDOWN` without a flush of the file system's log is what xfstests cuts the power with: from that moment
nothing reaches the disk, and all that was only in memory is lost when it is mounted again. The machine dies with it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest

from edge.clock import from_rfc3339
from edge.journals.jsonl import decode
from edge.journals.rotation import whole
from tests.system import debian
from tests.system.container import Container, since, wait_for

CUTS = int(os.environ.get("EDGE_SYSTEM_CUTS", "20"))
FSYNC_S = 1.0
EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NO_LOG_FLUSH = struct.pack("I", 2)
# Rotations and samples are frequent, so that cuts fall into them too.
SETTINGS = f"[journal]\nsample_s = 0.1\nfsync_s = {FSYNC_S}\nmax_bytes = 30000\nkeep_files = 10000\n"


@pytest.fixture(scope="module")
def disk():
    """The image of an ext4 disk of 64 MB and where it is mounted."""
    folder = debian.CACHE / "run" / f"disk-{os.getpid()}"
    mount = folder / "mount"
    mount.mkdir(parents=True)
    image = folder / "image"
    with open(image, "wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    yield image, mount
    subprocess.run(["umount", "--quiet", str(mount)], check=False)
    shutil.rmtree(folder)


@contextlib.contextmanager
def mounted(image: Path, mount: Path):
    subprocess.run(["mount", "-o", "loop", str(image), str(mount)], check=True)
    try:
        yield
    finally:
        wait_for("the disk to be let go", lambda: subprocess.run(["umount", "--quiet", str(mount)]).returncode == 0)
        # The dying machine's own mounts keep it alive a little longer.
        command = ["losetup", "--associated", str(image)]
        wait_for("the disk to be gone", lambda: not subprocess.run(command, capture_output=True, check=True).stdout)


def cut(mount: Path) -> None:
    """From now on nothing is written any more."""
    fd = os.open(mount, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, NO_LOG_FLUSH)
    finally:
        os.close(fd)


def lines(mount: Path) -> list[bytes]:
    """Every line of the journal, rotated files first; one that is being renamed is looked for again."""
    while True:
        try:
            return [line for f in whole(mount / "journal.jsonl") for line in f.read_bytes().splitlines(keepends=True)]
        except FileNotFoundError:
            continue


def test_a_power_cut_takes_fsync_s_at_the_most_and_leaves_a_journal_that_can_be_read(installed, disk, figures):
    image, mount = disk
    rng = random.Random(7)
    lost_lines, lost_seconds, torn, repaired = [0], [0.0], 0, 0
    with debian.overlay(installed, "power") as root:
        debian.put_faults(root, SETTINGS)
        for _ in range(CUTS):
            began = time.time()
            with mounted(image, mount):
                machine = Container(root, f"--bind={mount}:/var/log/edge-emotion")
                try:
                    wait_for("the run after the cut", lambda: since(decoded(lines(mount)), began, "sample"))  # noqa: B023
                    repaired += since(decoded(lines(mount)), began, "journal-repaired") is not None
                    assert machine.run("edge-emotion", "log", "summary", "/var/log/edge-emotion/journal.jsonl").stdout
                    time.sleep(rng.uniform(0.0, 4.0))
                    promised = lines(mount)
                    time.sleep(FSYNC_S)
                    written = lines(mount)
                    cut(mount)
                    at = time.time()
                finally:
                    machine.die()
            with mounted(image, mount):
                kept = lines(mount)
            torn += not kept[-1].endswith(b"\n") or decode(kept[-1]) is None
            whole_lines = kept if decode(kept[-1]) else kept[:-1]
            assert all(decode(line) for line in whole_lines)
            assert whole_lines[: len(promised)] == promised
            assert written[: len(whole_lines)] == whole_lines[: len(written)]
            lost_lines.append(max(len(written) - len(whole_lines), 0))
            lost_seconds.append(at - from_rfc3339(decoded(whole_lines)[-1]["time"]))
    figures("power cuts", CUTS)
    figures("journals that could not be read after one", 0)
    figures("lines lost in a cut, mean and most", f"{sum(lost_lines) / CUTS:.1f}, {max(lost_lines)}")
    figures(f"seconds before a cut that are missing, most (fsync_s = {FSYNC_S:g})", f"{max(lost_seconds):.2f} s")
    figures("torn ends found, repairs noted at the next start", f"{torn}, {repaired}")


def decoded(found: list[bytes]) -> list[dict]:
    return [event for line in found if (event := decode(line))]
