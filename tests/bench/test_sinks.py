"""The benchmark of the sinks runs its cases to the end, and its table compares within a round."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.settings import JournalSettings, ModelsSettings, Settings
from tests.bench.sinks import Bench, Cost, run, slowed, table
from tests.bench.soak import TINY, painted

ONE = Cost(fps=100.0, cpu_ms=4.0, p99_ms=12.0, worst_ms=20.0, events=50, dropped=0)


def test_a_table_compares_within_a_round():
    slow = replace(ONE, fps=50.0)
    lines = table(
        {"none": [ONE, slow, ONE], "mqtt": [replace(ONE, fps=90.0, cpu_ms=5.0), slow, replace(ONE, fps=99.0)]}
    )
    assert lines.splitlines()[2:] == [
        "| none | 100.0 | 100.0 % | 4.00 | 100.0 % | 12.0 | 20.0 | 50 | 0 |",
        "| mqtt | 90.0 | 99.0 % | 4.00 | 100.0 % | 12.0 | 20.0 | 50 | 0 |",
    ]


@pytest.mark.parametrize(("rates", "named"), [((), []), ((96.0, 96.0, 50.0), []), ((94.0, 94.0, 100.0), ["mqtt"])])
def test_a_case_that_slows_the_loop_by_more_than_a_twentieth_is_named(rates, named):
    each = [replace(ONE, fps=rate) for rate in rates]
    costs = {"none": [ONE] * len(rates), "mqtt": each} if rates else {}
    assert slowed(costs) == named


@pytest.fixture
def bench(tmp_path):
    settings = Settings(models=ModelsSettings(dir=str(TINY)), journal=JournalSettings(sample_s=0.2))
    made = Bench(settings, list(painted()), 60, 0.0, tmp_path)
    yield made
    made.close()


def test_every_case_sees_the_same_events(bench):
    costs = run(bench, 1)
    assert set(costs) == {"none", "mqtt", "mqtt, killed", "mqtt, frozen", "metrics", "metrics, page"}
    events = {cost.events for each in costs.values() for cost in each}
    assert len(events) == 1
    assert events.pop() > 10
    assert [costs[name][0].dropped for name in costs if name != "mqtt, killed"] == [0] * 5
