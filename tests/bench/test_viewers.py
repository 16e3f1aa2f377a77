"""The benchmark of the page's viewers runs its cases to the end, and says what is not as it should be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.soak import TINY, painted
from tests.bench.viewers import Bench, Cost, run, settings, table, wrong

pytest.importorskip("aiohttp", reason="needs the extra web: pip install 'edge-emotion[web]'")

ALONE = Cost(fps=15.0, cpu=0.08, rss_mb=(100.0, 100.5))
GOOD = {
    "nobody": ALONE,
    "viewers": replace(ALONE, viewers=(14.0, 15.0), first_s=0.1),
    "slow connections": replace(ALONE, viewers=(15.0,), first_s=0.2),
}


def test_nothing_is_wrong_with_good_figures():
    assert wrong(GOOD) == []
    assert table(GOOD).splitlines()[3] == "| viewers | 15.0 | 8 | 14.0, 15.0 | 0.10 | 100.0, 100.5 |"


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("viewers", {"fps": 13.4}, "13.4 frames/s"),
        ("viewers", {"viewers": (11.9, 15.0)}, "11.9 pictures/s"),
        ("viewers", {"rss_mb": (100.0, 104.1)}, "grew from 100.0 to 104.1"),
        ("slow connections", {"first_s": None}, "kept out"),
    ],
)
def test_what_is_wrong_is_said(name, change, words):
    (line,) = wrong(GOOD | {name: replace(GOOD[name], **change)})
    assert line.startswith(name)
    assert words in line


def test_every_case_comes_to_its_end():
    bench = Bench(settings(str(TINY)), list(painted()))
    try:
        costs = run(bench, 1.5, viewers=3, slow=20)
    finally:
        bench.close()
    assert [len(cost.viewers) for cost in costs.values()] == [0, 2, 1]
    assert costs["slow connections"].first_s is not None
    assert min(cost.fps for cost in costs.values()) > 0
