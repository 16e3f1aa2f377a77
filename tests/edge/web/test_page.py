"""The page in a real browser, driven over Chromium's own pipe (the DevTools protocol, JSON ended by zero bytes)."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import threading
import time

import cv2
import pytest

from edge.web.app import LOOPBACK, create_app
from tests.edge.web.test_live import Clock, Pictures

pytest.importorskip("flask", reason="needs the extra web: pip install 'edge-emotion[web]'")

NAMES = ("chromium", "chromium-browser", "google-chrome")
LIMIT_S = 60.0


class Browser:
    """One page of a headless Chromium."""

    def __init__(self, program: str, folder: str) -> None:
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        # The protocol is spoken on the descriptors 3 and 4.
        launch = 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"'
        command = [
            program,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            f"--user-data-dir={folder}",
        ]
        self._process = subprocess.Popen(
            ["bash", "-c", launch, "bash", str(to_read), str(to_write), *command, "--remote-debugging-pipe"],
            pass_fds=(to_read, to_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_read)
        os.close(to_write)
        self._id, self._rest, self.console, self.requests = 0, b"", [], []
        self._session = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "DOM", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters):
        self._id += 1
        message = {"id": self._id, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._id:
                assert "error" not in answer, answer
                return answer["result"]

    def _next(self):
        while b"\0" not in self._rest:
            assert select.select([self._read], [], [], LIMIT_S)[0], "the browser does not answer"
            self._rest += os.read(self._read, 1 << 20)
        line, _, self._rest = self._rest.partition(b"\0")
        event = json.loads(line)
        if event.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
            self.console.append(event["params"])
        if event.get("method") == "Network.requestWillBeSent":
            self.requests.append(event["params"]["request"]["url"])
        return event

    def eval(self, expression: str):
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, expression: str) -> None:
        end = time.monotonic() + LIMIT_S
        while not self.eval(expression):
            assert time.monotonic() < end, f"never so: {expression}; {self.console}"

    def choose(self, selector: str, path: str) -> None:
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        node = self.ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.ask("DOM.setFileInputFiles", nodeId=node, files=[path])

    def screenshot(self, path: str) -> None:
        data = self.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def close(self) -> None:
        with contextlib.suppress(AssertionError, OSError):
            self._session = None
            self.ask("Browser.close")
        self._process.kill()
        self._process.wait()
        os.close(self._read)
        os.close(self._write)


@pytest.fixture
def browser(tmp_path):
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no chromium on the PATH (Debian: sudo apt install chromium)")
    opened = Browser(program, str(tmp_path / "profile"))
    yield opened
    opened.close()


@pytest.fixture
def address(pipeline, tiny, paint):
    from werkzeug.serving import make_server

    from edge.pipeline.factory import open_models
    from edge.web.live import LiveView

    live = LiveView(lambda: Pictures([paint((32, 32, True, False))] * 3), open_models(tiny), Clock())
    server = make_server("127.0.0.1", 0, create_app(pipeline, live, LOOPBACK), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()
    assert live.close()


def look(browser, name):
    """Keep a screenshot for a person to look at, where one is asked for."""
    if folder := os.environ.get("EDGE_EMOTION_SCREENSHOTS"):
        browser.screenshot(os.path.join(folder, name))


def test_a_picture_is_chosen_and_its_faces_are_shown(browser, address, paint, tmp_path):
    picture = tmp_path / "two.png"
    cv2.imwrite(str(picture), paint((0, 32, True, True), (96, 48, False, False))[:, :, ::-1])
    browser.ask("Page.navigate", url=address)
    browser.wait("document.readyState === 'complete' && !!document.getElementById('watch')")
    browser.choose("#file", str(picture))
    browser.wait("document.getElementById('said').textContent === '2 faces.'")
    browser.wait("document.getElementById('picture').naturalWidth === 160")
    headings = browser.eval("[...document.querySelectorAll('.face h3')].map(e => e.textContent.slice(3)).sort()")
    assert headings == ["sad", "surprise"]
    assert browser.eval("document.querySelectorAll('.face meter').length") == 14
    assert browser.eval("document.querySelectorAll('#boxes rect').length") == 2
    look(browser, "faces.png")
    sent = [url for url in browser.requests if not url.startswith(("blob:", "data:"))]
    assert all(url.startswith(address) for url in sent)
    assert browser.console == []


def test_what_is_no_picture_is_told_and_the_page_goes_on(browser, address, paint, tmp_path):
    text, empty = tmp_path / "note.png", tmp_path / "empty.png"
    text.write_text("only words")
    cv2.imwrite(str(empty), paint())
    browser.ask("Page.navigate", url=address)
    browser.wait("document.readyState === 'complete' && !!document.getElementById('watch')")
    browser.choose("#file", str(text))
    browser.wait("document.getElementById('said').textContent.includes('expected JPEG, PNG or WebP')")
    assert browser.eval("document.getElementById('result').hidden")
    browser.choose("#file", str(empty))
    browser.wait("document.getElementById('said').textContent === 'No face found.'")


def test_the_live_view_is_shown_and_stopped(browser, address):
    browser.ask("Page.navigate", url=address)
    browser.wait("document.readyState === 'complete' && !!document.getElementById('watch')")
    browser.eval("document.getElementById('watch').click()")
    browser.wait("document.getElementById('stream').naturalWidth === 160")
    look(browser, "live.png")
    browser.eval("document.getElementById('watch').click()")
    browser.wait("document.getElementById('stream').hidden")
