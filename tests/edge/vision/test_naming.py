"""The emotion's name: held until another is clearly ahead, and the size below which none is given."""

from __future__ import annotations

import numpy as np
import pytest

from edge.vision.naming import choose_emotion, too_small

CONFIDENCE, HOLD = 0.35, 0.15


def shown(*answers: tuple[float, float, float]) -> list[int | None]:
    """The names of a track with these answers, one after the other."""
    named: list[int | None] = []
    for answer in answers:
        named.append(choose_emotion(named[-1] if named else None, not named, np.float32(answer), CONFIDENCE, HOLD))
    return named


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param([], [], id="no answer"),
        pytest.param([(0.4, 0.35, 0.25)], [0], id="a first answer counts as it is"),
        pytest.param([(0.34, 0.33, 0.33)], [None], id="a first answer without confidence is unsure"),
        pytest.param([(0.5, 0.4, 0.1), (0.4, 0.5, 0.1), (0.5, 0.4, 0.1)], [0, 0, 0], id="a tie changes nothing"),
        pytest.param([(0.5, 0.4, 0.1), (0.3, 0.6, 0.1), (0.4, 0.5, 0.1)], [0, 1, 1], id="a clear lead does"),
        pytest.param([(0.36, 0.32, 0.32), (0.34, 0.33, 0.33)], [0, 0], id="a little below confidence it is kept"),
        pytest.param([(0.36, 0.32, 0.32), (0.27, 0.365, 0.365)], [0, 0], id="as far below as others must lead, too"),
        pytest.param([(0.36, 0.32, 0.32), (0.19, 0.33, 0.33), (0.19, 0.33, 0.33)], [0, None, None], id="then not"),
        pytest.param([(0.36, 0.32, 0.32), (0.24, 0.4, 0.36)], [0, 1], id="a lead is enough to be named at once"),
        pytest.param([(0.34, 0.33, 0.33), (0.38, 0.31, 0.31)], [None, None], id="unsure stays until it is clear"),
        pytest.param([(0.34, 0.33, 0.33), (0.44, 0.28, 0.28)], [None, 0], id="and then ends"),
    ],
)
def test_names_are_held(answers, expected):
    assert shown(*answers) == expected


@pytest.mark.parametrize(
    ("hold", "least"), [(0.0, 0.35), (0.1, 0.25), (0.15, 0.2), (0.175, 0.175), (0.25, 0.175), (1.0, 0.175)]
)
def test_a_name_stays_as_far_below_confidence_as_the_lead_but_at_least_at_half_of_it(hold, least):
    for share, expected in ((least + 0.005, 0), (least - 0.005, None)):
        rest = (1 - share) / 6  # spread, so that nothing else leads by as much
        answer = np.float32([share, *[rest] * 6])
        assert choose_emotion(0, False, answer, CONFIDENCE, hold) == expected, share


def test_without_a_lead_to_hold_the_most_probable_one_is_named():
    answers = np.random.default_rng(1).dirichlet(np.ones(7), 50).astype(np.float32)
    named = None
    for number, answer in enumerate(answers):
        named = choose_emotion(named, number == 0, answer, 0.0, 0.0)
        assert named == int(answer.argmax())


@pytest.mark.parametrize(
    ("was", "side", "expected"),
    [
        (None, 23.9, True), (None, 24.0, False),
        (False, 22.0, False), (False, 20.0, True),
        (True, 26.0, True), (True, 28.0, False),
    ],
)  # fmt: skip
def test_the_smallest_size_has_two_thresholds(was, side, expected):
    assert too_small(was, side, 24.0) is expected
