from __future__ import annotations

import shlex
import sys

import pytest

from edge.machine import pip_install


def test_an_extra_is_installed_into_this_python(tmp_path):
    ours = f"{shlex.quote(sys.executable)} -m pip install 'edge-emotion[plot]'"
    assert pip_install("plot", tmp_path / "no service here") == ours
    assert pip_install("plot", tmp_path) == ours  # somebody else's environment


@pytest.mark.parametrize("linked", [True, False], ids=["the installer's link", "the Debian package's folder"])
def test_on_the_service_it_takes_root_and_the_path_that_outlives_an_upgrade(tmp_path, monkeypatch, linked):
    environment, service = tmp_path / "edge-emotion.a", tmp_path / "edge-emotion"
    if linked:
        environment.mkdir()
        service.symlink_to("edge-emotion.a")
    else:
        service.mkdir()
    monkeypatch.setattr(sys, "prefix", str(environment if linked else service))
    assert pip_install("web", service) == f"sudo {service}/bin/python -m pip install 'edge-emotion[web]'"
