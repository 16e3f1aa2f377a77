"""Pictures with boxes."""

from __future__ import annotations

import pytest

from edge.errors import PictureError
from training.data import boxes
from training.data.fer2013 import DataError


def test_a_split_and_its_boxes(made_data) -> None:
    listed = boxes.load(made_data / "faces", "val")
    assert len(listed) == 4
    assert listed[1].ltrb.tolist() == [[11, 20, 51, 60], [90, 41, 122, 73]]
    assert listed[1].labels == ("face", "face")
    assert listed[1].read().shape == (120, 160, 3)


def test_tight_and_loose_are_told_by_the_name(made_data, tmp_path) -> None:
    assert all(picture.tight for picture in boxes.load(made_data / "masked_faces", "test"))
    folder = tmp_path / "masked_faces"
    folder.mkdir()
    (folder / "annotations.csv").write_text("image,split,x,y,w,h,label\nweb1.jpg,test,1,2,3,4,with_mask\n")
    (picture,) = boxes.load(folder, "test")
    assert not picture.tight
    with pytest.raises(PictureError, match=r"web1\.jpg"):
        picture.read()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "cannot read the boxes"),
        ("image,split,x,y,w,h,label\n", "no row of split 'test'"),
        ("image,split,x,y\na.jpg,test,1,2\n", "cannot read the boxes"),
        ("image,split,x,y,w,h,label\na.jpg,test,1,2,wide,4,face\n", "wide"),
    ],
)
def test_a_broken_table_is_named(tmp_path, text, expected) -> None:
    if text is not None:
        (tmp_path / "annotations.csv").write_text(text)
    with pytest.raises(DataError, match=expected) as caught:
        boxes.load(tmp_path, "test")
    assert "annotations.csv" in str(caught.value)
