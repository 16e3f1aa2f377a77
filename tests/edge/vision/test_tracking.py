from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.face import Detection, Scene
from edge.frame import Box
from edge.vision.tracking import expire, match_greedy, update


def face(x: float, y: float = 0, side: float = 10) -> Detection:
    return Detection(Box(x, y, x + side, y + side), 0.9)


def step(scene: Scene, faces: list[Detection], time: float) -> Scene:
    return update(scene, faces, time, match_iou=0.3, expire_s=1.0)


def ids(scene: Scene) -> dict[int, float]:
    return {track.id: track.face.box.left for track in scene.tracks}


def test_nobody_stays_nobody():
    assert step(Scene(), [], 5.0).tracks == ()
    assert step(Scene(), [], 5.0).time == 5.0


def test_a_face_that_moves_a_little_keeps_its_id():
    scene = step(Scene(), [face(0)], 0.0)
    for n in range(1, 6):
        scene = step(scene, [face(3 * n)], n / 10)
    assert ids(scene) == {1: 15}
    assert scene.tracks[0].seen == 0.5
    assert scene.tracks[0].since == 0.0


def test_a_face_that_jumps_is_someone_else_and_ids_are_not_reused():
    scene = step(Scene(), [face(0)], 0.0)
    scene = step(scene, [face(100)], 0.5)
    assert ids(scene) == {1: 0, 2: 100}
    scene = step(scene, [face(100)], 1.2)
    assert ids(scene) == {2: 100}
    assert ids(step(scene, [face(100), face(0)], 1.3)) == {2: 100, 3: 0}


def test_a_face_that_hides_for_a_moment_comes_back_as_itself():
    scene = step(Scene(), [face(0)], 0.0)
    scene = step(scene, [], 0.9)
    assert scene.tracks[0].seen == 0.0
    assert ids(step(scene, [face(1)], 1.5)) == {1: 1}


def test_two_faces_that_pass_keep_their_own_ids_by_the_larger_overlap():
    scene = step(Scene(), [face(0), face(8)], 0.0)
    assert ids(step(scene, [face(7), face(2)], 0.1)) == {1: 2, 2: 7}


@pytest.mark.parametrize(("time", "left"), [(1.0, 1), (1.01, 0)])
def test_expiry_is_by_seconds_and_the_limit_itself_still_holds(time, left):
    scene = step(Scene(), [face(0)], 0.0)
    assert len(expire(scene, time, 1.0).tracks) == left
    assert len(step(scene, [], time).tracks) == left


def test_a_scene_is_not_changed_by_what_follows_it():
    scene = step(Scene(), [face(0)], 0.0)
    step(scene, [face(1), face(50)], 0.1)
    assert (ids(scene), scene.serial, scene.time) == ({1: 0}, 2, 0.0)


PLACES = st.lists(st.integers(0, 25), max_size=4)


@given(PLACES, PLACES)
def test_matching_is_greedy_over_all_pairs(before, now):
    old, new = [face(x) for x in before], [face(x) for x in now]
    expected: dict[int, int] = {}
    while True:
        free = [
            (-old[i].box.iou(new[j].box), i, j)
            for i, j in itertools.product(range(len(old)), range(len(new)))
            if i not in expected and j not in expected.values() and old[i].box.iou(new[j].box) >= 0.3
        ]
        if not free:
            break
        _, i, j = min(free)
        expected[i] = j
    assert match_greedy(old, new, 0.3) == expected


def test_boxes_that_do_not_touch_never_match_whatever_the_setting():
    assert match_greedy([face(0)], [face(30)], 0.0) == {}


def look(scene: Scene, faces: list[Detection], time: float, min_hits: int = 4, sure_score: float = 0.95) -> Scene:
    return update(scene, faces, time, 0.3, 1.0, min_hits, sure_score)


def seen_by(looks: str, min_hits: int) -> str:
    """'x' for every look after which a face that is found in the looks marked 'x' is a track, else '.'."""
    scene, told = Scene(), ""
    for n, mark in enumerate(looks):
        scene = look(scene, [face(0)] if mark == "x" else [], n / 100, min_hits)
        told += "x" if scene.tracks else "."
    return told


@pytest.mark.parametrize(
    ("looks", "min_hits", "told"),
    [
        ("", 4, ""),
        ("....", 4, "...."),
        ("x.......", 4, "........"),
        ("xxx.....", 4, "........"),
        ("xxxxxx", 4, "...xxx"),
        ("x.xx.x", 4, ".....x"),
        ("x...xxxx", 4, ".......x"),  # three misses: it began anew
        ("x", 1, "x"),
        (".x.", 1, ".xx"),
        ("xx", 2, ".x"),
        ("x.x", 2, "..x"),
        ("x..x", 2, "...."),
    ],
)
def test_a_face_is_a_track_once_it_was_found_often_enough(looks, min_hits, told):
    assert seen_by(looks, min_hits) == told


def patient(looks: str, min_hits: int) -> str:
    """The rule as it is said: found in so many looks, of half as many more; a track stays one."""
    start = looks.find("x")
    while start >= 0:
        most = start + min_hits + min_hits // 2
        for end in range(start + 1, min(most, len(looks)) + 1):
            if looks[start:end].count("x") == min_hits:
                return "." * (end - 1) + "x" * (len(looks) - end + 1)
        # Given up at the miss that is one too many; the next face found begins anew.
        misses = [n for n in range(start, len(looks)) if looks[n] == "."]
        given_up = misses[min_hits // 2] if len(misses) > min_hits // 2 else len(looks)
        start = looks.find("x", given_up)
    return "." * len(looks)


@given(st.text("x.", max_size=40), st.integers(1, 6))
def test_min_hitsation_is_what_a_patient_reader_of_the_rule_says(looks, min_hits):
    assert seen_by(looks, min_hits) == patient(looks, min_hits)


def test_a_false_alarm_takes_no_id_and_a_sure_face_waits_for_nothing():
    scene = look(Scene(), [face(0)], 0.0, sure_score=0.9)
    assert ids(scene) == {1: 0}
    scene = look(scene, [face(0), face(100)], 0.1)
    assert (ids(scene), scene.serial, len(scene.tentative)) == ({1: 0}, 2, 1)
    for n in range(3):
        scene = look(scene, [face(0), face(200)], 0.2 + n / 10)
    assert ids(scene) == {1: 0}
    scene = look(scene, [face(0), face(200)], 0.5)
    assert ids(scene) == {1: 0, 2: 200}
    assert scene.tentative == ()
    assert (scene.tracks[1].since, scene.tracks[1].seen) == (0.2, 0.5)


def test_what_was_found_too_long_ago_does_not_count():
    scene = look(look(look(Scene(), [face(0)], 0.0), [face(0)], 0.1), [face(0)], 0.2)
    scene = look(look(scene, [], 1.3), [face(0)], 1.4)
    assert scene.tracks == ()
    assert [(c.since, c.found) for c in scene.tentative] == [(1.4, 1)]


def test_on_a_slow_machine_looks_may_be_further_apart_than_a_face_is_kept():
    scene = Scene()
    for n in range(4):
        scene = look(scene, [face(0)], 3.0 * n)
    assert ids(scene) == {1: 0}


def test_a_track_comes_before_a_candidate_where_both_want_a_face():
    scene = look(Scene(), [face(0)], 0.0, sure_score=0.9)
    scene = look(scene, [face(0), face(5)], 0.1)
    scene = look(scene, [face(4)], 0.2)
    assert ids(scene) == {1: 4}
    assert [c.missed for c in scene.tentative] == [1]


def test_a_part_of_a_face_that_is_followed_is_no_face():
    whole, eyes = face(0, side=100), face(10, 5, side=40)
    scene = look(Scene(), [whole], 0.0, sure_score=0.9)
    scene = look(scene, [eyes, whole], 0.1, sure_score=0.9)
    assert (ids(scene), scene.tentative) == ({1: 0}, ())
    # While the whole face is hidden its place says nothing: it may have stepped back.
    scene = look(scene, [eyes], 0.2, sure_score=0.9)
    assert ids(scene) == {1: 0, 2: 10}


def test_a_face_beside_another_is_one_though_their_boxes_overlap():
    scene = look(Scene(), [face(0, side=100)], 0.0, sure_score=0.9)
    scene = look(scene, [face(0, side=100), face(70, 0, side=80)], 0.1, sure_score=0.9)
    assert ids(scene) == {1: 0, 2: 70}


@pytest.mark.parametrize(
    ("box", "looks"),
    [
        pytest.param(face(40, 0), 1, id="beside a face: a sure one counts at once"),
        pytest.param(face(1, 12), 16, id="on the chest below it: four times as long"),
        pytest.param(face(1, 60), 1, id="far below: another person"),
        pytest.param(face(-10, 12, side=30), 1, id="larger than the face: a person in front"),
    ],
)
def test_a_face_below_another_one_needs_longer_proof(box, looks):
    scene = look(Scene(), [face(0)], 0.0, sure_score=0.5)
    needed = 0
    while len(scene.tracks) < 2:
        needed += 1
        scene = look(scene, [face(0), box], needed / 100, sure_score=0.5)
    assert needed == looks
