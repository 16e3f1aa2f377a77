"""MagicMirror's example in a browser, which has all that its helper needs of Node, on a page that is really served.

`tests/test_examples_connected.py` runs the helper in Node, where that is installed.
"""

from __future__ import annotations

import json

import pytest

from edge.web.token import Token
from tests.edge.web.test_page import grey

SECRET = "correct-horse-battery-staple"
# MagicMirror's loader and sockets; the code itself is evaluated as the mirror's server would load it.
HELPER = """(() => {
  const module = {}, modules = { node_helper: { create: made => made } }, require = name => modules[name];
  CODE
  window.helper = module.exports;
  window.notes = [];
  helper.sendSocketNotification = (name, state) => notes.push([name, state]);
  helper.start();
})()"""
MODULE = """(() => {
  const Module = { register: (name, made) => { window.mirror = Object.assign(made, { name }); } };
  CODE
  mirror.config = { ...mirror.defaults, ...CONFIG };
  window.sent = [];
  window.updates = 0;
  mirror.sendSocketNotification = (name, payload) => sent.push([name, payload]);
  mirror.updateDom = () => { updates += 1; };
  mirror.start();
})()"""


@pytest.fixture
def code(root):
    folder = root / "examples/magicmirror/MMM-EdgeEmotion"
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.js")}


@pytest.fixture
def follow(browser, code):
    """follow(house, token): the helper follows the house's events; its notifications are in `notes`."""

    def start(house, token=""):
        browser.open(house.address + "icon.svg")  # the events' own origin: another one may not read them
        browser.eval(HELPER.replace("CODE", code["node_helper"]))
        given = {"address": house.address.rstrip("/"), "token": token}
        browser.eval(f"helper.socketNotificationReceived('EDGE_EMOTION_START', {json.dumps(given)})")

    return start


def test_every_state_of_the_event_stream_is_passed_on(serve, browser, follow):
    house = serve()
    house.show(state="no camera")
    follow(house)
    browser.wait("notes.length > 0")
    name, state = browser.eval("notes[0]")
    assert (name, state["status"], state["faces"]) == ("EDGE_EMOTION_STATE", "no camera", [])
    house.play(grey(80))
    browser.wait("notes.some(([, state]) => state.faces.length)")
    (face,) = browser.eval("notes.find(([, state]) => state.faces.length)[1].faces")
    assert (face["emotion"], face["worn"]) == ("happy", False)


def test_it_follows_an_address_once_and_stops(serve, browser, follow):
    house = serve()
    house.show(state="no camera")
    follow(house)
    given = json.dumps({"address": house.address.rstrip("/"), "token": ""})
    browser.eval(f"helper.socketNotificationReceived('EDGE_EMOTION_START', {given})")
    browser.wait("notes.length > 0")
    assert browser.eval("helper.aborts.size") == 1
    assert house.hub.watchers == 1
    browser.eval("helper.stop()")
    browser.wait("[...helper.aborts.values()].every(abort => abort.signal.aborted)")


@pytest.mark.parametrize(("token", "accepted"), [("", False), ("guess", False), (SECRET, True)])
def test_from_another_machine_it_needs_the_token(serve, browser, follow, token, accepted):
    house = serve(token=Token(SECRET))
    house.show(state="no camera")
    follow(house, token)
    browser.wait("notes.length > 0")
    _, state = browser.eval("notes[0]")
    assert state.get("error") == (None if accepted else "edge-emotion: 401 Unauthorized")
    assert state["faces"] == []


def faces(*emotions):
    return {"faces": [{"emotion": emotion} for emotion in emotions]}


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (faces(), "nobody"),
        (faces(None), "nobody"),
        (faces("happy"), "happy"),
        (faces("sad", None, "fear"), "sad, fear"),
        ({"error": "edge-emotion: <b>401</b>", "faces": []}, "edge-emotion: <b>401</b>"),
    ],
)
def test_the_mirror_shows_the_emotions_as_text(browser, code, state, shown):
    browser.open("about:blank")
    browser.eval(MODULE.replace("CODE", code["MMM-EdgeEmotion"]).replace("CONFIG", '{ nobody: "nobody" }'))
    assert browser.eval("mirror.name") == "MMM-EdgeEmotion"
    assert browser.eval("sent") == [["EDGE_EMOTION_START", {"address": "http://127.0.0.1:8095", "token": ""}]]
    for _ in range(2):
        browser.eval(f"mirror.socketNotificationReceived('EDGE_EMOTION_STATE', {json.dumps(state)})")
    browser.eval("mirror.socketNotificationReceived('ANOTHER_MODULES', { faces: [] })")
    text, children, updates = browser.eval(
        "(made => [made.textContent, made.children.length, updates])(mirror.getDom())"
    )
    assert (text, children) == (shown, 0)
    assert updates == (shown != "nobody")  # drawn again only where it changed
