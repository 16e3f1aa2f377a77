"""The figures that the short training of the mask network is chosen by."""

from __future__ import annotations

import numpy as np
import pytest

from training.accelerator.mask_crops import DRAWN, Crops
from training.accelerator.mask_pack import BACKGROUND, BARE, GROUPS, INCORRECT, WORN
from training.accelerator.mask_scores import scores


def crops(kinds, group="masked_faces"):
    count = len(kinds)
    groups = np.full(count, DRAWN if group == "drawn" else GROUPS.index(group))
    return Crops(np.zeros((count, 1, 1, 3)), np.array(kinds), groups, np.zeros(count, bool), np.ones(count))


def sure(kinds):
    return np.eye(4)[kinds] * 6.0


KINDS = [BARE, BARE, WORN, WORN, INCORRECT, INCORRECT, BACKGROUND]


def test_a_perfect_network_has_full_marks():
    told = scores(sure(KINDS), crops(KINDS))
    assert {told[name] for name in ("real", "face", "background", "recall", "precision", "f1")} == {1.0}
    assert told["score"] == pytest.approx(1.1)


def test_a_mask_below_the_nose_counts_as_worn():
    told = scores(sure([BARE, INCORRECT]), crops([BARE, WORN]), offset=0.0)
    assert told["real"] == 1.0


def test_worn_taken_for_incorrect_costs_precision_and_missed_ones_cost_recall():
    said = [BARE, BARE, WORN, INCORRECT, INCORRECT, WORN, BACKGROUND]
    told = scores(sure(said), crops(KINDS), offset=0.0)
    assert (told["recall"], told["precision"]) == (0.5, 0.5)


def test_the_offset_corrects_a_network_that_says_incorrect_too_often():
    logits = sure(KINDS)
    logits[:, INCORRECT] += 7.0
    assert scores(logits, crops(KINDS), offset=0.0)["precision"] < 0.5
    told = scores(logits, crops(KINDS))
    assert told["offset"] < -1.0
    assert told["f1"] == 1.0


@pytest.mark.parametrize(("group", "figure"), [("news_masks", "news"), ("mask_pairs", "pairs"), ("drawn", "colours")])
def test_each_group_has_its_figure(group, figure):
    told = scores(sure([BARE, WORN, WORN]), crops([BARE, WORN, BARE], group))
    assert told[figure] == 0.75
    assert "f1" not in told
    assert "face" not in told
