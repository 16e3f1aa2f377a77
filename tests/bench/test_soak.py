"""The soak itself, over a few hundred frames: its faults happen, its marks are taken, and it can tell what grew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.journals.reader import read
from edge.pipeline.factory import open_models
from edge.settings import JournalSettings, MakerSettings, Settings, SourceSettings
from tests.bench.soak import TINY, Mark, Soak, grown, run, table

FIRST = Mark(frames=100, rss_mb=70.0, descriptors=11, threads=7, median_ms=2.0, p99_ms=9.0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, []),
        ({"frames": 9000, "rss_mb": 73.9, "median_ms": 2.9, "p99_ms": 90.0}, []),
        ({"rss_mb": 60.0, "descriptors": 9, "threads": 6, "median_ms": 0.1}, []),
        ({"rss_mb": 74.1}, ["RSS grew by 4.1 MB"]),
        ({"descriptors": 12}, ["descriptors: 1 more"]),
        ({"threads": 9}, ["threads: 2 more"]),
        ({"median_ms": 3.1}, ["takes 3.10 ms"]),
        ({"rss_mb": 99.0, "threads": 8}, ["RSS", "threads"]),
    ],
)
def test_what_grew_is_told(change, told):
    found = grown(FIRST, replace(FIRST, **change))
    assert len(found) == len(told)
    assert all(words in line for words, line in zip(told, found, strict=True))


def test_a_table_has_a_line_a_mark():
    assert table([]).count("\n") == 1
    assert table([FIRST, FIRST]).splitlines()[2:] == ["| 100 | 70.0 | 11 | 7 | 2.00 | 9.00 |"] * 2


def test_every_fault_comes_as_often_as_asked_and_the_loop_outlives_them(tmp_path):
    settings = Settings(
        source=SourceSettings(reopen_s=0.1, reopen_max_s=1.0), journal=JournalSettings(sample_s=0.1),
        maker=MakerSettings(on_event="true"),
    )  # fmt: skip
    pipeline = open_models(TINY)
    soak = Soak(pipeline, "", frames=400, faults=4)
    summary = run(soak, settings, tmp_path)
    pipeline.close()
    assert [mark.frames for mark in soak.marks] == [40, 200, 400]
    told = [event.get("what") for event in read([tmp_path / "journal.jsonl"])]
    assert summary.health["camera-lost"] == told.count("camera-back") == 4
    assert summary.health["engine-failed"] == 4
    assert told.count("journal-resumed") == 4
    assert soak.disk.refused >= 4
    assert soak.opened == 1 + 4 * (2 + 1)
