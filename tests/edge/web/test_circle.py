"""Faces marked with a circle, as `[screen] style` asks for: live, and in a picture that is tried."""

from __future__ import annotations

import json
import urllib.request

import pytest

from edge.settings import ScreenSettings, Settings, WebSettings
from edge.testing import FakeClock
from edge.web.hub import Hub
from edge.web.part import WebPart
from tests.edge.web.test_page import chosen, grey, look

# Of each face's outline: its middle and size in parts of the picture's size, and the radius of its corners.
OUTLINES = """[...document.querySelectorAll("#LAYER .box")].map(box => {
  const own = box.getBoundingClientRect(), whole = box.parentElement.getBoundingClientRect();
  return [(own.x + own.width / 2 - whole.x) / whole.width, (own.y + own.height / 2 - whole.y) / whole.height,
    own.width / whole.width, own.height / whole.height, getComputedStyle(box).borderTopLeftRadius];
})"""
LABELS = "[...document.querySelectorAll('#LAYER .box span')].map(label => label.textContent)"


def outlines(browser, layer):
    return browser.eval(OUTLINES.replace("LAYER", layer))


def labels(browser, layer):
    return browser.eval(LABELS.replace("LAYER", layer))


@pytest.mark.parametrize("style", ["box", "circle"])
def test_the_page_follows_the_setting(style):
    settings = Settings(screen=ScreenSettings(style=style), web=WebSettings(port=0))
    part = WebPart(settings, Hub(FakeClock()), None, live=False, token=None, environment={})
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{part.port}/api/status") as answer:
            assert json.load(answer)["style"] == style
    finally:
        part.close()


def test_live_faces_have_a_circle_and_the_emotions_name(serve, browser):
    house = serve(style="circle")
    house.play(grey(80))
    browser.open(house.address)
    browser.wait("document.querySelector('#boxes .box span')?.textContent === 'happy'")
    ((x, y, wide, high, corner),) = outlines(browser, "boxes")
    # Around the middle of the face, 1.3 times as large: in a picture of 64x48 it is 29 pixels wide and high.
    assert (x, y) == (pytest.approx(15.5 / 64, abs=0.005), pytest.approx(15.5 / 48, abs=0.005))
    assert (wide, high) == (pytest.approx(1.3 * 29 / 64, abs=0.005), pytest.approx(1.3 * 29 / 48, abs=0.005))
    assert corner == "50%"
    assert browser.text("#cards .share") == "90 %"  # the card has the rest
    look(browser, "circle-live.png")


def test_a_picture_that_is_tried_has_circles_and_so_has_its_copy(serve, browser, png, tmp_path):
    house = serve(loop=False, style="circle")
    browser.open(house.address)
    browser.wait("location.hash === '#picture'")
    browser.eval("""(() => {
        window.saved = null;
        const make = URL.createObjectURL;
        URL.createObjectURL = blob => {
            if (blob.type === "image/jpeg") window.saved = blob;
            return make(blob);
        };
    })()""")
    chosen(browser, tmp_path, "two.png", png((96, 48, False, False), (0, 32, True, True)))
    browser.wait("document.querySelectorAll('#photo-boxes .box').length === 2")
    assert labels(browser, "photo-boxes") == ["surprise", "sad"]
    assert [corner for *_, corner in outlines(browser, "photo-boxes")] == ["50%", "50%"]
    assert browser.eval("document.querySelectorAll('#photo-boxes .circle.masked').length") == 1
    look(browser, "circle-picture.png")
    browser.eval("document.getElementById('download').click()")
    browser.wait("!!window.saved")
    # The sad face is at (96, 48) to (144, 96): the circle passes above its middle; the corner of a box stays free.
    size, circle, corner = browser.eval("""(async () => {
        const copy = await createImageBitmap(saved), canvas = document.createElement("canvas");
        Object.assign(canvas, { width: copy.width, height: copy.height });
        const pen = canvas.getContext("2d"), scale = copy.width / 160;
        pen.drawImage(copy, 0, 0);
        const at = (x, y) => [...pen.getImageData(x * scale, y * scale, 1, 1).data].slice(0, 3);
        return [copy.width, at(120, 72 - 0.65 * 48), at(97, 40)];
    })()""")
    assert size == 640
    assert circle[2] > 180 > circle[0]  # the blue of sad
    assert max(corner) < 60
    assert browser.console == []


def test_boxes_stay_boxes(serve, browser):
    house = serve()
    house.play(grey(80))
    browser.open(house.address)
    browser.wait("document.querySelector('#boxes .box span')?.textContent === 'happy 90 %'")
    ((*_, corner),) = outlines(browser, "boxes")
    assert corner != "50%"


def test_a_circle_keeps_labels_off_the_eyes(serve, browser):
    """Two faces side by side: the label of a circle may lie on the other's circle, but not on its eyes."""
    browser.open(serve(loop=False).address + "#picture")
    areas = browser.eval("""(async () => {
        const { place } = await import("./labels.js");
        const faces = [[40, 60, 100, 140], [110, 60, 170, 140]];
        const around = faces.map(([l, t, r, b]) => [[l, t], [r, b]].map((end, n) =>
            [(l + r) / 2, (t + b) / 2].map(middle => middle + (n ? 52 : -52))).flat());
        const words = faces.map(() => ["happy", "1"]), width = text => 10 * text.length;
        return place(around, words, 210, 200, width, 20, [], faces).map(({ area }) => area);
    })()""")
    eyes = [(left, 76, right, 104) for left, right in ((40, 100), (110, 170))]
    for left, top, right, bottom in areas:
        assert all(right <= e[0] or e[2] <= left or bottom <= e[1] or e[3] <= top for e in eyes)
