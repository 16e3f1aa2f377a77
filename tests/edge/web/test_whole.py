"""The commands themselves, with the bundled models, in a real browser: a page, and a daemon that watches that page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from edge import manifest
from edge.errors import ModelError
from edge.tasks import DAEMON
from tests.ports import free_port

LONG_S = 240.0
PIXELS = """(() => {
  const view = document.getElementById("view");
  const { data } = view.getContext("2d").getImageData(0, 0, view.width, view.height);
  return [...data].reduce((a, b) => (a * 31 + b) % 1e9, 7);
})()"""
CARDS = """[...document.querySelectorAll("#cards .face")].map(
  card => [Number(card.dataset.track), card.querySelector(".word").textContent])"""


@pytest.fixture
def start(root):
    """start(command, *arguments): the address that a running `edge-emotion` serves."""
    try:
        for task in DAEMON:
            manifest.load()[task]
    except ModelError as error:
        pytest.skip(f"no shipped models yet: {error}")
    running = []

    def begin(*words):
        process = subprocess.Popen(
            [sys.executable, "-m", "edge", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "PYTHONPATH": str(root)},
        )  # fmt: skip
        running.append(process)
        for said in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+/", said):
                return found[0]
        raise AssertionError("it ended without an address")

    yield begin
    for process in reversed(running):
        process.terminate()
        process.communicate(timeout=60)


def events(journal):
    return [json.loads(line) for line in journal.read_text().splitlines() if line.endswith("}")]


def test_the_demo_and_a_daemon_that_watches_it(start, browser, tmp_path, noon):
    demo = start("web", "--source", "demo", "--port", "0")
    browser.open(demo + "#picture")  # which does not watch
    browser.wait("fetch('api/status').then(answer => answer.json()).then(({ status }) => status === 'standby')")
    journal, config = tmp_path / "journal.jsonl", tmp_path / "config.toml"
    config.write_text(f"[web]\nenabled = true\nlive = true\nport = {free_port()}\n[journal]\nsample_s = 1.0\n")
    daemon = start("run", "--wait", "--config", str(config), "--source", f"{demo}api/live", "--journal", str(journal))

    browser.open(daemon)
    # The live picture changes, and has faces with their emotions.
    browser.wait(
        "document.querySelectorAll('#boxes .box').length > 0", LONG_S
    )  # models and cameras open, one after another
    before = browser.eval(PIXELS)
    browser.wait(f"{PIXELS} !== {before}")
    shown = browser.eval(CARDS)
    assert shown
    assert not browser.visible("#over")

    browser.eval("document.getElementById('pause').click()")
    browser.wait("document.getElementById('over-title').innerText === 'Paused'")
    browser.wait("document.querySelectorAll('#boxes .box').length === 0")
    # What was on the page is in the journal.
    known = {}
    for event in events(journal):
        if "track" in event:
            known.setdefault(event["track"], set()).add(event.get("emotion") or event["reason"].replace("-", " "))
    for track, word in shown:
        assert word in known[track]
    assert events(journal)[-1]["what"] == "paused"

    browser.eval("location.hash = '#history'")
    browser.wait("document.querySelectorAll('#tiles b').length > 0")
    visits = sum(event["event"] == "appeared" for event in events(journal))
    assert browser.text("#tiles b") == str(visits)
    browser.wait("document.querySelectorAll('#timeline .fill').length > 0")

    browser.eval("location.hash = '#picture'; document.getElementById('sample').click()")
    browser.wait("document.querySelectorAll('#faces details').length === 3", LONG_S)
    assert browser.eval("document.querySelectorAll('#photo-boxes .box.masked').length") == 1

    browser.eval("location.hash = '#live'")
    browser.wait("document.getElementById('pause').innerText === 'Resume'")
    browser.eval("document.getElementById('pause').click()")
    browser.wait("document.querySelectorAll('#boxes .box').length > 0", LONG_S)
    assert browser.text("#pill") == "Watching"
    assert browser.console == []
