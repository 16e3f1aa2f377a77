"""The fakes behave as what they stand in for, where a test could be misled otherwise."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from edge import testing
from edge.errors import EngineError, InvalidValue, ScreenError
from edge.face import Scene
from edge.testing import FakeCamera, FakeClock, FakeEngine, FakePipeline, FakeScreen, FakeSink, FakeSystemd, pictures


@pytest.fixture
def spec(tiny_manifest):
    return tiny_manifest["mask"]


def blank(spec):
    return np.zeros((spec.height, spec.width, spec.channels), np.uint8)


def test_every_fake_is_at_hand_by_its_name():
    assert set(testing.__all__) <= set(dir(testing))
    assert all(getattr(testing, name) for name in testing.__all__)
    with pytest.raises(AttributeError, match="no attribute 'FakeKeyboard'"):
        _ = testing.FakeKeyboard


def test_a_test_of_a_sink_does_not_pay_for_opencv():
    script = "import sys; from edge.testing import FakeClock, FakeSink; print('cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout.strip() == "False"


def test_an_engine_answers_copies_and_checks_its_input(spec):
    answer = np.array([0.25, 0.75])
    engine = FakeEngine(spec, lambda image: (answer,))
    (output,) = engine.infer(blank(spec))
    assert output.dtype == np.float32
    output[0] = 9
    assert engine.infer(blank(spec))[0][0] == 0.25
    assert engine.calls == 2
    with pytest.raises(InvalidValue, match=f"expected uint8 .*got float32 \\({spec.height}, "):
        engine.infer(blank(spec).astype(np.float32))


def test_an_engine_fails_as_often_as_asked_and_always_once_closed(spec):
    engine = FakeEngine(spec, lambda image: (np.zeros(2),), fails=1)
    with pytest.raises(EngineError, match="could not be run"):
        engine.infer(blank(spec))
    assert len(engine.infer(blank(spec))) == 1
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        engine.infer(blank(spec))


def test_an_engine_hangs_until_it_is_released(spec):
    release = threading.Event()
    engine = FakeEngine(spec, lambda image: (np.zeros(2),), hangs=release)
    thread = threading.Thread(target=engine.infer, args=(blank(spec),), daemon=True)
    thread.start()
    assert thread.is_alive()
    release.set()
    thread.join(10)
    assert not thread.is_alive()


def test_a_closed_camera_cannot_be_iterated():
    camera = FakeCamera(pictures(1), hangs=True)
    assert not camera.stuck
    camera.close()
    assert camera.stuck
    with pytest.raises(InvalidValue, match="closed"):
        list(camera)


def test_a_pipeline_sees_one_face_unless_the_picture_is_black():
    clock = FakeClock()
    pipeline = FakePipeline(clock, takes=0.5, fails={3})
    light, dark = pictures(1)[0], replace(pictures(1, level=0)[0], time=2.0, index=1)
    scene = pipeline(Scene(), light)
    assert [(track.id, track.label) for track in scene.tracks] == [(1, "happy")]
    assert pipeline(scene, dark).tracks == ()
    with pytest.raises(EngineError):
        pipeline(scene, light)
    assert (pipeline.frames, clock.monotonic()) == ([0, 1, 0], 1.5)


def test_an_unplugged_screen_and_a_failing_or_closed_sink_raise():
    screen, sink = FakeScreen(), FakeSink()
    screen.unplugged = True
    with pytest.raises(ScreenError):
        screen.show(None, Scene())
    with pytest.raises(ScreenError):
        screen.tick()
    sink.failure = OSError("disk full")
    with pytest.raises(OSError, match="disk full"):
        sink.write({"event": "start"})
    sink.failure = None
    sink.write({"time": "2026-01-31T08:00:00.000Z", "event": "health", "what": "dark"})
    assert (sink.kinds(), sink.times) == (["dark"], ["2026-01-31T08:00:00.000Z"])
    sink.close()
    with pytest.raises(InvalidValue, match="closed"):
        sink.write({"event": "start"})


def test_the_service_manager_remembers_what_came_and_when():
    clock = FakeClock(monotonic=100)
    systemd = FakeSystemd(clock)
    systemd.ready("started")
    clock.advance(2)
    systemd.beat()
    systemd.stopping()
    assert systemd.messages == [("ready", 100), ("beat", 102), ("stopping", 102)]
    assert systemd.longest_silence() == 2
