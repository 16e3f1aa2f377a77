"""The real data sets: what the loaders see is what their description says."""

from __future__ import annotations

import numpy as np
import pytest

from training import inventory
from training.data import ckplus, fer2013, landmarks68
from training.data.fer2013 import BLANK_ROW, PRIVATE, PUBLIC, TRAINING
from training.inventory import GOOD

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def fer(shared_data):
    return fer2013.load(shared_data / "fer2013.npz")


def test_fer2013_and_its_traps(fer) -> None:
    assert [len(fer.rows(usage)) for usage in (TRAINING, PUBLIC, PRIVATE)] == [28709, 3589, 3589]
    assert (fer.in_training(PUBLIC).sum(), fer.in_training(PRIVATE).sum()) == (280, 288)
    facts = inventory.fer2013_facts(fer)
    assert facts["training_rows_dropped_as_in_a_test"] == 703
    assert facts["identical_pictures_with_different_labels"] == 57
    assert facts["pictures_voted_no_face"] == 176
    left = {fer.images[row].tobytes() for row in fer.training_rows()}
    assert not any(fer.images[row].tobytes() in left for row in np.flatnonzero(fer.usage != TRAINING))


def test_the_blank_row_has_no_say(fer) -> None:
    assert fer.images[BLANK_ROW].min() > 190  # white, but for a corner
    assert fer.ferplus[BLANK_ROW].any()
    (target,) = fer2013.soft_labels(fer, np.array([BLANK_ROW]), 0.5, 0.0)
    assert target[fer.labels[BLANK_ROW]] == 1


def test_votes_and_labels_are_of_the_same_rows(fer) -> None:
    """Most voters agree with most labels; rows that were shifted would agree by chance alone, 1 in 5."""
    agreed = fer2013.soft_labels(fer, fer.rows(TRAINING), 1.0, 0.0).argmax(axis=1) == fer.labels[fer.rows(TRAINING)]
    assert 0.6 < agreed.mean() < 0.9


def test_every_set_is_whole(shared_data) -> None:
    entries = {entry.name: entry for entry in inventory.survey(shared_data)}
    assert {name for name, entry in entries.items() if entry.state != GOOD} == set()
    assert [entries["faces"].facts[split]["pictures"] for split in ("train", "val", "test")] == [4587, 573, 573]
    assert sum(entries["masked_faces"].facts[split]["pictures"] for split in ("train", "test")) == 2316
    assert entries["mask_pairs"].facts["test"]["pictures"] == 318
    assert entries["landmarks68"].facts["rows"] == 5769
    assert all(entries[name].facts["test"]["absent"] == 0 for name in ("faces", "masked_faces", "mask_pairs"))


def test_held_out_landmarks_are_of_no_training_set(shared_data) -> None:
    rows = [(name, split) for name, split, _ in landmarks68.rows(shared_data / "landmarks68/points.csv")]
    held_out = {name for name, split in rows if landmarks68.held_out_row(name, split)}
    learned = {name for name, split in rows if landmarks68.training_row(name, split)}
    assert len(held_out) == 667
    assert not held_out & learned


def test_ck_plus_by_subject(shared_data) -> None:
    found = ckplus.load(shared_data / "ckplus48")
    assert (len(found.labels), found.dropped["contempt"]) == (981 - 54, 54)
    usage = ckplus.split(found.subjects)
    sides = [{s for s, u in zip(found.subjects, usage, strict=True) if u == number} for number in range(3)]
    assert sum(len(side) for side in sides) == len(set(found.subjects))
