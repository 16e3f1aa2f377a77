"""Answers corrected by first names: press photographs come with names, and namesakes mostly share a gender."""

from __future__ import annotations

import numpy as np

NAMESAKES = 3  # a first name counts if at least so many people have it
AGREED = 0.8  # of their mean probability, for the name to decide


def agreed(persons: np.ndarray, given: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of each face after a look at all faces of its person, and of its person's namesakes.

    Args:
        persons: (M,), as `First_Last`; "" where there is none.
        given: (M, 2), the answer to each face alone.

    Returns:
        The probabilities, (M, 2): of a first name that its people agree about a sure answer, otherwise the person's
        mean; as given where there is no name. And which faces a name decided, bool (M,).
    """
    told, decided = given.copy(), np.zeros(len(given), bool)
    named = np.flatnonzero(persons != "")
    people, of_person = np.unique(persons[named], return_inverse=True)
    if not len(people):
        return told, decided
    mean = _means(given[named], of_person, len(people))
    firsts, of_first = np.unique([person.partition("_")[0] for person in people.tolist()], return_inverse=True)
    by_first, namesakes = _means(mean, of_first, len(firsts)), np.bincount(of_first)
    sure = (by_first.max(axis=1) >= AGREED) & (namesakes >= NAMESAKES)
    answer = np.where(sure[of_first][:, None], np.eye(2)[by_first.argmax(axis=1)][of_first], mean)
    told[named] = answer[of_person]
    decided[named] = sure[of_first][of_person]
    return told, decided


def _means(values: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
    """The mean of each group's rows, (count, 2)."""
    total = np.zeros((count, values.shape[1]))
    np.add.at(total, group, values)
    return total / np.bincount(group, minlength=count)[:, None]
