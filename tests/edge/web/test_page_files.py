"""Files that people give to the page: of other kinds, too large, turned, several at once, or none."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.edge.web.test_page import chosen

SAID = "document.getElementById('said').textContent"


@pytest.fixture
def trying(serve, browser):
    """The page that tries pictures, opened; its house."""
    house = serve(loop=False)
    browser.open(house.address + "#picture")
    browser.wait("!document.getElementById('picture').hidden")
    return house


def written(pixels, kind, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def drop(browser, what):
    browser.eval(
        f"(() => {{ const data = new DataTransfer(); {what}; const options = {{ dataTransfer: data, bubbles: true }};"
        " document.getElementById('drop').dispatchEvent(new DragEvent('drop', options)); })()"
    )


@pytest.mark.parametrize("kind", ["GIF", "BMP"])
def test_a_kind_that_only_the_browser_reads_is_drawn_again(trying, browser, paint, tmp_path, kind):
    chosen(browser, tmp_path, f"face.{kind.lower()}", written(paint((32, 32, False, True)), kind))
    browser.wait("document.querySelectorAll('#faces details').length === 1")
    assert browser.text("#faces .word") == "happy"
    assert browser.visible("#photo")


def test_a_picture_of_too_many_pixels_is_drawn_smaller(trying, browser, tmp_path):
    large = cv2.imencode(".png", np.zeros((5300, 8000, 3), np.uint8))[1].tobytes()
    chosen(browser, tmp_path, "large.png", large)
    browser.wait(f"{SAID}.startsWith('No face found.')")
    assert browser.eval("document.getElementById('photo').naturalWidth") == 4096


def test_a_picture_that_the_browser_does_not_turn_is_seen_as_it_is_shown(trying, browser, paint, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    # Boxes of the turned picture would lie beside the faces in the one that is shown.
    chosen(browser, tmp_path, "turned.webp", written(np.rot90(paint()), "WEBP", exif=exif, lossless=True))
    browser.wait(f"{SAID}.startsWith('No face found.')")
    width, height = browser.eval("(({naturalWidth: w, naturalHeight: h}) => [w, h])(document.getElementById('photo'))")
    percent = browser.eval("parseFloat(document.getElementById('shown').style.maxWidth.slice('calc('.length))")
    of_window = browser.eval("innerWidth < 800 ? 42 : 75")
    assert percent == pytest.approx(of_window * width / height)


def test_what_the_browser_cannot_show_either_is_named(trying, browser, tmp_path):
    chosen(browser, tmp_path, "IMG_1.HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50))
    browser.wait(f"{SAID} === 'IMG_1.HEIC: HEIC is not read here; expected JPEG, PNG or WebP'")


def test_a_folder_is_no_reason_to_say_that_the_machine_is_off(trying, browser, tmp_path):
    browser.choose("#file", str(tmp_path))
    browser.wait(f"{SAID}.startsWith('The browser cannot read this.')")


def test_of_several_files_the_first_is_looked_at_and_the_page_says_so(trying, browser, png):
    one = f"data.items.add(new File([new Uint8Array({list(png((32, 32, False, True)))})], 'a.png'))"
    drop(browser, f"{one}; {one}")
    browser.wait(f"{SAID}.startsWith('One picture at a time')")
    browser.wait("document.querySelectorAll('#faces details').length === 1")


def test_what_is_dropped_but_no_file_is_answered(trying, browser):
    drop(browser, "data.setData('text/uri-list', 'http://elsewhere.example/face.jpg')")
    browser.wait(f"{SAID}.startsWith('What was dropped is not a file.')")
