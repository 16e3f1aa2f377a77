"""What a detector takes for faces, sorted: against a fake that sees a face in every box that it is given."""

from __future__ import annotations

import numpy as np
import pytest

from edge.face import Detection
from edge.frame import Box
from training.data import candidates
from training.data.boxes import Boxed

FACE = (60.0, 40.0, 100.0, 80.0)
HALF = (80.0, 40.0, 120.0, 80.0)  # overlaps FACE by a third
QUARTER = (86.0, 40.0, 126.0, 80.0)  # by a fifth
FAR = (130.0, 90.0, 150.0, 110.0)


class Seer:
    """Sees the boxes that lie in what it is shown; a picture's pixels say where they are."""

    def __init__(self, *boxes, score=0.6):
        self.boxes, self.score = boxes, score

    def detect(self, image):
        left, top = (int(v) for v in image[0, 0, :2])
        seen = [Box(*box).moved(-left, -top) for box in self.boxes]
        inside = [box for box in seen if box.inside(Box(0, 0, image.shape[1], image.shape[0])) == 1.0]
        return [Detection(box, self.score) for box in inside]


def picture(*faces, tight=True):
    """160 x 120, each pixel's red and green its place, and its boxes."""
    rows, columns = np.mgrid[:120, :160]
    image = np.stack([columns, rows, rows], axis=2).astype(np.uint8)
    return image, Boxed(None, np.array(faces, np.float32).reshape(-1, 4), ("face",) * len(faces), tight)


@pytest.mark.parametrize(
    ("faces", "seen", "near", "expected"),
    [
        pytest.param([], [], True, [], id="nobody, and nothing is seen"),
        pytest.param([FACE], [], True, [], id="a face that is missed is not a candidate"),
        pytest.param([FACE], [FACE], True, [0], id="a face"),
        pytest.param([FAR, FACE], [FACE], True, [1], id="the second face"),
        pytest.param([FACE], [FAR], True, [None], id="a place"),
        pytest.param([FACE], [HALF], True, [], id="a part of a face: neither"),
        pytest.param([FACE], [QUARTER], True, [None], id="hardly any of it: a place"),
        pytest.param([FACE], [QUARTER], False, [], id="unless boxes are loose"),
        pytest.param([], [FAR] * 9, True, [None] * candidates.PER_LOOK, id="no more places than a look may give"),
    ],
)
def test_what_a_candidate_is(faces, seen, near, expected):
    found = candidates.judged(Seer(*seen), *picture(*faces), near)
    assert [one.face for one in found] == expected


def test_a_place_of_a_high_score_may_be_a_face_that_nobody_annotated():
    assert candidates.judged(Seer(FAR, score=0.95), *picture(), True) == []
    (face,) = candidates.judged(Seer(FACE, score=0.95), *picture(FACE), True)
    assert (face.face, face.score) == (0, 0.95)


def test_what_is_found_in_a_part_is_told_in_the_pictures_own_pixels():
    image, boxed = picture(FACE)
    rng = np.random.default_rng(1)
    found = [one for _ in range(20) for one in candidates.candidates(Seer(FACE, FAR), image, boxed, rng)]
    assert len(found) > 40, "more than the whole pictures give"
    assert {(one.box.ltrb, one.face) for one in found} == {(FACE, 0), (FAR, None)}


@pytest.mark.parametrize(("tight", "expected"), [(True, [None]), (False, [])])
def test_loose_boxes_say_nothing_of_what_lies_at_their_edge(tight, expected, monkeypatch):
    monkeypatch.setattr(candidates, "PARTS", 0)
    image, boxed = picture(FACE, tight=tight)
    found = candidates.candidates(Seer(QUARTER), image, boxed, np.random.default_rng(1))
    assert [one.face for one in found] == expected
