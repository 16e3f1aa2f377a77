"""How the classifier of landmark distances is judged: on CK+, on FER2013 and on both, strictly and as the demos did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from training.data.fer2013 import PRIVATE, TRAINING

FOLDS = 5


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces of one or both sets.

    Attributes:
        points: float32 (N, 68, 2).
        labels: int64 (N,), the order of edge.labels.EMOTIONS.
        subjects: of each face in CK+; "" in FER2013.
        sequences: of each face in CK+; "" in FER2013.
        usage: FER2013's, without the Training rows that also stand in a test set; 255 in CK+.
    """

    points: np.ndarray
    labels: np.ndarray
    subjects: np.ndarray
    sequences: np.ndarray
    usage: np.ndarray


@dataclass(frozen=True)
class Split:
    """One way of splitting, as one row of the table.

    Attributes:
        name: of the row.
        sets: "ckplus", "fer2013" or both.
        strict: whether no face of the test is known from training: no subject of CK+, no picture of FER2013.
        reported: the demos' figure for this set.
        words: what is tested on what.
    """

    name: str
    sets: tuple[str, ...]
    strict: bool
    reported: str
    words: str


SPLITS = (
    Split("CK+, other people", ("ckplus",), True, "92.3 %", "five folds by subject"),
    Split(
        "CK+, random frames", ("ckplus",), False, "92.3 %", "five random folds: the same people, even the same smile"
    ),
    Split("FER2013", ("fer2013",), True, "below 70 %", "Training, without duplicates; tested on PrivateTest"),
    Split(
        "combined, strict", ("ckplus", "fer2013"), True, "78.9 %", "the two strict splits at once; all their test faces"
    ),
    Split("combined, random", ("ckplus", "fer2013"), False, "78.9 %", "a random fifth of all pictures of both"),
)


def folds(split: Split, faces: Faces, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Training and test rows, once or fold by fold; over all folds every test row comes once.

    There are fewer folds than FOLDS where there are fewer people or faces; none where no training and test rows remain.
    """
    for train, test in _parts(split, faces, seed):
        if len(train) and len(test):
            yield train, test


def _parts(split: Split, faces: Faces, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    everything = np.arange(len(faces.labels))
    ck = faces.subjects != ""
    if not split.strict:
        part = rng.permutation(np.arange(len(everything)) % FOLDS)
        for fold in range(FOLDS if split.sets == ("ckplus",) else 1):
            yield everything[part != fold], everything[part == fold]
        return
    learnt, tested = ~ck & (faces.usage == TRAINING), ~ck & (faces.usage == PRIVATE)
    if "ckplus" not in split.sets:
        yield everything[learnt], everything[tested]
        return
    people = rng.permutation(sorted(set(faces.subjects[ck].tolist())))
    number = {name: n % min(FOLDS, len(people)) for n, name in enumerate(people.tolist())}
    part = np.array([number.get(name, -1) for name in faces.subjects.tolist()])
    # With FER2013 beside it, one fold is enough: FER2013's test rows would be tested five times.
    for fold in range(FOLDS if split.sets == ("ckplus",) else 1):
        yield everything[learnt | (ck & (part != fold))], everything[tested | (part == fold)]


def units(faces: Faces, rows: np.ndarray) -> int:
    """How many of the rows are independent: three frames of one sequence of CK+ count as one."""
    own = faces.sequences[rows]
    return int((own == "").sum()) + len(set(own[own != ""].tolist()))
