"""The example for Prometheus, by Prometheus' own programs: its alerts, the dashboard's queries, a real scrape."""

from __future__ import annotations

import json
import queue
import re
import shutil
import subprocess
import urllib.parse
import urllib.request

import pytest

from edge.daemon.firmware import Reading
from edge.sinks.metrics import MetricsSink
from edge.testing import FakeClock
from tests.edge.sinks.faces import event, face, health, report
from tests.edge.sinks.mosquitto import free_port
from tests.edge.sinks.test_metrics import START

WAIT_S = 60.0


@pytest.fixture(scope="module")
def example(root):
    return root / "examples" / "prometheus"


@pytest.fixture(scope="module")
def expressions(example):
    """The dashboard's queries, with Grafana's variables filled in."""
    dashboard = json.loads((example / "dashboard.json").read_text())
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return [each.replace("$__rate_interval", "1m").replace("$instance", ".*") for each in found]


@pytest.fixture
def sink():
    """A sink that has seen something of everything."""
    opened = MetricsSink(FakeClock(), lambda: Reading(("throttled",), (), 71.5))
    opened.connect(None, (opened, Dropping()))
    for each in (START, event("appeared"), health("camera-lost"), health("engine-failed")):
        opened.write(each)
    opened.observe(report(face(1)))
    yield opened
    opened.close()


class Dropping:
    name, dropped = "journal", 3


def program(name):
    path = shutil.which(name)
    if path is None:
        # 100 MB of Debian packages: more than continuous integration should fetch for this.
        pytest.skip(f"no {name} here (Debian: sudo apt install prometheus)")
    return path


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


def test_a_real_prometheus_scrapes_and_answers_the_dashboards_queries(sink, expressions, tmp_path, monkeypatch):
    prometheus, port = program("prometheus"), free_port()
    scrapes: queue.Queue[None] = queue.Queue()
    page = sink.page

    def counted():
        scrapes.put(None)
        return page()

    monkeypatch.setattr(sink, "page", counted)
    target = sink.serve("127.0.0.1", 0)
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: edge-emotion\n  static_configs:\n"
        f"  - targets: ['127.0.0.1:{target}']\n"
    )
    command = [prometheus, f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/data",
               f"--web.listen-address=127.0.0.1:{port}"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            for _ in range(3):  # what came with the scrape before the last one is stored
                scrapes.get(timeout=WAIT_S)
            answers = {expression: query(port, expression) for expression in [*expressions, "up", "edge_emotion_faces"]}
        finally:
            child.kill()
    assert {answer["status"] for answer in answers.values()} == {"success"}
    assert value(answers["up"]) == "1"
    assert value(answers["edge_emotion_faces"]) == "1"
    empty = [expression for expression, answer in answers.items() if not answer["data"]["result"]]
    # A histogram needs some frames between two scrapes.
    assert [each for each in empty if "histogram_quantile" not in each] == []


def query(port, expression):
    address = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(address, timeout=WAIT_S) as answer:
        return json.load(answer)


def value(answer):
    (series,) = answer["data"]["result"]
    return series["value"][1]
