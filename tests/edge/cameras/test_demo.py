from __future__ import annotations

import sys

import numpy as np
import pytest

from edge.cameras import demo
from edge.errors import MissingExtra

FACE = (slice(240, 320), slice(230, 300))  # what the mask covers of the portrait: nose, mouth and cheeks


@pytest.fixture(scope="module")
def camera():
    pytest.importorskip("matplotlib", reason="the demo's portrait comes with matplotlib (the extra 'plot')")
    return demo.DemoCamera()


def test_it_ends_after_300_frames_on_its_own_clock(camera):
    frames = [(f.index, f.time, f.width, f.height) for f in camera]
    assert frames == [(n, n / 15, 640, 480) for n in range(300)]
    assert (camera.live, camera.stuck, camera.fps) == (False, False, 15)
    camera.close()


def test_it_is_the_same_every_time_and_the_mask_is_on_in_the_middle_only(camera):
    bare = demo.portrait()
    worn = demo.put_mask_on(bare)
    frames = [frame for frame in camera if frame.index in (0, 99, 100, 150, 199, 200, 299)]
    for frame in frames:
        assert (frame.image == demo.view(worn if 100 <= frame.index < 200 else bare, frame.index)).all()


def test_the_view_moves_a_little_from_frame_to_frame_and_ends_where_it_began():
    bare = demo.portrait()

    def step(n):
        now, then = (demo.view(bare, at).astype(np.int16) for at in (n, (n + 1) % 300))
        return np.abs(now - then).mean()

    steps = [step(n) for n in (0, 37, 75, 150, 222, 299)]
    assert min(steps) > 0
    assert max(steps) < 12


def test_the_mask_is_blue_cloth_over_nose_and_mouth_and_leaves_the_eyes_and_the_rest(camera):
    bare = demo.portrait()
    before = bare.copy()
    worn = demo.put_mask_on(bare)
    assert (bare == before).all()
    red, green, blue = worn[FACE].reshape(-1, 3).mean(axis=0)
    assert blue > green > red + 20
    # Cloth is smoother than a face, but not flat: it is shaded and folded.
    assert 2 < worn[FACE].std(axis=(0, 1)).max() < bare[FACE].std(axis=(0, 1)).max()
    assert (worn[:195] == bare[:195]).all()
    assert (worn[345:] == bare[345:]).all()
    assert (worn[:, :150] == bare[:, :150]).all()


def test_a_curve_goes_through_its_three_points():
    points = demo._curve(((0, 0), (10, 5), (20, 0)))[:, 0] / demo.FINE
    assert [points[n].tolist() for n in (0, 16, 32)] == [[0, 0], [10, 5], [20, 0]]


def test_without_matplotlib_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"pip install 'edge-emotion\[plot\]'"):
        demo.DemoCamera()
