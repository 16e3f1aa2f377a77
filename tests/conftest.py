"""What tests need from outside the tree. Absent: the test is skipped with a reason; under CI=true it fails."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from training.onednn import switch_onednn_off

# Many tests import Keras by themselves; no later moment is early enough for all of them.
switch_onednn_off()
# How long an example takes depends on the machine and on who else uses it; a test that hangs is noticed anyway.
settings.register_profile("no deadline", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no deadline")
# Servers of tests are on this machine: no proxy for the rest of the network has a way to them.
os.environ["no_proxy"] = ",".join(filter(None, (os.environ.get("no_proxy"), "127.0.0.1,localhost")))

ROOT = Path(__file__).resolve().parent.parent
SHOWN = 16  # bytes of a parameter that a test's name can have
SHARED = ROOT.parent / "shared"


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name what is packed by its length: two processes must collect the same names, and gzip writes the time."""
    return f"{len(val)} bytes" if isinstance(val, bytes) and len(val) > SHOWN else None


def absent(what: str, ci: str | None = None) -> None:
    """End the test: skipped with the reason, or failed where continuous integration promises that it is there."""
    if (os.environ.get("CI") if ci is None else ci) == "true":
        pytest.fail(f"{what}; with CI=true it must be there", pytrace=False)
    pytest.skip(what)


def _folder(name: str, sign: str) -> Path:
    folder = SHARED / name
    if not (folder / sign).exists():
        absent(f"../shared/{name} is not here")
    return folder


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the tree."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of data sets, ../shared/data."""
    return _folder("data", "fer2013.npz")


@pytest.fixture(scope="session")
def shared_peers() -> Path:
    """The folder of other people's models, ../shared/peers; to be measured against, never shipped."""
    return _folder("peers", "opencv_face_detector.pbtxt")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium or Chrome that can run headless."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    absent("no chromium on the PATH (Debian: sudo apt install chromium)")
    raise AssertionError("absent() does not return")


@pytest.fixture(scope="session")
def shared_browser(chromium, tmp_path_factory):
    """A browser that runs until the end: starting one takes longer than most tests. Each test renews its page."""
    from tests.edge.web.browser import Browser

    opened = Browser(chromium, str(tmp_path_factory.mktemp("profile")))
    yield opened
    opened.close()


@pytest.fixture
def browser(shared_browser):
    """A page with a profile of its own, in a browser."""
    yield shared_browser
    shared_browser.renew()
