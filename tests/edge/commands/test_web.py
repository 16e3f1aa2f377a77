from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import cv2
import pytest

from edge.commands import web
from edge.errors import MissingExtra
from tests.ports import free_port

pytest.importorskip("aiohttp", reason="needs the extra web: pip install 'edge-emotion[web]'")


@pytest.fixture
def served(tiny, root):
    """served(*arguments): the address of a running `edge-emotion`, and its process."""
    running = []

    def start(*arguments, command="web", words=("--port", "0"), **environment):
        line = [sys.executable, "-m", "edge", command, "--models", str(tiny), *words, *arguments]
        env = {**os.environ, "PYTHONPATH": str(root), **environment}
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        running.append(process)
        stream = process.stdout if command == "web" else process.stderr
        for said in stream:
            if found := re.search(r"http://[^ /]+:\d+/", said):
                return found[0], process
        raise AssertionError(process.stderr.read())

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("environment", "opened"),
    [({}, False), ({"DISPLAY": ":0"}, True), ({"WAYLAND_DISPLAY": "wayland-0"}, True), ({"DISPLAY": ""}, False)],
)
def test_a_browser_is_opened_where_there_is_a_display(monkeypatch, tmp_path, environment, opened):
    (tmp_path / "xdg-open").write_text("#!/bin/sh\n")
    (tmp_path / "xdg-open").chmod(0o755)
    calls = []
    monkeypatch.setattr(web.subprocess, "Popen", lambda words, **_: calls.append(words))
    assert web.open_browser("http://127.0.0.1:8095/", environment | {"PATH": str(tmp_path)}) == opened
    assert calls == [[str(tmp_path / "xdg-open"), "http://127.0.0.1:8095/"]] * opened


def test_without_a_program_that_opens_browsers_nothing_happens(tmp_path):
    assert not web.open_browser("http://127.0.0.1:8095/", {"DISPLAY": ":0", "PATH": str(tmp_path)})


def test_a_clip_that_is_missing_is_said_before_there_is_a_page(tiny, capsys):
    from edge.__main__ import main

    assert main(["web", "--models", str(tiny), "--port", "0", "--source", "nosuch.mp4"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "nosuch.mp4: no such file, folder or camera" in err


def test_what_is_no_journal_is_said_before_there_is_a_page(tiny, capsys, tmp_path):
    from edge.__main__ import main

    (tmp_path / "letter.txt").write_text("Dear visitors,\n")
    for file, reason in ((tmp_path / "letter.txt", "not a journal of edge-emotion"), (tmp_path, "is a folder")):
        assert main(["web", "--models", str(tiny), "--port", "0", "--journal", str(file)]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(f"edge-emotion: {file}: {reason}")


@pytest.mark.parametrize("flag", ["--source", "--journal", "--host"])
def test_a_variable_that_is_not_set_is_said_before_there_is_a_page(tiny, capsys, flag):
    """Else a page without a picture, of the service's journal, or for all machines would be shown."""
    from edge.__main__ import main

    with pytest.raises(SystemExit):
        main(["web", "--models", str(tiny), "--port", "0", flag, ""])
    out, err = capsys.readouterr()
    assert out == ""
    assert f"argument {flag}: expected a " in err


def test_a_picture_is_answered_over_http_and_a_signal_ends_it(served, paint):
    address, process = served()
    picture = cv2.imencode(".png", paint((32, 32, True, False))[:, :, ::-1])[1].tobytes()
    request = urllib.request.Request(address + "api/image", picture, {"Content-Type": "image/png"})
    with urllib.request.urlopen(request, timeout=60) as response:
        (face,) = json.load(response)["faces"]
    assert (face["worn"], face["emotion"]) == (True, "neutral")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0


def test_a_folder_is_a_stream_of_jpegs_that_begins_again(served, paint, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), paint((32, 32, True, False)))
    address, process = served("--source", str(tmp_path))
    with urllib.request.urlopen(address + "live", timeout=60) as response:
        assert response.headers["Content-Type"].startswith("multipart/x-mixed-replace")
        assert response.readline() == b"--frame\r\n"
        numbers = [int(line.split()[1]) for line in response.read(20_000).splitlines() if line.startswith(b"X-Number")]
    assert numbers == sorted(set(numbers))
    assert len(numbers) > 1
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0


def test_the_service_serves_the_page_of_its_own_camera(served, tmp_path):
    config, journal, pause = tmp_path / "config.toml", tmp_path / "journal.jsonl", tmp_path / "paused"
    config.write_text(f"[web]\nenabled = true\nport = {free_port()}\n")
    pause.touch()
    address, process = served(
        "--config", str(config), "--source", "demo", "--journal", str(journal), command="run", words=(),
        STATE_DIRECTORY=str(tmp_path),
    )  # fmt: skip
    with urllib.request.urlopen(address + "api/events", timeout=60) as response:
        states = (json.loads(line[6:]) for line in response if line.startswith(b"data: "))
        state = next(state for state in states if state["status"] == "paused")
    assert (state["live"], state["paused"], state["faces"]) == (False, True, [])
    with urllib.request.urlopen(urllib.request.Request(address + "api/resume", b""), timeout=60) as response:
        assert json.load(response) == {"paused": False}
    assert not pause.exists()
    assert process.wait(timeout=60) == 0  # at the end of the demo
    assert [word for word in ("paused", "resumed") if f'"what": "{word}"' in journal.read_text()] == [
        "paused",
        "resumed",
    ]


def test_other_machines_need_a_token_that_is_printed(served):
    _, process = served("--host", "0.0.0.0")
    assert len(process.stdout.readline().removeprefix("token: ").strip()) >= 16


def test_without_aiohttp_the_fix_is_named(tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    for name in [
        name for name in sys.modules if name.startswith(("edge.web.app", "edge.web.guard", "edge.web.server"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    parser = argparse.ArgumentParser()
    web.add_arguments(parser)
    with pytest.raises(MissingExtra, match=r"python\S* -m pip install 'aiohttp"):
        web.main(parser.parse_args(["--models", str(tiny), "--port", "0"]))
