from __future__ import annotations

from edge.cameras import demo
from edge.demo.portrait import portrait, put_mask_on, view
from edge.demo.stage import stage
from edge.settings import SourceSettings


def test_it_ends_after_300_frames_on_its_own_clock():
    camera = demo.open_demo(SourceSettings(source="demo"))
    frames = [(f.index, f.time, f.width, f.height) for f in camera]
    assert frames == [(n, n / 15, 640, 480) for n in range(300)]
    assert (camera.live, camera.stuck, camera.fps) == (False, False, 15)
    camera.close()


def test_it_shows_the_portrait_bare_masked_and_bare_then_the_drawn_people():
    bare = portrait()
    worn = put_mask_on(bare)
    wanted = {n: view(worn if 50 <= n < 100 else bare, n / 150) for n in (0, 49, 50, 75, 99, 100, 149)}
    wanted |= {n: stage((n - 150) / 15) for n in (150, 299)}
    shown = {frame.index: frame.image for frame in demo.DemoCamera() if frame.index in wanted}
    assert all((shown[n] == image).all() for n, image in wanted.items())
