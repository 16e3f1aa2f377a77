from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import cv2
import pytest

from edge.commands import web
from edge.errors import EdgeError, MissingExtra

pytest.importorskip("flask", reason="needs the extra web: pip install 'edge-emotion[web]'")

PROGRAM = """
import argparse, sys
from edge.commands import web
parser = argparse.ArgumentParser()
web.add_arguments(parser)
sys.exit(web.main(parser.parse_args()))
"""


@pytest.fixture
def served(tiny, root):
    """served(*arguments): the address of a running `edge-emotion web`, and its process."""
    running = []

    def start(*arguments):
        command = [sys.executable, "-c", PROGRAM, "--models", str(tiny), "--port", "0", *arguments]
        env = {**os.environ, "PYTHONPATH": str(root)}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        running.append(process)
        line = process.stdout.readline()
        assert line.startswith("http://127.0.0.1:"), process.stderr.read()
        return line.split()[0], process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def test_a_picture_is_answered_over_http_and_a_signal_ends_it(served, paint):
    address, process = served()
    body = b"--b\r\nContent-Disposition: form-data; name=image; filename=x.png\r\n\r\n"
    body += cv2.imencode(".png", paint((32, 32, True, False))[:, :, ::-1])[1].tobytes() + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    request = urllib.request.Request(address + "api/image", body, headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        (face,) = json.load(response)["faces"]
    assert (face["worn"], face["emotion"]) == (True, "neutral")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0


def test_the_live_view_of_a_folder_is_a_stream_of_jpegs(served, paint, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), paint((32, 32, True, False)))
    address, process = served("--source", str(tmp_path))
    with urllib.request.urlopen(address + "live", timeout=60) as response:
        assert response.headers["Content-Type"].startswith("multipart/x-mixed-replace")
        assert response.readline() == b"--frame\r\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", None), ("192.0.2.1", 0), ("127.0.0.1", 99999)])
def test_an_address_that_cannot_be_had_is_one_line(host, port):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1] if port is None else port
        with pytest.raises(EdgeError, match=f"{host}:{port}: cannot serve there .*; choose another"):
            web.listening(host, port)


def test_without_flask_the_mend_is_told(tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "flask", None)
    parser = argparse.ArgumentParser()
    web.add_arguments(parser)
    with pytest.raises(MissingExtra, match=r"pip install 'edge-emotion\[web\]'"):
        web.main(parser.parse_args(["--models", str(tiny), "--port", "0"]))
