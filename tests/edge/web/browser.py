"""A real browser: headless Chromium, driven over its own pipe (the DevTools protocol, JSON ended by zero bytes)."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import subprocess
import time

LIMIT_S = 120.0


class Browser:
    """One page of a headless Chromium; `renew` gives another one."""

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
            "--disable-dev-shm-usage",  # a container's /dev/shm may be too small for a page
            "--no-first-run",
            f"--user-data-dir={folder}",
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
        ]
        self._process = subprocess.Popen(
            ["bash", "-c", launch, "bash", str(to_read), str(to_write), *command, "--remote-debugging-pipe"],
            pass_fds=(to_read, to_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=os.environ | {"TMPDIR": "/tmp"},  # it makes sockets there, whose paths have 107 bytes at most
        )  # fmt: skip
        os.close(to_read)
        os.close(to_write)
        self._id, self._rest = 0, b""
        self.console: list[dict] = []
        self.requests: list[str] = []
        self._session = self._context = None
        self.renew()

    def renew(self) -> None:
        """A new page, with a profile of its own: nothing is left of what the one before was told or has stored."""
        self._session = None
        if self._context:
            self.ask("Target.disposeBrowserContext", browserContextId=self._context)
        self._context = self.ask("Target.createBrowserContext")["browserContextId"]
        self.window()

    def window(self) -> str:
        """One more page of the same profile; it is the one that is asked from now on. Returns what `turn_to` takes."""
        self._session = None
        # A window, not a tab: tabs behind another are hidden.
        made = self.ask("Target.createTarget", url="about:blank", browserContextId=self._context, newWindow=True)
        target = made["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.console, self.requests = [], []
        for domain in ("Page", "Runtime", "DOM", "Log", "Network"):
            self.ask(f"{domain}.enable")
        return self._session

    def turn_to(self, window: str) -> None:
        """Ask that page from now on."""
        self._session = window

    def ask(self, method: str, **parameters):
        self._id += 1
        message = {"id": self._id, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        with contextlib.suppress(BrokenPipeError):  # what it said last is read below, and then that it ended
            os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._id:
                assert "error" not in answer, answer
                return answer["result"]

    def _next(self):
        while b"\0" not in self._rest:
            assert select.select([self._read], [], [], LIMIT_S)[0], "the browser does not answer"
            block = os.read(self._read, 1 << 20)
            assert block, f"the browser ended (exit code {self._process.wait()})"
            self._rest += block
        line, _, self._rest = self._rest.partition(b"\0")
        event = json.loads(line)
        if event.get("sessionId") != self._session:
            return event  # of the page before
        said = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown" or said.get("entry", {}).get("level") == "error":
            self.console.append(said)
        if event.get("method") == "Network.requestWillBeSent":
            self.requests.append(event["params"]["request"]["url"])
        return event

    def eval(self, expression: str):
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, expression: str, limit_s: float = LIMIT_S) -> None:
        end = time.monotonic() + limit_s
        while not self._holds(expression):
            assert time.monotonic() < end, f"never true: {expression}; {self.console}"
            time.sleep(0.02)

    def _holds(self, expression: str) -> bool:
        try:
            return bool(self.eval(expression))
        except AssertionError as error:
            if "navigated or closed" in str(error):  # by another page, which may be asked next
                return False
            raise

    def choose(self, selector: str, path: str) -> None:
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        node = self.ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.ask("DOM.setFileInputFiles", nodeId=node, files=[path])

    def screenshot(self, path: str) -> None:
        with open(path, "wb") as file:
            file.write(self.image())

    def image(self) -> bytes:
        """The whole page as a PNG file's content."""
        return base64.b64decode(self.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def close(self) -> None:
        with contextlib.suppress(AssertionError, OSError):
            self._session = None
            self.ask("Browser.close")
        self._process.kill()
        self._process.wait()
        os.close(self._read)
        os.close(self._write)

    def open(self, url: str) -> None:
        self.ask("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def size(self, width: int, height: int, dark: bool = False) -> None:
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def visible(self, selector: str) -> bool:
        """Whether it is laid out and seen, as computed; `hidden` alone may be overruled by a style."""
        return self.eval(f"document.querySelector({selector!r}).checkVisibility({{visibilityProperty: true}})")

    def text(self, selector: str) -> str:
        return self.eval(f"document.querySelector({selector!r}).textContent")
