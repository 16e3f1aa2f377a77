from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cameras.clip import ClipCamera
from edge.cameras.timestamps import Timestamps, plausible_fps
from tests.edge.cameras.matroska import matroska

NAN = math.nan


def times(stamps, fps=10.0):
    clock = Timestamps(fps)
    return [clock.next(stamp) for stamp in stamps]


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([], []),
        ([0.0], [0.0]),
        ([0.0, 0.1, 0.9, 1.0], [0.0, 0.1, 0.9, 1.0]),
        ([1.4, 1.5, 1.75], [0.0, 0.1, 0.35]),
        ([0.0, 0.0, 0.0, 0.0], [0.0, 0.1, 0.2, 0.3]),
        ([NAN, NAN, NAN], [0.0, 0.1, 0.2]),
        ([0.0, -9.2e15, -9.2e15], [0.0, 0.1, 0.2]),
        ([0.0, 0.5, NAN, 1.5], [0.0, 0.5, 0.6, 1.5]),
        ([0.0, 0.2, 0.15, 0.4], [0.0, 0.2, 0.201, 0.4]),
        ([0.0, 5.0, 0.0, 0.5], [0.0, 5.0, 5.1, 5.6]),
        ([0.0, 95443.0, 95443.5], [0.0, 0.1, 0.6]),
        ([0.0, 300.0], [0.0, 300.0]),
        ([NAN, 95.0, 95.5], [0.0, 0.1, 0.6]),
        ([-0.5, -0.25, 0.0], [0.0, 0.25, 0.5]),
    ],
    ids=[
        "no frame", "one frame", "a variable frame rate", "stamps that do not begin at 0", "all the same",
        "no stamps", "no stamp as FFmpeg writes it", "one is missing", "two in the wrong order", "stamps begin again",
        "a jump of a day", "a pause of five minutes", "the first is missing", "stamps that begin before 0",
    ],
)  # fmt: skip
def test_times_are_those_of_the_container_where_they_make_sense(stamps, expected):
    assert times(stamps) == pytest.approx(expected)


@pytest.mark.parametrize("each", [2, 3])
def test_frames_with_the_same_stamp_make_a_clip_no_longer(each):
    """Some containers give both fields of a frame one stamp, or round to a coarse unit."""
    found = times([0.1 * (n // each) for n in range(100 * each)])
    assert found[-1] == pytest.approx(0.1 * 100, rel=0.1)
    assert all(before < after for before, after in pairwise(found))


@given(st.lists(st.floats(-1e6, 1e6) | st.sampled_from([NAN, math.inf, -math.inf, 0.0]), max_size=20))
def test_whatever_the_stamps_are_times_begin_at_0_and_grow(stamps):
    found = times(stamps)
    assert found[:1] in ([], [0.0])
    assert all(math.isfinite(time) for time in found)
    assert all(before < after for before, after in pairwise(found))


@pytest.mark.parametrize(
    ("declared", "expected"),
    [(25.0, 25.0), (240.0, 240.0), (1000.0, 30.0), (0.0, 30.0), (-1.0, 30.0), (NAN, 30.0), (math.inf, 30.0)],
)
def test_a_frame_rate_that_no_camera_has_is_not_believed(declared, expected):
    assert plausible_fps(declared, 30.0) == expected


@pytest.mark.parametrize("duration_ms", [0, 1, 100], ids=["no rate", "1000 fps, as browsers write it", "10 fps"])
def test_a_clip_of_a_variable_frame_rate_is_as_long_as_it_plays(tmp_path, duration_ms):
    stamps = [0, 100, 200, 300, 1000, 1700, 2400, 2410]
    path = tmp_path / "clip.mkv"
    path.write_bytes(matroska([np.full((48, 64, 3), 20 * n, np.uint8) for n in range(8)], stamps, duration_ms))
    camera = ClipCamera(path)
    assert [frame.time for frame in camera] == pytest.approx([stamp / 1000 for stamp in stamps])
    assert camera.fps <= 240
    camera.close()
