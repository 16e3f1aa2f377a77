"""The benchmarks of `scan` make their archive, notice memory that grows, and read what a terminal shows."""

from __future__ import annotations

from edge.scan.inputs import CLIP, PICTURE, find
from tests.bench import scan_resume
from tests.bench.scan import Run, make_film, make_pictures, table


def test_the_archive_is_made_of_pictures_and_a_film(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.bench.scan.FPS", 2)
    make_pictures(tmp_path / "pictures", 302)
    make_film(tmp_path / "film.avi", 0.1)
    kinds = [source.kind for source in find([tmp_path]).sources]
    assert (kinds.count(PICTURE), kinds.count(CLIP)) == (302, 1)
    assert (tmp_path / "pictures" / "000300.jpg").samefile(tmp_path / "pictures" / "000000.jpg")


def test_growth_is_that_of_the_worker_that_grew_most():
    assert Run(1).growth_mb == 0.0
    marks = [{1: 100.0, 2: 90.0}, {1: 150.0, 2: 90.0}, {1: 150.0, 2: 100.0}, {1: 151.0, 2: 130.0}]
    assert Run(2, rss_mb=marks).growth_mb == 30.0


def test_a_line_compares_with_the_first():
    runs = [Run(1, 100, 10.0, 9.0), Run(4, 100, 5.0, 11.0, [{1: 100.0, 2: 200.0}])]
    assert table("100 pictures", runs).splitlines()[2:] == [
        "| 1 worker | 10.0 | 1.00 | 90.0 | - | 0.0 |",
        "| 4 workers | 20.0 | 2.00 | 110.0 | 150 | 0.0 |",
    ]


def test_what_a_stopped_scan_did_is_told_by_the_next_one():
    bar = "\r\x1b[K[####------] 400 of 1000 pictures and frames, 9 s left"
    first = scan_resume.Run(130, bar + "edge-emotion: stopped; 1,500 pictures and frames are done; run", 20.0)
    second = scan_resume.Run(-9, bar + bar, 10.0)
    said = "edge-emotion: 1,800 pictures and frames were done before, 700 now"
    third, whole = scan_resume.Run(0, said, 30.0), scan_resume.Run(0, "", 60.0, {"frames": 2500})
    assert scan_resume.table(first, second, third, whole).splitlines()[2:] == [
        "| first | Ctrl-C | 20.0 | 0 | 1500 | 1 |",
        "| second | SIGKILL | 10.0 | 1500 | 300 | 2 |",
        "| third | itself | 30.0 | 1800 | 700 | 0 |",
        "| at once | itself | 60.0 | 0 | 2500 | 0 |",
    ]
