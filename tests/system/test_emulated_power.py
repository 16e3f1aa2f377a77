"""Power cuts of a whole machine: the emulator is killed, and its disk has lost all that was not flushed.

Beside tests/system/test_power_cut.py, where the file system is stopped and the kernel lives on, the kernel itself dies
here in the middle of its work, and the disk forgets what a disk may forget (tests/system/volatile.py). The journal is
then looked at from outside, where the file system is repaired first.

A hundred cuts take 17 minutes to an hour; a run that was interrupted goes on where it stopped, as long as the service
is the same.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge.clock import from_rfc3339
from edge.journals.jsonl import decode
from edge.journals.rotation import whole
from tests.system import debian, emulated
from tests.system.container import wait_for
from tests.system.machine import Machine
from tests.system.test_power_cut import CUTS, FSYNC_S, SETTINGS
from tests.system.volatile import VolatileDisk

LOGS = "/var/log/edge-emotion"
SLOW_S = 1800.0
REBOOTS = 2


@pytest.fixture(scope="module")
def running(boot):
    """A machine that writes its journal, with the faulty camera and the tests' tiny models, as it was at one moment.

    Yields:
        (a folder for it, what it boots from, its state)
    """
    with emulated.changed(boot, "power") as (copied, folder):
        with emulated.mounted(copied / "disk", folder / "mount") as root:
            debian.put_faults(root, SETTINGS)
        machine = Machine(folder, copied)
        try:
            machine.booted()
            wait_for("samples", lambda: lines_inside(machine, 0)[20:], SLOW_S)
            machine.save(folder / "state")
        finally:
            machine.cut()
        yield folder, copied, folder / "state"


def lines_inside(machine: Machine, skip: int) -> list[bytes]:
    """The journal's lines as the machine sees them, without so many bytes of its beginning; the last may be half."""
    command = f"cd {LOGS} && set -- $(ls -rv | grep ^journal.jsonl); [ $# = 0 ] || cat $* | tail -c +{skip + 1}"

    def ask() -> subprocess.CompletedProcess[str] | None:
        done = machine.run("sh", "-c", command)
        # A file that is being renamed is not found, and a folder that is not there yet neither: once more.
        return done if done.returncode == 0 and not done.stderr else None

    return wait_for("the journal", ask, SLOW_S).stdout.encode().splitlines(keepends=True)


def lines_outside(folder: Path) -> list[bytes]:
    """The journal's lines in a folder of it, rotated files first."""
    return [line for file in whole(folder / "journal.jsonl") for line in file.read_bytes().splitlines(keepends=True)]


def summary(folder: Path) -> str:
    """What `edge-emotion log summary` makes of the journal."""
    command = [sys.executable, "-m", "edge", "log", "summary", str(folder / "journal.jsonl")]
    return subprocess.run(command, cwd=debian.TREE, capture_output=True, text=True, check=True).stdout


def run_until_cut(machine: Machine, volatile: VolatileDisk, skip: int, wait_s: float) -> tuple[list[bytes], int, float]:
    """Let the machine write for a while, and cut the power.

    Returns:
        (the lines that were there `FSYNC_S` before the cut, how many were there at the last look before it, when that
        was by the machine's clock), the first `skip` bytes of the journal left out.
    """
    try:
        wait_for("samples", lambda: any(b'"sample"' in line for line in lines_inside(machine, skip)), SLOW_S)
        machine.pass_time(wait_s)
        promised = [line for line in lines_inside(machine, skip) if decode(line)]
        machine.pass_time(FSYNC_S)
        written, at = len(lines_inside(machine, skip)), machine.clock()
    finally:
        volatile.cut()
        machine.cut()
    return promised, written, at


@dataclass
class Losses:
    """What the cuts took; a file remembers it until all of them are made."""

    file: Path
    lines: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    torn: int = 0

    def __post_init__(self) -> None:
        for line in self.file.read_text().splitlines() if self.file.exists() else []:
            self._add(*json.loads(line))

    def _add(self, lines: int, seconds: float, torn: bool) -> None:
        self.lines.append(lines)
        self.seconds.append(seconds)
        self.torn += torn

    def check(self, disk: Path, into: Path, before: list[bytes], cut: tuple[list[bytes], int, float]) -> list[bytes]:
        """Look at the disk from outside, where its file system is repaired; the lines that are left."""
        promised, written, at = cut
        found = emulated.repaired(disk, LOGS, into)
        kept = lines_outside(found)
        assert "Faces:" in summary(found)
        torn = decode(kept[-1]) is None
        kept = kept[:-1] if torn else kept
        assert all(decode(line) for line in kept)
        assert kept[: len(before) + len(promised)] == before + promised
        lost = max(len(before) + written - len(kept), 0), at - from_rfc3339(decode(kept[-1])["time"]), torn
        self._add(*lost)
        with open(self.file, "a") as file:
            file.write(json.dumps(lost) + "\n")
        print(f"cut {len(self.lines)}: {len(kept) - len(before)} lines, {self.seconds[-1]:.2f} s missing", flush=True)
        return kept


def test_a_power_cut_of_the_machine_takes_fsync_s_at_the_most(running, boot, figures):
    losses = Losses(debian.CACHE / f"power-cuts-{boot.name}.jsonl")
    folder, boot, state = running
    rng, disk = random.Random(11 + len(losses.lines)), folder / "cut"
    copy = ["cp", "--sparse=always", "--reflink=auto", str(boot / "disk"), str(disk)]
    subprocess.run(copy, check=True)
    kept = before = lines_outside(emulated.repaired(disk, LOGS, folder / "found"))
    # From the same moment on, which saves the boot: what comes then is never the same.
    for _ in range(CUTS - REBOOTS - len(losses.lines)):
        subprocess.run(copy, check=True)
        volatile = VolatileDisk(disk, folder)
        machine = Machine(folder, boot, volatile.drive, state).booted()
        cut = run_until_cut(machine, volatile, sum(map(len, before)), rng.uniform(0.0, 4.0))
        kept = losses.check(disk, folder / "found", before, cut)
    # And then as it is at home: the machine boots again with what the cut has left, and writes on behind it.
    for _ in range(REBOOTS):
        volatile = VolatileDisk(disk, folder)
        machine = Machine(folder, boot, volatile.drive).booted()
        cut = run_until_cut(machine, volatile, sum(map(len, kept)), rng.uniform(0.0, 4.0))
        kept = losses.check(disk, folder / "found", kept, cut)
    losses.file.unlink()
    figures(f"emulated: power cuts, {REBOOTS} of them followed by the next boot", len(losses.lines))
    figures("emulated: journals that could not be read, torn last lines", f"0, {losses.torn}")
    mean = [sum(values) / len(values) for values in (losses.lines, losses.seconds)]
    figures("emulated: lines lost in a cut, mean and most", f"{mean[0]:.1f}, {max(losses.lines)}")
    figures(f"emulated: seconds missing before a cut (fsync_s = {FSYNC_S:g}), mean and most",
            f"{mean[1]:.2f} s, {max(losses.seconds):.2f} s")  # fmt: skip
