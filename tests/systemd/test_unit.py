"""The unit as systemd itself judges it, on a copy whose programs exist; the udev rules and the user by their ids."""

from __future__ import annotations

import argparse
import configparser
import ipaddress
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.commands import run
from edge.engines import AGAIN_S
from edge.engines.tpu import USB_IDS
from edge.errors import EdgeError, ModelError, SettingsError
from edge.settings import Settings
from tests.conftest import absent

UNIT = "edge-emotion.service"
RECOVERY_S = 15.0
# On the slowest Pi; the watchdog's kill itself takes milliseconds, as SIGABRT is not held up by Python.
START_S = 3.0


@pytest.fixture(scope="module")
def analyze():
    """Runs systemd-analyze; its result."""
    if not shutil.which("systemd-analyze"):
        absent("no systemd-analyze here (Debian: sudo apt install systemd)")

    def analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
        )

    return analyze


@pytest.fixture
def copy(root, tmp_path):
    """A copy of the unit with changed lines: copy(old, new)."""

    def make(old: str = "", new: str = "") -> Path:
        text = (root / "systemd" / UNIT).read_text()
        assert old in text
        text = re.sub(r"^ExecStart=\S+", f"ExecStart={shutil.which('true')}", text, flags=re.MULTILINE)
        path = tmp_path / UNIT
        path.write_text(text.replace(old, new) if old else text)
        return path

    return make


@pytest.fixture(scope="module")
def unit(root) -> configparser.ConfigParser:
    """The unit's last value of every key."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters="=")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(root / "systemd" / UNIT)
    return parser


def seconds(unit: configparser.ConfigParser, key: str) -> float:
    return float(unit["Service"][key])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("WatchdogSec=8", "WatchdogSecs=8"),
        ("RestartSec=1", "RestartSec=soon"),
        ("MemoryDenyWriteExecute=yes", "MemoryDenyWriteExecute=perhaps"),
    ],
)
def test_verify_says_nothing_about_ours_and_something_about_a_wrong_one(analyze, copy, old, new):
    result = analyze("verify", "--man=no", "--recursive-errors=no", copy(old, new))
    told = [line for line in result.stderr.splitlines() if "edge-emotion" in line] if old else result.stderr
    assert bool(told) == bool(old), result.stderr


@pytest.mark.parametrize(("old", "new", "within"), [("", "", True), ("ProtectSystem=strict", "", False),
                                                    ("CapabilityBoundingSet=\n", "", False),
                                                    ("PrivateUsers=yes", "", False)])  # fmt: skip
def test_the_sandbox_scores_one_point_three_at_most(analyze, copy, old, new, within):
    result = analyze("security", "--offline=yes", "--threshold=13", copy(old, new))
    assert "Overall exposure level" in result.stdout, result.stderr
    assert (result.returncode == 0) == within, result.stdout


def test_a_hang_is_over_within_fifteen_seconds(unit):
    # A hang in the main thread: the watchdog's patience, then death, rest and start.
    rest = seconds(unit, "TimeoutAbortSec") + seconds(unit, "RestartSec") + START_S
    assert seconds(unit, "WatchdogSec") + rest <= RECOVERY_S
    # An Edge TPU that hangs, and again when it is tried out: in its USB requests, which a kill ends at once.
    assert seconds(unit, "WatchdogSec") + seconds(unit, "RestartSec") + START_S + AGAIN_S <= RECOVERY_S
    # A hang in a driver: the loop notices it by itself and asks for the restart. One second is LiveCamera.close.
    source = Settings().source
    assert source.timeout_s + 1.0 + source.stuck_s + seconds(unit, "RestartSec") + START_S <= RECOVERY_S


def test_it_is_restarted_for_ever_but_for_what_a_restart_does_not_mend(unit):
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert unit["Service"]["Restart"] == "always"
    final = {int(code) for code in unit["Service"]["RestartPreventExitStatus"].split()}
    assert final == {SettingsError.exit_code, ModelError.exit_code}
    assert EdgeError.exit_code not in final


def test_the_command_is_one_that_the_program_knows(unit):
    env, block, program, command, *words = unit["Service"]["ExecStart"].split()
    assert (env, block) == ("/usr/bin/env", "--block-signal=USR1")
    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    arguments = parser.parse_args(words)
    assert (program, command) == ("/opt/edge-emotion/bin/edge-emotion", "run")
    assert arguments.wait
    assert arguments.config == "/etc/edge-emotion/config.toml"


def test_the_rules_name_both_ids_of_the_usb_coral_and_its_pcie_form(root):
    text = (root / "systemd/60-edge-emotion.rules").read_text()
    found = re.findall(r'ATTRS{idVendor}=="(\w+)", ATTRS{idProduct}=="(\w+)", MODE="0660", GROUP="plugdev"', text)
    assert {f"{vendor}:{product}" for vendor, product in found} == USB_IDS
    assert re.search(r'^SUBSYSTEM=="apex", .*GROUP="plugdev"', text, re.MULTILINE)


def test_udev_takes_the_rules(root):
    known = subprocess.run(["udevadm", "--help"], capture_output=True, text=True) if shutil.which("udevadm") else None
    if known is None or "verify" not in known.stdout:
        pytest.skip("udevadm of systemd 254 or newer is needed for udevadm verify")
    result = subprocess.run(
        ["udevadm", "verify", str(root / "systemd/60-edge-emotion.rules")], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_group_of_the_unit_is_made(unit, root):
    lines = (root / "systemd/edge-emotion.sysusers").read_text().splitlines()
    joined = {line.split()[2] for line in lines if line.startswith("m edge-emotion ")}
    assert joined == set(unit["Service"]["SupplementaryGroups"].split())
    assert any(line.startswith(f"u {unit['Service']['User']} ") for line in lines)


@pytest.mark.parametrize(
    ("address", "reached"),
    [
        ("127.0.0.1", True),
        ("192.168.1.10", True),
        ("10.0.0.2", True),
        ("172.20.0.5", True),
        ("fd12:3456::1", True),
        ("8.8.8.8", False),
        ("2001:4860:4860::8888", False),
    ],
)
def test_cameras_and_brokers_at_home_can_be_reached_and_nothing_beyond(unit, address, reached):
    service = unit["Service"]
    assert {"AF_INET", "AF_INET6", "AF_UNIX"} <= set(service["RestrictAddressFamilies"].split())
    assert service["IPAddressDeny"] == "any"
    names = {"localhost": "127.0.0.0/8", "link-local": "169.254.0.0/16"}
    allowed = [ipaddress.ip_network(names.get(word, word)) for word in service["IPAddressAllow"].split()]
    assert any(ipaddress.ip_address(address) in network for network in allowed) == reached
