"""The page in a real browser, on a loop that the test plays."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from edge.web import feed
from edge.web.token import Token


def look(browser, name):
    """Keep a screenshot for a person to look at, where one is asked for."""
    if folder := os.environ.get("EDGE_EMOTION_SCREENSHOTS"):
        browser.screenshot(os.path.join(folder, name))


def chosen(browser, tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    browser.choose("#file", str(path))


def grey(level):
    return np.full((48, 64, 3), level, np.uint8)


def test_the_live_picture_changes_and_has_boxes_with_words(serve, browser):
    house = serve()
    house.play(grey(80), grey(220))
    browser.open(house.address)
    browser.wait("document.querySelector('.box span')?.innerText === 'happy 90 %'")
    pixel = "document.getElementById('view').getContext('2d').getImageData(9, 9, 1, 1).data[0]"
    browser.wait(f"{pixel} > 200")
    browser.wait(f"{pixel} < 100")
    assert browser.eval("document.getElementById('view').width") == 64
    left, width = browser.eval("(({left, width}) => [left, width])(document.querySelector('.box').style)")
    assert float(left.rstrip("%")) == pytest.approx(100 / 64)
    assert float(width.rstrip("%")) == pytest.approx(100 * 29 / 64)
    assert browser.text("#cards .word") == "happy"
    assert browser.text("#cards .share") == "90 %"
    assert browser.text("#cards .mask") == "no mask"
    assert browser.text("#pill") == "Watching"
    browser.wait("document.querySelector('.spark path').getAttribute('d').length > 10")
    assert browser.text("#health") == "good"
    assert float(browser.text("#fps")) > 0
    assert not browser.visible("#over")
    assert not browser.visible("#nobody")
    look(browser, "live.png")
    assert browser.console == []
    assert all(url.startswith(house.address) for url in browser.requests if not url.startswith(("blob:", "data:")))


def test_of_many_windows_those_used_last_show_the_live_view_and_the_others_say_so(serve, browser):
    house = serve()
    house.play()
    watching = "document.getElementById('pill').innerText === 'Watching'"
    elsewhere = "document.getElementById('pill').innerText === 'In other windows'"
    windows = []
    for _ in range(4):
        windows.append(browser.window())
        browser.open(house.address)
        browser.wait(f"{watching} && document.querySelectorAll('.box').length")
    for window in windows[:2]:
        browser.turn_to(window)
        browser.wait(elsewhere)
        assert browser.text("#over-title") == "Shown in other windows"
        assert browser.eval("document.querySelectorAll('.box, .face').length") == 0
    look(browser, "other-windows.png")
    browser.turn_to(windows[0])
    browser.eval("document.body.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }))")
    browser.wait(f"{watching} && document.querySelectorAll('.box').length")
    browser.turn_to(windows[2])
    browser.wait(elsewhere)
    browser.turn_to(windows[3])  # closed, it leaves its place to the one used before it
    browser.eval("location.hash = '#picture'")
    browser.turn_to(windows[2])
    browser.wait(f"{watching} && document.querySelectorAll('.box').length")


def test_pause_and_resume(serve, browser):
    house = serve()
    house.play()
    browser.open(house.address)
    browser.wait("document.getElementById('pill').innerText === 'Watching'")
    browser.eval("document.getElementById('pause').click()")
    browser.wait("document.getElementById('over-title').innerText === 'Paused'")
    assert house.control.asked
    assert browser.visible("#over")
    assert browser.text("#pause") == "Resume"
    assert browser.eval("document.querySelectorAll('.box').length") == 0
    look(browser, "paused.png")
    browser.eval("document.getElementById('pause').click()")
    browser.wait("document.getElementById('pill').innerText === 'Watching'")
    browser.wait("document.getElementById('over').hidden")
    assert not house.control.asked


def test_why_there_is_no_camera_is_shown(serve, browser):
    house = serve()
    house.lost = "v4l2:7: no such camera /dev/video7"
    house.show(state="no camera")
    browser.open(house.address)
    browser.wait("document.getElementById('over-text').innerText.includes('/dev/video7')")
    assert browser.text("#pill") == "No camera"
    look(browser, "no-camera.png")


def test_a_dark_picture_says_so(serve, browser):
    house = serve()
    house.play(grey(3), state="dark picture")
    browser.open(house.address)
    browser.wait("document.getElementById('over-title').innerText === 'Too dark'")
    assert browser.visible("#over")
    assert browser.text("#over-text") == "Turn on a light."
    assert browser.text("#health") == "dark picture"
    house.play(grey(80), state="dark picture, throttled")
    browser.wait("document.getElementById('health').innerText === 'dark picture, throttled'")
    assert browser.visible("#over")
    house.play(grey(80))
    browser.wait("document.getElementById('over').hidden")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("no camera is being watched; start it", "No camera is being watched; start it"),
        ("/dev/video0: no permission", "/dev/video0: no permission"),
        ("v4l2:7: no such camera", "v4l2:7: no such camera"),
        ("face.jpg: cannot decode the picture", "face.jpg: cannot decode the picture"),
        ("my face.jpg: cannot decode the picture", "my face.jpg: cannot decode the picture"),
        ("", ""),
    ],
)
def test_reasons_are_sentences_but_names_stay_as_they_are(serve, browser, said, shown):
    browser.open(serve(loop=False).address + "#picture")
    assert browser.eval(f"import('/api.js').then(({{ sentence }}) => sentence({json.dumps(said)}))") == shown


def test_without_live_pictures_the_page_has_the_rest(serve, browser):
    house = serve(live=False)
    house.play()
    browser.open(house.address)
    browser.wait("document.querySelector('.box span')?.innerText === 'happy 90 %'")
    assert browser.text("#cards .word") == "happy"
    assert not [url for url in browser.requests if url.endswith("api/live")]


def test_what_is_hidden_cannot_be_seen(serve, browser):
    house = serve()
    browser.open(house.address + "#picture")
    browser.wait("document.getElementById('live').hidden")
    hidden = browser.eval("[...document.querySelectorAll('[hidden]')].filter(e => e.checkVisibility()).map(e => e.id)")
    assert hidden == []
    assert browser.visible("#drop")
    for part in ("#live", "#history", "#result", "#photo", "#camera-box", "#said"):
        assert not browser.visible(part), part
    assert browser.eval("[...document.images].filter(i => i.checkVisibility() && !i.naturalWidth).length") == 0
    look(browser, "start.png")


def test_a_picture_is_chosen_and_its_faces_are_shown(serve, browser, png, tmp_path):
    house = serve(loop=False)
    browser.open(house.address)
    browser.wait("location.hash === '#picture'")  # without a camera, this is what there is to do
    chosen(browser, tmp_path, "two.png", png((96, 48, False, False), (0, 32, True, True)))
    browser.wait("document.getElementById('photo').naturalWidth === 160 && !document.getElementById('result').hidden")
    words = browser.eval("[...document.querySelectorAll('#faces .word')].map(e => e.textContent)")
    assert words == ["surprise", "sad"]  # from left to right
    assert browser.text("#found") == "2 faces, from left to right"
    assert browser.eval("[...document.querySelectorAll('#faces details')].map(e => e.open)") == [False, False]
    assert browser.eval("document.querySelectorAll('#photo-boxes .box').length") == 2
    browser.eval("document.querySelectorAll('#faces details')[1].dispatchEvent(new Event('pointerenter'))")
    assert browser.eval("[...document.querySelectorAll('.box')].map(e => e.classList.contains('lit'))") == [False, True]
    browser.eval("document.querySelector('#faces summary').click()")
    assert browser.eval("document.querySelectorAll('#faces details[open] .all dt').length") == 7
    look(browser, "faces.png")
    assert browser.console == []


def test_a_picture_can_be_dropped_or_pasted(serve, browser, png):
    house = serve(loop=False)
    browser.open(house.address + "#picture")
    faces = {"drop": png((32, 32, False, True)), "paste": png((96, 48, False, False), (0, 32, True, True))}
    for kind, picture in faces.items():
        browser.eval(
            """(() => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(BYTES)], "face.png", { type: "image/png" }));
            const event = KIND === "drop" ? new DragEvent("drop", { dataTransfer: data, bubbles: true })
              : new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
            document.getElementById("drop").dispatchEvent(event);
        })()""".replace("BYTES", str(list(picture))).replace("KIND", json.dumps(kind))
        )
        many = 1 if kind == "drop" else 2
        browser.wait(f"document.querySelectorAll('#faces details').length === {many}")
    assert browser.visible("#photo")


def test_a_machine_that_goes_away_is_said_and_found_again(serve, browser):
    from edge.web.app import create_app
    from edge.web.server import Server

    house = serve()
    house.play()
    browser.open(house.address)
    browser.wait("document.getElementById('pill').innerText === 'Watching'")
    house.server.close()
    browser.wait("document.getElementById('pill').innerText === 'Not connected'")
    assert "Is it on" in browser.text("#over-text")
    assert browser.visible("#over")
    house.server = Server(lambda: create_app(house.site), "127.0.0.1", house.port)
    house.server.start()
    browser.wait("document.getElementById('pill').innerText === 'Watching'")
    browser.wait("document.getElementById('over').hidden")


def test_no_earlier_picture_stays_under_an_error(serve, browser, png, tmp_path):
    house = serve(loop=False)
    browser.open(house.address + "#picture")
    chosen(browser, tmp_path, "face.png", png((32, 32, False, True)))
    browser.wait("!document.getElementById('result').hidden")
    assert browser.visible("#photo")
    chosen(browser, tmp_path, "note.png", b"only words")
    browser.wait("document.getElementById('said').textContent.includes('expected JPEG, PNG or WebP')")
    assert browser.visible("#said")
    assert not browser.visible("#photo")
    assert not browser.visible("#result")
    chosen(browser, tmp_path, "empty.png", png())
    browser.wait("document.getElementById('said').textContent.startsWith('No face found.')")
    assert browser.visible("#photo")


def test_the_annotated_copy_has_the_boxes(serve, browser, png, tmp_path):
    house = serve(loop=False)
    browser.open(house.address + "#picture")
    chosen(browser, tmp_path, "face.png", png((32, 32, False, True)))
    browser.wait("!document.getElementById('result').hidden")
    _, told = house.post("/api/image", png((32, 32, False, True)), headers={"Content-Type": "image/png"})
    size, colours = browser.eval(
        """(async () => {
        const { annotated } = await import("./boxes.js");
        const told = TOLD;
        const photo = document.getElementById("photo");
        const copy = await createImageBitmap(await annotated(photo, told.faces, told.width, told.height));
        const canvas = document.createElement("canvas");
        Object.assign(canvas, { width: copy.width, height: copy.height });
        const pen = canvas.getContext("2d");
        pen.drawImage(copy, 0, 0);
        const scale = copy.width / told.width;
        return [[copy.width, copy.height], [...pen.getImageData(32 * scale, 60 * scale, 1, 1).data].slice(0, 3)];
    })()""".replace("TOLD", json.dumps(told))
    )
    assert size == [640, 480]
    assert np.abs(np.subtract(colours, (240, 228, 66))).max() < 40  # happy


def test_the_browsers_own_camera_takes_a_picture(serve, browser):
    house = serve(loop=False)
    browser.open(house.address + "#picture")
    browser.eval("document.getElementById('camera').click()")
    browser.wait("document.getElementById('video').videoWidth > 0")
    assert browser.visible("#camera-box")
    browser.eval("document.getElementById('shoot').click()")
    browser.wait("!document.getElementById('result').hidden")
    assert not browser.visible("#camera-box")


def test_the_token_is_asked_for_and_then_the_page_works(serve, browser):
    house = serve(token=Token("correct-horse-battery-staple"))
    house.play()
    browser.open(house.address)
    browser.wait("!!document.getElementById('form')")
    for word, done in (
        ("guess", "!document.getElementById('said').hidden"),
        ("correct-horse-battery-staple", "!!document.getElementById('pill')"),
    ):
        browser.eval(f"document.getElementById('token').value = {json.dumps(word)}")
        look(browser, "login.png")
        browser.eval("document.querySelector('form button').click()")
        browser.wait(done)
    browser.wait("document.getElementById('pill').innerText === 'Watching'")
    browser.eval("document.getElementById('pause').click()")
    browser.wait("document.getElementById('pause').innerText === 'Resume'")
    assert house.control.asked


def test_a_link_on_another_site_asks_nobody_twice_for_the_token(serve, browser):
    house = serve(token=Token("correct-horse-battery-staple"))
    elsewhere = house.address.replace("127.0.0.1", "localhost")  # another site to a browser, with sessions of its own
    browser.open(house.address)
    browser.eval("document.getElementById('token').value = 'correct-horse-battery-staple'")
    browser.eval("document.querySelector('button').click()")
    browser.wait("document.querySelector('nav') !== null")
    browser.open(elsewhere)
    browser.eval(f"void setTimeout(() => location.assign({json.dumps(house.address + '#history')}))")
    browser.wait("document.querySelector('nav') !== null")
    assert browser.eval("location.hash") == "#history"
    house.site.guard.token = Token("another-horse-battery-staple")  # all sessions have ended
    browser.open(elsewhere)
    browser.eval(f"void setTimeout(() => location.assign({json.dumps(house.address)}))")
    browser.wait("performance.getEntriesByType('navigation')[0].type === 'reload'")  # once, and not again and again
    browser.wait("document.readyState === 'complete' && document.getElementById('token') !== null")


def test_two_pages_of_one_machine_do_not_log_each_other_out(serve, browser):
    houses = [serve(token=Token(secret)) for secret in ("correct-horse-battery-staple", "another-horse-battery-staple")]
    for house in houses:
        house.play()
        browser.open(house.address)
        browser.eval(f"document.getElementById('token').value = {house.site.guard.token.secret!r}")
        browser.eval("document.querySelector('form button').click()")
        browser.wait("document.getElementById('pill')?.innerText === 'Watching'")
    for house in houses:
        browser.open(house.address)
        browser.wait("document.getElementById('pill')?.innerText === 'Watching'")
        browser.eval("document.getElementById('pause').click()")
        browser.wait("document.getElementById('pause').innerText === 'Resume'")
        assert house.control.asked


HURRY = "const real = setTimeout; window.setTimeout = (call, ms) => real(call, ms / 20);"


def test_a_machine_that_says_nothing_any_more_is_not_connected(serve, browser, monkeypatch):
    monkeypatch.setattr(feed, "KEEP_ALIVE_S", 3600.0)  # as if it were switched off: no connection is closed
    house = serve()
    house.show()
    browser.ask("Page.addScriptToEvaluateOnNewDocument", source=HURRY)
    browser.open(house.address)
    browser.wait("document.getElementById('pill').innerText === 'Not connected'")
    house.play()
    browser.wait("document.getElementById('pill').innerText === 'Watching'")
    assert browser.console == []


@pytest.mark.parametrize(("width", "height"), [(390, 844), (844, 390), (1280, 720)])
def test_an_upright_picture_and_the_button_below_it_fit_into_the_window(serve, browser, width, height):
    house = serve()
    house.play(np.full((640, 240, 3), 128, np.uint8))
    browser.size(width, height)
    browser.open(house.address)
    browser.wait("document.getElementById('view').height === 640")
    rect = browser.eval("document.getElementById('stage').getBoundingClientRect().toJSON()")
    assert rect["height"] <= 0.8 * height + 1
    assert rect["width"] / rect["height"] == pytest.approx(240 / 640, rel=0.02)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_reaches_over_the_edge_and_text_can_be_read(serve, browser, width, dark):
    house = serve()
    house.play()
    browser.size(width, 844, dark)
    for page in ("live", "picture", "history"):
        browser.open("about:blank")
        browser.open(house.address + f"#{page}")
        browser.wait(f"!document.getElementById('{page}')?.hidden")
        assert browser.eval("document.documentElement.scrollWidth <= innerWidth"), page
        assert browser.eval(CONTRAST) == [], page


# The texts of a page whose contrast with their background is below WCAG's AA.
CONTRAST = """(() => {
  const parse = colour => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const light = colour => colour.map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [.2126, .7152, .0722][n], 0);
  const ground = element => { for (let e = element; e; e = e.parentElement) {
    const colour = parse(getComputedStyle(e).backgroundColor);
    if (colour.length === 3) return colour; } return [255, 255, 255]; };
  const low = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.disabled) continue;
    if (element.closest(".quiet, .boxes, .over, .skip, noscript")) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) low.push(element.textContent.trim().slice(0, 40));
  }
  return low;
})()"""


def test_the_page_is_small_and_names_nobody_else(root):
    folder = root / "edge" / "web" / "page"
    files = list(folder.iterdir())
    assert sum(file.stat().st_size for file in files) <= 150_000
    for file in files:
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in text, file.name
        assert "https:" not in text, file.name


def test_an_emotion_beside_the_seven_has_its_name_its_bar_and_a_colour(serve, browser):
    from edge.labels import EMOTIONS
    from edge.testing import FakePipeline

    house = serve()
    house.pipeline = FakePipeline(labels=(*EMOTIONS, "lit"), emotion=np.float32([0.05] * 7 + [0.65]))
    house.play(grey(80))
    browser.open(house.address)
    browser.wait("document.querySelector('.box span')?.innerText === 'lit 65 %'")
    # A name that is a class of the page, too, does not become one.
    assert browser.eval("document.querySelector('.box').className").startswith("box other")
    face = json.dumps({"probabilities": dict(zip((*EMOTIONS, "lit"), [0.05] * 7 + [0.65], strict=True))})
    draw = f"const made = document.createElement('div'); allBars(made, {face}); return made.innerText;"
    text = browser.eval(f"import('/card.js').then(({{ allBars }}) => {{ {draw} }})")
    assert text == "".join(f"{name}5 %" for name in EMOTIONS) + "lit65 %"
    assert browser.eval("getComputedStyle(document.querySelector('.box')).borderTopColor") == "rgb(202, 190, 160)"
