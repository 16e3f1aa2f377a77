"""Adapters by name: ours, and those that another package brings by entry points."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from edge import cameras
from edge.commands import doctor_devices, doctor_outputs
from edge.errors import AdapterError, EdgeError, SettingsError
from edge.face import Scene
from edge.ports import Notice
from edge.registry import CAMERAS, SCREENS, SINKS, Adapter
from edge.screens import open_screen
from edge.settings import MakerSettings, ScreenSettings, Settings, SourceSettings
from edge.sinks import GuardedSink, open_sinks
from edge.testing import FakeClock, FakeSink

MODULE = '''
"""What somebody else wrote."""

import numpy as np

from edge.errors import EdgeError
from edge.frame import Frame

log = []


class Grabber:
    def __init__(self, settings):
        self.source = settings.source

    def read(self):
        return np.full((48, 64, 3), 7, np.uint8)

    def close(self):
        log.append("grabber closed")


class Slides:
    live = False
    stuck = False

    def __init__(self, settings):
        self.settings = settings

    def __iter__(self):
        yield Frame(np.full((4, 6, 3), 9, np.uint8), 0.0, 0)

    def close(self):
        pass


class Eink:
    def __init__(self, settings, clock, stop):
        self.stop = stop

    @staticmethod
    def check(settings):
        return "e-ink, 400x300"

    def show(self, frame, scene, notice):
        log.append(("shown", notice.state))

    def tick(self):
        pass

    def close(self):
        pass


class Led:
    def __init__(self, settings, clock):
        log.append(("led", settings.maker.on_event))

    @staticmethod
    def check(settings):
        if settings.maker.on_event == "dark":
            raise EdgeError("sink led: no light; plug one in")
        return 1 / (settings.maker.on_event != "odd") and "a red light"

    def write(self, event):
        log.append(event["event"])
        if event["event"] == "stop":
            raise RuntimeError("out of light")

    def tick(self):
        pass

    def close(self):
        log.append("led closed")


def refuse(settings, clock):
    raise OSError("no such bus")
'''

ENTRY_POINTS = """
[edge_emotion.cameras]
gigabit = strangers_adapters:Grabber
slides = strangers_adapters:Slides

[edge_emotion.screens]
eink = strangers_adapters:Eink
none = strangers_adapters:Eink

[edge_emotion.sinks]
led = strangers_adapters:Led
bus = strangers_adapters:refuse
broken = strangers_adapters_that_are_gone:Led
"""


@pytest.fixture
def strangers(tmp_path, monkeypatch):
    """A package on sys.path that brings adapters of each kind; its log."""
    (tmp_path / "strangers_adapters.py").write_text(MODULE)
    info = tmp_path / "strangers_adapters-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strangers-adapters\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(tmp_path)
    yield lambda: sys.modules["strangers_adapters"].log
    sys.modules.pop("strangers_adapters", None)


@pytest.mark.parametrize("registry", [CAMERAS, SCREENS, SINKS], ids=lambda registry: registry.kind)
def test_each_of_our_adapters_can_be_loaded_by_its_name(registry):
    for name in registry.builtin:
        assert callable(registry.load(name))
        assert name in registry


def test_a_name_that_nobody_provides_is_an_error_that_lists_the_others():
    assert "" not in SCREENS
    assert "hdmi" not in SCREENS
    with pytest.raises(AdapterError, match="screen hdmi: no such screen; there are: none, drm, window") as caught:
        SCREENS.load("hdmi")
    assert caught.value.exit_code == 2


def test_another_packages_adapter_is_not_imported_before_it_is_asked_for(strangers):
    assert CAMERAS.installed() == ("gigabit", "slides")
    assert "led" in SINKS
    assert cameras.is_live("auto")
    assert open_sinks(Settings(), FakeClock())
    assert "strangers_adapters" not in sys.modules
    SINKS.load("led")
    assert "strangers_adapters" in sys.modules


def test_another_packages_live_camera_gets_our_thread_and_one_with_its_own_clock_does_not(strangers):
    assert cameras.is_live("gigabit")
    camera = cameras.open_camera(SourceSettings(source="gigabit:eth0"), FakeClock())
    frame = next(cameras.frames(camera))
    assert np.unique(frame.image).tolist() == [7]
    camera.close()
    assert strangers() == ["grabber closed"]
    assert not cameras.is_live("slides")
    (slide,) = cameras.open_camera(SourceSettings(source="slides"))
    assert (slide.width, slide.height) == (6, 4)


def test_a_file_is_never_taken_for_another_packages_camera(strangers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "slides").mkdir()
    assert not cameras.is_live("slides")
    with pytest.raises(EdgeError, match="no picture in this folder"):
        cameras.open_camera(SourceSettings(source="slides"))


def test_another_packages_screen_is_a_setting_a_screen_and_a_line_of_doctor(strangers):
    settings = ScreenSettings(kind="eink")
    screen = open_screen(settings, FakeClock(), lambda: None)
    screen.show(None, Scene(), Notice("paused"))
    assert strangers() == [("shown", "paused")]
    (finding,) = doctor_devices.screen(Settings(screen=settings))
    assert (finding.level, finding.text) == ("ok", "e-ink, 400x300")
    with pytest.raises(SettingsError, match="expected one of none, drm, window, got eink2"):
        Settings(screen=ScreenSettings(kind="eink2"))


def test_our_adapters_take_precedence(strangers):
    assert SCREENS.load("none").__module__ == "edge.screens.none"


def test_another_packages_sink_gets_the_events_and_may_fail_without_harm(strangers, caplog):
    settings = Settings(maker=MakerSettings(sinks="led"))
    *_, sink = open_sinks(settings, FakeClock())
    assert isinstance(sink, GuardedSink)
    for kind in ("start", "stop", "stop", "start"):
        sink.write({"event": kind})
    sink.tick()
    sink.close()
    assert strangers() == [("led", ""), "start", "stop", "stop", "start", "led closed"]
    assert caplog.messages == ["sink led: failed (RuntimeError: out of light); it may miss events"]


@pytest.mark.parametrize(
    ("name", "on_event", "line"),
    [
        ("led", "", ("ok", "sink led", "a red light")),
        ("led", "dark", ("fail", "sink led", "no light; plug one in")),
        ("led", "odd", ("warn", "sink led", "its check failed (ZeroDivisionError: division by zero)")),
        ("bus", "", ("ok", "sink bus", "installed")),
    ],
)
def test_another_packages_sink_may_have_a_check_for_the_doctor(strangers, name, on_event, line):
    (finding,) = doctor_outputs.other_sinks(Settings(maker=MakerSettings(sinks=name, on_event=on_event)))
    assert (finding.level, finding.about, finding.text) == line
    assert strangers() == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("nobody", "sink nobody: no such sink; there are: journal, event_hook, mqtt, metrics, broken, bus, led"),
        ("bus", "sink bus: cannot be opened (OSError: no such bus)"),
        (
            "broken",
            "sink broken of the package strangers-adapters: cannot be loaded (ModuleNotFoundError: No module named "
            "'strangers_adapters_that_are_gone'); reinstall it",
        ),
    ],
)
def test_a_sink_that_cannot_be_opened_is_one_line_and_those_before_it_are_closed(strangers, name, line):
    with pytest.raises(EdgeError) as caught:
        open_sinks(Settings(maker=MakerSettings(sinks=f"led, {name}")), FakeClock())
    assert str(caught.value) == line
    assert strangers()[-1] == "led closed"


@pytest.mark.parametrize(
    ("name", "fix"), [("mqtt", "; see [mqtt] enabled"), ("metrics", "; see [metrics] enabled"), ("journal", "")]
)
def test_a_sink_of_ours_among_those_of_other_packages_is_refused_instead_of_opened_twice(strangers, name, fix):
    settings = Settings(maker=MakerSettings(sinks=f"led, {name}"))
    for use in (lambda: open_sinks(settings, FakeClock()), lambda: list(doctor_outputs.other_sinks(settings))):
        with pytest.raises(SettingsError) as caught:
            use()
        assert str(caught.value) == (
            f"[maker] sinks: expected sinks of other packages, got {name}, which is built in{fix}"
        )
    assert "strangers_adapters" not in sys.modules


def test_log_needs_neither_the_daemon_nor_opencv():
    script = (
        "import sys, edge.commands.log, edge.commands.log_tail, edge.commands.log_csv;"
        "print([name for name in sys.modules if name == 'cv2' or name.startswith('edge.daemon')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_start_does_not_pay_for_what_few_starts_need():
    """The list of installed packages, processes, TOML, OpenSSL, suggestions, tokens, the log command."""
    slow = ["importlib.metadata", "subprocess", "tomllib", "hashlib", "difflib", "secrets", "edge.commands.log"]
    script = (
        "import sys, numpy, cv2; before = set(sys.modules); import edge.commands.run, edge.pipeline.factory;"
        f"print(sorted((set(sys.modules) - before) & set({slow})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_sinks_that_use_other_parts_learn_of_them_once_all_are_open(monkeypatch):
    class Curious(FakeSink):
        def connect(self, switch, sinks):
            self.learned = (switch, sinks)

    curious = [Curious(), Curious()]
    made = iter(curious)
    monkeypatch.setattr(SINKS, "builtin", {name: Adapter("") for name in ("first", "plain", "last")})
    monkeypatch.setattr(SINKS, "load", lambda name: lambda *_: FakeSink() if name == "plain" else next(made))
    switch = object()
    opened = open_sinks(Settings(), FakeClock(), switch)
    assert len(opened) == 3
    assert [sink.learned for sink in curious] == [(switch, opened)] * 2


def test_another_packages_sink_may_observe_frames_and_its_failures_are_kept_from_the_loop(monkeypatch, caplog):
    class Observer(FakeSink):
        def observe(self, report):
            raise RuntimeError("out of paper")

        def connect(self, switch, sinks):
            self.learned = switch

    made = {"observer": Observer(), "plain": FakeSink()}
    monkeypatch.setattr(SINKS, "builtin", {})
    monkeypatch.setattr(SINKS, "load", lambda name: lambda *_: made[name])
    opened = open_sinks(Settings(maker=MakerSettings(sinks="observer, plain")), FakeClock(), "switch")
    for sink in opened:
        sink.observe(None)
    assert made["observer"].learned == "switch"
    assert [record.getMessage() for record in caplog.records] == [
        "sink observer: failed (RuntimeError: out of paper); it may miss events"
    ]
