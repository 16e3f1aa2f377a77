"""The real landmarks68 and mask_pairs sets: splits that do not leak, points that are faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.data import landmarks68, mask_pairs
from training.data.masks import plausible

pytestmark = pytest.mark.data


def test_landmark_rows_by_split(shared_data: Path) -> None:
    rows = landmarks68.rows(shared_data / "landmarks68" / "points.csv")
    chosen = {
        wanted.__name__: {name for name, split, _ in rows if wanted(name, split)}
        for wanted in (landmarks68.training_row, landmarks68.validation_row, landmarks68.held_out_row)
    }
    assert {name: len(names) for name, names in chosen.items()} == {
        "training_row": 4260,
        "validation_row": 433,
        "held_out_row": 667,
    }
    assert sum(map(len, chosen.values())) == len(set.union(*chosen.values()))
    people = [{name.rsplit("_", 1)[0] for name in chosen[key] if name.startswith("video")} for key in chosen]
    assert people[0]
    assert people[1]
    assert not people[0] & people[1], "a person of a video stands on one side"


def test_held_out_faces_are_framed_and_make_sense(shared_data: Path) -> None:
    faces = landmarks68.load(shared_data / "landmarks68", landmarks68.held_out_row)
    assert faces.images.shape == (667, 48, 48)
    assert faces.images.std(axis=(1, 2)).min() > 2
    share = np.mean([plausible(points * 48, 48, 48) for points in faces.points])
    assert share > 0.97
    heights = np.ptp(faces.points[:, :, 1], axis=1)
    assert 0.6 < np.median(heights) < 0.85


def test_mask_pairs_are_split_by_cluster(shared_data: Path) -> None:
    train, test = (mask_pairs.load(shared_data / "mask_pairs", split) for split in ("train", "test"))
    assert len(train) + len(test) == 1376
    assert len(test) == 318
    assert not {pair.cluster for pair in train} & {pair.cluster for pair in test}
    assert sum(pair.worn for pair in train + test) == 690
    assert test[0].read().ndim == 3
