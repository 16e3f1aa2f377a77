"""A scan from the files to the tables, with workers that are in this process."""

from __future__ import annotations

import os

import pytest
from PIL import Image

from edge import picture, records
from edge.errors import ScanError
from edge.pipeline.factory import open_models
from edge.scan.look import Outcome, Seen
from edge.scan.schedule import DIED, InProcess
from tests.edge.scan.conftest import Deadly, Shuffled


def test_an_archive_of_one_empty_picture_gives_empty_tables(scan, rows, tmp_path, paint):
    (tmp_path / "archive").mkdir()
    picture.write(tmp_path / "archive" / "nobody.png", paint())
    report = scan(tmp_path / "archive")
    assert (rows("faces"), rows("failures")) == ([], [])
    (file,) = rows("files")
    assert (file["source"], file["faces"], file["status"], file["tracks"]) == ("archive/nobody.png", 0, "ok", None)
    assert str(report.totals) == "1 picture, 0 clips: 0 faces"


def test_a_row_says_what_image_says(scan, rows, archive, tiny):
    scan(archive)
    name = "archive/deep/er/p01.png"
    (row,) = [row for row in rows("faces") if row["source"] == name]
    image = picture.read(archive.parent / name)
    (told,) = [records.face_record(track, 160, 120) for track in open_models(tiny).detect(image, "auto")]
    assert [row[f"box_{side}"] for side in ("left", "top", "right", "bottom")] == pytest.approx(told["box"])
    for key in ("worn", "mask_state", "emotion"):
        assert row[key] == told[key]
    for key in ("score", "mask", "intensity"):
        assert row[key] == pytest.approx(told[key])
    assert {k: row[f"p_{k}"] for k in told["probabilities"]} == pytest.approx(told["probabilities"])
    assert (row["time"], row["track"], row["reason"], row["width"], row["height"]) == (None, None, None, 160, 120)


def test_broken_files_are_rows_and_the_rest_is_done(scan, rows, archive):
    report = scan(archive)
    told = {row["source"]: (row["kind"], row["message"]) for row in rows("failures")}
    assert set(told) == {"archive/broken.jpg", "archive/broken.mp4", "archive/notes.txt"}
    assert told["archive/broken.jpg"][1].startswith("archive/broken.jpg: cannot decode the picture")
    assert told["archive/broken.mp4"][1].startswith("archive/broken.mp4: not a clip or picture that can be decoded")
    assert told["archive/notes.txt"] == ("skipped", "archive/notes.txt: not a picture or a clip")
    status = {row["source"]: row["status"] for row in rows("files")}
    assert [name for name, word in status.items() if word != "ok"] == ["archive/broken.jpg", "archive/broken.mp4"]
    assert len(status) == 16
    assert (report.totals.failed, report.totals.skipped) == (2, 1)
    assert {row["source"] for row in rows("faces")} == {
        *(f"archive/p{n:02}.png" for n in (2, 4, 8, 10)), *(f"archive/deep/er/p{n:02}.png" for n in (1, 5, 7, 11)),
        "archive/deep/film.avi", "archive/short.avi",
    }  # fmt: skip


def test_a_picture_of_which_a_part_is_not_read_is_incomplete(scan, rows, tmp_path, paint):
    (tmp_path / "archive").mkdir()
    page = Image.fromarray(paint())
    page.save(tmp_path / "archive" / "pages.tif", save_all=True, append_images=[page])
    report = scan(tmp_path / "archive")
    said = "archive/pages.tif: several pages or pictures; only the first is read"
    assert [(row["kind"], row["message"]) for row in rows("failures")] == [("incomplete", said)]
    assert [row["status"] for row in rows("files")] == ["incomplete"]
    assert (report.totals.incomplete, report.totals.failed) == (1, 0)


def test_an_animation_of_which_the_last_frame_is_missing_is_incomplete(scan, rows, tmp_path, paint):
    (tmp_path / "archive").mkdir()
    path = tmp_path / "archive" / "moves.gif"
    first, *others = [Image.fromarray(paint((32 * n, 32, False, True))) for n in range(3)]
    first.save(path, save_all=True, append_images=others, duration=1000)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 40])
    report = scan(tmp_path / "archive")
    (said,) = rows("failures")
    assert (said["kind"], said["message"]) == (
        "incomplete", "archive/moves.gif: the clip breaks off after 2 of 3 frames",
    )  # fmt: skip
    assert (report.totals.incomplete, report.totals.failed) == (1, 0)


def test_a_clip_has_a_row_a_face_and_sampled_frame_and_tracks_over_all_ranges(scan, rows, archive):
    scan(archive)
    film = [row for row in rows("faces") if row["source"] == "archive/deep/film.avi"]
    stays = [row for row in film if row["box_top"] > 40]
    assert [row["time"] for row in stays] == [0.5 * n for n in range(18)]
    assert len({row["track"] for row in stays}) == 1, "ranges are two seconds long"
    assert len({row["track"] for row in film if row["box_top"] < 40}) == 1, "one that walks"
    (file,) = [row for row in rows("files") if row["source"] == "archive/deep/film.avi"]
    assert (file["frames"], file["frames_with_faces"], file["seconds"], file["faces"]) == (18, 18, 71 / 8, 36)
    assert file["tracks"] == len({row["track"] for row in film})


def test_rows_are_sorted_by_file_and_time(scan, rows, archive):
    scan(archive)
    order = [(row["source"], row["time"] or 0.0) for row in rows("faces")]
    assert order == sorted(order)
    for table in ("files", "failures"):
        names = [row["source"] for row in rows(table)]
        assert names == sorted(names)


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_workers_gives_the_same_files_byte_for_byte(scan, files, archive, request_of, seed):
    request = request_of()
    scan(archive, request=request)
    scan(archive, out="other", workers=Shuffled(request, seed), request=request)
    assert files("results") == files("other")


def test_a_range_more_or_less_changes_no_row(scan, rows, archive):
    scan(archive, every_s=0.0)
    scan(archive, every_s=0.0, range_s=1000.0, out="whole")
    assert rows("faces") == rows("faces", "whole")
    assert rows("files") == rows("files", "whole")


def test_finished_parts_are_not_done_again(scan, files, archive, request_of):
    request = request_of()
    scan(archive, request=request)
    before, again = files(), Shuffled(request)
    scan(archive, request=request, workers=again)
    assert again.done == []
    assert files() == before


def test_a_scan_that_breaks_off_goes_on_where_it_was(scan, files, archive, request_of):
    request = request_of()
    scan(archive, request=request, out="whole")

    class Breaks(InProcess):
        left = 4

        def next(self):
            if not self.left:
                raise ScanError("the scheduler is gone")
            self.left -= 1
            return super().next()

    with pytest.raises(ScanError):
        scan(archive, request=request, workers=Breaks(request))
    second, ticks = Shuffled(request), []
    scan(archive, request=request, workers=second, ticks=ticks)
    whole = Shuffled(request)
    scan(archive, request=request, workers=whole, out="third")
    assert len(second.done) == len(whole.done) - 4
    assert ticks[-1]["done"] == ticks[-1]["total"]
    assert files() == files("whole")


def test_a_new_picture_costs_its_own_batch_only(scan, rows, archive, request_of, paint):
    request = request_of()
    scan(archive, request=request)
    picture.write(archive / "p03b.png", paint((16, 16, False, True)))
    again = Shuffled(request)
    scan(archive, request=request, workers=again)
    assert len(again.done) == 1
    assert [row["source"] for row in rows("faces") if "p03b" in row["source"]] == ["archive/p03b.png"]


def test_a_changed_file_is_looked_at_again_and_a_deleted_one_is_gone(scan, rows, archive, paint):
    scan(archive)
    picture.write(archive / "p00.png", paint((16, 16, False, True)))
    (archive / "short.avi").unlink()
    scan(archive)
    names = {row["source"] for row in rows("faces")}
    assert "archive/p00.png" in names
    assert "archive/short.avi" not in names | {row["source"] for row in rows("files")}


def test_a_picture_that_kills_its_workers_is_a_failure_and_its_batch_is_done(scan, rows, archive, request_of):
    scan(archive, out="whole")
    report = scan(archive, workers=Deadly(request_of(), "p05.png", "short.avi"))
    gone = {"archive/deep/er/p05.png", "archive/short.avi"}
    assert rows("faces") == [row for row in rows("faces", "whole") if row["source"] not in gone]
    told = {row["source"]: row["message"] for row in rows("failures")}
    assert {name: told[name] for name in gone} == {name: f"{name}: {DIED}" for name in gone}
    assert report.totals.failed == 4


def test_a_worker_that_does_not_see_the_files_ends_the_scan(scan, archive, request_of):
    class Elsewhere(InProcess):
        def next(self):
            job = self._jobs.popleft()
            return job, Outcome((), [Seen(error="no such file", missing=True)] * len(job.sources))

    with pytest.raises(ScanError, match=r"a worker does not see this file; share the folder with all workers"):
        scan(archive, workers=Elsewhere(request_of()))


def test_a_file_that_vanishes_is_a_failure(scan, rows, archive, request_of):
    class Slow(InProcess):
        def next(self):
            (archive / "p02.png").unlink(missing_ok=True)
            return super().next()

    scan(archive, workers=Slow(request_of()))
    told = {row["source"]: row["message"] for row in rows("failures")}
    assert "No such file" in told["archive/p02.png"]


def test_names_that_are_not_text_are_escaped(scan, rows, archive, paint):
    picture.write(archive / os.fsdecode(b"caf\xe9\n.png"), paint((16, 16, False, True)))
    scan(archive)
    assert "archive/caf\\xe9\n.png" in {row["source"] for row in rows("faces")}
    assert "archive/caf\\xe9\\n.png" in (archive.parent / "results" / "summary.txt").read_text()


def test_a_file_written_by_the_scan_holds_no_picture(scan, archive, tmp_path):
    """Nothing but tables and text: no JPEG, PNG or WebP, and no thumbnail in a note."""
    scan(archive)
    written = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    assert {path.suffix for path in written} == {".parquet", ".json", ".txt"}
    assert max(path.stat().st_size for path in written if path.parent.parent.name == "parts") < 12_000
