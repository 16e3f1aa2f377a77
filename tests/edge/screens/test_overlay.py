from __future__ import annotations

import numpy as np
import pytest

from edge.errors import InvalidValue
from edge.face import Detection, Scene, Track
from edge.frame import Box, Frame
from edge.ports import Notice
from edge.screens import captions, overlay
from edge.screens.captions import Card
from edge.screens.overlay import Fit, compose, style_of, wrap
from edge.vision import canvas

SCREENS = [(1280, 720), (1920, 1080), (800, 480)]
NAMES = [f"{width}x{height}" for width, height in SCREENS]
HAPPY = np.float32([0.05, 0.05, 0.05, 0.7, 0.05, 0.05, 0.05])


def track(left=200.0, top=150.0, side=120.0, emotion=HAPPY, worn=False, reason=None, name=1) -> Track:
    face = Detection(Box(left, top, left + side, top + side), 0.9)
    return Track(id=name, face=face, seen=0.0, mask=float(worn), worn=worn, emotion=emotion, reason=reason)


def frame(width=640, height=480, level=128) -> Frame:
    return Frame(np.full((height, width, 3), level, np.uint8), 0.0, 0)


def inked(picture: np.ndarray, plain: np.ndarray, rect=None) -> int:
    left, top, right, bottom = rect or (0, 0, picture.shape[1], picture.shape[0])
    return int((picture[top:bottom, left:right] != plain[top:bottom, left:right]).any(axis=2).sum())


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (480, 640), (7, 5)])
def test_nobody_and_no_notice_is_the_picture_in_the_middle_on_a_dark_ground(screen, size):
    picture = compose(frame(*size), Scene(), Notice(), *screen)
    assert picture.shape == (screen[1], screen[0], 3)
    shown = (picture == 128).all(axis=2)
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    assert (rows.size, columns.size) == (np.ptp(rows) + 1, np.ptp(columns) + 1)
    assert rows.size == screen[1] or columns.size == screen[0]
    assert abs(columns.size / rows.size - size[0] / size[1]) < 0.02
    assert abs(rows[0] - (screen[1] - 1 - rows[-1])) <= 1
    assert (picture[~shown] == canvas.PLATE).all()


@pytest.mark.parametrize("screen", [(0, 480), (640, 0)])
def test_a_screen_without_pixels_is_refused(screen):
    with pytest.raises(InvalidValue, match="expected at least 1x1 pixels, got"):
        compose(frame(), Scene(), Notice(), *screen)


@pytest.mark.parametrize("screen", [(1, 1), (8, 8), (64, 36), (320, 240)])
@pytest.mark.parametrize("seen", [True, False], ids=["frame", "no frame"])
def test_the_smallest_screens_are_drawn_without_an_error(screen, seen):
    scene = Scene(tracks=(track(),))
    assert (
        compose(frame() if seen else None, scene, Notice("no camera", "some words"), *screen, 24.0).shape[:2]
        == screen[::-1]
    )


def test_boxes_of_the_frame_lie_where_the_preview_has_them():
    fit = Fit.of((640, 480), (1280, 720))
    assert (fit.scale, fit.left, fit.top, fit.width, fit.height) == (1.5, 160, 0, 960, 720)
    assert fit.rect((0, 0, 640, 480)) == (160, 0, 1120, 720)
    picture = compose(frame(), Scene(tracks=(track(),)), Notice(), 1280, 720)
    left, top, right, bottom = fit.rect(track().face.box.ltrb)
    for y, x in ((top + 40, left), (top + 40, right - 1), (top, left + 40), (bottom - 1, left + 40)):
        assert tuple(picture[y, x]) == canvas.BARE


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
def test_letters_are_large_enough_to_be_read_at_two_metres(screen):
    # On a screen 30 cm high: tan(16 minutes of arc) * 2 m = 9.3 mm.
    assert style_of(screen[1]).capitals / screen[1] * 300 >= 9.3


@pytest.mark.parametrize(
    ("known", "colour", "lines"),
    [
        (track(), canvas.BARE, ["1 happy 70%", "no mask", "intensity 95%"]),
        (track(worn=True, name=12), canvas.MASKED, ["12 happy 70%", "mask", "intensity 95%"]),
        (track(reason="unsure"), canvas.UNKNOWN, ["1 not sure", "no mask"]),
        (track(emotion=None, reason="too-small", worn=True), canvas.UNKNOWN, ["1 too far", "mask"]),
        (track(emotion=None), canvas.UNKNOWN, ["1 ...", "no mask"]),
    ],
    ids=["bare", "masked", "unsure", "too small", "not yet looked at"],
)
def test_a_card_says_what_is_known(known, colour, lines):
    card = Card.of(known)
    assert card.lines(2) == lines
    assert card.lines(1) == lines[:1]
    assert card.lines(0) == lines[0].split()[:1]
    assert card.colour == colour
    picture = compose(frame(), Scene(tracks=(known,)), Notice(), 1280, 720)
    assert (picture == np.array(colour)).all(axis=2).any()


def test_the_bar_is_as_long_as_the_probability():
    card, style = Card.of(track()), style_of(720)
    width, height = card.size(2, style)
    pixels = np.zeros((height, width, 3), np.uint8)
    card.draw(pixels, (0, 0, width, height), 2, style)
    trough = (pixels == np.array(canvas.TROUGH)).all(axis=2)
    row = np.flatnonzero(trough.any(axis=1))[3]
    full = (pixels[row] == np.array(canvas.BARE)).all(axis=1).sum()
    assert full / (full + trough[row].sum()) == pytest.approx(0.7, abs=0.01)


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
@pytest.mark.parametrize("count", [1, 2, 5, 12, 40])
def test_cards_lie_on_no_other_and_hide_no_other_face(screen, count, monkeypatch):
    placed: list[canvas.Rect] = []
    draw = Card.draw

    def remember(self, pixels, place, detail, style):
        placed.append(place)
        draw(self, pixels, place, detail, style)

    monkeypatch.setattr(Card, "draw", remember)
    columns = min(count, 10)
    side = 300 / columns
    crowd = tuple(
        track(20 + 600 / columns * (n % columns), 40 + 110 * (n // columns), side, name=n + 1) for n in range(count)
    )
    compose(frame(), Scene(tracks=crowd), Notice(visitors="A notice"), *screen, 24.0)
    fit = Fit.of((640, 480), screen)
    assert len(placed) >= min(count, 3)
    for n, place in enumerate(placed):
        assert place[0] >= 0
        assert place[1] >= 0
        assert place[2] <= screen[0]
        assert place[3] <= screen[1]
        assert not any(canvas.shared(place, other) for other in placed[:n])
        hidden = sorted(
            canvas.shared(place, fit.rect(t.face.box.ltrb)) / canvas.area(fit.rect(t.face.box.ltrb)) for t in crowd
        )
        assert hidden[-1] <= captions.HIDES_OWN
        assert all(share <= captions.HIDES_OTHER for share in hidden[:-1])


def test_everybody_has_a_short_card_before_anybody_has_a_long_one():
    crowd = tuple(track(40 + 200 * n, 330, 110, name=n + 1) for n in range(3))
    picture = compose(frame(), Scene(tracks=crowd), Notice(), 1280, 720)
    fit, plain = Fit.of((640, 480), (1280, 720)), compose(frame(), Scene(), Notice(), 1280, 720)
    for known in crowd:
        left, top, right, _ = fit.rect(known.face.box.ltrb)
        assert inked(picture, plain, (left, top - 70, right, top - 8)) > 1000


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
def test_the_notice_and_the_rate_have_their_places(screen):
    plain = compose(frame(), Scene(), Notice(), *screen)
    noticed = compose(frame(), Scene(), Notice(visitors="Please smile"), *screen)
    rated = compose(frame(), Scene(), Notice(), *screen, 24.3)
    width, height = screen
    assert inked(noticed, plain) == inked(noticed, plain, (0, height * 9 // 10, width, height)) > 0
    assert inked(rated, plain) == inked(rated, plain, (width * 3 // 4, 0, width, height // 10)) > 0


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
def test_no_box_goes_through_the_words_of_the_notice(screen):
    large = Scene(tracks=(track(left=150, top=120, side=350),))
    alone, together = (
        compose(frame(), scene, Notice(visitors="Please smile " * 3), *screen) for scene in (Scene(), large)
    )
    letters = (alone == canvas.INK).all(axis=2)
    assert letters.sum() > 100
    assert (together[letters] == canvas.INK).all()


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("", []),
        ("   ", []),
        ("one", ["one"]),
        ("one two three", ["one two", "three"]),
    ],
)
def test_words_are_wrapped_into_lines_that_fit(words, lines):
    style = canvas.Style(20)
    width = style.width_of("one two th")
    got = wrap(words, width, 2, style)
    assert got == lines
    assert all(style.width_of(line) <= width for line in got)


@pytest.mark.parametrize(
    "words", ["one two three four five six", "one twotwotwotwo", "onetwothreefourfivesixseven", "Ünïcödé wörds " * 9]
)
@pytest.mark.parametrize("room", ["one two th", "wwww"])
def test_what_does_not_fit_is_cut_and_says_so(words, room):
    style = canvas.Style(20)
    got = wrap(words, style.width_of(room), 2, style)
    assert len(got) == 2
    assert got[-1].endswith("...")
    assert all(style.width_of(line) <= style.width_of(room) for line in got)
    assert words.replace(" ", "").startswith("".join(got).replace(" ", "").removesuffix("..."))


def test_a_line_too_narrow_for_anything_still_ends():
    assert wrap("some words", 1, 3, canvas.Style(20)) == ["s", "o"]


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
def test_no_camera_paused_and_their_notices_are_four_pictures(screen):
    notices = [Notice("no camera"), Notice("paused"), Notice("no camera", "Back soon"), Notice("something else")]
    shown = [compose(None, Scene(tracks=(track(),)), notice, *screen) for notice in notices]
    for n, picture in enumerate(shown):
        assert (picture[0] == canvas.PLATE).all()
        assert inked(picture, np.full_like(picture, canvas.PLATE)) > 0
        assert not any(np.array_equal(picture, other) for other in shown[:n])
    upper = slice(0, screen[1] * 2 // 3)
    assert np.array_equal(shown[0][upper], shown[2][upper])


def test_the_state_is_written_large():
    picture = compose(None, Scene(), Notice("no camera"), 1280, 720)
    rows = np.flatnonzero((picture[: 720 // 2] > 200).all(axis=2).any(axis=1))
    assert np.ptp(rows) >= 2.5 * style_of(720).capitals


def test_a_frame_is_not_changed_and_a_picture_is_a_new_array():
    seen = frame(1280, 720)
    before = seen.image.copy()
    picture = compose(seen, Scene(tracks=(track(),)), Notice(visitors="Hello"), 1280, 720)
    assert np.array_equal(seen.image, before)
    assert not np.shares_memory(picture, seen.image)


def test_the_loops_states_are_known_here():
    assert set(overlay.STATES) == {"no camera", "paused"}
