"""Collected only by `make system-test`, which sets SYSTEM_TEST: these tests boot machines and take minutes."""

from __future__ import annotations

import os
import shutil

import pytest

collect_ignore_glob = [] if os.environ.get("SYSTEM_TEST") else ["test_*"]


@pytest.fixture(scope="session")
def figures():
    """figures(name, value): a figure for docs/measurements.md, printed at the end."""
    told: list[str] = []
    yield lambda name, value: told.append(f"| {name} | {value} |")
    print("\n".join(["", "| what | figure |", "|---|---|", *told]))


@pytest.fixture(scope="session")
def installed():
    """A root in which install.sh ran while no systemd did; nobody may change it."""
    from tests.system import debian
    from tests.system.container import install_unbooted

    arch = debian.architecture()
    with debian.overlay(debian.base(arch), "installed") as root:
        debian.put_sources(root, arch)
        install_unbooted(root)
        yield root


@pytest.fixture(scope="session")
def boot():
    """What an emulated arm64 machine boots from, the service installed as the README says; nobody may change it."""
    from tests.system import emulated, machine

    missing = [package for command, package in machine.TOOLS.items() if not shutil.which(command)]
    if missing:
        pytest.skip(f"install it with: sudo apt install {' '.join(missing)}")
    return emulated.boot_folder()
