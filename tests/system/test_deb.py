"""The Debian package on a real systemd: built, checked by lintian, installed, upgraded, removed, purged."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.edge.sinks.mosquitto import PASSWORD, SINK, Broker, Listener
from tests.system import deb, debian
from tests.system.container import SERVICE, Container, wait_for
from tests.system.deb import DPKG, OURS, SETTINGS, exists
from tests.system.test_service import journal, seen_again

DEB = {"bookworm": "12", "trixie": "13"}[debian.SUITE]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The package of this tree."""
    return deb.build(debian.architecture(), tmp_path_factory.mktemp("deb"))


@pytest.fixture(scope="module")
def successor(package, tmp_path_factory):
    """The next version, with another default."""
    return deb.build_successor(package, tmp_path_factory.mktemp("successor"))


@pytest.fixture(scope="module")
def machine(package, successor):
    """A booted Debian with both packages in /root, and nothing of ours installed."""
    arch = debian.architecture()
    with debian.overlay(debian.base(arch), "deb") as root:
        debian.put_tiny_models(root)
        shutil.copytree(debian.TREE / "systemd", root / "root/src/systemd")
        for name, path in (("first", package), ("second", successor)):
            shutil.copy(path, root / f"root/{name}.deb")
        container = Container(root)
        yield container
        container.die()


def test_lintian_finds_no_error(package, figures):
    if not shutil.which("lintian"):
        pytest.skip("no lintian here (Debian: sudo apt install lintian)")
    done = subprocess.run(["lintian", str(package)], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    figures(
        "lintian: errors, warnings", f"{sum(x.startswith('E:') for x in lines)}, {sum(x[:2] == 'W:' for x in lines)}"
    )
    assert [line for line in lines if line.startswith("E:")] == []


def test_an_installation_by_the_script_is_not_overwritten(machine):
    unit = machine.root / "etc/systemd/system/edge-emotion.service"
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    refused = machine.run(*DPKG, "/root/first.deb")
    assert refused.returncode != 0
    assert "remove that first: sudo systemd/install.sh --uninstall" in refused.stderr
    assert exists(machine.root, *OURS) == []
    unit.unlink()


def test_it_is_installed_and_runs(machine, figures):
    began = time.time()
    machine.must(*DPKG, "/root/first.deb")
    figures("Debian package: installed and running", f"{time.time() - began:.0f} s")
    assert machine.show("ActiveState") == "active", machine.must("journalctl", "--unit", SERVICE, "--lines=20")
    assert machine.show("UnitFileState") == "enabled"
    assert exists(machine.root, *OURS) == list(OURS)
    assert machine.must("stat", "--format=%U %G %a", f"/{SETTINGS}").split() == ["root", SERVICE, "640"]
    assert machine.must("dpkg", "--verify", SERVICE) == ""
    assert machine.must("edge-emotion", "--version").startswith("edge-emotion ")
    assert machine.must("dpkg-query", "--show", "--showformat=${Version}", SERVICE).endswith(f"+deb{DEB}")
    completion = "source /usr/share/bash-completion/completions/edge-emotion && complete -p edge-emotion"
    assert "edge-emotion" in machine.must("bash", "-c", completion)
    doctor = machine.must("edge-emotion", "doctor", "--software", "--config", f"/{SETTINGS}")
    assert "FAIL" not in doctor


def test_it_sees_faces_and_serves_page_and_metrics(machine):
    debian.put_faults(machine.root, "[web]\nenabled = true\n[metrics]\nenabled = true\n")
    machine.must("systemctl", "daemon-reload")
    began = time.time()
    machine.must("systemctl", "restart", SERVICE)
    seen_again(machine, began)
    ask = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8095/metrics').read().decode())"
    page = wait_for("the page", lambda: machine.run("python3", "-c", ask).stdout)
    assert "edge_emotion_frames_total" in page
    libraries = "import aiohttp, paho.mqtt, prometheus_client, cv2, numpy; print(cv2.__file__)"
    assert "/opt/edge-emotion/" in machine.must("/opt/edge-emotion/bin/python", "-c", libraries)


def test_it_reaches_a_broker_from_its_sandbox_and_shows_the_password_nowhere(machine, tmp_path):
    """The password is a systemd credential; the container has this machine's network."""
    broker = Broker(tmp_path).start()
    listener = Listener(broker)
    folder, secret = machine.root / "etc/systemd/system/edge-emotion.service.d", machine.root / "root/mqtt-password"
    try:
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        (folder / "mqtt.conf").write_text("[Service]\nLoadCredential=mqtt-password:/root/mqtt-password\n")
        settings = (machine.root / SETTINGS).read_text()
        mqtt = f'[mqtt]\nenabled = true\nhost = "127.0.0.1"\nport = {broker.port}\nuser = "{SINK}"\nnode = "deb"\n'
        (machine.root / SETTINGS).write_text(settings + mqtt)
        machine.must("systemctl", "daemon-reload")
        machine.must("systemctl", "restart", SERVICE)
        assert listener.next("edge-emotion/deb/status", "online")
        while listener.event()["event"] != "appeared":
            pass
        shown = [
            machine.must("systemctl", "status", "--no-pager", "--full", SERVICE),
            machine.must("systemctl", "show", SERVICE),
            machine.must("journalctl", "--unit", SERVICE),
            *(Path(f"/proc/{machine.pid()}/{name}").read_text() for name in ("cmdline", "environ", "comm")),
            str(journal(machine)),
        ]
        assert [text for text in shown if PASSWORD in text] == []
        machine.must("systemctl", "stop", SERVICE)
        assert listener.next("edge-emotion/deb/status", "stopped")
    finally:
        listener.close()
        broker.kill()
        (folder / "mqtt.conf").unlink()
        (machine.root / SETTINGS).write_text(settings)
    machine.must("systemctl", "daemon-reload")
    machine.must("systemctl", "start", SERVICE)


def test_the_script_leaves_the_package_alone(machine):
    for options in ((), ("--uninstall",)):
        refused = machine.run("bash", "/root/src/systemd/install.sh", *options)
        assert refused.returncode == 1
        assert refused.stderr.splitlines() == [
            "install.sh: the Debian package edge-emotion is installed; remove it first: sudo apt remove edge-emotion"
        ]
    assert machine.show("ActiveState") == "active"


def test_an_upgrade_keeps_the_settings_and_restarts(machine):
    before, pid, began = (machine.root / SETTINGS).read_text(), machine.pid(), time.time()
    machine.must(*DPKG, "/root/second.deb")
    assert (machine.root / SETTINGS).read_text() == before
    assert machine.must("stat", "--format=%U %G %a", f"/{SETTINGS}").split() == ["root", SERVICE, "640"]
    assert "fps = 25.0" in (machine.root / f"{SETTINGS}.dpkg-dist").read_text()
    assert machine.must("edge-emotion", "--version").split()[1] == "99.0"
    seen_again(machine, began)
    assert machine.pid() not in (0, pid)


def test_a_service_that_was_switched_off_stays_off(machine):
    machine.must("systemctl", "disable", "--now", SERVICE)
    machine.must(*DPKG, "/root/first.deb")
    assert (machine.show("ActiveState"), machine.show("UnitFileState")) == ("inactive", "disabled")
    machine.must("systemctl", "enable", "--now", SERVICE)


def test_a_removal_keeps_settings_and_journals_and_it_can_come_back(machine):
    before, events = (machine.root / SETTINGS).read_text(), len(journal(machine))
    machine.must("dpkg", "--remove", SERVICE)
    assert machine.pid() == 0
    assert exists(machine.root, *OURS) == []
    assert (machine.root / SETTINGS).read_text() == before
    assert len(journal(machine)) >= events
    began = time.time()
    machine.must(*DPKG, "/root/first.deb")
    assert (machine.root / SETTINGS).read_text() == before
    seen_again(machine, began)


def test_a_purge_leaves_nothing(machine):
    shutil.rmtree(machine.root / "etc/systemd/system/edge-emotion.service.d")
    machine.must("dpkg", "--purge", SERVICE)
    assert exists(machine.root, *OURS, "etc/edge-emotion", "var/log/edge-emotion", "var/lib/edge-emotion") == []
    left = machine.must("find", "/etc", "/opt", "/usr", "/var", "-xdev", "-name", "*edge-emotion*")
    assert left.splitlines() == []
    assert machine.run("systemctl", "is-enabled", SERVICE).returncode != 0
    assert Path(machine.root / "opt").is_dir()
