"""The contact sheet of `run --sheet`: pictures at even times, with the time of each below."""

from __future__ import annotations

import numpy as np
import pytest

from edge import picture
from edge.errors import PictureError
from edge.screens.sheet import Sheet, stamp_of
from edge.vision.lettering import Style


def test_a_new_sheet_does_not_replace_what_came_while_the_run_went_on(tmp_path):
    for new in (True, False):
        sheet = Sheet(tmp_path / "s.png", new=new)
        sheet.add(np.zeros((36, 48, 3), np.uint8), 0.0)
        (tmp_path / "s.png").write_text("somebody's")
        if new:
            with pytest.raises(PictureError, match=r"s\.png: exists; choose another file, or add --force"):
                sheet.close()
            assert (tmp_path / "s.png").read_text() == "somebody's"
        else:
            sheet.close()
            assert picture.read(tmp_path / "s.png").shape[2] == 3


@pytest.mark.parametrize(("count", "wanted"), [(1, 1), (3, 3), (12, 12), (1000, 12)])
def test_a_sheet_shows_even_times_however_long_the_run_is(tmp_path, count, wanted):
    sheet = Sheet(tmp_path / "s.png")
    for n in range(count):
        sheet.add(np.full((36, 48, 3), n * 255 // count, np.uint8), n / 10)
    assert len(sheet._kept) < 100
    sheet.close()
    image = picture.read(tmp_path / "s.png")
    columns, rows, high = min(4, wanted), -(-wanted // 4), 370 + Style(11).row
    assert image.shape == (rows * high + 10, columns * 490 + 10, 3)
    middles = [
        image[10 + row * high + 100, 10 + column * 490 + 200, 0] for row in range(rows) for column in range(columns)
    ]
    assert middles == sorted(middles)


def test_a_time_hides_nothing_of_its_picture(tmp_path):
    sheet = Sheet(tmp_path / "s.png")
    sheet.add(np.full((36, 48, 3), 90, np.uint8), 0.0)
    image = sheet.image()
    assert (image[10:370, 10:490] == 90).all()
    assert image[370:, 10:].max() > 200  # the time is below


def test_times_are_written_as_on_a_clip():
    assert [stamp_of(s) for s in (-1, 0, 7.9, 65, 3725)] == ["0:00", "0:00", "0:07", "1:05", "1:02:05"]
