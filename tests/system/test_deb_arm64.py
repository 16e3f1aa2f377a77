"""The arm64 package in a Debian arm64 root: installed, used, upgraded, removed and purged without systemd.

The root is not booted, and where this machine is not arm64, qemu-user runs its programs: times mean nothing. What needs
systemd is in test_deb.py (a booted amd64 root) and, for arm64, in test_emulated.py, which installs by install.sh.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from tests.system import deb, debian, emulated
from tests.system.container import SERVICE, nspawn
from tests.system.deb import DPKG, OURS, SETTINGS, exists

WANTS = "etc/systemd/system/multi-user.target.wants/edge-emotion.service"
PORTRAIT = "edge/demo/portrait.jpg"
BOX_PX, SHARE = 4.0, 0.05  # processors may round differently; the face is 180 pixels wide


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """An arm64 root with the package and its successor in /root, and nothing of ours installed."""
    emulated.emulate()
    first = deb.build(emulated.ARCH, tmp_path_factory.mktemp("deb"))
    second = deb.build_successor(first, tmp_path_factory.mktemp("successor"))
    with debian.overlay(debian.base(emulated.ARCH), "deb-arm64") as made:
        for name, path in (("first", first), ("second", second)):
            shutil.copy(path, made / f"root/{name}.deb")
        yield made


@pytest.fixture
def must(root) -> Callable[..., str]:
    """must(command...): the output of a command in the root that has to succeed."""

    def run(*command: str) -> str:
        enter = [*nspawn(root, "--console=pipe"), "env", "DEBIAN_FRONTEND=noninteractive", *command]
        done = subprocess.run(enter, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    return run


def faces(printed: str) -> list[dict]:
    """The faces that `image --json` printed for one picture."""
    return json.loads(printed)["faces"]


def test_apt_installs_it(root, must, figures):
    began = time.time()
    must("apt-get", "-q", "-y", "install", "/root/first.deb")
    figures("arm64 package: installed by apt under qemu-user", f"{time.time() - began:.0f} s")
    assert exists(root, *OURS) == list(OURS)
    assert (
        must("dpkg-query", "--show", "--showformat=${Architecture} ${Status}", SERVICE) == "arm64 install ok installed"
    )
    assert must("stat", "--format=%U %G %a", f"/{SETTINGS}").split() == ["root", SERVICE, "640"]
    assert must("dpkg", "--verify", SERVICE) == ""
    assert (root / WANTS).is_symlink()


def test_its_libraries_are_loaded_on_arm64(must):
    program = "import platform, cv2, ai_edge_litert.interpreter, aiohttp, paho.mqtt, PIL; print(platform.machine())"
    assert must("/opt/edge-emotion/bin/python", "-c", program).split()[-1] == "aarch64"
    assert must("edge-emotion", "--version").startswith("edge-emotion ")


def test_doctor_finds_no_fault(must):
    assert "FAIL" not in must("edge-emotion", "doctor", "--software", "--config", f"/{SETTINGS}")


def test_it_sees_in_the_portrait_what_this_machine_sees(must, figures):
    (there,) = faces(must("edge-emotion", "image", "--json", f"/{deb.SITE}/{PORTRAIT}"))
    command = [sys.executable, "-m", "edge", "image", "--json", PORTRAIT]
    (here,) = faces(subprocess.run(command, cwd=debian.TREE, capture_output=True, text=True, check=True).stdout)
    assert (there["mask_state"], there["emotion"]) == (here["mask_state"], here["emotion"])
    pixels = max(abs(a - b) for a, b in zip(there["box"], here["box"], strict=True))
    assert pixels <= BOX_PX
    share = max(abs(there["probabilities"][name] - here["probabilities"][name]) for name in here["probabilities"])
    assert share <= SHARE
    figures("arm64 package: portrait", f"{there['mask_state']}, {there['emotion']}")
    figures("arm64 package: furthest from amd64", f"{pixels:.2f} pixels of the box, {share:.4f} of a probability")


def test_it_watches_the_demo(must):
    said = must("edge-emotion", "run", "--source", "demo", "--frames", "30", "--journal", "/root/journal.jsonl")
    events = [json.loads(line) for line in must("cat", "/root/journal.jsonl").splitlines()]
    assert "appeared" in [event["event"] for event in events], said


def test_an_upgrade_keeps_edited_settings(root, must):
    edited = (root / SETTINGS).read_text() + "# edited\n"
    (root / SETTINGS).write_text(edited)
    must(*DPKG, "/root/second.deb")
    assert (root / SETTINGS).read_text() == edited
    assert must("stat", "--format=%U %G %a", f"/{SETTINGS}").split() == ["root", SERVICE, "640"]
    assert "fps = 25.0" in (root / f"{SETTINGS}.dpkg-dist").read_text()
    assert must("edge-emotion", "--version").split()[1] == "99.0"


def test_a_removal_keeps_settings_and_it_can_come_back(root, must):
    before = (root / SETTINGS).read_text()
    must("dpkg", "--remove", SERVICE)
    assert exists(root, *OURS, "opt") == ["opt"]
    assert (root / SETTINGS).read_text() == before
    must(*DPKG, "/root/first.deb")
    assert (root / SETTINGS).read_text() == before
    assert exists(root, *OURS) == list(OURS)


def test_a_purge_leaves_nothing(root, must):
    must("dpkg", "--purge", SERVICE)
    assert exists(root, "opt") == ["opt"]
    assert must("find", "/etc", "/opt", "/usr", "/var", "-xdev", "-name", "*edge-emotion*").splitlines() == []
