"""A face as a row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.labels import EMOTIONS
from edge.scan.rows import face_columns, face_rows, file_columns, part_columns
from edge.scan.summary import FileSummary, line
from tests.edge.vision.faces import track

SEVEN = part_columns(EMOTIONS)


def test_no_face_is_no_row():
    assert face_rows(0, None, 640, 480, [], EMOTIONS) == []


def test_a_row_has_a_value_for_each_column_and_its_box_is_within_the_picture():
    (row,) = face_rows(3, 1.5, 640, 480, [track(left=600, top=-20, side=100)], EMOTIONS)
    told = dict(zip(SEVEN, row, strict=True))
    assert (told["file"], told["time"], told["width"], told["height"]) == (3, 1.5, 640, 480)
    assert [told[f"box_{side}"] for side in ("left", "top", "right", "bottom")] == [600, 0, 640, 80]
    assert (told["emotion"], told["p_happy"], told["reason"]) == ("happy", 0.7, None)


def test_a_face_that_is_too_small_has_no_probabilities():
    (row,) = face_rows(0, None, 640, 480, [track(judged=False, reason="too-small")], EMOTIONS)
    told = dict(zip(SEVEN, row, strict=True))
    assert (told["emotion"], told["reason"], told["p_happy"], told["intensity"]) == (None, "too-small", None, None)


@pytest.mark.parametrize("left", [640.0, 639.7, -120.0, -119.8])
def test_what_is_hardly_in_the_picture_is_no_row(left):
    assert face_rows(0, None, 640, 480, [track(left=left)], EMOTIONS) == []


def test_an_emotion_beside_the_seven_has_columns_of_its_own():
    labels = (*EMOTIONS, "contempt")
    values = np.full(len(labels), 0.05, np.float32)
    values[-1] = 0.65
    scornful = replace(track(), labels=labels, emotion=values)
    (row,) = face_rows(0, None, 640, 480, [scornful], labels)
    told = dict(zip(part_columns(labels), row, strict=True))
    assert (told["emotion"], told["p_contempt"]) == ("contempt", 0.65)
    assert [name for name in face_columns(labels) if name not in face_columns(EMOTIONS)] == ["p_contempt"]
    summary = FileSummary("p.jpg", "picture", labels, frames=1)
    summary.add(False, "contempt", None, 0.9)
    assert dict(zip(file_columns(labels), summary.row(), strict=True))["n_contempt"] == 1
    assert line(summary)[-1] == "contempt 100 %"
