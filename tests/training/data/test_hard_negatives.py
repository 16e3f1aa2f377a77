"""False alarms that are mined: against a detector that sees a face in every white square."""

from __future__ import annotations

import numpy as np
import pytest

from training.data import hard_negatives, scenes
from training.data.boxes import Boxed

SIZE = (64, 48)


def picture(*squares, faces=()) -> tuple[np.ndarray, Boxed]:
    """A black picture 160 x 120 with white squares (left, top, side), of which `faces` are annotated."""
    image = np.zeros((120, 160, 3), np.uint8)
    for left, top, side in (*squares, *faces):
        image[top : top + side, left : left + side] = 255
    ltrb = np.array([[x, y, x + s, y + s] for x, y, s in faces], np.float32).reshape(-1, 4)
    return image, Boxed(None, ltrb, ("face",) * len(faces))


def sees_white(score):
    """One box around all that is white on a canvas."""

    def detect(canvases):
        found = []
        for canvas in canvases:
            rows, columns = np.nonzero(canvas[:, :, 0] > 127)
            box = [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]] if len(rows) else []
            found.append((np.array(box, np.float32).reshape(-1, 4), np.full(len(box), score)))
        return found

    return detect


def mined(*pictures, score=0.6, count=64):
    images, boxed = zip(*pictures, strict=True)
    return hard_negatives.mine(images, boxed, SIZE, count, sees_white(score), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("pictures", "score", "rows"),
    [
        pytest.param([picture()], 0.6, set(), id="nothing is seen"),
        pytest.param([picture((60, 50, 20))], 0.1, set(), id="hardly anything"),
        pytest.param([picture((60, 50, 20))], 0.95, set(), id="so sure that somebody may have forgotten it"),
        pytest.param([picture(faces=[(60, 50, 20)])], 0.6, set(), id="a face"),
        pytest.param([picture((60, 50, 20))], 0.6, {0}, id="a false alarm"),
        pytest.param([picture(faces=[(60, 50, 20)]), picture((60, 50, 20))], 0.6, {1}, id="one of each"),
    ],
)
def test_what_is_a_false_alarm(pictures, score, rows) -> None:
    assert {alarm.row for alarm in mined(*pictures, score=score)} == rows


def test_an_alarm_is_told_in_the_pictures_own_pixels() -> None:
    found = mined(picture((60, 50, 20)))
    whole = [alarm for alarm in found if np.abs(alarm.ltrb - [60, 50, 80, 70]).max() <= 3]
    assert len(whole) > len(found) / 2, "the others are cut by the edge of the part that was looked at"
    assert all(2 <= alarm.width <= SIZE[0] for alarm in found)


def test_the_same_seed_finds_the_same() -> None:
    once, again = mined(picture((60, 50, 20)), count=40), mined(picture((60, 50, 20)), count=40)
    assert [alarm.ltrb.tolist() for alarm in once] == [alarm.ltrb.tolist() for alarm in again]


def test_an_alarm_is_shown_about_as_large_as_it_was_seen() -> None:
    image, _ = picture((60, 50, 20))
    nobody, alarm = np.zeros((0, 4), np.float32), hard_negatives.HardNegative(0, np.float32([60, 50, 80, 70]), 24.0)
    whole = scenes.Zoom(whole=1.0)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        canvas, boxes, _ = scenes.place(image, nobody, 96, 64, whole, rng, None, alarm)
        assert len(boxes) == 0
        across = np.sqrt((canvas[:, :, 0] > 127).sum())
        assert 24 / scenes.AGAIN * 0.8 <= across <= 24 * scenes.AGAIN * 1.05  # a part may lie beyond the edge
