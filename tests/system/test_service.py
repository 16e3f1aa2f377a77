"""The installed service on a real systemd, in the order in which it would happen to it."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest

from edge.clock import from_rfc3339
from edge.journals.jsonl import decode
from edge.journals.rotation import whole
from tests.system import debian
from tests.system.container import SERVICE, Container, since, wait_for

RECOVERY_S = 15.0
LOGS = "/var/log/edge-emotion"
FAULTS = "/var/lib/edge-emotion/faults"


@pytest.fixture(scope="module")
def machine(installed):
    """The installed root, booted, its service with faults to be asked for."""
    with debian.overlay(installed, "service") as root:
        debian.put_faults(root, "[journal]\nsample_s = 0.5\n")
        container = Container(root)
        container.must("useradd", "--create-home", "maker")
        container.must("useradd", "--create-home", "visitor")
        wait_for("the service", container.pid)
        container.must("install", "-d", "-m", "777", FAULTS)
        yield container
        container.die()


def journal(machine: Container, folder: str = LOGS) -> list[dict]:
    """The events written so far. The files are reached through the service's own eyes: it may have a mount there."""
    path = Path(f"/proc/{machine._init}/root{folder}/journal.jsonl")
    found = []
    for file in whole(path):
        found += [event for line in file.read_bytes().splitlines(keepends=True) if (event := decode(line))]
    return found


def fault(machine: Container, name: str) -> float:
    """Ask for a fault; when that was, seconds since 1970."""
    began = time.time()
    machine.must("touch", f"{FAULTS}/{name}")
    return began


def seen_again(machine: Container, began: float) -> float:
    """Seconds until a face was seen by the process that came after the fault."""

    def ask():
        events = journal(machine)
        start = since(events, began, "start")
        return start and since(events, from_rfc3339(start["time"]), "appeared")

    return from_rfc3339(wait_for("a face after the fault", ask)["time"]) - began


def settled(machine: Container) -> int:
    """How many events there are, where none comes for two seconds; else 0."""
    before = len(journal(machine))
    time.sleep(2)
    return before if len(journal(machine)) == before else 0


def test_it_comes_up_at_boot(machine, figures):
    wait_for("active", lambda: machine.show("ActiveState") == "active")
    assert machine.show("NRestarts") == "0"
    wait_for("its status", lambda: re.fullmatch(r"\d+\.\d fps, \d faces?", machine.show("StatusText")))
    wait_for("a face", lambda: since(journal(machine), 0, "appeared"))
    told = machine.must("systemd-analyze", "security", "--no-pager", SERVICE).splitlines()[-1]
    figures("sandbox, systemd-analyze security", told.split(":")[1].split()[0])
    assert float(told.split(":")[1].split()[0]) <= 1.3
    assert machine.must("journalctl", "--priority=warning", "--unit", SERVICE, "--quiet").splitlines() == []


def test_it_runs_as_its_own_user_without_any_privilege(machine):
    status = Path(f"/proc/{machine.pid()}/status").read_text()
    uid = machine.must("id", "--user", SERVICE).strip()
    assert re.search(rf"^Uid:\t{uid}\t{uid}\t{uid}\t{uid}$", status, re.MULTILINE)
    assert uid != "0"
    for line in ("NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000"):
        assert line in status


def test_what_belongs_to_its_groups_is_still_open_to_it(machine):
    """As a camera's file is. With PrivateUsers=, the groups have no name inside, but keep their rights."""
    unit = machine.show("PrivateUsers"), machine.show("User"), machine.show("SupplementaryGroups")
    assert unit == ("yes", SERVICE, "video render plugdev")
    machine.must("install", "-m", "640", "-g", "video", "/etc/hostname", "/srv/of-video")
    machine.must("install", "-m", "640", "-g", "disk", "/etc/hostname", "/srv/of-disk")
    keys = ("PrivateUsers", "User", "SupplementaryGroups")
    inside = [f"--property={key}={value}" for key, value in zip(keys, unit, strict=True)]
    command = ("systemd-run", "--wait", "--pipe", "--quiet", *inside, "cat")
    assert machine.must(*command, "/srv/of-video") == machine.must("cat", "/etc/hostname")
    assert machine.run(*command, "/srv/of-disk").returncode == 1


def test_the_libraries_work_together(machine):
    """On bookworm they are those that apt's picamera2, built for numpy 1, can live with."""
    program = "import cv2, numpy; from ai_edge_litert import interpreter; print(numpy.__version__, cv2.__version__)"
    numpy, opencv = machine.must("/opt/edge-emotion/bin/python", "-c", program).split()
    assert (int(numpy.split(".")[0]) < 2) == (debian.SUITE == "bookworm")
    assert (int(opencv.split(".")[1]) < 12) == (debian.SUITE == "bookworm")


def test_the_journal_is_for_its_group(machine):
    assert machine.must("stat", "--format=%U %G %a", f"{LOGS}/journal.jsonl").split() == [SERVICE, SERVICE, "640"]
    summary = ("edge-emotion", "log", "summary", f"{LOGS}/journal.jsonl")
    machine.install("--no-start", SUDO_USER="maker")
    assert "Faces: 4" in machine.must("runuser", "-u", "maker", "--", *summary)
    refused = machine.run("runuser", "-u", "visitor", "--", *summary)
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "name", ["engine-hangs", "camera-hangs", "camera-hangs-hard", "stopped", "crashed", "killed", "engine-fails"]
)
def test_it_recovers_within_fifteen_seconds(machine, figures, name):
    signals = {"stopped": signal.SIGSTOP, "crashed": signal.SIGSEGV, "killed": signal.SIGKILL}
    restarts = int(machine.show("NRestarts"))
    if name in signals:
        began = time.time()
        machine.kill(signals[name])
    else:
        began = fault(machine, name)
        if name == "engine-fails":
            wait_for("a restart", lambda: int(machine.show("NRestarts")) > restarts)
            machine.must("rm", f"{FAULTS}/{name}")
    seconds = seen_again(machine, began)
    figures(f"{name}: until a face is seen again", f"{seconds:.1f} s")
    assert int(machine.show("NRestarts")) > restarts
    assert seconds <= RECOVERY_S


def test_an_edge_tpu_that_hangs_again_when_it_is_tried_out_leaves_the_work_to_the_cpu(machine, figures):
    fault(machine, "tpu-hangs")
    began = fault(machine, "engine-hangs")
    seconds = seen_again(machine, began)
    machine.must("rm", f"{FAULTS}/tpu-hangs")
    figures("engine-hangs, then the Edge TPU's trial hangs: until a face is seen again", f"{seconds:.1f} s")
    told = [event["detail"] for event in journal(machine)[-200:] if event.get("what") == "cpu-fallback"]
    assert told[-1] == "Edge TPU: no answer within 3 s; unplug it and plug it back in; the CPU does the work"
    assert seconds <= RECOVERY_S


def test_a_hang_leaves_a_trace_of_where_it_was(machine):
    told = machine.must("journalctl", "--unit", SERVICE, "--output=cat")
    assert re.search(r'File "/opt/edge-faults/faulty.py", line \d+ in hang', told)


def test_an_unplugged_camera_is_no_reason_to_restart(machine, figures):
    pid = machine.pid()
    began = fault(machine, "camera-gone")
    wait_for("the status", lambda: machine.show("StatusText") == "no camera; trying again")
    machine.must("rm", f"{FAULTS}/camera-gone")
    plugged = time.time()
    back = wait_for("the camera", lambda: since(journal(machine), began, "camera-back"))
    assert since(journal(machine), began, "camera-lost")
    assert machine.pid() == pid
    figures("unplugged camera: back after it was plugged in", f"{from_rfc3339(back['time']) - plugged:.1f} s")


def test_an_engine_that_fails_once_is_no_reason_either(machine):
    pid = machine.pid()
    began = fault(machine, "engine-fails-once")
    wait_for("the failure's event", lambda: since(journal(machine), began, "engine-failed"))
    wait_for("a sample after it", lambda: since(journal(machine), began + 1, "sample"))
    assert machine.pid() == pid


def test_the_pause_file_of_somebody_in_the_group(machine):
    began = time.time()
    machine.must("runuser", "-u", "maker", "--", "touch", "/var/lib/edge-emotion/pause")
    wait_for("the pause", lambda: since(journal(machine), began, "paused"))
    wait_for("the status", lambda: machine.show("StatusText") == "paused")
    machine.must("runuser", "-u", "maker", "--", "rm", "/var/lib/edge-emotion/pause")
    wait_for("the end of the pause", lambda: since(journal(machine), began, "resumed"))


def test_a_crash_loop_never_ends_in_giving_up(machine, figures):
    restarts = int(machine.show("NRestarts"))
    began = time.time()
    for _ in range(8):
        pid = wait_for("a process", machine.pid)
        machine.kill(signal.SIGKILL)
        wait_for("another process", lambda pid=pid: machine.pid() not in (0, pid))
    figures("eight crashes in a row, each as soon as the process was there", f"{time.time() - began:.0f} s")
    seen_again(machine, began)
    assert int(machine.show("NRestarts")) >= restarts + 8


@pytest.mark.parametrize(
    ("text", "code"), [("[sauce]\n", "2"), ('[models]\ndir = "/nowhere"\n', "4")], ids=["settings", "models"]
)
def test_what_a_restart_does_not_mend_stays_down_and_says_why(machine, text, code):
    settings = machine.root / "etc/edge-emotion/config.toml"
    good = settings.read_text()
    settings.write_text(text)
    try:
        assert machine.run("systemctl", "restart", SERVICE).returncode == 1
        wait_for("failed", lambda: machine.show("ActiveState") == "failed")
        assert machine.show("ExecMainStatus") == code
        time.sleep(3)
        assert machine.show("ActiveState") == "failed"
        told = machine.must("journalctl", "--unit", SERVICE, "--output=cat", "--lines=20")
        assert re.search(r"edge-emotion: .*(config.toml|/nowhere)", told)
    finally:
        settings.write_text(good)
    began = time.time()
    machine.must("systemctl", "start", SERVICE)
    seen_again(machine, began)


def test_a_full_disk(machine, figures):
    machine.must("systemctl", "stop", SERVICE)
    machine.must("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", LOGS)
    machine.must("systemctl", "start", SERVICE)
    wait_for("a face", lambda: since(journal(machine), 0, "appeared"))
    pid = machine.pid()
    machine.run("dd", "if=/dev/zero", f"of={LOGS}/ballast", "bs=1k")
    full = time.time()
    last = wait_for("the disk to be full", lambda: settled(machine))
    time.sleep(3)
    assert machine.show("ActiveState") == "active"
    freed = time.time()
    machine.must("rm", f"{LOGS}/ballast")
    resumed = wait_for("the journal", lambda: since(journal(machine), freed, "journal-resumed"))
    figures("full disk: events dropped, said in one line", resumed["dropped"])
    assert resumed["dropped"] > 0
    assert len(journal(machine)) > last
    assert machine.pid() == pid
    told = machine.must("journalctl", "--unit", SERVICE, "--output=cat", "--since", f"@{full - 1:.0f}")
    assert told.count("events are dropped until it works again") == 1
    machine.must("systemctl", "stop", SERVICE)
    machine.must("umount", LOGS)
    machine.must("systemctl", "start", SERVICE)


def test_a_stop_is_clean_and_soon(machine, figures):
    wait_for("a face", lambda: machine.show("StatusText"))
    began = time.time()
    machine.must("systemctl", "stop", SERVICE)
    figures("systemctl stop", f"{time.time() - began:.1f} s")
    assert machine.show("Result") == "success"
    assert machine.show("ExecMainStatus") == "0"
    assert journal(machine)[-1]["event"] == "stop"


def test_an_upgrade_keeps_the_settings_and_restarts(machine):
    machine.must("systemctl", "start", SERVICE)
    pid = machine.pid()
    settings = machine.root / "etc/edge-emotion/config.toml"
    before = settings.read_text()
    defaults = machine.root / "root/src/systemd/config.toml"
    defaults.write_text(defaults.read_text().replace("fps = 30.0", "fps = 25.0"))
    for _ in range(2):
        assert "Installed and running" in machine.install()
        assert settings.read_text() == before
    assert "fps = 25.0" in settings.with_suffix(".toml.new").read_text()
    assert machine.pid() not in (0, pid)


def test_it_is_uninstalled_but_for_settings_and_journals_and_comes_back(machine):
    before = len(journal(machine))
    for _ in range(2):
        assert "Kept" in machine.install("--uninstall")
        assert machine.run("systemctl", "is-enabled", SERVICE).returncode != 0
        for path in ("opt/edge-emotion", "etc/systemd/system/edge-emotion.service", "usr/local/bin/edge-emotion",
                     "etc/udev/rules.d/60-edge-emotion.rules"):  # fmt: skip
            assert not (machine.root / path).exists(), path
    assert machine.pid() == 0
    assert (machine.root / "etc/edge-emotion/config.toml").exists()
    assert len(journal(machine)) >= before
    began = time.time()
    assert "Installed and running" in machine.install()
    seen_again(machine, began)
