"""The container, built and run by podman, where a base image is named:
`CONTAINER_BASE=docker.io/library/debian:trixie-slim`.

`PODMAN` is podman with flags, such as "podman --runtime runc". The libraries' wheels are fetched here and lie beside
ours, so that the build needs no package index.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid

import pytest

from tests.edge.sinks.mosquitto import WAIT_S
from tests.pages import ROOT
from tests.ports import free_port
from tests.test_package import built, wheel  # noqa: F401

CONTAINER = ROOT / "examples/container"
PYTHON = "3.13"  # trixie's
# podman's defaults are more than some machines allow.
LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096")
OPTIONS = {"source": "demo", "rotate": "0", "live": False, "mqtt": False, "node": "den", "keep_days": 7}


def podman(*words, check=True):
    call = [*shlex.split(os.environ.get("PODMAN", "podman")), *map(str, words)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, f"{shlex.join(call)}\n{done.stdout}{done.stderr}"
    return done


@pytest.fixture(scope="module")
def image(wheel, tmp_path_factory):  # noqa: F811
    """The image of this tree; removed at the end."""
    base = os.environ.get("CONTAINER_BASE")
    if base is None or shutil.which("podman") is None:
        pytest.skip("no base image for a container here (CONTAINER_BASE=docker.io/library/debian:trixie-slim)")
    context = tmp_path_factory.mktemp("container") / "context"
    shutil.copytree(CONTAINER, context)  # as `make container` does
    (context / "wheels").mkdir()
    shutil.copy(wheel, context / "wheels")
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:"]
    fetch += ["--python-version", PYTHON, "--dest", str(context / "wheels")]
    for version in ("2_17", "2_27", "2_28"):
        fetch += ["--platform", f"manylinux_{version}_{platform.machine()}"]
    subprocess.run([*fetch, f"{wheel}[web,mqtt,metrics]"], check=True)
    name = f"edge-emotion-test-{uuid.uuid4().hex[:8]}"
    try:
        podman("build", "--network", "host", "--env", "PIP_NO_INDEX=1", *LIMITS, "--build-arg",
               f"BASE={base}", "--tag", name, context)  # fmt: skip
        yield name
    finally:
        podman("rmi", "--force", name, check=False)


@pytest.fixture
def run(image):
    """run(*words): what the container printed, with arguments of edge-emotion."""
    return lambda *words: podman("run", "--rm", "--network", "none", *LIMITS, image, *words)


def test_a_command_runs_instead_of_the_service(run):
    assert run("--version").stdout.startswith("edge-emotion ")
    told = json.loads(run("doctor", "--software", "--json").stdout)
    assert {each["level"] for each in told["checks"]} == {"ok"}


def ask(port, path, token=""):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
        return answer.read().decode()


def until(happened):
    end = time.monotonic() + WAIT_S
    while True:
        try:
            if told := happened():
                return told
        except (OSError, urllib.error.HTTPError):
            pass
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


@pytest.mark.parametrize("addon", [False, True])
def test_the_service_serves_its_page_and_stops_with_its_journal_complete(image, tmp_path, addon):
    """As a Home Assistant add-on, too: with its options, of which it makes its settings."""
    data, port, settings = tmp_path / "data", free_port(), tmp_path / "config.toml"
    data.mkdir()
    # A port of its own: the container has this machine's network, whose other ports may be in use.
    text = (CONTAINER / "container.toml").read_text()
    settings.write_text(text.replace('"auto"', '"demo"').replace("[web]\n", f"[web]\nport = {port}\n"))
    places = ["--volume", f"{data}:/data"]
    if addon:
        (data / "options.json").write_text(json.dumps(OPTIONS))
    else:
        places += ["--volume", f"{settings}:/opt/edge-emotion/container.toml:ro"]
    name = f"{image}-run"
    podman("run", "--detach", "--network", "none" if addon else "host", *LIMITS, "--name", name, *places, image)
    try:
        journal = data / "journal.jsonl"
        until(lambda: journal.exists() and '"appeared"' in journal.read_text())
        if addon:
            assert 'source = "demo"' in (data / "config.toml").read_text()
        else:
            page, metrics = ((data / f"{kind}-token").read_text().strip() for kind in ("web", "metrics"))
            assert "edge_emotion_frames_total" in until(lambda: ask(port, "/metrics", metrics))
            assert json.loads(ask(port, "/api/faces", page)) is not None
        podman("stop", "--time", "20", name)
        events = [json.loads(line)["event"] for line in journal.read_text().splitlines()]
        assert (events[0], events[-1]) == ("start", "stop")
        assert podman("inspect", "--format", "{{.State.ExitCode}}", name).stdout.strip() == "0"
    finally:
        podman("rm", "--force", "--time", "5", name, check=False)
