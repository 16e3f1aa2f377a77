"""The page with the keyboard alone, with colours that the system forces, and without cookies."""

from __future__ import annotations

import pytest

from edge.web.token import Token

FOCUS = "document.activeElement.id"
WATCHING = "document.getElementById('pill').innerText === 'Watching'"


def enter(browser):
    for kind, text in (("keyDown", "\r"), ("keyUp", "")):
        browser.ask("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text=text)


def test_the_link_to_the_content_keeps_the_page_that_is_shown(serve, browser):
    house = serve()
    house.play()
    browser.open(house.address + "#history")
    browser.eval("document.querySelector('.skip').focus()")
    enter(browser)
    browser.wait(f"{FOCUS} === 'main'")
    assert browser.eval("location.hash") == "#history"
    browser.open(house.address + "#main")  # as the link once left it, and as a bookmark may have it
    browser.wait(WATCHING)
    assert browser.visible("#live")


def test_pause_and_resume_keep_the_focus(serve, browser):
    house = serve()
    house.play()
    browser.open(house.address)
    browser.wait(WATCHING)
    browser.eval("document.getElementById('pause').focus()")
    enter(browser)
    browser.wait("document.getElementById('over-title').innerText === 'Paused'")
    assert browser.eval(FOCUS) == "pause"
    # The new state may come before the answer to the request, and until then the button does nothing.
    browser.wait("!document.getElementById('pause').hasAttribute('aria-busy')")
    enter(browser)
    browser.wait(WATCHING)
    assert browser.eval(FOCUS) == "pause"


@pytest.mark.parametrize("button", ["shoot", "camera-off"])
def test_the_focus_goes_back_to_the_camera_button(serve, browser, button):
    house = serve(loop=False)
    browser.open(house.address + "#picture")
    browser.eval("document.getElementById('camera').click()")
    browser.wait("document.getElementById('video').videoWidth > 0")
    browser.eval(f"document.getElementById('{button}').focus()")
    enter(browser)
    browser.wait("document.getElementById('camera-box').hidden")
    assert browser.eval(FOCUS) == "camera"


def test_forced_colours_leave_those_that_tell_things_apart(serve, browser):
    house = serve()
    house.play()
    browser.open(house.address)
    browser.wait("document.querySelector('.box span')?.innerText === 'happy 90 %'")
    shades = "['.box', '.meter i'].map(e => getComputedStyle(document.querySelector(e)))"
    colours = f"{shades}.map((style, n) => n ? style.backgroundColor : style.borderTopColor)"
    before = browser.eval(colours)
    browser.ask("Emulation.setEmulatedMedia", features=[{"name": "forced-colors", "value": "active"}])
    browser.wait("matchMedia('(forced-colors: active)').matches")
    assert browser.eval(colours) == before


def test_a_browser_that_keeps_no_cookies_is_told_so(serve, browser):
    house = serve(token=Token("correct-horse-battery-staple"))
    browser.open(house.address)
    browser.wait("!!document.getElementById('form')")
    # What a browser does that blocks cookies, as the page sees it.
    browser.eval("void Object.defineProperty(document, 'cookie', { get: () => '' })")
    browser.eval("document.getElementById('token').value = 'correct-horse-battery-staple'")
    browser.eval("document.querySelector('form button').click()")
    browser.wait("document.getElementById('said').textContent.includes('blocks cookies')")
