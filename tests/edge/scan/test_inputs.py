"""What is found below some paths, and what is passed over."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from edge import picture
from edge.scan.inputs import ANIMATION, CLIP, PICTURE, Found, find
from tests.edge.scan.conftest import write_clip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    return tmp_path / "a"


def found(*paths, **more):
    there = find([os.path.relpath(path) for path in paths], **more)
    return [(source.name, source.kind) for source in there.sources], {p.name: p.kind for p in there.problems}


GREY = np.full((8, 8, 3), 90, np.uint8)


def test_no_path_and_an_empty_folder_hold_nothing(folder):
    assert find([]) == Found((), ())
    assert found(folder) == ([], {})


def test_content_decides_and_the_end_of_a_name_only_where_it_says_nothing(folder, plain):
    picture.write(folder / "really.png", GREY)
    os.rename(folder / "really.png", folder / "picture.txt")
    write_clip(folder / "clip.avi", plain(10, 20))
    os.rename(folder / "clip.avi", folder / "clip.jpg")
    frames = [Image.fromarray(GREY), Image.fromarray(GREY // 2)]
    frames[0].save(folder / "moves.gif", save_all=True, append_images=frames[1:], duration=100)
    frames[0].save(folder / "still.gif")
    for name in ("broken.jpeg", "broken.ts", "series.mjpeg", "words.txt", "README", "empty"):
        (folder / name).write_bytes(b"nothing of the kind" if name != "empty" else b"")
    assert found(folder) == (
        [
            ("a/broken.jpeg", PICTURE), ("a/broken.ts", CLIP), ("a/clip.jpg", CLIP), ("a/moves.gif", ANIMATION),
            ("a/picture.txt", PICTURE), ("a/series.mjpeg", CLIP), ("a/still.gif", PICTURE),
        ],
        {"a/README": "skipped", "a/empty": "skipped", "a/words.txt": "skipped"},
    )  # fmt: skip


def test_a_fifo_is_passed_over_and_does_not_block(folder):
    os.mkfifo(folder / "pipe.jpg")
    os.mkfifo(folder / "pipe.mp4")
    assert found(folder) == ([], {"a/pipe.jpg": "skipped", "a/pipe.mp4": "skipped"})
    assert find([folder]).problems[0].message.endswith("pipe.jpg: a FIFO, not a picture or a clip")


def test_what_is_missing_is_a_failure(folder):
    (folder / "dangling.jpg").symlink_to("nowhere")
    assert found(folder, folder / "absent.jpg") == ([], {"a/absent.jpg": "failed", "a/dangling.jpg": "failed"})
    assert "No such file" in find([folder]).problems[0].message


def test_a_link_to_a_folder_is_named_and_not_followed(folder):
    (folder / "b").mkdir()
    picture.write(folder / "b" / "p.png", GREY)
    (folder / "b" / "circle").symlink_to(folder)
    assert found(folder) == ([("a/b/p.png", PICTURE)], {"a/b/circle": "skipped"})


def test_a_link_to_itself_is_a_failure_and_the_rest_is_found(folder):
    (folder / "loop.jpg").symlink_to("loop.jpg")
    picture.write(folder / "p.png", GREY)
    assert found(folder) == ([("a/p.png", PICTURE)], {"a/loop.jpg": "failed"})
    assert "Too many levels of symbolic links" in find([folder]).problems[0].message


def test_a_file_that_is_named_twice_counts_once(folder):
    picture.write(folder / "p.png", GREY)
    assert found(folder, folder / "p.png", folder)[0] == [("a/p.png", PICTURE)]


def test_files_come_by_name_however_the_folders_are_listed(folder, monkeypatch):
    for name in ("b/1.png", "b/c/2.png", "b-1.png", "z.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        picture.write(folder / name, GREY)
    forwards = find([folder]).sources
    real = os.scandir

    class Backwards:
        def __init__(self, path):
            self._entries = sorted(real(path), key=lambda entry: entry.name, reverse=True)

        def __enter__(self):
            return iter(self._entries)

        def __exit__(self, *error):
            pass

    monkeypatch.setattr(os, "scandir", Backwards)
    assert find([folder]).sources == forwards
    assert [source.name for source in forwards] == sorted(source.name for source in forwards)


def test_hidden_files_and_the_results_are_not_looked_at(folder):
    for name in (".hidden.png", ".git/p.png", "results/p.png", "p.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        picture.write(folder / name, GREY)
    assert found(folder, leave_out=folder / "results") == ([("a/p.png", PICTURE)], {})


def test_a_name_that_is_not_text_is_escaped_but_found(folder):
    odd = folder / os.fsdecode(b"caf\xe9.png")
    picture.write(odd, GREY)
    (source,) = find([folder]).sources
    assert source.name.endswith("caf\\xe9.png")
    assert source.path == str(odd)


def test_a_folder_that_cannot_be_read_is_a_failure(folder, monkeypatch):
    """As root every folder can be read, so what the kernel would refuse is refused here."""

    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert found(folder) == ([], {"a": "failed"})


def test_the_bar_is_told_of_each_file(folder):
    for n in range(3):
        picture.write(folder / f"{n}.png", GREY)
    told = []
    find([folder], tick=told.append)
    assert told == [1, 2, 3]
