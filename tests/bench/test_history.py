"""The benchmark of the page's history finds every visit of its journal, and says what is not as it should be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.journals.jsonl import decode
from tests.bench.history import Cost, run, table, visit, wrong

pytest.importorskip("aiohttp", reason="needs the extra web: pip install 'edge-emotion[web]'")

GOOD = {"30 days": Cost(6.04, 5.52, 14.24, 81.0, 2.4, 0.0123, 900)}


def test_nothing_is_wrong_with_good_figures():
    assert wrong(900, GOOD, GOOD) == []
    assert table(400, GOOD) == ["| 400 MB | 30 days | 900 | 6.0 | 5.5 | 14.2 | 81.0 | 2 | 12 |"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"visits": 899}, "899 of 900 visits"),
        ({"reader_mb": 22.3}, "reader_mb grew from 14.2 to 22.3"),
        ({"server_mb": 89.1}, "server_mb grew from 81.0 to 89.1"),
    ],
)
def test_what_is_wrong_is_said(change, words):
    (line,) = wrong(900, GOOD, {"30 days": replace(GOOD["30 days"], **change)})
    assert words in line


def test_the_lines_are_a_journals():
    assert [decode(line)["event"] for line in visit(1, 1e9)] == ["appeared", *["sample"] * 10, "left"]


def test_every_visit_of_a_small_journal_is_found_in_all_its_files(tmp_path):
    visits, costs = run(tmp_path, 0.4, file_bytes=100_000)
    assert len(list(tmp_path.iterdir())) > 3
    assert visits == costs["30 days"].visits > costs["7 days"].visits > costs["a day"].visits > 0
    assert min(cost.server_mb for cost in costs.values()) > 0
