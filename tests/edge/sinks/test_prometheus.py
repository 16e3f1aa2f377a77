"""The example for Prometheus, by Prometheus' own programs: its alerts, the dashboard's queries, a real scrape."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from http.client import SERVICE_UNAVAILABLE

import pytest

from edge.daemon.firmware import Reading
from edge.settings import Settings, WebSettings
from edge.sinks.metrics import MetricsSink
from edge.sinks.metrics_http import MetricsServer
from edge.testing import FakeClock
from edge.web.hub import Hub
from edge.web.part import WebPart
from edge.web.token import load, new
from tests.conftest import absent
from tests.edge.sinks.faces import event, face, health, report
from tests.edge.sinks.test_metrics import START
from tests.ports import free_port
from tests.waiting import until

WAIT_S = 60.0
UP = [f'up{{job="{job}"}}' for job in ("edge-emotion", "page")]


@pytest.fixture(scope="module")
def example(root):
    return root / "examples" / "prometheus"


@pytest.fixture(scope="module")
def expressions(example):
    """The dashboard's queries, with Grafana's variables filled in."""
    dashboard = json.loads((example / "dashboard.json").read_text())
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return [each.replace("$__rate_interval", "1m").replace("$instance", ".*") for each in found]


def opened():
    """A sink that has seen something of everything."""
    sink = MetricsSink(FakeClock(), lambda: Reading(("throttled",), (), 71.5))
    sink.connect(None, (sink, Dropping()))
    for each in (START, event("appeared"), health("camera-lost"), health("engine-failed")):
        sink.write(each)
    sink.observe(report(face(1)))
    return sink


@pytest.fixture
def sink():
    with contextlib.closing(opened()) as sink:
        yield sink


class Dropping:
    name, dropped = "journal", 3


def program(name):
    path = shutil.which(name)
    if path is None:
        absent(f"no {name} here (Debian: sudo apt install prometheus)")
    return str(path)


def promtool(*words, text=None, cwd=None):
    command = [program("promtool"), *map(str, words)]
    done = subprocess.run(command, input=text, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def names(page):
    return {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")}


def test_promtool_finds_no_fault_in_the_metrics(sink):
    assert promtool("check", "metrics", text=sink.page().decode()) == ""


def test_every_alert_fires_when_it_should_and_only_then(example, tmp_path, root):
    shutil.copy(example / "alerts.yml", tmp_path)
    shutil.copy(root / "tests/edge/sinks/alerts_test.yml", tmp_path)
    assert "SUCCESS" in promtool("test", "rules", "alerts_test.yml", cwd=tmp_path)
    assert "1 rule files found" in promtool("check", "config", example / "prometheus.yml")


def test_dashboard_and_alerts_use_metrics_that_there_are(sink, expressions, example):
    known = names(sink.page().decode())
    text = " ".join(expressions) + (example / "alerts.yml").read_text()
    used = set(re.findall(r"\bedge_emotion_\w+", text))
    assert used
    assert {name.removesuffix("_bucket") for name in used} <= known


def test_a_real_prometheus_scrapes_both_ports_and_answers_the_dashboards_queries(sink, expressions, tmp_path):
    pytest.importorskip("aiohttp", reason="needs the extra web: pip install 'edge-emotion[web]'")
    prometheus, port = program("prometheus"), free_port()
    server = MetricsServer("127.0.0.1", 0, sink.page, sink.content_type)
    settings, scrape = Settings(web=WebSettings(port=0)), load(tmp_path / "metrics-token")
    page = WebPart(settings, Hub(FakeClock(), lambda: ""), None, live=False, token=new(), metrics=sink, scrape=scrape)
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: edge-emotion\n  static_configs:\n"
        f"  - targets: ['127.0.0.1:{server.port}']\n- job_name: page\n  static_configs:\n"
        f"  - targets: ['127.0.0.1:{page.port}']\n  authorization: {{credentials_file: {tmp_path}/metrics-token}}\n"
    )
    command = [prometheus, f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/data",
               f"--web.listen-address=127.0.0.1:{port}"]  # fmt: skip
    ours = [each.replace(".*", f"127.0.0.1:{server.port}") for each in expressions]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            answers = until(lambda: scraped(port, ours))
        finally:
            child.kill()
            server.close()
            page.close()
    assert set(answers) == set(ours)


def scraped(port, expressions):
    """The answers, once both pages are up and none is empty; None before that: the first scrapes may be too slow."""
    try:
        if [each["value"][1] for up in UP for each in query(port, up)] != ["1"] * len(UP):
            return None
        answers = {each: query(port, each) for each in expressions}
    except urllib.error.HTTPError as error:
        if error.code == SERVICE_UNAVAILABLE:  # it has just been started
            return None
        raise
    except urllib.error.URLError as error:
        if isinstance(error.reason, ConnectionError):  # it does not listen yet
            return None
        raise
    # A histogram needs some frames between two scrapes.
    empty = [each for each, answer in answers.items() if not answer and "histogram_quantile" not in each]
    return None if empty else answers


def query(port, expression):
    """The series that answer it; a query that is refused raises."""
    address = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(address, timeout=WAIT_S) as answer:
        told = json.load(answer)
    assert told["status"] == "success"
    return told["data"]["result"]
