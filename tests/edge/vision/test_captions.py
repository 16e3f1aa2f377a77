from __future__ import annotations

import numpy as np
import pytest

from edge.labels import EMOTIONS
from edge.vision import palette
from edge.vision.captions import Caption, arranged, draw, percent, words
from edge.vision.lettering import Style
from edge.vision.placement import Detail, Place
from tests.edge.vision.faces import feeling, track

STYLE = Style(20)
FACES = {
    "bare": track(),
    "masked": track(worn=True, number=12),
    "certain": track(emotion=feeling("surprise", 1.0)),
    "unsure": track(reason="unsure"),
    "too small": track(judged=False, reason="too-small", worn=True),
    "not judged yet": track(judged=False),
}


def drawn(caption: Caption, detail: Detail, level: int = 0) -> np.ndarray:
    width, height = caption.sizes(STYLE, detail)[detail]
    picture = np.full((height, width, 3), level, np.uint8)
    caption.draw(picture, Place((0, 0, width, height), detail), STYLE)
    return picture


@pytest.mark.parametrize(
    ("name", "text", "colour"),
    [
        ("bare", "happy 70 %, no mask", palette.of("happy")),
        ("masked", "happy 70 %, mask", palette.of("happy")),
        ("certain", "surprise 100 %, no mask", palette.of("surprise")),
        ("unsure", "unsure, no mask", palette.UNKNOWN),
        ("too small", "too small, mask", palette.UNKNOWN),
        ("not judged yet", "…, no mask", palette.UNKNOWN),
    ],
)
def test_a_caption_says_what_is_known(name, text, colour):
    assert words(FACES[name]) == text
    assert Caption.of(FACES[name]).colour == colour


@pytest.mark.parametrize(("share", "text"), [(0.0, "0 %"), (0.574, "57 %"), (1.0, "100 %")])
def test_percentages_have_a_space(share, text):
    assert percent(share) == text


@pytest.mark.parametrize("name", FACES)
def test_without_an_emotion_a_caption_says_no_more_than_a_word(name):
    sizes = Caption.of(FACES[name]).sizes(STYLE, Detail.FULL)
    assert len(sizes) == (4 if FACES[name].label else 2)


@pytest.mark.parametrize("name", FACES)
@pytest.mark.parametrize("detail", Detail)
def test_ink_stays_within_the_plate(name, detail):
    caption = Caption.of(FACES[name])
    if detail >= len(caption.sizes(STYLE, detail)):
        return
    width, height = caption.sizes(STYLE, detail)[detail]
    picture = np.full((height + 40, width + 40, 3), 130, np.uint8)
    caption.draw(picture, Place((20, 20, 20 + width, 20 + height), detail), STYLE)
    changed = (picture != 130).any(axis=2)
    assert changed[20:-20, 20:-20].any()
    assert changed.sum() == changed[20:-20, 20:-20].sum()


def test_a_caption_keeps_its_size_while_the_percentage_changes():
    shares = (0.3, 0.41, 0.99)
    sizes = {Caption.of(track(emotion=feeling("fear", share))).sizes(STYLE, Detail.FULL) for share in shares}
    assert len(sizes) == 1


@pytest.mark.parametrize("share", [0.4, 0.7, 1.0])
def test_the_bar_is_as_long_as_the_probability(share):
    caption = Caption.of(track(emotion=feeling("sad", share)))
    picture = drawn(caption, Detail.FULL)
    # Only the bar has columns of one colour that are half a line high.
    full, rest = (
        ((picture == np.array(colour)).all(axis=2).sum(axis=0) == round(STYLE.capitals * 0.7)).sum()
        for colour in (caption.colour, palette.TROUGH)
    )
    assert full / (full + rest) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("label", EMOTIONS)
@pytest.mark.parametrize("detail", Detail)
def test_every_caption_has_the_colour_of_its_emotion(label, detail):
    picture = drawn(Caption.of(track(emotion=feeling(label))), detail, level=200)
    assert (picture == np.array(palette.of(label))).all(axis=2).sum() > 20


@pytest.mark.parametrize("detail", Detail)
def test_a_mask_can_be_seen_in_every_caption(detail):
    bare, masked = (drawn(Caption.of(track(worn=worn)), detail) for worn in (False, True))
    assert bare.shape == masked.shape
    assert (bare != masked).any()


def test_a_numbered_badge_differs_from_a_pictogram():
    plain, numbered = (drawn(Caption.of(track(), number), Detail.BADGE) for number in (None, 7))
    assert plain.shape != numbered.shape


def test_nobody_needs_no_places():
    assert arranged([], [], (640, 480), [], STYLE, Detail.FULL) == ()
    picture = np.zeros((10, 10, 3), np.uint8)
    draw(picture, [], [], STYLE)
    assert not picture.any()
