from __future__ import annotations

import argparse
import json

import numpy as np
import pytest

from edge import picture, records
from edge.commands import image
from edge.errors import ModelError
from edge.pipeline.factory import open_models


@pytest.fixture
def command(tiny, capsys):
    """command(*arguments): exit code, lines on standard output, lines on standard error."""

    def run(*arguments):
        parser = argparse.ArgumentParser()
        image.add_arguments(parser)
        code = image.main(parser.parse_args(["--models", str(tiny), *map(str, arguments)]))
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
    assert (code, err) == (0, [])
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
    assert out[1].endswith("% | no mask")
    assert "2 faces: " in out[2]


def test_a_bad_picture_and_an_empty_folder_are_named_and_the_rest_is_done(command, folder, tmp_path):
    (folder / "aa.png").write_bytes(b"")
    empty = tmp_path / "empty"
    empty.mkdir()
    code, out, err = command(empty, folder, tmp_path / "absent.jpg", folder / "b.png", "--json")
    assert code == 1
    assert len(out) == 4
    assert [line.split(": ")[1] for line in err] == [str(empty), str(folder / "aa.png"), str(tmp_path / "absent.jpg")]


def test_drawn_pictures_are_written_beside_each_other(command, folder, tmp_path):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    out = tmp_path / "new" / "out"
    code, _, _ = command(folder, folder / "b.png", "--out", out)
    assert code == 0
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


def test_no_models_is_a_model_error(command, folder, tmp_path):
    with pytest.raises(ModelError, match=r"manifest\.json"):
        command(folder, "--models", tmp_path)
