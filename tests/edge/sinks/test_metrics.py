"""Metrics: what events and frames count, and the small server that shows them."""

from __future__ import annotations

import http.client
import logging
import socket
import sys
import threading

import pytest

from edge.daemon.firmware import Reading
from edge.errors import MissingExtra, SettingsError
from edge.journals.writer import JournalWriter
from edge.ports import ConnectedSink, FrameObserver, MetricsPage
from edge.settings import JournalSettings, MetricsSettings, Settings, WebSettings
from edge.sinks import enabled, metrics_http, open_sinks
from edge.sinks.metrics import MetricsSink, open_metrics
from edge.testing import FakeClock
from tests.edge.sinks.faces import event, face, health, report
from tests.ports import has_ipv6

START = {"time": "", "monotonic": 0.0, "event": "start", "version": "1.2.3", "models": {"face": "0123456789ab"}}


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def sink(clock):
    opened = MetricsSink(clock, lambda: Reading(("throttled",), (), 71.5))
    yield opened
    opened.close()


def value(sink, name, /, **labels):
    """One metric; None: there is none."""
    return sink._registry.get_sample_value(f"edge_emotion_{name}", labels)


def test_it_is_off_by_default():
    assert not enabled(Settings(), "metrics.on")
    assert not any(isinstance(sink, MetricsSink) for sink in open_sinks(Settings(), FakeClock()))


def test_it_observes_frames_and_learns_of_the_other_sinks(sink):
    assert isinstance(sink, FrameObserver)
    assert isinstance(sink, ConnectedSink)


def test_the_web_page_can_serve_it(sink):
    assert isinstance(sink, MetricsPage)
    assert sink.content_type.startswith("text/plain")


def test_before_the_first_event_all_is_zero(sink):
    names = ("frames_total", "fps", "faces", "faces_appeared_total", "camera_losses_total", "camera_up", "paused")
    assert [value(sink, name) for name in names] == [0.0] * len(names)


def test_frames_stages_and_faces_are_counted(sink, clock):
    for _ in range(60):
        clock.advance(0.1)
        sink.observe(report(face(1), face(2, refreshed=None)))
    sink.tick()
    assert (value(sink, "frames_total"), value(sink, "faces"), value(sink, "camera_up")) == (60, 1, 1)
    assert value(sink, "fps") == pytest.approx(10)
    assert value(sink, "stage_seconds_count", stage="pipeline") == 60
    assert value(sink, "stage_seconds_bucket", stage="pipeline", le="0.01") == 0
    assert value(sink, "stage_seconds_bucket", stage="pipeline", le="0.033") == 60


def test_an_emotion_and_a_mask_count_when_a_face_begins_to_show_them(sink):
    sink.write(event("appeared", 1, emotion="happy", mask_state="none"))
    sink.write(event("sample", 1, emotion="happy", mask_state="none"))
    sink.write(event("changed", 1, emotion="sad", mask_state="none"))
    sink.write(event("changed", 1, emotion="sad", mask_state="worn"))
    sink.write(event("appeared", 2, emotion=None, reason="too-small", mask_state="none"))
    sink.write(event("left", 1, emotion="sad", mask_state="worn"))
    assert value(sink, "faces_appeared_total") == 2
    counted = {word: value(sink, "emotions_total", emotion=word) for word in ("happy", "sad", "too-small", "fear")}
    assert counted == {"happy": 1, "sad": 1, "too-small": 1, "fear": None}
    masks = {word: value(sink, "masks_total", mask_state=word) for word in ("none", "worn", "incorrect")}
    assert masks == {"none": 2, "worn": 1, "incorrect": None}


@pytest.mark.parametrize(
    ("happened", "up", "paused", "losses"),
    [
        ([], 1, 0, 0),
        (["dark"], 1, 0, 0),
        (["camera-lost"], 0, 0, 1),
        (["paused"], 0, 1, 0),
        (["camera-lost", "paused", "resumed"], 0, 0, 1),
        (["paused", "resumed"], 0, 0, 0),
    ],
)
def test_a_lost_or_paused_camera_shows_until_the_next_frame(sink, happened, up, paused, losses):
    sink.observe(report(face(1)))
    for what in happened:
        sink.write(health(what))
    assert (value(sink, "camera_up"), value(sink, "paused")) == (up, paused)
    assert value(sink, "camera_losses_total") == losses
    assert value(sink, "faces") == up
    sink.observe(report())
    assert value(sink, "camera_up") == 1


def test_failures_build_models_and_the_machine(sink):
    sink.write(START)
    sink.write(health("engine-failed"))
    assert value(sink, "engine_failures_total") == 1
    assert value(sink, "build_info", version="1.2.3") == 1
    assert value(sink, "model_info", task="face", sha256="0123456789ab") == 1
    assert value(sink, "temperature_celsius") == 71.5
    assert value(sink, "throttled", cause="throttled") == 1
    assert value(sink, "throttled", cause="under-voltage") == 0


def test_a_machine_without_a_thermometer_has_no_temperature(clock):
    sink = MetricsSink(clock, Reading)
    assert value(sink, "temperature_celsius") is None
    assert value(sink, "throttled", cause="too-hot") == 0


def test_what_the_journal_dropped_is_a_metric(sink, clock, tmp_path, monkeypatch):
    journal = JournalWriter(tmp_path / "journal.jsonl", JournalSettings(), clock)
    sink.connect(None, (journal, sink))
    assert value(sink, "dropped_events_total", sink="journal") == 0

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(journal, "_append", full)
        journal.write(START)
        journal.write(START)
    journal.write(START)
    journal.close()
    assert value(sink, "dropped_events_total", sink="journal") == 2


# The server


def get(port, path="/metrics", method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.getheader("Content-Type"), body


def test_the_page_is_prometheus_text_and_nothing_else_is_served(sink):
    port = sink.serve("127.0.0.1", 0)
    sink.write(START)
    status, kind, body = get(port)
    assert (status, kind.partition(";")[0]) == (200, "text/plain")
    assert 'edge_emotion_build_info{version="1.2.3"} 1.0' in body.splitlines()
    assert [get(port, path)[0] for path in ("/", "/metrics/", "/../metrics")] == [404] * 3
    assert get(port, method="POST")[0] == 501


@pytest.mark.skipif(not has_ipv6(), reason="needs the address ::1")
def test_the_address_of_all_networks_is_that_of_ipv4_too(sink):
    port = sink.serve("::", 0)
    assert get(port)[0] == 200
    socket.create_connection(("::1", port), 30).close()


def test_a_few_clients_at_once_and_one_more_is_turned_away(monkeypatch):
    inside, go_on = threading.Semaphore(0), threading.Event()

    def page():
        inside.release()
        go_on.wait(30)
        return b"done"

    monkeypatch.setattr(metrics_http, "MOST_CLIENTS", 2)
    server = metrics_http.MetricsServer("127.0.0.1", 0, page, "text/plain")
    answers = []
    clients = [threading.Thread(target=lambda: answers.append(get(server.port)[2])) for _ in range(2)]
    for client in clients:
        client.start()
        assert inside.acquire(timeout=30)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        get(server.port)
    go_on.set()
    for client in clients:
        client.join(30)
    assert answers == ["done", "done"]
    server.close()


def test_clients_that_do_not_finish_their_request_keep_nobody_out(sink):
    port = sink.serve("127.0.0.1", 0)
    half = [b"", b"GET /metrics HTTP/1.1\r\nX: ", b"GET"]
    slow = [socket.create_connection(("127.0.0.1", port), 30) for _ in range(3 * metrics_http.MOST_CLIENTS)]
    for n, each in enumerate(slow):
        each.sendall(half[n % 3])
    assert get(port)[0] == 200
    assert slow[0].recv(1) == b""  # the longest silent one made room
    for each in slow:
        each.close()


def test_a_page_that_fails_ends_the_request_and_not_the_server(caplog):
    caplog.set_level(logging.DEBUG)
    pages = iter([b"first"])
    server = metrics_http.MetricsServer("127.0.0.1", 0, lambda: next(pages), "text/plain")
    assert get(server.port)[2] == "first"
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        get(server.port)
    assert get(server.port, "/")[0] == 404
    server.close()
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


@pytest.mark.parametrize(
    ("metrics", "page", "port"),
    [
        ({"enabled": True}, True, None),  # the page's server has them
        ({"enabled": True}, False, 9464),
        ({"port": 9000}, False, 9000),  # as settings had it before there was `enabled`
        ({"port": 9000}, True, 9000),
        ({"enabled": True, "port": 9000}, True, 9000),
    ],
)
def test_it_has_a_port_of_its_own_where_it_is_told_so_or_there_is_no_page(monkeypatch, clock, metrics, page, port):
    served = []
    monkeypatch.setattr(MetricsSink, "serve", lambda sink, host, port: served.append((host, port)))
    settings = Settings(metrics=MetricsSettings(**metrics), web=WebSettings(enabled=page))
    assert enabled(settings, "metrics.on")
    open_metrics(settings, clock).close()
    assert served == ([] if port is None else [("127.0.0.1", port)])


def test_a_port_that_is_taken_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError) as caught:
            open_metrics(Settings(metrics=MetricsSettings(port=port)), FakeClock())
    message = f"[metrics] host, port: cannot listen on 127.0.0.1:{port} (Address already in use); choose another port"
    assert str(caught.value) == message


def test_without_prometheus_client_the_error_says_what_to_install(monkeypatch, clock):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(MissingExtra, match=r"-m pip install 'edge-emotion\[metrics\]'"):
        MetricsSink(clock)
