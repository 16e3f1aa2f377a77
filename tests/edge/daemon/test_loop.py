"""Stories of the daemon's loop, as sinks, screen and service manager see them."""

from __future__ import annotations

import shlex
from dataclasses import replace

import numpy as np
import pytest

from edge.daemon.control import Control
from edge.daemon.firmware import Reading
from edge.daemon.health import Health
from edge.daemon.loop import Loop, Parts
from edge.daemon.supervisor import ReconnectingCamera
from edge.errors import CameraTimeout, EngineError, SourceError
from edge.settings import HealthSettings, MakerSettings, ScreenSettings, Settings, SourceSettings
from edge.sinks.event_hook import EventHook
from edge.testing import FakeCamera, FakeClock, FakePipeline, FakeScreen, FakeSink, FakeSystemd, pictures
from tests.waiting import descriptors, until

UNPLUGGED = SourceError("v4l2:0: the camera gave no frame; is it still connected?")


class House:
    """Everything a loop needs, all of it fake; `run` plays these cameras one after the other."""

    def __init__(self, **settings):
        self.clock = FakeClock(monotonic=100.0)
        self.settings = Settings(**settings)
        self.sink, self.screen = FakeSink(), FakeScreen()
        self.systemd = FakeSystemd(self.clock)
        self.control = Control(self.clock)
        self.pipeline = FakePipeline(self.clock)
        self.firmware = Reading()
        self.opened = []

    def run(self, *cameras, live=False, frames=0, wait=False, sinks=()):
        waiting = list(cameras)

        def open_camera():
            self.opened.append(self.clock.monotonic())
            camera = waiting.pop(0)
            if isinstance(camera, Exception):
                raise camera
            return camera

        parts = Parts(
            camera=ReconnectingCamera(open_camera, self.settings.source, self.clock, live=live, wait=wait),
            pipeline=self.pipeline,
            screen=self.screen,
            sinks=(self.sink, *sinks),
            systemd=self.systemd,
            control=self.control,
            health=Health(self.settings.health, lambda: self.firmware),
            clock=self.clock,
            settings=self.settings,
            frames=frames,
            about={"source": "test"},
        )
        return Loop(parts).run()

    def last(self, what):
        """The last event of that kind."""
        return [e for e in self.sink.events if what in (e["event"], e.get("what"))][-1]


@pytest.fixture
def house():
    return House()


def stream(clock, count, fps=10.0, start=0):
    """The frames of a live camera, each stamped with the clock, which moves on for each."""

    def frames():
        image = np.full((48, 64, 3), 128, np.uint8)
        for n in range(start, start + count):
            clock.advance(1 / fps)
            yield replace(pictures(1)[0], image=image, time=clock.monotonic(), index=n)

    class Camera(FakeCamera):
        def __iter__(self):
            yield from frames()
            yield from super().__iter__()

    return Camera


def live(house, count, *then, fps=10.0, hangs=False):
    """A live camera that gives so many frames and then does this; at last it is unplugged."""
    return stream(house.clock, count, fps)([*then, UNPLUGGED], live=True, hangs=hangs)


def stop(house):
    return house.control.stop


# A source that ends


def test_a_source_without_a_frame_ends_at_once(house):
    assert house.run(FakeCamera([])) == 0
    assert house.sink.kinds() == ["start", "stop"]
    assert house.systemd.messages[0][0] == "ready"
    assert house.systemd.messages[-1][0] == "stopping"


def test_a_clip_is_seen_whole_and_faces_leave_with_it(house):
    camera = FakeCamera(pictures(25))
    assert house.run(camera) == 25
    assert house.sink.kinds() == ["start", "appeared", "left", "stop"]
    assert [event["monotonic"] for event in house.sink.events] == [0.0, 0.0, 2.4, 2.4]
    assert house.last("start") == {"monotonic": 0.0, "event": "start", "source": "test"}
    assert house.last("left")["seconds"] == 2.4
    assert house.last("stop")["frames"] == 25
    assert camera.closed


def test_the_same_clip_gives_the_same_journal(house):
    other = House()
    other.pipeline.takes = 0.03  # a slower machine
    for each in (house, other):
        each.run(FakeCamera(pictures(150, fps=3)))
    assert house.sink.events == other.sink.events
    assert "sample" in house.sink.kinds()


def test_the_loop_ends_after_so_many_frames(house):
    assert house.run(FakeCamera(pictures(25)), frames=7) == 7
    assert house.pipeline.frames == list(range(7))


@pytest.mark.parametrize("live", [False, True])
def test_a_source_that_changes_its_size_ends_its_tracks_and_goes_on_in_the_new_size(house, live):
    small, large = pictures(10, size=(20, 16)), pictures(10, size=(64, 48))
    moved = [replace(frame, time=frame.time + 1.0, index=frame.index + 10) for frame in large]
    house.run(FakeCamera([*small, *moved, *([stop(house)] if live else [])], live=live), live=live)
    faces = [e for e in house.sink.events if e["event"] in ("appeared", "left")]
    cut, whole = [1, 1, 20, 16], [1, 1, 30, 30]
    assert [(e["event"], e["track"], e["box"]) for e in faces] == [
        ("appeared", 1, cut), ("left", 1, cut), ("appeared", 2, whole), ("left", 2, whole),
    ]  # fmt: skip


def test_every_turn_beats_after_the_work_and_ticks_sinks_and_screen(house):
    house.pipeline.takes = 0.5
    house.run(FakeCamera(pictures(3)))
    assert [entry for entry in house.systemd.messages if entry[0] == "beat"] == [
        ("beat", 100.5), ("beat", 101.0), ("beat", 101.5),
    ]  # fmt: skip
    assert house.sink.ticks == house.screen.ticks == 3
    assert [frame.index for frame, _, _ in house.screen.shown] == [0, 1, 2]


def test_a_source_that_is_missing_at_the_start_is_an_error(house):
    with pytest.raises(SourceError, match="no such file"):
        house.run(SourceError("clip.mp4: no such file"))
    assert house.sink.kinds() == ["start", "failed", "stop"]
    assert house.last("failed")["detail"] == "clip.mp4: no such file"


# A camera that is lost


def test_a_camera_that_is_unplugged_is_opened_again_for_ever_with_back_off(house):
    plugs = [live(house, 5), *[SourceError("no such camera")] * 6, live(house, 3, stop(house), None)]
    assert house.run(*plugs, live=True) == 8
    assert house.sink.kinds() == [
        "start", "appeared", "left", "camera-lost", "camera-back", "appeared", "left", "stop",
    ]  # fmt: skip
    waits = np.diff(house.opened)
    assert waits[0] == pytest.approx(0.5 + 1, abs=0.01), "five frames, then the first wait"
    assert waits[1:].tolist() == pytest.approx([2, 4, 8, 10, 10, 10])
    assert house.last("camera-back")["seconds"] == pytest.approx(45.1, abs=0.01)
    assert house.last("camera-lost")["detail"] == str(UNPLUGGED)


def test_a_face_that_comes_back_after_the_camera_is_a_new_one(house):
    house.run(live(house, 5), live(house, 5, stop(house), None), live=True)
    assert [event["track"] for event in house.sink.events if event["event"] == "appeared"] == [1, 2]


def test_while_the_camera_is_gone_the_screen_says_so_and_the_heartbeat_goes_on(house):
    house.run(live(house, 3), *[UNPLUGGED] * 5, live(house, 1, stop(house), None), live=True)
    assert house.screen.notices() == ["", "no camera", ""]
    assert house.systemd.longest_silence() < 0.5
    assert "no camera; trying again" in house.systemd.statuses


def test_a_stalled_camera_is_lost_like_one_that_was_unplugged(house):
    stalled = stream(house.clock, 2)([None, None, CameraTimeout("v4l2:0: no frame for 5 s")], live=True)
    house.run(stalled, live(house, 2, stop(house), None), live=True)
    assert house.sink.kinds()[3:5] == ["camera-lost", "camera-back"]
    assert stalled.closed


def test_with_wait_a_camera_that_is_missing_at_the_start_is_waited_for(house):
    house.run(SourceError("no such camera"), live(house, 2, stop(house), None), live=True, wait=True)
    assert house.sink.kinds() == ["start", "camera-lost", "camera-back", "appeared", "left", "stop"]


def test_without_wait_a_live_camera_that_gives_no_first_frame_is_an_error(house):
    with pytest.raises(CameraTimeout):
        house.run(FakeCamera([None, None, CameraTimeout("no frame")], live=True), live=True)
    assert house.opened == [100.0]


def test_a_stop_works_while_the_camera_is_gone(house):
    def stop_later():
        house.clock.sleep = lambda seconds: (FakeClock.sleep(house.clock, seconds), house.control.stop())

    house.run(live(house, 2, stop_later), SourceError("not reached"), live=True)
    assert len(house.opened) == 1
    assert house.sink.kinds()[-1] == "stop"


def test_a_driver_that_hangs_is_not_opened_again_and_a_restart_is_requested():
    house = House(source=SourceSettings(stuck_s=5))
    hanging = live(house, 2, hangs=True)

    def give_up():
        house.systemd.messages.append(("give up", round(house.clock.monotonic(), 3)))
        house.control.stop()

    house.systemd.give_up = give_up
    house.run(hanging, live=True)
    assert len(house.opened) == 1, "a second thread would hang as well"
    lost = house.opened[0] + 0.2
    (asked,) = (at for what, at in house.systemd.messages if what == "give up")
    assert asked == pytest.approx(lost + 5, abs=0.5)
    assert house.systemd.messages[-2][0] == "give up", "and no beat after that"


def test_a_driver_that_returns_in_time_is_opened_again():
    house = House(source=SourceSettings(stuck_s=5))
    hanging = live(house, 2, hangs=True)

    def sleep(seconds):
        FakeClock.sleep(house.clock, seconds)
        hanging.hangs = house.clock.monotonic() < 103

    house.clock.sleep = sleep
    house.run(hanging, live(house, 2, stop(house), None), live=True)
    assert "give up" not in [what for what, _ in house.systemd.messages]
    assert "camera-back" in house.sink.kinds()


# Engines that fail


def test_a_failed_inference_is_reported_and_the_next_frame_is_processed(house):
    house.pipeline.fails = {3, 4}
    assert house.run(FakeCamera(pictures(6))) == 6
    assert house.sink.kinds() == ["start", "appeared", "engine-failed", "left", "stop"]
    assert house.last("engine-failed")["detail"] == "fake-face: the model could not be run"


def test_an_engine_that_keeps_failing_ends_the_run_so_that_it_is_restarted(house):
    house.pipeline.fails = {3, 4, 5}
    camera = FakeCamera(pictures(9))
    with pytest.raises(EngineError) as caught:
        house.run(camera)
    assert caught.value.exit_code == 1
    assert house.pipeline.frames == [0, 1, 2, 3, 4]
    assert house.sink.kinds() == ["start", "appeared", "engine-failed", "failed", "left", "stop"]
    assert camera.closed


def test_an_engine_that_hangs_earns_no_heartbeat(house):
    class Hung(Exception):
        pass

    def hang(before, frame):
        house.clock.advance(3600)
        raise Hung

    house.pipeline = hang
    with pytest.raises(Hung):
        house.run(FakeCamera(pictures(1)))
    assert [what for what, at in house.systemd.messages if at > 100] == ["stopping"]


# Pause


def test_a_pause_closes_the_camera_and_is_shown_until_it_ends(house):
    first = live(house, 3, house.control.toggle, None)
    resumed_at = []

    def sleep(seconds):
        FakeClock.sleep(house.clock, seconds)
        assert first.closed
        if house.control.paused and house.clock.monotonic() > 160:
            house.control.toggle()
            resumed_at.append(house.clock.monotonic())

    house.clock.sleep = sleep
    house.run(first, live(house, 3, stop(house), None), live=True)
    assert house.sink.kinds() == ["start", "appeared", "left", "paused", "resumed", "appeared", "left", "stop"]
    assert house.screen.notices() == ["", "paused", ""]
    assert house.screen.shown[3][0] is None, "no picture of before"
    assert house.opened == [100.0, resumed_at[0]]
    assert house.systemd.longest_silence() < 0.5
    assert "paused" in house.systemd.statuses


def test_a_stop_ends_a_pause_too(house):
    house.control.toggle()
    house.clock.sleep = lambda seconds: house.control.stop()
    house.run()
    assert house.sink.kinds() == ["start", "paused", "stop"]
    assert house.opened == []


def test_every_status_is_an_event_too(house):
    house.clock.sleep = lambda seconds: house.control.toggle() if not house.control.paused else None
    house.systemd.on_status = lambda text: house.control.stop() if text == "paused" else None
    house.run(UNPLUGGED, wait=True, live=True)
    assert house.sink.kinds() == ["start", "camera-lost", "paused", "stop"]


# Pace and health


@pytest.mark.parametrize(
    ("fps", "max_fps", "looked_at"), [(10, 0, 30), (10, 10, 30), (10, 30, 30), (10, 5, 15), (10, 7.5, 22), (10, 0.5, 2)]
)
def test_a_live_camera_is_processed_at_most_at_max_fps(fps, max_fps, looked_at):
    house = House(source=SourceSettings(max_fps=max_fps) if max_fps else SourceSettings())
    frames = house.run(live(house, 30, stop(house), None, fps=fps), live=True)
    assert abs(frames - looked_at) <= 1


def test_no_frame_of_a_clip_is_skipped():
    house = House(source=SourceSettings(max_fps=1))
    assert house.run(FakeCamera(pictures(30))) == 30


@pytest.mark.parametrize(("kind", "seconds"), [("none", 0.0), ("window", 2.9), ("drm", 2.9)])
def test_a_clip_is_played_in_real_time_where_somebody_watches(kind, seconds):
    house = House(screen=ScreenSettings(kind=kind))
    assert house.run(FakeCamera(pictures(30, fps=10))) == 30
    assert house.clock.monotonic() - 100 == pytest.approx(seconds)
    assert house.sink.kinds() == ["start", "appeared", "left", "stop"]


def test_work_on_a_watched_clip_counts_as_waiting():
    house = House(screen=ScreenSettings(kind="window"))
    house.pipeline.takes = 0.08
    house.run(FakeCamera(pictures(30, fps=10)))
    assert house.clock.monotonic() - 100 == pytest.approx(2.98)


def test_a_slow_folder_keeps_the_heartbeat_and_can_be_paused():
    house = House(screen=ScreenSettings(kind="window"))
    first = FakeCamera(pictures(3, fps=0.1))
    rest = house.clock.sleep

    def sleep(seconds):
        rest(seconds)
        if house.control.paused or 105 < house.clock.monotonic() < 105.3:
            house.control.toggle()

    house.clock.sleep = sleep
    assert house.run(first) == 3
    assert first.closed
    assert "paused" in house.sink.kinds()
    assert house.systemd.longest_silence() <= 0.5
    assert house.clock.monotonic() - 100 == pytest.approx(20, abs=0.6)


@pytest.mark.parametrize("kind", ["none", "window"])
def test_a_clip_goes_on_where_it_was_paused(kind):
    house = House(screen=ScreenSettings(kind=kind))
    house.pipeline.takes = 0.05
    rest = house.clock.sleep

    def sleep(seconds):
        rest(seconds)
        if house.control.paused and house.clock.monotonic() > 160:
            house.control.toggle()

    house.clock.sleep = sleep
    shown = house.screen.show
    times = []

    def show(frame, scene, notice):
        shown(frame, scene, notice)
        if frame is not None:
            times.append(frame.time)
        if len(times) == 3 and not house.control.paused:
            house.control.toggle()

    house.screen.show = show
    assert house.run(FakeCamera(pictures(6, fps=10))) == 6
    assert times == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert house.opened == [100.0]
    assert house.sink.kinds() == ["start", "appeared", "left", "paused", "resumed", "appeared", "left", "stop"]
    assert house.clock.monotonic() > 160


def test_a_stop_ends_the_pause_of_a_clip(house):
    house.clock.sleep = lambda seconds: house.control.stop()
    shown = house.screen.show

    def show(frame, scene, notice):
        shown(frame, scene, notice)
        house.control.pause()

    house.screen.show = show
    clip = FakeCamera(pictures(6, fps=10))
    assert house.run(clip) == 1
    assert clip.closed
    assert house.sink.kinds() == ["start", "appeared", "left", "paused", "stop"]


def test_a_throttled_machine_is_reported_and_processes_fewer_frames():
    house = House(health=HealthSettings(check_s=1, throttled_fps=2))

    def heat():
        house.firmware = Reading(now=("throttled",), celsius=85.0)

    hot = live(house, 30, heat, None)
    camera = live(house, 60, stop(house), None)
    frames = house.run(hot, camera, live=True)
    assert 30 + 10 <= frames <= 30 + 16, "six seconds at two frames a second instead of ten"
    assert house.last("throttled")["celsius"] == 85.0


def test_a_dark_picture_is_reported_and_shown(house):
    dark, light = pictures(70, level=3), pictures(90)[70:]
    house.run(FakeCamera([*dark, *light]))
    assert [what for what in house.sink.kinds() if what in ("dark", "light")] == ["dark", "light"]
    assert house.screen.notices() == ["", "dark picture", ""]


def test_slow_work_is_reported(house):
    house.pipeline.takes = 1.5
    house.run(FakeCamera(pictures(10)))
    assert house.sink.kinds().count("slow") == 1


def test_the_notice_for_visitors_stands_beside_the_state():
    house = House(screen=ScreenSettings(notice="Nothing is stored"))
    house.run(live(house, 1), live(house, 1, stop(house), None), live=True)
    assert house.screen.notices() == ["Nothing is stored", "no camera - Nothing is stored", "Nothing is stored"]


def test_the_status_has_frames_per_second_and_faces(house):
    house.run(live(house, 20, stop(house), None), live=True)
    assert house.systemd.statuses[-2] == "10.0 fps, 1 face"


def test_every_event_reaches_every_sink(house):
    other = FakeSink()
    house.run(FakeCamera(pictures(5)), sinks=(other,))
    assert other.events == house.sink.events != []
    assert other.times == house.sink.times
    assert all(time.startswith("2023-11-14T22:13:") for time in other.times)
    assert other.ticks == 5


class Observer(FakeSink):
    """A sink that also observes frames."""

    def __init__(self):
        super().__init__()
        self.reports = []

    def observe(self, report):
        self.reports.append((len(self.events), report))


def test_a_sink_that_observes_gets_each_frame_after_its_events_with_the_time_of_each_stage(house):
    observer = Observer()
    house.pipeline.takes = 0.25
    house.pipeline.fails = {2}
    house.run(FakeCamera(pictures(3)), sinks=(observer,))
    # The second frame failed. Before the reports: start and appeared; then engine-failed.
    assert [count for count, _ in observer.reports] == [2, 3]
    for _, report in observer.reports:
        assert [track.id for track in report.scene.tracks] == [1]
        assert report.seconds == {"pipeline": 0.25, "events": 0.0, "screen": 0.0}


def test_every_event_is_passed_on_to_the_users_command(tmp_path):
    out = tmp_path / "out"
    house = House()
    hook = EventHook(MakerSettings(on_event=f"tee -a {shlex.quote(str(out))}", on_event_max=64), house.clock)
    house.run(FakeCamera([*pictures(5), lambda: wait_for(out, 2)]), sinks=(hook,))
    hook.close()
    assert sorted(line.split('"event": "')[1].split('"')[0] for line in out.read_text().splitlines()[:2]) == [
        "appeared", "start",
    ]  # fmt: skip
    assert '{"time": "20' in out.read_text()


def wait_for(path, count):
    until(lambda: path.exists() and path.read_text().count("\n") >= count)


def test_nothing_is_left_open(house):
    before = descriptors()
    house.run(live(house, 3), live(house, 3, stop(house), None), live=True)
    assert descriptors() <= before


def test_track_numbers_continue_after_a_lost_camera(house):
    house.run(live(house, 1), live(house, 1), live(house, 1, stop(house), None), live=True)
    assert [known.id for _, scene, _ in house.screen.shown for known in scene.tracks] == [1, 2, 3]
