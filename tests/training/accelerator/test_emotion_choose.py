"""What is landed of a run is chosen by floors first, then by the score."""

from __future__ import annotations

import numpy as np
import pytest

from training.accelerator import emotion_choose


@pytest.mark.parametrize(
    ("values", "expected"), [({"fer": 0.7}, 0.0), ({"fer": 0.68}, 0.02), ({"fer": 0.7, "wild": 0.5}, 0.0)]
)
def test_only_what_is_below_its_floor_counts(values, expected) -> None:
    assert emotion_choose.short_of(values, {"fer": 0.7}) == pytest.approx(expected)


def test_the_snapshot_that_answers_better_comes_first(tmp_path) -> None:
    labels = np.tile(np.arange(7), 20)
    good, bad = 9.0 * np.eye(7)[labels], 9.0 * np.eye(7)[(labels + 1) % 7]
    entries = {"prior": np.full(7, 1 / 7), "labels/fer": labels, "labels/wild": labels}
    for which, logits in ("last", bad), ("best", good):
        entries |= {f"{which}/answers/{of}": logits for of in ("fer", "wild")}
        entries[f"{which}/weights/head.bias"] = np.zeros(7)
    np.savez(tmp_path / "emotion-bare.npz", **entries)
    rows = emotion_choose.ranked(tmp_path / "emotion-bare.npz", "bare")
    assert rows[0][0] == 0
    assert rows[0][2] == "best"
    assert rows[-1][2] == "last"
