from __future__ import annotations

import numpy as np
import pytest

from edge.vision.canvas import area, eyes, shared
from edge.vision.placement import HIDES_OTHER, HIDES_OWN, Detail, Place, Seat, arrange

SIZES = ((20, 20), (70, 24), (120, 24), (150, 70))
BOUNDS = (640, 480)


def grid(count: int, columns: int, side: int, step: int, left: int = 10, top: int = 10) -> tuple:
    corners = [(left + step * (n % columns), top + step * (n // columns)) for n in range(count)]
    return tuple((x, y, x + side, y + side) for x, y in corners)


CROWDS = {
    "nobody": (),
    "one": ((200, 150, 320, 290),),
    "one that fills the picture": ((0, 0, 640, 480),),
    "one that leaves the picture": ((-60, -40, 60, 80),),
    "two, cheek by cheek": ((200, 150, 320, 290), (300, 160, 420, 300)),
    "three in a row along the lower edge": grid(3, 3, 110, 200, 40, 360),
    "eight": grid(8, 4, 80, 150),
    "thirteen, shoulder to shoulder": grid(13, 7, 70, 84),
    "forty": grid(40, 10, 48, 62),
    "two hundred": grid(200, 20, 24, 31),
}


@pytest.mark.parametrize("name", CROWDS)
@pytest.mark.parametrize("most", Detail)
def test_every_face_has_a_caption_within_the_picture(name, most):
    faces = CROWDS[name]
    places = arrange(faces, (SIZES[: most + 1],) * len(faces), BOUNDS)
    assert len(places) == len(faces)
    for place in places:
        left, top, right, bottom = place.rect
        assert (right - left, bottom - top) == SIZES[place.detail]
        assert place.detail <= most
        assert min(left, top) >= 0
        assert right <= BOUNDS[0]
        assert bottom <= BOUNDS[1]


@pytest.mark.parametrize("name", [name for name in CROWDS if name != "two hundred"])
def test_no_caption_lies_on_another_or_on_anybodys_eyes(name):
    faces = CROWDS[name]
    keep = ((0, 455, 640, 480), (560, 0, 640, 30))
    places = arrange(faces, (SIZES,) * len(faces), BOUNDS, keep)
    for n, place in enumerate(places):
        assert not any(shared(place.rect, other.rect) for other in places[:n])
        assert not any(shared(place.rect, kept) for kept in keep)
        assert not any(shared(place.rect, eyes(face)) for face in faces)
        for m, face in enumerate(faces):
            limit = HIDES_OWN if m == n else HIDES_OTHER
            assert shared(place.rect, face) <= limit[place.detail] * area(face)


def test_a_lone_face_has_the_full_caption_below_it():
    (place,) = arrange(CROWDS["one"], (SIZES,), BOUNDS)
    assert place.detail == Detail.FULL
    assert place.rect[:2] == (200, 294)
    assert place.leader is None


@pytest.mark.parametrize(
    ("face", "growth", "side"),
    [
        ((300, 100, 340, 150), (-2, -2, 2, 3), "below"),
        ((300, 380, 340, 430), (-2, -3, 2, 0), "above"),
        ((10, 20, 100, 470), (0, 0, 3, 0), "right"),
        ((540, 0, 630, 480), (-3, 0, 0, 0), "left"),
    ],
)
@pytest.mark.parametrize("closer", [True, False])
def test_a_caption_keeps_its_distance_from_a_face_that_comes_closer_or_goes_away(face, growth, side, closer):
    seat, steps = None, range(20) if closer else range(19, -1, -1)
    for step in steps:
        now = tuple(edge + step * by for edge, by in zip(face, growth, strict=True))
        (place,) = arrange((now,), (SIZES,), BOUNDS, before=(seat,))
        left, top, right, bottom = place.rect
        distances = {"below": top - now[3], "above": now[1] - bottom, "right": left - now[2], "left": now[0] - right}
        assert distances[side] == 4
        assert place.detail == Detail.FULL
        seat = Seat.of(place, now)


def test_a_caption_that_gets_wider_stays_on_its_side():
    face, narrow, wide = (400, 100, 440, 150), (70, 24), (120, 24)
    for place, corner in (
        (Place((326, 100, 396, 124), Detail.WORD), (276, 100)),  # on the left
        (Place((444, 100, 514, 124), Detail.WORD), (444, 100)),
        (Place((400, 72, 470, 96), Detail.WORD), (400, 72)),
        (Place((370, 154, 440, 178), Detail.WORD), (320, 154)),  # its right side is the face's
    ):
        assert Seat.of(place, face).corner(face, narrow) == place.rect[:2]
        assert Seat.of(place, face).corner(face, wide) == corner


def test_everybody_has_a_word_before_anybody_has_more():
    faces = CROWDS["three in a row along the lower edge"]
    details = [place.detail for place in arrange(faces, (SIZES,) * 3, BOUNDS)]
    assert min(details) >= Detail.SHORT


def test_a_face_without_room_beside_it_has_a_leader_line_to_its_caption():
    # Walls leave a slit above the face, too narrow for any caption.
    middle = (300, 230, 340, 270)
    walls = (
        (250, 180, 312, 228),
        (328, 180, 390, 228),
        (250, 272, 390, 320),
        (200, 180, 298, 320),
        (342, 180, 440, 320),
    )
    (place,) = arrange((middle,), (SIZES[:2],), BOUNDS, walls)
    assert place.detail == Detail.WORD
    assert place.leader is not None
    (x, y), (face_x, face_y) = place.leader
    assert place.rect[0] <= x < place.rect[2]
    assert place.rect[1] <= y < place.rect[3]
    assert middle[0] <= face_x < middle[2]
    assert middle[1] <= face_y < middle[3]


def test_a_badge_that_is_forced_away_from_its_face_has_a_leader_line():
    (place,) = arrange(((300, 230, 340, 270),), (SIZES[:1],), BOUNDS, ((200, 130, 440, 370),))
    assert place.leader is not None


def scattered(count: int, side: int, bounds: tuple[int, int]) -> tuple:
    """Faces of many sizes anywhere in the picture, which hide little of each other."""
    numbers, faces = np.random.default_rng(3), []
    while len(faces) < count:
        size = int(side * numbers.uniform(0.5, 1.5))
        left, top = (int(numbers.uniform(0, length - size)) for length in bounds)
        face = (left, top, left + size, top + 6 * size // 5)
        if all(shared(face, other) < 0.3 * min(area(face), area(other)) for other in faces):
            faces.append(face)
    return tuple(faces)


@pytest.mark.parametrize(("count", "side", "bounds", "badge"), [(61, 30, BOUNDS, 20), (200, 80, (3000, 2000), 60)])
def test_in_a_crowd_too_no_badge_hides_the_number_of_another(count, side, bounds, badge):
    places = arrange(scattered(count, side, bounds), (((badge, badge),),) * count, bounds)
    for n, place in enumerate(places):
        assert max((shared(place.rect, other.rect) for other in places[:n]), default=0) <= 0.2 * badge**2


@pytest.mark.parametrize("name", ["thirteen, shoulder to shoulder", "forty"])
def test_no_leader_line_crosses_anothers_eyes(name):
    faces = CROWDS[name]
    places = arrange(faces, (SIZES,) * len(faces), BOUNDS)
    for n, place in enumerate(places):
        if place.leader is None:
            continue
        first, last = np.array(place.leader)
        for share in np.linspace(0.1, 0.9, 9):
            x, y = first + share * (last - first)
            others = [eyes(face) for m, face in enumerate(faces) if m != n]
            inside = [left < x < right - 1 and top < y < bottom - 1 for left, top, right, bottom in others]
            assert sum(inside) == 0


def test_a_picture_that_is_smaller_than_a_badge_still_gets_one():
    (place,) = arrange(((2, 2, 6, 6),), (SIZES,), (8, 8))
    assert place.detail == Detail.BADGE


def test_faces_that_move_by_a_pixel_keep_their_places():
    faces = CROWDS["eight"]
    moved = tuple(tuple(side + 1 for side in face) for face in faces)
    before, after = (arrange(each, (SIZES,) * 8, BOUNDS) for each in (faces, moved))
    assert [place.detail for place in before] == [place.detail for place in after]
    for one, other in zip(before, after, strict=True):
        assert max(abs(a - b) for a, b in zip(one.rect, other.rect, strict=True)) <= 2
