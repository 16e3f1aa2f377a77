"""axe-core, the checker that browsers' own audits use, on every page: light and dark, on a phone and a desktop."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from edge.clock import rfc3339
from edge.journals.groups import Statistics
from edge.journals.report import Report
from edge.journals.summary import Summary
from edge.web.token import Token
from tests.conftest import absent
from tests.edge.web.test_history import minute_ago, visit, write

pytestmark = pytest.mark.slow

SIZES = [(390, 844), (1280, 800)]
# Of "minor" and "moderate" there is nothing either.
RUN = """axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations.map(
  ({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(node => node.target.join(" ")).join(", ")}`))"""


@pytest.fixture(scope="module")
def axe():
    """axe-core's own text."""
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        absent("axe-core is not here: make test installs it, or pip install --no-deps axe-playwright-python")
    return (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")


def check(browser, axe, name):
    """What axe finds, in light and dark, small and large."""
    found = []
    for width, height in SIZES:
        for dark in (False, True):
            browser.size(width, height, dark)
            browser.eval("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")
            if not browser.eval("typeof axe === 'object'"):
                browser.eval(axe + ";1")
            found += [f"{name}, {width} px, {'dark' if dark else 'light'}: {line}" for line in browser.eval(RUN)]
    return found


def test_axe_sees_what_is_wrong(browser, axe):
    browser.open("data:text/html,<img src=x><input>")
    assert any("image-alt" in line for line in check(browser, axe, "a bad page"))


def test_live_has_nothing_that_keeps_people_out(serve, browser, axe):
    house = serve()
    house.play()
    browser.open(house.address)
    browser.wait("!!document.querySelector('#cards .word')")
    assert check(browser, axe, "live") == []
    house.control.asked = True
    browser.wait("document.getElementById('over-title').innerText === 'Paused'")
    assert check(browser, axe, "paused") == []
    house.stop()
    house.control.asked, house.lost = False, "v4l2:7: no such camera /dev/video7"
    house.show(state="no camera")
    browser.wait("document.getElementById('over-text').innerText.includes('/dev/video7')")
    assert check(browser, axe, "no camera") == []


def test_pictures_have_nothing_that_keeps_people_out(serve, browser, axe, png, tmp_path):
    house = serve(loop=False)
    browser.open(house.address + "#picture")
    browser.wait("!document.getElementById('picture').hidden")
    assert check(browser, axe, "start") == []
    faces, words = tmp_path / "two.png", tmp_path / "words.png"
    faces.write_bytes(png((96, 48, False, False), (0, 32, True, True)))
    words.write_bytes(b"only words")
    browser.choose("#file", str(faces))
    browser.wait("!document.getElementById('result').hidden")
    browser.eval("document.querySelector('#faces summary').click()")
    assert check(browser, axe, "faces") == []
    browser.choose("#file", str(words))
    browser.wait("document.getElementById('said').classList.contains('wrong')")
    assert check(browser, axe, "error") == []


def test_the_history_has_nothing_that_keeps_people_out(serve, browser, axe, tmp_path, noon):
    journal = write(tmp_path / "journal.jsonl", visit(1, minute_ago(), (4, False, "happy"), (6, True, "sad")))
    browser.open(serve(journal=journal).address + "#history")
    browser.wait("document.querySelectorAll('#timeline .fill').length === 2")
    assert check(browser, axe, "history") == []
    browser.open("about:blank")
    browser.open(serve().address + "#history")
    browser.wait("document.getElementById('history-said').classList.contains('wrong')")
    assert check(browser, axe, "no journal") == []


def test_the_login_has_nothing_that_keeps_people_out(serve, browser, axe):
    browser.open(serve(token=Token("correct-horse-battery-staple")).address)
    browser.wait("!!document.getElementById('form')")
    assert check(browser, axe, "login") == []
    browser.eval(f"document.getElementById('token').value = {json.dumps('guess')}")
    browser.eval("document.querySelector('form button').click()")
    browser.wait("!document.getElementById('said').hidden")
    assert check(browser, axe, "wrong token") == []


def test_the_report_has_nothing_that_keeps_people_out(browser, axe, tmp_path):
    visits = [visit(n, 1e9 + 5000 * n, (4, False, "happy"), (6, n % 2 == 0, "sad"), (9, True, None)) for n in range(60)]
    summary, statistics = Summary(), Statistics()
    for wall, event in (entry for group in visits for entry in group):
        for each in (summary, statistics):
            each.add({"time": rfc3339(wall), "monotonic": wall, **event})
    path = tmp_path / "report.html"
    path.write_text(Report("Visitors", summary, statistics).page(), encoding="utf-8")
    browser.open(path.as_uri())
    assert check(browser, axe, "report") == []
