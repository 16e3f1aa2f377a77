"""The AP bench: its judge on detectors that know or do not know, and the peers on a few real pictures."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from edge.errors import EdgeError
from tests.bench.detectors import PEERS, need
from tests.bench.detectors.__main__ import HAAR, LIMIT, SCORE, Row, judge, main, sets, table
from tests.bench.detectors.blazeface import anchors
from training.data.boxes import Boxed

TRUTH = np.array([[10, 10, 50, 60], [70, 20, 100, 60]], np.float32)


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "two.png"
    cv2.imwrite(str(path), np.zeros((80, 120, 3), np.uint8))
    return Boxed(path, TRUTH, ("face", "face"))


class Saying:
    """A detector that always says the same."""

    def __init__(self, ltrb, scores):
        self.answer = np.array(ltrb, np.float32).reshape(-1, 4), np.array(scores, np.float32)

    def find(self, bgr):
        assert bgr.dtype == np.uint8
        return self.answer


@pytest.mark.parametrize(
    ("ltrb", "scores", "expected"),
    [
        ([], [], 0.0),
        (TRUTH, [0.9, 0.8], 1.0),
        (TRUTH[:1], [0.9], 0.5),
        # A false alarm above both halves the precision everywhere.
        ([[0, 60, 30, 80], *TRUTH], [0.95, 0.9, 0.8], 2 / 3),
    ],
)
def test_judge(picture, ltrb, scores, expected):
    assert judge(Saying(ltrb, scores), [picture]) == pytest.approx(expected)


def test_only_the_best_boxes_of_a_picture_count(picture):
    wrong = np.tile(np.array([0, 0, 20, 8], np.float32), (LIMIT, 1))
    ltrb = np.concatenate([wrong, TRUTH])
    drowned = Saying(ltrb, [0.9] * LIMIT + [0.8, 0.8])
    first = Saying(ltrb, [0.1] * LIMIT + [0.8, 0.8])
    assert judge(drowned, [picture]) == 0.0
    assert judge(first, [picture]) == 1.0


def test_blazeface_has_its_896_anchors_inside_the_canvas():
    points = anchors()
    assert points.shape == (896, 2)
    assert points.min() == 4.0
    assert points.max() == 124.0
    # 16 x 16 cells with two anchors, then 8 x 8 cells with six.
    assert len(np.unique(points[:512], axis=0)) == 256
    assert len(np.unique(points[512:], axis=0)) == 64


def test_a_missing_peer_is_named(tmp_path):
    with pytest.raises(EdgeError, match=r"yunet\.onnx: no such file; point --peers"):
        need(tmp_path, "yunet.onnx")


def test_the_table_has_a_dash_where_there_is_no_figure():
    assert table([]).count("\n") == 1
    assert table([Row("ours", 0.8765, None, 1.0)]).splitlines()[-1] == "| ours | 0.876 | - | - | 1.000 | - |"
    whole = Row("ours", 0.8765, 0.5, 1.0, wild=0.25, ms=3.14)
    assert table([whole]).splitlines()[-1] == "| ours | 0.876 | 0.250 | 0.500 | 1.000 | 3.1 |"


def test_the_command_says_in_one_line_what_is_missing(tmp_path, capsys):
    code = main(["--data", str(tmp_path), "--peers", str(tmp_path), "--only", "YuNet"])
    lines = capsys.readouterr().err.splitlines()
    assert code == 1
    assert len(lines) == 1
    assert "annotations.csv" in lines[0]


@pytest.mark.data
@pytest.mark.parametrize("name", PEERS)
def test_each_peer_finds_faces_on_real_pictures(shared_data, shared_peers, name):
    pictures = [p for p in sets(shared_data, 60)["faces"] if (p.ltrb[:, 2] - p.ltrb[:, 0]).max() > 80][:10]
    detector = PEERS[name](shared_peers, SCORE, 1)
    # These are group pictures with turned heads, which a frontal cascade does not see.
    floor = 0.3 if name == "Haar cascade" else 0.6
    large = [Boxed(p.path, p.ltrb[p.ltrb[:, 2] - p.ltrb[:, 0] > 80], p.labels) for p in pictures]
    found = sum(_hits(detector.find(cv2.imread(str(p.path)))[0], p.ltrb) for p in large)
    assert found >= floor * sum(len(p.ltrb) for p in large) > 0


def _hits(ltrb, truth):
    from training.metrics import iou_matrix

    return int((iou_matrix(ltrb, truth).max(axis=0, initial=0) >= 0.4).sum())


@pytest.mark.data
def test_the_command_on_a_few_pictures(shared_data, shared_peers, capsys):
    arguments = ["--data", str(shared_data), "--peers", str(shared_peers), "--pictures", "8", "--json"]
    assert main([*arguments, "--only", "YuNet", "UltraFace RFB-320", "--threads", "1"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == ["YuNet", "UltraFace RFB-320"]
    for row in rows:
        assert row["faces"] > 0.6
        assert row["masked_tight"] > 0.3
        assert row["wild"] > 0.3
        assert row["ms"] > 0


@pytest.mark.data
def test_the_cascade_in_our_pipeline_is_a_row_of_its_own(shared_data, shared_peers, capsys):
    arguments = ["--data", str(shared_data), "--peers", str(shared_peers), "--pictures", "8", "--json"]
    assert main([*arguments, "--only", HAAR, "ours", "--sets", "faces", "wild"]) == 0
    haar, ours = json.loads(capsys.readouterr().out)
    assert (haar["masked_tight"], haar["masked_tight_all"]) == (None, None)
    assert 0 < haar["faces"] < ours["faces"]
    assert haar["wild"] < ours["wild"]
