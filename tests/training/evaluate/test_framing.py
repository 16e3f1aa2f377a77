"""FER2013's crops in whole pictures: where they stand, and what is counted when the detector's boxes are known."""

from __future__ import annotations

import numpy as np
import pytest

from edge.face import Detection
from edge.frame import Box
from training.data.fer2013 import PRIVATE
from training.evaluate import framing
from training.evaluate.context import Unavailable


def test_a_crop_stands_where_its_box_says_and_fades_into_the_background() -> None:
    face, background = np.full((48, 48), 200, np.uint8), np.zeros((60, 80, 3), np.uint8)
    for seed in range(12):
        frame, place = framing.placed(face, background, np.random.default_rng(seed))
        assert frame.shape == (framing.HEIGHT, framing.WIDTH, 3)
        rows, columns = np.nonzero(frame[:, :, 0] > 100)
        found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert np.abs(np.array(place.ltrb) - found).max() <= 0.06 * place.width + 1
        assert framing.SIDES[0] <= place.width < framing.SIDES[1]
    assert not background.any()


class Seer:
    """A finder that knows where the bright crops stand, and sees a wrong face beside each."""

    def detect(self, image: np.ndarray) -> tuple[Detection, ...]:
        rows, columns = np.nonzero(image[:, :, 0] > 100)
        if not len(rows):
            return ()
        left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        beside = (left + 300) % 500
        return Detection(Box(beside, top, beside + 9, top + 9), 0.99), Detection(Box(left, top, right, bottom), 0.8)


def test_rows_that_are_found_are_counted_on_their_square_and_as_cut(context, monkeypatch) -> None:
    """Of five rows three are bright: found, called happy, which two of them are; a wide cut shows mostly black."""
    monkeypatch.setattr(context, "finder", Seer)
    monkeypatch.setattr(framing, "faceless", lambda context: [np.zeros((60, 80, 3), np.uint8)])
    found, square, cut = framing.by_margin(context, PRIVATE, (1.0, 4.0))
    assert found == 3 / 5
    assert square == pytest.approx(2 / 3)
    assert cut == {1.0: pytest.approx(2 / 3), 4.0: 0.0}


def test_without_a_background_the_figure_is_not_taken(context, monkeypatch) -> None:
    def none(context):
        raise Unavailable("faces: no part of the test pictures is without faces")

    monkeypatch.setattr(framing, "faceless", none)
    assert framing.figure(context).values == {"found": None, "square": None, "cut": None}
    assert "without faces" in context.reasons["framing.cut"]
