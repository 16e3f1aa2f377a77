from __future__ import annotations

import string
import tracemalloc

import numpy as np
import pytest

from edge.vision.lettering import ELLIPSIS, Style, balanced, plain, wrap, write

STYLE = Style(24)
BULGARIAN = "Този екран разпознава емоции."
GREEK = "Αυτή η οθόνη αναγνωρίζει συναισθήματα."
ACCENTS = "ÀÉÎÕÜÇßøłđőșążğİ „“ – … € № →"


def written(text: str, style: Style = STYLE) -> np.ndarray:
    picture = np.zeros((100, 900, 3), np.uint8)
    write(picture, text, (10, 50), (255, 255, 255), style)
    return picture.max(axis=2)


BOX = written("\uffff")


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u200b"])
def test_empty_text_leaves_no_ink(text):
    assert not written(text).any()


@pytest.mark.parametrize(
    "char", sorted(set(string.printable.strip() + BULGARIAN + GREEK + ACCENTS) - set(" \n\r\t\v\f"))
)
def test_the_font_has_the_letters_of_european_languages(char):
    assert not np.array_equal(written(char), BOX)


@pytest.mark.parametrize("char", ["日", "한", "ا", "😀"])
def test_a_character_that_the_font_lacks_is_a_box(char):
    assert BOX.any()
    assert np.array_equal(written(char), BOX)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("two\nlines\tand  gaps", "two lines and gaps"),
        ("e\u0301", "é"),
        ("Й".encode().decode(), "Й"),
        ("zero\u200bwidth \ufeffand\u00ad hyphen", "zerowidth and hyphen"),
    ],
)
def test_text_is_one_line_of_composed_visible_characters(text, expected):
    assert plain(text) == expected
    assert STYLE.width_of(text) == STYLE.width_of(expected)


@pytest.mark.parametrize("capitals", [9, 16, 24, 36])
def test_capitals_have_the_height_of_the_style(capitals):
    rows = np.flatnonzero((written("H", Style(capitals)) > 127).any(axis=1))
    assert abs(rows.size - capitals) <= 1
    assert rows.max() in (48, 49, 50)


@pytest.mark.parametrize("text", ["H", "happy 57 %", BULGARIAN, GREEK, "ÅÉÜ ĝğ"])
@pytest.mark.parametrize("capitals", [9, 24])
def test_ink_stays_within_the_width_and_the_row(text, capitals):
    style = Style(capitals)
    ink = written(text, style) > 40
    columns, rows = np.flatnonzero(ink.any(axis=0)), np.flatnonzero(ink.any(axis=1))
    assert columns.min() >= 10 - 2
    assert columns.max() <= 10 + style.width_of(text) + 2
    assert rows.min() >= 50 - 1.45 * capitals - 1
    assert rows.max() <= 50 + 0.45 * capitals + 1


def test_text_outside_the_canvas_is_cut():
    picture = np.zeros((10, 10, 3), np.uint8)
    for at in ((-40, 8), (8, 200), (8, 3), (300, 300)):
        write(picture, "Words", at, (255, 255, 255), STYLE)
    assert picture.shape == (10, 10, 3)


@pytest.mark.parametrize(
    ("text", "lines"), [("", []), ("   ", []), ("one", ["one"]), ("one two three", ["one two", "three"])]
)
def test_text_is_wrapped_into_lines_that_fit(text, lines):
    width = STYLE.width_of("one two th")
    got = wrap(text, width, 2, STYLE)
    assert got == lines
    assert all(STYLE.width_of(line) <= width for line in got)


@pytest.mark.parametrize(
    "text", ["one two three four five six", "one twotwotwotwo", "onetwothreefourfivesixseven", "Ünïcödé wörds " * 9]
)
@pytest.mark.parametrize("room", ["one two th", "wwww"])
def test_text_that_does_not_fit_ends_in_an_ellipsis(text, room):
    width = STYLE.width_of(room)
    got = wrap(text, width, 2, STYLE)
    assert len(got) == 2
    assert got[-1].endswith(ELLIPSIS)
    assert all(STYLE.width_of(line) <= width for line in got)
    assert text.replace(" ", "").startswith("".join(got).replace(" ", "").removesuffix(ELLIPSIS))


def test_wrapping_ends_even_if_no_letter_fits():
    assert wrap("some words", 1, 3, STYLE) == ["s", "o"]


@pytest.mark.parametrize("text", ["", "one", BULGARIAN + " " + GREEK, "a line of text that leaves one word alone"])
@pytest.mark.parametrize("width", [120, 400, 700])
def test_balanced_lines_say_the_same_in_as_many_lines(text, width):
    plainly, evenly = wrap(text, width, 3, STYLE), balanced(text, width, 3, STYLE)
    assert len(plainly) == len(evenly)
    assert " ".join(plainly) == " ".join(evenly)
    assert max(map(STYLE.width_of, evenly), default=0) <= max(map(STYLE.width_of, plainly), default=0)


def test_no_word_stands_alone_in_the_last_line():
    text = "one two three four five"
    width = STYLE.width_of("one two three four")
    assert wrap(text, width, 3, STYLE)[-1] == "five"
    assert balanced(text, width, 3, STYLE) == ["one two three", "four five"]


def test_large_text_is_not_kept_in_memory():
    picture = np.zeros((800, 2400, 3), np.uint8)
    write(picture, "0", (10, 600), (255, 255, 255), Style(500))  # loads what is loaded once
    tracemalloc.start()
    try:
        for number in range(10, 15):
            write(picture, str(number), (10, 600), (255, 255, 255), Style(500))
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert picture.any()
    assert kept < 0.2 * most
