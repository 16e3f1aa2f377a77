from __future__ import annotations

import numpy as np
import pytest

from edge.vision import canvas

STYLE = canvas.Style(24)


def written(words: str, style: canvas.Style = STYLE) -> np.ndarray:
    picture = np.zeros((80, 400, 3), np.uint8)
    canvas.text(picture, words, (10, 50), (255, 255, 255), style)
    return picture.max(axis=2)


def test_no_words_leave_no_ink():
    assert not written("").any()


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        ("Straße", "Strasse"),
        ("»Übermut«", '"Ubermut"'),
        ("naïve – café…", "naive - cafe..."),
        ("日本", "??"),
        ("two\nlines\tand  gaps", "two lines and gaps"),
        ("\u0301x", "x"),
    ],
)
def test_words_are_spelt_in_the_letters_that_the_font_has(words, plain):
    assert canvas._letters(words)[0] == plain
    assert STYLE.width_of(words) == STYLE.width_of(plain)


@pytest.mark.parametrize("accented", ["é", "Ü", "å", "č", "ñ", "ê", "ő", "ż", "ā", "ă", "à"])
def test_an_accent_stands_over_its_letter_and_changes_nothing_below(accented):
    plain = canvas._letters(accented)[0]
    with_mark, without = written(accented), written(plain)
    rows = np.flatnonzero((with_mark > without).any(axis=1))
    letter = np.flatnonzero(without.any(axis=1))
    assert rows.size
    assert rows.min() < letter.min()
    assert rows.max() <= letter.min() + STYLE.stroke + 1
    assert (with_mark >= without).all()


@pytest.mark.parametrize("marked", ["ç", "ș", "ą"])
def test_a_cedilla_hangs_under_its_letter(marked):
    with_mark, without = written(marked), written(canvas._letters(marked)[0])
    rows = np.flatnonzero((with_mark > without).any(axis=1))
    assert rows.min() >= 50 - STYLE.stroke
    assert rows.max() > 52


@pytest.mark.parametrize("capitals", [9, 16, 24, 36])
def test_capitals_have_the_height_that_the_style_says(capitals):
    rows = np.flatnonzero((written("H", canvas.Style(capitals)) > 127).any(axis=1))
    assert abs(rows.max() - rows.min() + 1 - capitals) <= 3


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_a_bar_is_as_long_as_its_share(share):
    picture = np.zeros((20, 120, 3), np.uint8)
    canvas.bar(picture, (10, 5, 110, 15), share, canvas.BARE)
    full = (picture == np.array(canvas.BARE)).all(axis=2)
    rest = (picture == np.array(canvas.TROUGH)).all(axis=2)
    assert full.sum() == round(share * 100) * 10
    assert full.sum() + rest.sum() == 1000


@pytest.mark.parametrize(
    ("rect", "pixels"), [((2, 1, 6, 4), 12), ((-5, -5, 2, 2), 4), ((8, 8, 20, 20), 4), ((-9, -9, -2, -2), 0)]
)
def test_a_plate_darkens_what_it_covers_and_nothing_else(rect, pixels):
    picture = np.full((10, 10, 3), 200, np.uint8)
    canvas.plate(picture, rect)
    assert (picture != 200).any(axis=2).sum() == pixels
    assert picture.min() in ((64, 65, 67) if pixels else (200,))
