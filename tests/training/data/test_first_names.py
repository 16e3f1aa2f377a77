"""First names correct answers only where namesakes agree."""

from __future__ import annotations

import numpy as np
import pytest

from training.data.first_names import agreed

TABLE = [
    # persons, P(male) of each face, corrected, which of them a name decided
    ([], [], [], []),
    (["", ""], [0.2, 0.9], [0.2, 0.9], [False, False]),
    (["Ann_A"], [0.3], [0.3], [False]),
    (["Ann_A", "Ann_A"], [0.2, 0.6], [0.4, 0.4], [False, False]),
    # Three people named Ann, one of them mistaken for a man in one of two pictures.
    (["Ann_A", "Ann_B", "Ann_C", "Ann_C"], [0.05, 0.05, 0.7, 0.1], [0.0] * 4, [True] * 4),
    # Three people of one first name of whom the answers differ.
    (["Kim_A", "Kim_B", "Kim_C"], [0.1, 0.9, 0.2], [0.1, 0.9, 0.2], [False] * 3),
    # Many pictures of one person do not make a name.
    (["Jo_A"] * 4 + [""], [0.9, 0.9, 0.9, 0.7, 0.4], [0.85] * 4 + [0.4], [False] * 5),
]


@pytest.mark.parametrize(("persons", "male", "corrected", "decided"), TABLE)
def test_answers_after_a_look_at_the_names(persons, male, corrected, decided) -> None:
    given = np.array([[1 - p, p] for p in male]).reshape(-1, 2)
    told, by_name = agreed(np.array(persons, str), given)
    assert told[:, 1] == pytest.approx(np.array(corrected))
    assert told.sum(axis=1) == pytest.approx(np.ones(len(persons)))
    assert by_name.tolist() == decided
