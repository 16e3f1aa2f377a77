"""The fleet's benchmark runs to its end, and every event is delivered or counted as dropped."""

from __future__ import annotations

import pytest

from edge.settings import MqttSettings
from edge.testing import FakeClock
from tests.bench import fleet
from tests.bench.fleet import Device, Load, main, run, table
from tests.ports import free_port

ONE = Load(10, 3.25, 10.1, 100, 42000, 0.004, 8.65, 0.634, 81.2, 7008, 3.21, 12, 11, 1, 0)


def test_a_table_has_a_line_for_each_run():
    lines = table([ONE, ONE]).splitlines()
    assert len(lines) == 4
    assert lines[2] == "| 10 | 3.2 | 10.1 | 100 | 42000 | 0.004 | 8.7 | 0.63 | 81 | 7008 | 3.2 | 12 | 11 | 1 | 0 |"


@pytest.mark.parametrize("words", [["--devices", "0"], ["--devices", "5001"], ["--seconds", "601"]])
def test_it_is_bounded(words, capsys):
    with pytest.raises(SystemExit):
        main(words)
    assert "expected 1 to 5000 devices" in capsys.readouterr().err


def test_a_device_sees_visitors_come_change_and_go():
    settings = MqttSettings(enabled=True, host="127.0.0.1", port=free_port(), node="one")
    device = Device(1, settings, FakeClock())
    try:
        for n in range(2 * 600):
            device.step(n / 2)
        kinds = [waiting.event["event"] for waiting in device.mqtt._outbox._waiting]
    finally:
        device.mqtt.connection._closing.set()
        device.close()
    assert {"start", "appeared", "changed", "sample", "left"} == set(kinds)
    assert device.written == len(kinds)
    assert kinds.count("appeared") - kinds.count("left") in (0, 1)
    assert b"edge_emotion_faces_appeared_total" in device.metrics.page()


def test_a_broker_that_is_killed_loses_nothing_that_is_not_counted(tmp_path, monkeypatch):
    # Visitors come and go with every look.
    for name, value in {
        "STEP_S": 0.1,
        "SETTLE_S": 0.0,
        "PAUSE_S": 0.05,
        "VISIT_S": (0.05, 0.1),
        "MOOD_S": 0.05,
    }.items():
        monkeypatch.setattr(fleet, name, value)
    load = run(3, 3.0, tmp_path)
    assert load.devices == 3
    assert load.written > 20
    assert load.written == load.delivered + load.dropped
    assert load.retained == 3 * 10  # status, eight states, and the announcement
    assert load.page_bytes > 1000
