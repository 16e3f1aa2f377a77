"""The command: what it prints, what it refuses, and how it ends. Workers are this process."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys

import pyarrow.parquet
import pytest

from edge import picture
from edge.commands import scan
from edge.errors import MissingExtra, ModelError, ScanError, SettingsError, SourceError
from edge.scan import cluster
from edge.scan.schedule import InProcess


@pytest.fixture
def asked(monkeypatch):
    """How many workers were asked for, each time."""
    told = []

    @contextlib.contextmanager
    def here(request, workers):
        told.append(workers)
        yield InProcess(request)

    monkeypatch.setattr(cluster, "this_machine", here)
    monkeypatch.setattr(cluster, "default_workers", lambda: 3)
    return told


@pytest.fixture
def command(tiny, asked, capsys, tmp_path, monkeypatch):
    """command(*arguments): exit code, lines on standard output, lines on standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        parser = argparse.ArgumentParser()
        scan.add_arguments(parser)
        code = scan.main(parser.parse_args([*map(str, words), "--models", str(tiny)]))
        out, err = capsys.readouterr()
        return code, out.splitlines(), [line for line in err.splitlines() if line.startswith("edge-emotion")]

    return run


@pytest.fixture
def photos(tmp_path, paint):
    folder = tmp_path / "photos"
    folder.mkdir()
    for n in range(3):
        picture.write(folder / f"{n}.png", paint(*[(96 * k, 32, False, True) for k in range(n)]))
    return folder


def test_an_empty_folder_is_one_line_and_leaves_nothing(command, tmp_path):
    (tmp_path / "photos").mkdir()
    with pytest.raises(SourceError, match=r"^photos: no picture or clip there; nothing to scan$"):
        command("photos", "--out", "results")
    with pytest.raises(SourceError, match=r"^absent: cannot be read \(No such file or directory\)$"):
        command("absent", "--out", "results")
    assert not (tmp_path / "results").exists()


def test_a_table_for_people_and_a_last_line(command, photos):
    code, out, err = command("photos", "--out", "results")
    assert code == 0
    assert [line.split() for line in out] == [
        ["file", "length", "frames", "faces", "tracks", "masked", "mostly"],
        ["photos/0.png", "-", "1", "0", "-", "-", "-"],
        ["photos/1.png", "-", "1", "1", "-", "0", "%", "happy", "100", "%"],
        ["photos/2.png", "-", "1", "2", "-", "0", "%", "happy", "100", "%"],
    ]
    assert err == ["edge-emotion: 3 pictures, 0 clips: 3 faces; the rows are in results/faces.parquet"]


def test_as_json_it_is_one_object(command, photos):
    code, out, _ = command("photos", "--out", "results", "--json")
    assert (code, len(out)) == (0, 1)
    assert json.loads(out[0]) == {
        "out": "results", "pictures": 3, "clips": 0, "frames": 3, "faces": 3, "tracks": 0, "failed": 0,
        "incomplete": 0, "skipped": 0,
    }  # fmt: skip


def test_broken_files_are_named_and_the_exit_code_says_so(command, photos):
    for n in range(12):
        (photos / f"broken{n:02}.jpg").write_bytes(b"")
    (photos / "notes.txt").write_text("words")
    code, _, err = command("photos", "--out", "results")
    assert code == 1
    assert err[0] == "edge-emotion: photos/broken00.jpg: the file is empty"
    assert err[-2] == "edge-emotion: and 2 more; results/summary.txt names all of them"
    assert "12 failed; 1 skipped" in err[-1]
    summary = (photos.parent / "results" / "summary.txt").read_text().splitlines()
    assert "skipped: photos/notes.txt: not a picture or a clip" in summary
    assert sum(line.startswith("failed: ") for line in summary) == 12


def test_of_many_files_those_with_the_most_faces_are_printed_by_name(command, photos, paint):
    for n in range(30):
        picture.write(photos / f"more{n:02}.png", paint((16, 16, False, True)))
    _, out, err = command("photos", "--out", "results")
    assert len(out) == 21
    assert out[2].startswith("photos/2.png")
    assert out[1:] == sorted(out[1:])
    assert err[0] == ("edge-emotion: these are the 20 files with the most faces; results/summary.txt has all 33")
    assert len((photos.parent / "results" / "summary.txt").read_text().splitlines()) == 36


def test_where_all_is_done_no_worker_is_started(command, photos, asked):
    command("photos", "--out", "results")
    before = (photos.parent / "results" / "faces.parquet").read_bytes()
    code, _, err = command("photos", "--out", "results")
    assert (code, asked) == (0, [3])
    assert err[0] == "edge-emotion: 3 pictures and frames were done before, 0 now"
    picture = next(photos.glob("*.png"))
    for _ in range(2):
        _, _, err = command(picture, "--out", "one")
    assert err[0] == "edge-emotion: 1 picture or frame was done before, 0 now"
    assert (photos.parent / "results" / "faces.parquet").read_bytes() == before


def test_the_number_of_workers_is_a_flag_and_changes_no_setting(command, photos, asked):
    command("photos", "--out", "results")
    command("photos", "--out", "results", "--workers", "2")
    command("photos", "--out", "other", "--workers", "2")
    assert asked == [3, 2]


def test_other_settings_are_an_error_and_force_begins_anew(command, photos, asked):
    command("photos", "--out", "results")
    with pytest.raises(
        SettingsError, match=r"every_s 0\.5, now 2\.0\); choose another --out, or start over with --force"
    ):
        command("photos", "--out", "results", "--every", "2s")
    assert command("photos", "--out", "results", "--every", "2s", "--force")[0] == 0
    assert asked == [3, 3]


def test_a_folder_of_somebody_else_stays_as_it_is(command, photos):
    before = {path.name: path.read_bytes() for path in photos.iterdir()}
    with pytest.raises(ScanError, match="photos: not empty, and not made by edge-emotion scan"):
        command("photos", "--out", "photos", "--force")
    assert {path.name: path.read_bytes() for path in photos.iterdir()} == before


def test_results_below_the_archive_are_not_scanned(command, photos):
    for _ in range(2):
        assert command("photos", "--out", "photos/results")[0] == 0
    assert pyarrow.parquet.read_table(photos / "results" / "failures.parquet").num_rows == 0


def test_a_scan_that_is_stopped_says_how_to_go_on(command, photos, monkeypatch, capsys):
    class Interrupted(InProcess):
        def next(self):
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def here(request, workers):
        yield Interrupted(request)

    with monkeypatch.context() as patch:
        patch.setattr(cluster, "this_machine", here)
        with pytest.raises(KeyboardInterrupt):
            command("photos", "--out", "results")
    assert capsys.readouterr().err.splitlines() == [
        "edge-emotion: stopped; 0 pictures and frames are done; run the same command again to resume"
    ]
    assert command("photos", "--out", "results")[0] == 0


def test_a_model_that_is_not_the_manifests_is_an_error_before_anything_is_written(photos, tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    models = tmp_path / "models"
    for path in tiny.rglob("*"):
        if path.is_file():
            (models / path.relative_to(tiny)).parent.mkdir(parents=True, exist_ok=True)
            (models / path.relative_to(tiny)).write_bytes(path.read_bytes())
    (model,) = sorted(models.rglob("*.tflite"))[:1]
    model.write_bytes(model.read_bytes() + b"\0")
    parser = argparse.ArgumentParser()
    scan.add_arguments(parser)
    with pytest.raises(ModelError, match="does not match the manifest's"):
        scan.main(parser.parse_args(["photos", "--out", "results", "--models", str(models)]))
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("name", ["pyarrow", "distributed"])
def test_a_missing_extra_is_one_line_before_anything_is_written(command, photos, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match=r"install it with: .*pip install 'edge-emotion\[scan\]'$"):
        command("photos", "--out", "results")
    assert not (photos.parent / "results").exists()


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0.0), ("2", 2.0), ("0.5s", 0.5), (".5", 0.5), ("500ms", 0.5), ("1min", 60.0), ("1 s", 1.0)],
)
def test_times_may_have_a_unit(text, value):
    assert scan.seconds(text) == value


@pytest.mark.parametrize("text", ["", "s", "-1", "nan", "inf", "1h", "0.5 seconds", "1e3", "61min", "٣"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="expected"):
        scan.seconds(text)


def test_workers_here_and_a_scheduler_exclude_each_other(command, photos, capsys):
    with pytest.raises(SystemExit):
        command("photos", "--out", "results", "--workers", "2", "--scheduler", "tcp://127.0.0.1:1")
    assert "not allowed with" in capsys.readouterr().err


def test_an_out_folder_that_cannot_be_made_is_one_line(command, photos, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ScanError, match=r"file/results: cannot make the folder \(Not a directory\)"):
        command("photos", "--out", os.path.join("file", "results"))
