"""The dashboard for Grafana without Grafana: its file, and its queries against the metrics that we serve."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.edge.sinks.test_prometheus import opened

GIVEN = {"instance", "job"}  # labels that Prometheus itself adds to what it scrapes
UNITS = {"_celsius": "celsius", "_bytes": "bytes", "_seconds_bucket": "s"}  # of Grafana, by the end of a metric's name
COLUMNS = 24
QUERY = re.compile(r"label_values\((\w+), (\w+)\)")


@pytest.fixture(scope="module")
def dashboard(root):
    return json.loads((root / "examples/prometheus/dashboard.json").read_text())


@pytest.fixture(scope="module")
def labels():
    """The labels of each metric that we serve, by its name."""
    sink = opened()
    found: dict[str, set[str]] = {}
    for line in sink.page().decode().splitlines():
        if not line.startswith("#"):
            name, _, rest = line.partition(" ")[0].partition("{")
            found.setdefault(name, set()).update(re.findall(r'(\w+)="', rest))
    sink.close()
    return found


def targets(dashboard):
    return [(panel, target) for panel in dashboard["panels"] for target in panel["targets"]]


def metrics(expression):
    return set(re.findall(r"\b(?:edge_emotion|process)_\w+", expression))


def test_every_panel_has_a_title_a_unit_and_a_query(dashboard):
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in dashboard["panels"]:
        assert panel["title"], panel["id"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]


def test_no_panel_lies_on_another(dashboard):
    places = [(panel["title"], panel["gridPos"]) for panel in dashboard["panels"]]
    assert all(at["x"] >= 0 and at["x"] + at["w"] <= COLUMNS and at["w"] and at["h"] for _, at in places)
    on_another = [
        (one, two)
        for (one, a), (two, b) in itertools.combinations(places, 2)
        if a["x"] < b["x"] + b["w"]
        and b["x"] < a["x"] + a["w"]
        and a["y"] < b["y"] + b["h"]
        and b["y"] < a["y"] + a["h"]
    ]
    assert on_another == []


def test_the_data_source_is_chosen_on_the_dashboard(dashboard):
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    assert variables["instance"]["datasource"] == chosen
    assert all(panel["datasource"] == target["datasource"] == chosen for panel, target in targets(dashboard))
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(dashboard))) - {"__all", "__rate_interval"}
    assert used == set(variables)


def test_the_devices_to_choose_from_are_those_that_have_a_metric_of_ours(dashboard, labels):
    (variable,) = (each for each in dashboard["templating"]["list"] if each["name"] == "instance")
    metric, label = QUERY.fullmatch(variable["query"]).groups()
    assert metric in labels
    assert label in GIVEN


def test_every_query_asks_for_a_metric_of_ours_on_the_chosen_devices(dashboard, labels):
    for panel, target in targets(dashboard):
        asked = metrics(target["expr"])
        assert asked, panel["title"]
        assert asked <= set(labels), panel["title"]
        for name in asked:
            assert f'{name}{{instance=~"$instance"' in target["expr"], panel["title"]


def test_queries_and_legends_use_labels_that_the_metrics_have(dashboard, labels):
    for panel, target in targets(dashboard):
        known = GIVEN.union(*(labels[name] for name in metrics(target["expr"])))
        grouped = re.findall(r"\bby \(([^)]*)\)", target["expr"])
        by = {label.strip() for group in grouped for label in group.split(",")}
        assert by <= known, panel["title"]
        # A legend sees only what the query leaves.
        left = by - {"le"} or known
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= left, panel["title"]


def test_what_has_a_unit_is_shown_with_it(dashboard):
    for panel, target in targets(dashboard):
        wanted = {unit for name in metrics(target["expr"]) for end, unit in UNITS.items() if name.endswith(end)}
        unit = panel["fieldConfig"]["defaults"]["unit"]
        assert wanted <= {unit}, panel["title"]
        assert unit in wanted | {"short"}, panel["title"]


@pytest.mark.parametrize("metric", ["camera_up", "paused", "throttled"])
def test_what_is_0_or_1_has_a_word_for_each(dashboard, metric):
    shown = [
        panel for panel, target in targets(dashboard)
        if panel["type"] == "stat" and f"edge_emotion_{metric}" in metrics(target["expr"])
    ]  # fmt: skip
    assert shown
    for panel in shown:
        options = {
            key: entry["text"]
            for each in panel["fieldConfig"]["defaults"]["mappings"]
            for key, entry in each["options"].items()
        }
        assert set(options) == {"0", "1"}
        assert all(options.values())


@pytest.fixture
def checked(tmp_path):
    """checked(dashboard): what TypeScript finds wrong in it, by the types that Grafana publishes."""
    folder = os.environ.get("GRAFANA_SCHEMA")
    if folder is None or shutil.which("node") is None:
        pytest.skip(
            "no types of Grafana here (npm install --legacy-peer-deps @grafana/schema typescript@5; "
            "GRAFANA_SCHEMA=node_modules)"
        )
    modules = Path(folder).resolve()
    (tmp_path / "node_modules").symlink_to(modules)

    def check(dashboard):
        # In TypeScript an enumeration's text is not a value of it.
        text = json.dumps(dashboard, indent=1).replace('"type": "value"', '"type": MappingType.ValueToText')
        head = 'import { MappingType, type Dashboard } from "@grafana/schema";\nexport const dashboard: Dashboard ='
        (tmp_path / "dashboard.ts").write_text(f"{head} {text};\n")
        flags = ["--noEmit", "--strict", "--skipLibCheck", "--moduleResolution", "bundler", "--module", "esnext"]
        done = subprocess.run(
            ["node", str(modules / "typescript/bin/tsc"), *flags, "--target", "es2022", "dashboard.ts"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout.splitlines()

    return check


def test_grafanas_own_types_take_the_dashboard(dashboard, checked):
    assert checked(dashboard) == []
    for damage in ({"gridPos": {"x": 0}}, {"datasource": 1}, {"tragets": []}):
        panels = [dashboard["panels"][0] | damage, *dashboard["panels"][1:]]
        assert checked(dashboard | {"panels": panels}) != [], damage
