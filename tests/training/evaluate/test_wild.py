"""Foreign pictures: what is counted, what is excused, and two boxes on one face."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.face import Detection
from edge.frame import Box
from training.data import boxes, no_faces
from training.data.fer2013 import DataError
from training.evaluate import cut_heads, mask_colours, wild
from training.metrics import Found, average_precision


def ltrb(*listed: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(listed, np.float32).reshape(-1, 4)


FACE, OTHER = (20, 20, 60, 70), (120, 20, 160, 70)


class Finder:
    """Reports the same boxes in every picture."""

    def __init__(self, *listed: tuple[float, float, float, float]) -> None:
        self.faces = tuple(Detection(Box(*one), 0.9) for one in listed)

    def detect(self, image: np.ndarray) -> tuple[Detection, ...]:
        return self.faces


class Context:
    """The part of an EvaluationContext that is asked."""

    def __init__(self, *listed: tuple[float, float, float, float]) -> None:
        self.listed = listed

    def finder(self) -> Finder:
        return Finder(*self.listed)

    @staticmethod
    def once(key, function):
        return function()


@pytest.fixture
def picture(tmp_path):
    """picture(faces, labels, ignored): one annotated picture of 200 x 100 pixels."""
    path = tmp_path / "one.png"
    cv2.imwrite(str(path), np.zeros((100, 200, 3), np.uint8))

    def make(faces=(), labels=None, ignored=()):
        return boxes.Boxed(path, ltrb(*faces), tuple(labels or ["face"] * len(faces)), ignored=ltrb(*ignored))

    return make


@pytest.mark.parametrize(
    ("annotated", "found", "expected"),
    [
        pytest.param({}, [], (0, 0, 0, 0), id="nothing there, nothing said"),
        pytest.param({}, [FACE], (0, 0, 1, 1), id="a false detection"),
        pytest.param({"faces": [FACE]}, [], (1, 0, 0, 0), id="a miss"),
        pytest.param({"faces": [FACE, OTHER]}, [OTHER], (2, 1, 1, 0), id="one of two"),
        pytest.param({"ignored": [FACE]}, [FACE], (0, 0, 1, 0), id="what is ignored is neither right nor wrong"),
        pytest.param({"faces": [(0, 0, 15, 15)]}, [(0, 0, 15, 15)], (0, 0, 1, 0), id="a narrow face is not counted"),
        pytest.param({}, [(0, 0, 11, 11)], (0, 0, 1, 0), id="a narrow box is excused"),
    ],
)
def test_reported_boxes_are_counted(picture, annotated, found, expected) -> None:
    counts = wild.reported(Context(*found), [picture(**annotated)])
    assert (counts.faces, counts.found, counts.reported, counts.wrong) == expected


def test_of_one_label_only_its_faces_count_and_the_others_are_excused(picture) -> None:
    both = picture([FACE, OTHER], ["with_mask", "without_mask"])
    counts = wild.reported(Context(OTHER), [both], "with_mask")
    assert (counts.faces, counts.found, counts.wrong) == (1, 0, 0)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param([], False, id="no box"),
        pytest.param([FACE], False, id="one"),
        pytest.param([FACE, (25, 30, 55, 60)], True, id="one inside the other"),
        pytest.param([FACE, (22, 22, 62, 72)], True, id="one beside the other"),
        pytest.param([FACE, (58, 20, 98, 70)], False, id="a neighbour"),
        pytest.param([(20, 20, 60, 40), (20, 48, 60, 70)], False, id="upper and lower half, apart"),
    ],
)
def test_two_boxes_on_one_face(found, expected) -> None:
    assert wild.two_on_one(ltrb(*found), ltrb(FACE)[0]) is expected


def test_doubles_are_shares_of_faces(picture) -> None:
    told = wild.doubles(Context(FACE, (25, 30, 55, 60), OTHER), [picture([FACE, OTHER])])
    assert (told["double"], told["double_faces"], told["double_close_faces"]) == (0.5, 2, 0)


def test_ignored_boxes_are_neither_right_nor_wrong_for_average_precision() -> None:
    found = Found(ltrb(FACE, OTHER), np.float32([0.5, 0.9]), ltrb(FACE))
    assert average_precision([found]) == 0.5
    assert average_precision([Found(found.ltrb, found.scores, found.truth, ltrb(OTHER))]) == 1.0


def test_small_faces_are_counted_by_the_side_of_the_picture() -> None:
    narrow = (0, 0, 13, 13)
    assert np.isnan(average_precision([Found(ltrb(narrow), np.float32([0.9]), ltrb(narrow), smallest=14.0)]))
    assert average_precision([Found(ltrb(narrow), np.float32([0.9]), ltrb(narrow))]) == 1.0


def test_a_row_without_a_box_is_a_picture_without_a_face(tmp_path) -> None:
    (tmp_path / "annotations.csv").write_text(
        "image,split,x,y,w,h,label\na.png,test,,,,,none\nb.png,test,1,2,3,4,ignore\nb.png,test,5,6,7,8,face\n"
    )
    empty, other = boxes.load(tmp_path, "test")
    assert (len(empty.ltrb), len(empty.ignored)) == (0, 0)
    assert (other.ltrb.tolist(), other.labels, other.ignored.tolist()) == ([[5, 6, 12, 14]], ("face",), [[1, 2, 4, 6]])


def test_pictures_without_faces_are_listed_by_split(tmp_path) -> None:
    (tmp_path / "annotations.csv").write_text("image,split,source\na.png,train,cats\nb.png,test,cats\n")
    assert [picture.path.name for picture in no_faces.load(tmp_path, "test")] == ["b.png"]
    with pytest.raises(DataError, match="no row of split 'val'"):
        no_faces.load(tmp_path, "val")
    with pytest.raises(DataError, match="cannot read the list of pictures"):
        no_faces.load(tmp_path / "nowhere", "test")


@pytest.mark.parametrize("side", cut_heads.SIDES)
def test_a_head_is_cut_by_its_side_and_its_box_is_what_is_left(side) -> None:
    head = np.zeros((100, 100, 3), np.uint8)
    head[30:70, 35:65] = 255  # the face
    for seed in range(4):
        rng = np.random.default_rng(seed)
        frame, box = cut_heads.enlarge(head, np.array([35.0, 30.0, 65.0, 70.0]), side, rng)
        assert frame.shape == (cut_heads.HEIGHT, cut_heads.WIDTH, 3)
        rows, columns = np.nonzero(frame[:, :, 0] > 127)
        seen = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert np.abs(seen - box).max() < 8
        edges = {"left": box[0] == 0, "right": box[2] == cut_heads.WIDTH}
        assert edges.get(side, True)


def test_a_dyed_mask_has_its_colour_and_leaves_the_rest_alone() -> None:
    from tests.training.made import points

    head = np.full((128, 128, 3), 150, np.uint8)
    yellow = mask_colours.recoloured(head, points((22, 34, 106, 122)), "yellow", 0)
    changed = (yellow != head).any(axis=2)
    assert 0.1 < changed.mean() < 0.7
    red, _, blue = yellow[changed].mean(axis=0)
    assert red > 1.5 * blue
    dots = mask_colours.recoloured(head, points((22, 34, 106, 122)), "dots", 0)
    assert len(np.unique(dots[changed] // 64, axis=0)) > 2
