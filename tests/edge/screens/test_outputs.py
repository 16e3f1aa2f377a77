"""What `run` may write, checked before it begins."""

from __future__ import annotations

import pytest

from edge import picture
from edge.errors import OutputError
from edge.screens.outputs import check_outputs


@pytest.fixture
def source(tmp_path, paint):
    """A folder with two pictures, and a clip that an earlier run wrote there."""
    folder = tmp_path / "film"
    folder.mkdir()
    for name in ("a.png", "b.webp"):
        picture.write(folder / name, paint())
    (folder / "old.mp4").write_bytes(b"a clip")
    return folder


def refused(match, source, *, journal="-", clip=None, sheet=None, force=True):
    with pytest.raises(OutputError, match=match):
        check_outputs(str(source), str(journal), clip, sheet, force)


def test_without_outputs_everything_is_well(tmp_path):
    check_outputs("demo", "-", None, None)
    check_outputs(str(tmp_path / "absent"), str(tmp_path / "journal.jsonl"), None, None)


def test_what_cannot_be_written_is_said_before_the_run(tmp_path):
    refused(r"a\.avi: expected a file that ends in \.mp4 or \.webp", "demo", clip=tmp_path / "a.avi")
    refused(r"expected a file that ends in \.png", "demo", sheet=tmp_path / "sheet.mp4")
    refused("none: no such folder; create it first", "demo", clip=tmp_path / "none" / "a.mp4")
    check_outputs("demo", "-", tmp_path / "a.MP4", tmp_path / "a.png")


def test_a_file_that_is_there_is_only_replaced_by_force_and_the_source_never(tmp_path):
    holiday, link, source = tmp_path / "holiday.mp4", tmp_path / "link.mp4", tmp_path / "source.mp4"
    holiday.write_bytes(b"mine")
    link.symlink_to("nowhere.mp4")
    source.write_bytes(b"mine")
    (tmp_path / "again.mp4").hardlink_to(source)
    for path in (holiday, link):
        refused("exists; choose another file, or add --force", "demo", clip=path, force=False)
        check_outputs("demo", "-", path, None, force=True)
    refused("is the source itself; choose another file for --out", source, clip=tmp_path / "again.mp4")
    refused("is the source itself; choose another file for --journal", source, journal=source)


def test_no_picture_of_a_source_folder_is_replaced_by_whatever_name(source, tmp_path):
    (tmp_path / "hard.png").hardlink_to(source / "a.png")
    (tmp_path / "soft.png").symlink_to(source / "a.png")
    for place in (source / "a.png", tmp_path / "hard.png", tmp_path / "soft.png"):
        refused("is one of the source's pictures; choose another file for --sheet", source, sheet=place)
    refused("is one of the source's pictures; choose another file for --out", source, clip=source / "b.webp")
    refused("is one of the source's pictures; choose another file for --journal", source, journal=source / "a.png")


def test_what_a_source_folder_holds_beside_its_pictures_is_replaced_by_force(source, tmp_path):
    check_outputs(str(source), str(source / "journal.jsonl"), source / "old.mp4", source / "new.png", force=True)
    (tmp_path / "other.png").write_bytes((source / "a.png").read_bytes())
    check_outputs(str(source), "-", None, tmp_path / "other.png", force=True)


def test_two_outputs_of_a_run_are_two_files(tmp_path):
    (tmp_path / "z.png").write_text("a journal")
    (tmp_path / "link.png").symlink_to("z.png")
    for journal in (tmp_path / "z.png", tmp_path / "link.png", tmp_path / ".." / tmp_path.name / "z.png"):
        refused("choose two files for --journal and --sheet", "demo", journal=journal, sheet=tmp_path / "z.png")
    new = tmp_path / "new.webp"
    refused("choose two files for --out and --sheet", "demo", clip=new, sheet=new)
    refused("choose two files for --journal and --out", "demo", journal=new, clip=new)
