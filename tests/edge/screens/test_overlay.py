from __future__ import annotations

import numpy as np
import pytest

from edge.errors import InvalidValue
from edge.face import Scene, Track
from edge.frame import Frame
from edge.ports import NO_NOTICE, Notice
from edge.screens import overlay
from edge.screens.overlay import Fit, compose, style_of
from edge.vision import canvas, captions, palette
from edge.vision.placement import Detail, Place, Seat
from tests.edge.vision.faces import crowd, feeling, track

SCREENS = [(1280, 720), (1920, 1080), (800, 480), (720, 1280)]
NAMES = [f"{width}x{height}" for width, height in SCREENS]
HAPPY = palette.of("happy")


def frame(width=640, height=480, level=128) -> Frame:
    return Frame(np.full((height, width, 3), level, np.uint8), 0.0, 0)


def inked(picture: np.ndarray, plain: np.ndarray, rect=None) -> int:
    left, top, right, bottom = rect or (0, 0, picture.shape[1], picture.shape[0])
    return int((picture[top:bottom, left:right] != plain[top:bottom, left:right]).any(axis=2).sum())


def scene(*tracks: Track) -> Scene:
    return Scene(tracks=tracks)


@pytest.fixture
def placed(monkeypatch):
    """The places of the captions that were drawn."""
    found: list[Place] = []
    draw = captions.Caption.draw

    def remember(self, picture, place, style):
        found.append(place)
        draw(self, picture, place, style)

    monkeypatch.setattr(captions.Caption, "draw", remember)
    return found


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (480, 640), (7, 5)])
def test_an_empty_scene_is_the_preview_in_the_middle_on_a_dark_ground(screen, size):
    picture = compose(frame(*size), Scene(), NO_NOTICE, *screen).pixels
    assert picture.shape == (screen[1], screen[0], 3)
    shown = (picture == 128).all(axis=2)
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    assert (rows.size, columns.size) == (np.ptp(rows) + 1, np.ptp(columns) + 1)
    assert rows.size == screen[1] or columns.size == screen[0]
    assert abs(columns.size / rows.size - size[0] / size[1]) < 0.02
    assert abs(rows[0] - (screen[1] - 1 - rows[-1])) <= 1
    assert (picture[~shown] == palette.DARK).all()


@pytest.mark.parametrize("screen", [(0, 480), (640, 0)])
def test_a_screen_without_pixels_is_refused(screen):
    with pytest.raises(InvalidValue, match="expected at least 1x1 pixels, got"):
        compose(frame(), Scene(), NO_NOTICE, *screen)


@pytest.mark.parametrize("screen", [(1, 1), (8, 8), (64, 36), (320, 240)])
@pytest.mark.parametrize("seen", [True, False], ids=["frame", "no frame"])
@pytest.mark.parametrize("outline", overlay.OUTLINES)
def test_the_smallest_screens_are_drawn_without_an_error(screen, seen, outline):
    notice = Notice("no camera", "some words")
    picture = compose(frame() if seen else None, scene(track()), notice, *screen, 24.0, outline).pixels
    assert picture.shape[:2] == screen[::-1]


def test_boxes_lie_where_the_preview_shows_the_faces():
    fit = Fit.of((640, 480), (1280, 720))
    assert (fit.scale, fit.left, fit.top, fit.width, fit.height) == (1.5, 160, 0, 960, 720)
    assert fit.rect((0, 0, 640, 480)) == (160, 0, 1120, 720)
    picture = compose(frame(), scene(track()), NO_NOTICE, 1280, 720).pixels
    left, top, right, bottom = fit.rect(track().face.box.ltrb)
    for y, x in ((top + 40, left), (top + 40, right - 1), (top, left + 40), (bottom - 1, left + 40)):
        assert tuple(picture[y, x]) == HAPPY


def test_a_circle_is_drawn_around_the_face_with_the_emotions_name_alone(placed):
    picture = compose(frame(), scene(track()), NO_NOTICE, 1280, 720, outline="circle").pixels
    left, top, right, bottom = Fit.of((640, 480), (1280, 720)).rect(track().face.box.ltrb)
    x, y, radius = (left + right) // 2, (top + bottom) // 2, round((right - left) * canvas.CIRCLE / 2)
    for across, down in ((x - radius, y), (x + radius, y), (x, y - radius), (x, y + radius)):
        assert tuple(picture[down, across]) == HAPPY
    assert (picture[y - radius : y - radius + 20, x - radius : x - radius + 20] == 128).all()
    assert [place.detail for place in placed] == [Detail.WORD]


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
def test_letters_are_large_enough_to_be_read_at_two_metres(screen):
    # On a screen whose shorter side is 30 cm: tan(16 minutes of arc) * 2 m = 9.3 mm.
    assert style_of(*screen).capitals / min(screen) * 300 >= 9.3


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
@pytest.mark.parametrize("count", [1, 2, 5, 12, 40])
@pytest.mark.parametrize("outline", overlay.OUTLINES)
def test_every_face_has_a_caption_that_covers_nobodys_eyes(screen, count, outline, placed):
    faces = crowd(count, columns=min(count, 8))
    compose(frame(), Scene(tracks=tuple(faces)), Notice("", "A notice"), *screen, 24.0, outline)
    fit = Fit.of((640, 480), screen)
    assert len(placed) == count
    for n, place in enumerate(placed):
        assert min(place.rect) >= 0
        assert place.rect[2] <= screen[0]
        assert place.rect[3] <= screen[1]
        if outline == "box":
            assert not any(canvas.shared(place.rect, other.rect) for other in placed[:n])
            assert not any(canvas.shared(place.rect, canvas.eyes(fit.rect(t.face.box.ltrb))) for t in faces)


@pytest.mark.parametrize(("count", "detail"), [(1, Detail.FULL), (3, Detail.FULL), (4, Detail.SHORT)])
def test_a_group_has_short_captions(count, detail, placed):
    faces = [track(30 + 150 * n, 120, 90, number=n + 1) for n in range(count)]
    compose(frame(), Scene(tracks=tuple(faces)), NO_NOTICE, 1280, 720)
    assert {place.detail for place in placed} == {detail}


def test_faces_that_the_last_detection_did_not_find_are_not_drawn(placed):
    found, lost = track(seen=2.0), track(left=400, seen=1.9, number=2)
    now = Scene(time=2.1, tracks=(found, lost), looked=20, looked_at=2.0)
    assert now.visible == (found,)
    assert Scene().visible == ()
    alone = compose(frame(), Scene(time=2.1, tracks=(found,), looked=20, looked_at=2.0), NO_NOTICE, 1280, 720).pixels
    assert np.array_equal(compose(frame(), now, NO_NOTICE, 1280, 720).pixels, alone)


def test_the_number_of_a_track_is_not_shown():
    first, twelfth = (compose(frame(), scene(track(number=n)), NO_NOTICE, 1280, 720).pixels for n in (1, 12))
    assert np.array_equal(first, twelfth)


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
def test_the_notice_and_the_rate_have_their_places(screen):
    plain = compose(frame(), Scene(), NO_NOTICE, *screen).pixels
    noticed = compose(frame(), Scene(), Notice("", "Please smile"), *screen).pixels
    rated = compose(frame(), Scene(), NO_NOTICE, *screen, 24.3).pixels
    width, height = screen
    assert inked(noticed, plain) == inked(noticed, plain, (0, height * 9 // 10, width, height)) > 0
    assert inked(rated, plain) == inked(rated, plain, (width * 3 // 4, 0, width, height // 10)) > 0


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
@pytest.mark.parametrize("state", ["dark picture", "low power: use the official supply", "something new"])
def test_what_is_wrong_stands_on_a_plate_at_the_upper_edge(screen, state):
    width, height = screen
    plain = compose(frame(), Scene(), NO_NOTICE, *screen, 24.3).pixels
    wrong = compose(frame(), Scene(), Notice(state), *screen, 24.3).pixels
    assert inked(wrong, plain) == inked(wrong, plain, (0, 0, width, height // 5)) > 0
    noticed = compose(frame(), Scene(), Notice(state, "Please smile"), *screen, 24.3).pixels
    assert np.array_equal(noticed[: height // 5], wrong[: height // 5])


def test_a_dark_picture_says_so_in_large_letters():
    picture = compose(frame(level=2), Scene(), Notice("dark picture"), 1280, 720).pixels
    rows = np.flatnonzero((picture[:60] == palette.INK).all(axis=2).any(axis=1))
    assert rows.size >= 1.4 * style_of(1280, 720).capitals


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
def test_no_box_goes_through_the_words_of_the_notice(screen):
    large, notice = scene(track(left=150, top=120, side=350)), Notice("", "Please smile " * 3)
    alone, together = (compose(frame(), each, notice, *screen).pixels for each in (Scene(), large))
    letters = (alone == palette.INK).all(axis=2)
    assert letters.sum() > 100
    assert (together[letters] == palette.INK).all()


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
def test_every_state_without_a_frame_is_another_picture(screen):
    notices = [Notice("no camera"), Notice("paused"), Notice("no camera", "Back soon"), Notice("other"), NO_NOTICE]
    shown = [compose(None, scene(track()), notice, *screen).pixels for notice in notices]
    for n, picture in enumerate(shown):
        assert (picture[0] == palette.DARK).all()
        assert inked(picture, np.full_like(picture, palette.DARK)) > 0
        assert not any(np.array_equal(picture, other) for other in shown[:n])
    upper = slice(0, screen[1] * 2 // 3)
    assert np.array_equal(shown[0][upper], shown[2][upper])


def test_the_state_is_written_large():
    picture = compose(None, Scene(), Notice("no camera"), 1280, 720).pixels
    rows = np.flatnonzero((picture[: 720 // 2] > 200).all(axis=2).any(axis=1))
    assert np.ptp(rows) >= 2.5 * style_of(1280, 720).capitals


@pytest.mark.parametrize("words", ["Този екран разпознава емоции.", "Αυτή η οθόνη αναγνωρίζει συναισθήματα."])
def test_a_notice_in_cyrillic_or_greek_letters_has_no_boxes(words):
    noticed, boxes = (
        compose(frame(), Scene(), Notice("", text), 1280, 720).pixels for text in (words, "\uffff" * len(words))
    )
    assert inked(noticed, compose(frame(), Scene(), NO_NOTICE, 1280, 720).pixels) > 0
    assert not np.array_equal(noticed, boxes)


def test_the_frame_is_not_changed_and_the_picture_is_a_new_array():
    seen = frame(1280, 720)
    before = seen.image.copy()
    picture = compose(seen, scene(track(emotion=feeling("fear"))), Notice("", "Hello"), 1280, 720).pixels
    assert np.array_equal(seen.image, before)
    assert not np.shares_memory(picture, seen.image)


def moved(now: Seat, before: Seat) -> bool:
    """Whether a caption says more or less, or jumped; at the picture's edge it gives way by some pixels."""
    return now.detail != before.detail or abs(now.across - before.across) + abs(now.down - before.down) > 12


@pytest.mark.parametrize("count", [1, 2, 8, 13])
def test_captions_stay_where_they_are_while_faces_move_a_little(count):
    random, seats, moves = np.random.default_rng(0), None, 0
    faces = crowd(count, columns=min(count, 7), share=0.75)
    for _ in range(30):
        x, y = random.normal(0, 1.5, (2, count))
        tracks = tuple(
            track(f.face.box.left + dx, f.face.box.top + dy, f.face.box.right - f.face.box.left, number=f.id)
            for f, dx, dy in zip(faces, x, y, strict=True)
        )
        now = compose(frame(), Scene(tracks=tracks), NO_NOTICE, 1280, 720, before=seats).seats
        if seats is not None:
            moves += sum(moved(now[name], seats[name]) for name in now)
        seats = now
    assert len(seats) == count
    assert moves <= 0.03 * 30 * count
