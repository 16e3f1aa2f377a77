from __future__ import annotations

import errno
import json
import os
import pathlib

import numpy as np
import pytest

from edge import picture, records
from edge.cli.parser import Parser
from edge.commands import image
from edge.commands.image_crops import Chart
from edge.commands.image_folder import Taken
from edge.commands.image_output import Total
from edge.errors import ModelError, OutputError, PictureError
from edge.pipeline.factory import open_models
from tests.edge.vision.faces import feeling, track


def arguments(tiny, *words):
    parser = Parser()
    image.add_arguments(parser)
    return parser.parse_args(["--models", str(tiny), *map(str, words)])


@pytest.fixture
def command(tiny, capsys):
    """command(*arguments): exit code, lines on standard output, lines on standard error."""

    def run(*words):
        code = image.main(arguments(tiny, *words))
        out, err = capsys.readouterr()
        return code, out.splitlines(), [line for line in err.splitlines() if line.startswith("edge-emotion")]

    return run


@pytest.fixture
def folder(tmp_path, paint):
    """Three pictures: nobody, somebody, two people."""
    made = tmp_path / "pictures"
    made.mkdir()
    for name, faces in (
        ("a.png", []),
        ("b.png", [(32, 32, False, True)]),
        ("c.png", [(0, 32, True, True), (96, 48, False, False)]),
    ):
        picture.write(made / name, paint(*faces))
    return made


def test_a_folder_is_one_json_line_a_picture(command, folder):
    code, out, err = command(folder, "--json")
    told = [json.loads(line) for line in out]
    assert (code, err) == (0, ["edge-emotion: 3 pictures, 3 faces (1 with a mask): happy 1, surprise 1, sad 1"])
    assert [entry["image"] for entry in told] == [str(folder / name) for name in ("a.png", "b.png", "c.png")]
    assert [sorted(str(face["emotion"]) for face in entry["faces"]) for entry in told] == [
        [], ["happy"], ["sad", "surprise"],
    ]  # fmt: skip
    assert [(entry["width"], entry["height"]) for entry in told] == [(160, 120)] * 3


def test_the_command_says_what_the_observer_says(command, folder, tiny, paint):
    _, out, _ = command(folder / "c.png", "--json")
    array = paint((0, 32, True, True), (96, 48, False, False))
    tracks = open_models(tiny).detect(array)
    assert json.loads(out[0])["faces"] == [records.face_record(track, 160, 120) for track in tracks]


def test_without_json_a_line_is_for_a_person(command, folder):
    _, out, _ = command(folder)
    assert out[0] == f"{folder / 'a.png'}: no face"
    assert out[1].startswith(f"{folder / 'b.png'}: 1 face: happy ")
    assert out[1].endswith(" %, no mask")
    assert "2 faces: " in out[2]


def test_a_bad_picture_and_an_empty_folder_are_named_and_the_rest_is_done(command, folder, tmp_path):
    (folder / "aa.png").write_bytes(b"")
    empty = tmp_path / "empty"
    empty.mkdir()
    code, out, err = command(empty, folder, tmp_path / "absent.jpg", folder / "b.png", "--json")
    assert code == 1
    assert len(out) == 4
    *errors, total = err
    assert [line.split(": ")[1] for line in errors] == [
        str(empty),
        str(folder / "aa.png"),
        str(tmp_path / "absent.jpg"),
    ]
    assert total.endswith("4 pictures, 4 faces (1 with a mask): happy 2, surprise 1, sad 1; 3 failed")


def test_the_total_counts_every_face():
    total = Total()
    assert str(total) == "0 pictures, 0 faces"
    happy, unsure = track(), track(reason="unsure", worn=True)
    total.add([unsure, happy, track(emotion=feeling("sad")), happy, unsure, track(judged=False, reason="too-small")])
    assert str(total) == "1 picture, 6 faces (2 with a mask): happy 2, sad 1, unsure 2, too small 1"


def test_drawn_pictures_are_written_beside_each_other(command, folder, tmp_path):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    out = tmp_path / "new" / "out"
    code, lines, err = command(folder, folder / "b.png", "--out", out)
    assert code == 0
    assert [line.split(" -> ")[1] for line in lines] == [str(out / f"{n}.png") for n in ("a", "b", "c", "b-2")]
    assert err[-1].endswith(f"; annotated copies are in {out}")
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "b-2.png", "b.png", "c.png"]
    drawn = picture.read(out / "b.png")
    assert drawn.shape == (360, 480, 3)
    assert not np.array_equal(drawn, picture.read(folder / "b.png").repeat(3, axis=0).repeat(3, axis=1))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_picture_is_never_written_over(command, folder):
    before = (folder / "b.png").read_bytes()
    assert command(folder / "b.png", "--out", folder)[0] == 0
    assert (folder / "b.png").read_bytes() == before
    assert (folder / "b-2.png").exists()


def test_nor_is_one_that_is_read_later(command, folder, tmp_path):
    other = tmp_path / "b.png"
    other.write_bytes((folder / "a.png").read_bytes())
    before = (folder / "b.png").read_bytes()
    assert command(other, folder / "b.png", "--out", folder)[0] == 0
    assert (folder / "b.png").read_bytes() == before
    assert {path.name for path in folder.iterdir()} == {"a.png", "b.png", "b-2.png", "b-3.png", "c.png"}


def test_a_folder_that_cannot_be_made_is_named_and_the_answers_still_told(command, folder):
    code, out, err = command(folder / "b.png", "--out", folder / "a.png" / "out", "--json")
    assert (code, len(out)) == (1, 1)
    assert "cannot make the folder" in err[0]


@pytest.fixture
def album(tmp_path):
    """A folder with a file of another program under the name of a picture."""
    made = tmp_path / "album"
    made.mkdir()
    (made / "b.png").write_text("my original")
    (made / "b-2.png").write_text("my other picture")
    return made


def test_a_file_that_this_run_did_not_write_is_never_replaced(command, folder, album):
    code, out, _ = command(folder / "b.png", "--out", album, "--json")
    assert code == 0
    assert json.loads(out[0])["annotated"] == str(album / "b-3.png")
    assert (album / "b.png").read_text() == "my original"
    assert (album / "b-2.png").read_text() == "my other picture"
    assert picture.read(album / "b-3.png").shape == (360, 480, 3)


def test_with_force_it_is_but_not_a_picture_that_is_read(command, folder, album):
    assert command(folder / "b.png", "--out", album, "--force")[0] == 0
    assert picture.read(album / "b.png").shape == (360, 480, 3)
    before = (folder / "b.png").read_bytes()
    assert command(folder / "b.png", "--out", folder, "--force")[0] == 0
    assert (folder / "b.png").read_bytes() == before
    assert (folder / "b-2.png").exists()


def test_a_variable_that_is_not_set_does_not_mean_the_working_folder(command, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    for words in ([""], ["a.png", "--out", ""], ["a.png", "--crop", ""], ["a.png", "--chart", ""]):
        with pytest.raises(SystemExit):
            command(*words)
        assert "expected a path, got nothing; is a variable not set?" in capsys.readouterr().err
    assert len(list(folder.iterdir())) == 3


def test_a_picture_on_standard_input_is_told_to_become_a_file(command, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert command("-")[::2] == (
        1, ["edge-emotion: -: standard input is not read; save the picture as a file, and name that"]
    )  # fmt: skip
    (folder / "a.png").rename(folder / "-")
    assert command("-")[:2] == (0, ["-: no face"])


def test_a_clip_is_shown_the_command_for_clips(command, tmp_path):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"\0\0\0\x14ftypisom\0\0\0\0isom")
    code, out, err = command(clip)
    assert (code, out) == (1, [])
    assert err == [f"edge-emotion: {clip}: a video, not a picture; for a clip: edge-emotion run --source {clip}"]


def test_what_a_folder_holds_beside_pictures_is_named(command, folder):
    (folder / "notes.txt").write_text("words")
    code, _, err = command(folder)
    assert code == 0
    assert err[0] == f"edge-emotion: {folder}: 1 skipped, not pictures: notes.txt"


def test_the_limit_of_pixels_is_a_flag(command, folder):
    code, out, err = command(folder / "b.png", "--max-megapixels", "0.01")
    assert (code, out) == (1, [])
    assert "160x120 pixels; expected at most 0.01 megapixels" in err[0]


def test_names_that_are_not_text_are_one_line_and_the_batch_goes_on(command, folder):
    odd = folder / os.fsdecode(b"caf\xe9\x1b[31m.png")
    odd.write_bytes((folder / "b.png").read_bytes())
    long = "a" * 300 + ".png"
    code, out, err = command(long, odd, folder / "a.png")
    assert code == 1
    assert [line.split(":")[0] for line in out] == [rf"{folder}/caf\xe9\x1b[31m.png", str(folder / "a.png")]
    assert "File name too long" in err[0]
    code, out, _ = command(odd, "--json")
    assert json.loads(out[0])["image"] == str(odd)


def test_a_picture_in_an_unsearchable_folder_is_one_line(command, folder, monkeypatch):
    """As root every folder can be searched, so the calls that the kernel would refuse are refused here."""
    behind = folder / "b.png"

    def refuse(real):
        def call(path, *rest, **more):
            if os.fspath(path) == str(behind):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return real(path, *rest, **more)

        return call

    monkeypatch.setattr(os, "open", refuse(os.open))
    monkeypatch.setattr(pathlib.Path, "is_dir", refuse(pathlib.Path.is_dir))
    code, out, err = command(behind, folder / "a.png")
    assert (code, len(out)) == (1, 1)
    assert err[0] == f"edge-emotion: {behind}: cannot read the picture (Permission denied)"


def test_no_models_is_a_model_error(command, folder, tmp_path):
    with pytest.raises(ModelError, match=r"manifest\.json"):
        command(folder, "--models", tmp_path)


@pytest.mark.parametrize(("detail", "faces"), [("fast", 0), ("auto", 1), ("full", 1), (None, 1)])
def test_a_large_picture_is_searched_as_closely_as_detail_says(command, tmp_path, detail, faces):
    pixels = np.zeros((240, 320, 3), np.uint8)
    pixels[:54, :54] = (255, 255, 0)  # a tile of it is about as large as the canvas
    picture.write(tmp_path / "large.png", pixels)
    code, out, _ = command(tmp_path / "large.png", "--json", *(("--detail", detail) if detail else ()))
    assert (code, len(json.loads(out[0])["faces"])) == (0, faces)


def test_faces_are_cut_out_from_left_to_right_only_if_asked_for(command, folder, tmp_path):
    crops = tmp_path / "crops"
    code, _, err = command(folder, "--crop", crops)
    assert (code, sorted(path.name for path in crops.iterdir())) == (0, ["b-1.png", "c-1.png", "c-2.png"])
    assert err[-1].endswith(f"3 faces are in {crops}")
    # The left face of c.png has a mask, which is painted blue; the right one has none.
    left, right = (picture.read(crops / name).reshape(-1, 3).max(axis=0) for name in ("c-1.png", "c-2.png"))
    assert (left.tolist(), right.tolist()) == ([255, 255, 255], [255, 0, 0])


def test_crops_never_replace_a_picture_that_is_read_nor_other_files_without_force(command, folder):
    (folder / "b.png").rename(folder / "c-1.png")
    before = (folder / "c-1.png").read_bytes()
    assert command(folder / "c.png", folder / "c-1.png", "--crop", folder, "--force")[0] == 0
    assert (folder / "c-1.png").read_bytes() == before
    assert {"c-2.png", "c-3.png", "c-1-1.png"} <= {path.name for path in folder.iterdir()}
    assert command(folder / "c.png", "--crop", folder)[0] == 0
    assert {"c-4.png", "c-5.png"} <= {path.name for path in folder.iterdir()}


def test_a_chart_of_all_faces(command, folder, tmp_path):
    chart = tmp_path / "chart.png"
    assert command(folder, "--chart", chart)[0] == 0
    image = picture.read(chart)
    assert image.shape == (96 + 7 * 44 + 24, 900, 3)
    rows = [image[96 + n * 44 + 20, 150:700] for n in range(7)]
    # Happy, sad and surprise were seen once each; surprise with a mask, which is darker.
    lengths = [(row.max(axis=1) > 60).sum() for row in rows]
    assert [length > 500 for length in lengths] == [False, False, False, True, True, True, False]
    assert rows[5].mean() < 0.6 * rows[3].mean()
    with pytest.raises(PictureError, match=r"chart\.png: exists; choose another --chart, or add --force"):
        command(folder, "--chart", chart)
    with pytest.raises(PictureError, match="is one of the input pictures"):
        command(folder, "--chart", folder / "a.png", "--force")
    assert command(folder, "--chart", chart, "--force")[0] == 0


def test_nothing_that_a_run_wrote_is_replaced_by_the_same_run(command, folder, tmp_path):
    out = tmp_path / "out"
    (folder / "b.png").rename(folder / "a-1.png")
    (folder / "c.png").rename(folder / "a.png")
    for _ in range(2):  # --force replaces what the first run left, and still nothing of its own
        code, lines, err = command(folder, "--out", out, "--crop", out, "--chart", out / "a.png", "--force")
        assert code == 0
        assert [line.split(" -> ")[1] for line in lines] == [str(out / f"{n}.png") for n in ("a-1", "a-2")]
        assert err[-1].endswith(f"; 3 faces are in {out}")
        assert {path.name for path in out.iterdir()} == {f"{n}.png" for n in ("a", "a-1", "a-1-1", "a-2", "a-3", "a-4")}
        assert picture.read(out / "a.png").shape == (96 + 7 * 44 + 24, 900, 3), "the chart"
        assert {picture.read(out / f"{n}.png").shape for n in ("a-1", "a-2")} == {(360, 480, 3)}


def test_a_picture_that_is_read_is_not_replaced_by_another_of_its_names(command, folder, tmp_path):
    before = (folder / "b.png").read_bytes()
    (tmp_path / "out").mkdir()
    for name in ("b.png", "b-1.png", "chart.png"):
        (tmp_path / "out" / name).hardlink_to(folder / "b.png")
    words = ("--out", tmp_path / "out", "--crop", tmp_path / "out", "--force")
    assert command(folder / "b.png", *words)[0] == 0
    assert (folder / "b.png").read_bytes() == before
    with pytest.raises(PictureError, match="is one of the input pictures"):
        command(folder / "b.png", "--chart", tmp_path / "out" / "chart.png", "--force")


def test_a_chart_that_cannot_be_written_is_refused_before_any_work(command, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(image, "open_pipeline", lambda *_, **__: pytest.fail("the models were opened"))
    for name, reason in (
        ("chart", r"chart: expected a --chart that ends in \.png or \.jpg or \.jpeg or \.webp"),
        ("chart.txt", "expected a --chart that ends in"),
        ("-", "expected a --chart that ends in"),
        ("pictures/a.png/chart.png", r"a\.png: cannot make the folder"),
    ):
        with pytest.raises((OutputError, PictureError), match=reason):
            command(folder, "--chart", tmp_path / name)


def test_a_chart_does_not_replace_what_came_while_it_was_counted(tmp_path):
    for force in (False, True):
        chart = Chart(tmp_path / f"{force}.png", Taken(), force)
        (tmp_path / f"{force}.png").write_text("new")
        if force:
            chart.write()
            assert picture.read(tmp_path / "True.png").shape[1] == 900
        else:
            with pytest.raises(PictureError, match="exists; choose another --chart"):
                chart.write()
            assert (tmp_path / "False.png").read_text() == "new"


def test_faces_are_marked_with_a_circle_if_asked_for(command, folder, tmp_path):
    for style in ("box", "circle"):
        code, *_ = command(folder / "b.png", "--out", tmp_path / style, "--style", style)
        assert code == 0
    box, circle = (picture.read(tmp_path / style / "b.png") for style in ("box", "circle"))
    assert box.shape[1] == circle.shape[1]
    rows = min(box.shape[0], circle.shape[0])
    assert (box[:rows] != circle[:rows]).any()
    assert (circle[:rows] != 0).any(axis=2).sum() < (box[:rows] != 0).any(axis=2).sum(), "no chart"
