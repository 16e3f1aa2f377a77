"""Every file below a folder: links are followed, no walk is endless, and what cannot be read is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from training.data import walk


def names(folder: Path, **more) -> tuple[list[str], list[str]]:
    files, lost = walk.below(folder, **more)
    return [str(path.relative_to(folder)) for path in files], [f"{name}: {why}" for name, why in lost]


@pytest.fixture
def tree(tmp_path) -> Path:
    for place in ("tree/b/2.png", "tree/a.png", "away/x/1.png"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(place)
    return tmp_path / "tree"


def test_an_empty_or_missing_folder_holds_nothing(tmp_path) -> None:
    assert walk.below(tmp_path) == ([], [])
    assert walk.below(tmp_path / "absent") == ([], [])


def test_hidden_files_and_folders_are_left_out_where_asked(tree) -> None:
    """Jupyter keeps copies of pictures that were looked at: they are no pictures of the set."""
    for place in (".DS_Store", "b/.ipynb_checkpoints/2-checkpoint.png"):
        (tree / place).parent.mkdir(exist_ok=True)
        (tree / place).touch()
    assert names(tree, hidden=False) == (["a.png", "b/2.png"], [])
    assert len(names(tree)[0]) == 4


def test_linked_folders_and_files_are_read_like_others(tree, tmp_path) -> None:
    (tree / "c").symlink_to(tmp_path / "away")
    (tree / "d.png").symlink_to(tmp_path / "away/x/1.png")
    assert names(tree) == (["a.png", "b/2.png", "c/x/1.png", "d.png"], [])
    assert names(tree, without=tree / "b")[0] == ["a.png", "c/x/1.png", "d.png"]


def test_no_walk_is_endless(tree, tmp_path) -> None:
    (tree / "b/up").symlink_to(tree)
    (tree / "c").symlink_to(tmp_path / "away")
    for n in range(12):
        (tmp_path / f"away/l{n}").symlink_to(tmp_path / "away/x")
        (tmp_path / f"away/x/m{n}").symlink_to(tmp_path / "away")
    files, lost = names(tree)
    assert {"a.png", "b/2.png", "c/x/1.png"} <= set(files)
    assert "b/up/: a link to a folder that contains the link" in lost
    assert len(files) < 40


def test_what_is_no_file_is_named(tree) -> None:
    os.mkfifo(tree / "pipe")
    (tree / "gone.png").symlink_to("nowhere.png")
    (tree / "self.png").symlink_to("self.png")
    files, lost = names(tree)
    assert files == ["a.png", "b/2.png"]
    assert lost == [
        "gone.png: a link to nowhere.png, which cannot be read (No such file or directory)",
        "pipe: a FIFO, not a file",
        "self.png: a link to self.png, which cannot be read (Too many levels of symbolic links)",
    ]


def test_a_folder_that_may_not_be_read_is_named(tree, monkeypatch) -> None:
    listed = Path.iterdir

    def refused(path: Path):
        if path.name == "b":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", refused)
    assert names(tree) == (["a.png"], ["b/: cannot be read (Permission denied)"])


def test_a_fingerprint_changes_with_names_sizes_and_times(tree) -> None:
    first = walk.fingerprint(tree)
    (tree / "b/.DS_Store").write_text("where the icons are")
    assert walk.fingerprint(tree) == first
    seen = {first, walk.fingerprint(tree / "a.png"), walk.fingerprint(tree / "absent")}
    (tree / "a.png").write_text("longer than it was")
    seen.add(walk.fingerprint(tree))
    os.utime(tree / "b/2.png", (1, 1))
    seen.add(walk.fingerprint(tree))
    (tree / "b").rename(tree / "c")
    seen.add(walk.fingerprint(tree))
    assert len(seen) == 6
