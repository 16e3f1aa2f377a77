"""Power cuts of a whole machine: the emulator is killed, and its disk has lost all that was not flushed.

Beside tests/system/test_power_cut.py, where the file system is stopped and the kernel lives on, the kernel itself dies
here in the middle of its work, and the disk forgets what a disk may forget (tests/system/volatile.py). The journal is
one and the same from the first cut to the last, and it is looked at from outside, where its file system is mended.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.clock import from_rfc3339
from edge.journals.lines import decode
from edge.journals.rotate import whole
from tests.system import debian, emulated
from tests.system.container import wait_for
from tests.system.machine import Machine
from tests.system.test_power_cut import CUTS, FSYNC_S, SETTINGS
from tests.system.volatile import VolatileDisk

FSTAB = "LABEL=journal /var/log/edge-emotion ext4 defaults 0 0\n"
SLOW_S = 300.0


@pytest.fixture(scope="module")
def parts(boot):
    """What the machine boots from, with the faulty camera and the tests' tiny models; the journal's disk; a folder."""
    with emulated.changed(boot, "power") as (copied, folder):
        with emulated.mounted(copied / "disk", folder / "mount") as root:
            debian.put_faults(root, SETTINGS)
            with open(root / "etc/fstab", "a") as file:
                file.write(FSTAB)
        disk = folder / "journal"
        with open(disk, "wb") as file:
            file.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-L", "journal", str(disk)], check=True)
        yield copied, disk, folder


def lines_inside(machine: Machine, skip: int) -> list[bytes]:
    """The journal's lines as the machine sees them, without so many bytes of its beginning; the last may be half."""
    command = f"cd /var/log/edge-emotion && cat $(ls -rv journal.jsonl*) | tail -c +{skip + 1}"
    # A file that is being renamed is not found: once more.
    done = wait_for(
        "the journal", lambda: (r := machine.run("sh", "-c", command)).returncode == 0 and not r.stderr and r
    )
    return done.stdout.encode().splitlines(keepends=True)


def lines_outside(folder: Path) -> list[bytes]:
    """The journal's lines on a disk that no machine has."""
    return [line for file in whole(folder / "journal.jsonl") for line in file.read_bytes().splitlines(keepends=True)]


def summary(folder: Path) -> str:
    """What `edge-emotion log summary` makes of the journal."""
    command = [sys.executable, "-m", "edge", "log", "summary", str(folder / "journal.jsonl")]
    return subprocess.run(command, cwd=debian.TREE, capture_output=True, text=True, check=True).stdout


def run_until_cut(boot: Path, disk: Path, folder: Path, skip: int, wait_s: float) -> tuple[list[bytes], int, float]:
    """Boot, let it write, and cut the power.

    Returns:
        (the lines that were there `FSYNC_S` before the cut, those that were there at the last look before it, when the
        cut was by the machine's clock)
    """
    for socket in ("qmp", "agent", "vnc"):
        (folder / socket).unlink(missing_ok=True)
    volatile = VolatileDisk(disk, folder)
    machine = Machine(folder, boot, volatile.drive)
    try:
        machine.booted()
        wait_for("samples", lambda: any(b'"sample"' in line for line in lines_inside(machine, skip)), SLOW_S)
        ahead = machine.clock() - time.time()
        time.sleep(wait_s)
        promised = [line for line in lines_inside(machine, skip) if decode(line)]
        time.sleep(FSYNC_S)
        written = len(lines_inside(machine, skip))
    finally:
        volatile.cut()
        at = machine.cut()
    return promised, written, at + ahead


def test_a_power_cut_of_the_machine_takes_fsync_s_at_the_most(parts, figures):
    boot, disk, folder = parts
    rng = random.Random(11)
    before: list[bytes] = []
    missing, lost, torn = [], [], 0
    for cut in range(CUTS):
        skip = sum(map(len, before))
        promised, written, at = run_until_cut(boot, disk, folder, skip, rng.uniform(0.0, 4.0))
        with emulated.mounted(disk, folder / "mount") as root:
            kept = lines_outside(root)
            assert "Faces:" in summary(root)
        assert subprocess.run(["e2fsck", "-fn", str(disk)], capture_output=True).returncode == 0
        torn += decode(kept[-1]) is None
        kept = kept if decode(kept[-1]) else kept[:-1]
        assert all(decode(line) for line in kept)
        assert kept[: len(before) + len(promised)] == before + promised
        missing.append(at - from_rfc3339(decode(kept[-1])["time"]))
        lost.append(max(len(before) + written - len(kept), 0))
        print(f"cut {cut + 1}: {len(kept) - len(before)} new lines, {missing[-1]:.2f} s missing", flush=True)
        before = kept
    figures("emulated: power cuts, the emulator killed", CUTS)
    figures("emulated: journals that could not be read after one", 0)
    figures("emulated: lines lost of those at the last look, mean and most", f"{sum(lost) / CUTS:.1f}, {max(lost)}")
    figures("emulated: torn last lines", torn)
    figures(f"emulated: seconds missing before a cut (fsync_s = {FSYNC_S:g}), mean and most",
            f"{sum(missing) / CUTS:.2f}, {max(missing):.2f} s")  # fmt: skip
    figures("emulated: lines written and kept", len(before))
