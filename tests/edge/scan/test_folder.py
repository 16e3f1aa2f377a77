"""The folder of a scan: whose it is, what is finished in it, and what is never touched."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from edge.errors import ScanError, SettingsError
from edge.scan.clip import Span
from edge.scan.folder import Folder
from edge.scan.inputs import CLIP, PICTURE, Source
from edge.scan.look import Outcome, Seen
from edge.scan.plan import Job
from edge.scan.request import Request
from edge.settings import ModelsSettings

REQUEST = Request(hashes=(("face", "a" * 64),))
JOB = Job((Source("p.jpg", "/p.jpg", PICTURE, 10, 20),))
CLIP_JOB = Job((Source("c.mp4", "/c.mp4", CLIP, 10, 20),), 0)
OUTCOME = Outcome([], (Seen(1, 640, 480),))


def opened(path, request=REQUEST, paths=("archive",), force=False):
    """A folder that is let go of at once."""
    folder = Folder(path, request, paths, force)
    folder.close()
    return folder


@pytest.fixture
def out(tmp_path):
    return tmp_path / "deep" / "results"


def test_an_empty_folder_and_none_at_all_become_ours(out):
    opened(out)
    assert os.listdir(out) == ["scan.json"]
    (out.parent / "other").mkdir()
    opened(out.parent / "other")
    assert json.loads((out.parent / "other" / "scan.json").read_text())["paths"] == ["archive"]


def test_what_a_job_gave_is_there_again_afterwards(out):
    assert opened(out).seen(JOB) is None
    opened(out).write(JOB, OUTCOME)
    assert opened(out).seen(JOB) == OUTCOME.seen
    seen = Seen(3, 64, 48, "c.mp4: broke", False, Span(4, 0.5, 99.0, 20, 3, 2.5, (0.5, 2.0), False, True))
    opened(out).write(CLIP_JOB, Outcome([], (seen,)))
    assert opened(out).seen(CLIP_JOB) == (seen,)


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_of_somebody_else_is_refused_even_with_force(out, force):
    out.mkdir(parents=True)
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(ScanError, match=r"results: not empty, and not made by edge-emotion scan; choose another --out"):
        opened(out, force=force)
    assert os.listdir(out) == ["thesis.txt"]


def test_a_file_in_the_place_of_the_folder_is_refused(out):
    out.parent.mkdir()
    out.write_text("a file")
    with pytest.raises(ScanError, match=r"results: cannot make the folder \(File exists\)"):
        opened(out)


@pytest.mark.parametrize("content", ["", "[]", "{}", "\udcff"])
def test_a_damaged_marker_is_refused(out, content):
    out.mkdir(parents=True)
    (out / "scan.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ScanError, match=r"scan\.json is damaged; choose another --out"):
        opened(out)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"every_s": 2.0}, r"every_s 0\.5, now 2\.0"),
        ({"detail": "full"}, "detail auto, now full"),
        ({"models": ModelsSettings(confidence=0.5)}, r"confidence 0\.35, now 0\.5"),
        ({"max_megapixels": 20.0}, r"max_megapixels 50\.0, now 20\.0"),
        ({"hashes": (("face", "b" * 64),)}, r"face model aaaaaaaaaaaa\.\.\., now bbbbbbbbbbbb\.\.\."),
        ({"version": "9.9"}, r"edge-emotion 0\.\S+, now 9\.9"),
    ],
)
def test_other_settings_or_models_are_refused_and_force_begins_anew(out, changed, words):
    opened(out).write(JOB, OUTCOME)
    before = (out / "scan.json").read_bytes()
    request = replace(REQUEST, **changed)
    with pytest.raises(SettingsError, match=rf"results: made with other settings or models \({words}\); choose anoth"):
        opened(out, request)
    assert (out / "scan.json").read_bytes() == before
    assert opened(out, request, force=True).seen(JOB) is None


def test_where_the_models_lie_does_not_matter(out):
    opened(out)
    opened(out, replace(REQUEST, models=ModelsSettings(dir="/elsewhere")))


def test_paths_may_be_added_but_not_left_out(out):
    opened(out, paths=["b", "a"])
    opened(out, paths=["a", "b", "c"])
    with pytest.raises(SettingsError, match="results: holds the scan of b as well; name it too, or choose another"):
        opened(out, paths=["a", "c"])


def test_force_deletes_what_a_scan_wrote_and_nothing_else(out):
    opened(out).write(JOB, OUTCOME)
    for name in ("faces.parquet", "summary.txt", "my-plots.py"):
        (out / name).write_text("x")
    opened(out, force=True)
    assert sorted(os.listdir(out)) == ["my-plots.py", "scan.json"]


def test_one_scan_at_a_time(out):
    first = Folder(out, REQUEST, ["archive"])
    with pytest.raises(ScanError, match="results: another scan is using this folder"):
        opened(out)
    first.close()
    opened(out)


def test_half_a_part_does_not_count_and_is_removed(out):
    writing = opened(out).replacing("parts/ab/x.parquet")
    writing.__enter__().write_text("half")
    assert writing.__exit__(RuntimeError, RuntimeError(), None) is not True
    assert not (out / "parts").exists()
    assert [name for name in os.listdir(out) if name.startswith(".scan-")] == [".scan-x.parquet"]
    opened(out)
    assert os.listdir(out) == ["scan.json"]


def test_a_scan_killed_while_it_made_its_folder_can_begin_again(out):
    out.mkdir(parents=True)
    (out / ".scan-scan.json").write_text("{")
    opened(out)
    assert os.listdir(out) == ["scan.json"]


@pytest.mark.parametrize("keep", [0, 1, 40, -8])
def test_a_part_that_a_power_cut_damaged_is_done_again(out, keep):
    folder = opened(out)
    folder.write(JOB, OUTCOME)
    data = folder.part(JOB).read_bytes()
    folder.part(JOB).write_bytes(data[:keep])
    assert folder.seen(JOB) is None


def test_a_full_disk_is_one_line(out, monkeypatch):
    folder = opened(out)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ScanError, match=r"\.parquet: cannot write \(No space left on device\); run the same"):
        folder.write(JOB, OUTCOME)
    assert folder.seen(JOB) is None
