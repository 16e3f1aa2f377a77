"""`edge-emotion run` on real clips: all of them play whole and alike, and the shipped models find who is there."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from edge.cameras import frames, open_camera
from edge.commands import run
from edge.daemon.control import Control
from edge.daemon.firmware import Reading
from edge.daemon.health import Health
from edge.daemon.loop import Loop, Parts
from edge.daemon.supervisor import ReconnectingCamera
from edge.errors import ModelError
from edge.pipeline.factory import open_models, open_pipeline
from edge.settings import ModelsSettings, Settings, SourceSettings
from edge.testing import FakeClock, FakeScreen, FakeSink, FakeSystemd

pytestmark = pytest.mark.data

CLIPS = {
    "mask_one_woman_laptop.mp4": 244,
    "mixed_tv_two_women_720p.mp4": 111,
    "noface_bottles.mp4": 1189,
    "nomask_three_walking_480x270.mp4": 41,
    "nomask_two_head_pose_480x270.mp4": 56,
    "nomask_webcam_asl_bird.mkv": 63,
}


def play(path, models="", limit=0):
    """The events of a clip."""
    clock = FakeClock()
    settings = Settings(source=SourceSettings(source=str(path)), models=ModelsSettings(dir=str(models)))
    pipeline = open_pipeline(settings)
    sink = FakeSink()
    parts = Parts(
        camera=ReconnectingCamera(lambda: open_camera(settings.source, clock), settings.source, clock, live=False),
        pipeline=pipeline,
        screen=FakeScreen(),
        sinks=(sink,),
        systemd=FakeSystemd(clock),
        control=Control(clock),
        health=Health(settings.health, Reading),
        clock=clock,
        settings=settings,
        frames=limit,
        about=run.about(settings, pipeline, False),
    )
    Loop(parts).run()
    pipeline.close()
    return sink.events


def test_the_clips_are_those_that_we_know(shared_data):
    there = {path.name for path in (shared_data / "clips").iterdir() if path.suffix in (".mp4", ".mkv", ".avi")}
    assert there == set(CLIPS)


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_gives_every_frame(shared_data, name):
    camera = open_camera(SourceSettings(source=str(shared_data / "clips" / name)))
    times = [(frame.index, frame.time) for frame in frames(camera)]
    camera.close()
    assert [index for index, _ in times] == list(range(CLIPS[name]))
    # The container's time stamps are whole microseconds at best.
    assert [time for _, time in times] == pytest.approx([n / camera.fps for n in range(CLIPS[name])], abs=1e-3)


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_gives_the_same_journal_twice(shared_data, root, name):
    first, second = (play(shared_data / "clips" / name, root / "tests" / "tiny", limit=60) for _ in range(2))
    assert json.dumps(first) == json.dumps(second)
    assert first[-1]["frames"] == min(60, CLIPS[name])


@pytest.mark.parametrize("name", CLIPS)
def test_the_shipped_models_find_who_is_there_and_nobody_else(shared_data, name):
    try:
        open_models().close()
    except ModelError as error:
        pytest.skip(f"no shipped models yet: {error}")
    told = play(shared_data / "clips" / name)
    faces = Counter(event["event"] for event in told)["appeared"]
    if name.startswith("noface"):
        assert faces == 0
    else:
        assert faces >= 1
    if name.startswith(("mask", "mixed")):
        assert any(event.get("worn") for event in told)
    if name.startswith(("nomask", "mixed")):
        assert any(event.get("worn") is False for event in told)
