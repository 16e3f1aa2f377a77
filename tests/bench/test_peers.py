"""The bench beside peers: frames, the race of children that work, fail and die, costs, rows; and one small real run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import SourceError
from tests.bench.detectors import PeerError
from tests.bench.peers import __main__ as command
from tests.bench.peers import frames, table
from tests.bench.peers.child import apart
from tests.bench.peers.costs import COSTS, Cost
from tests.bench.peers.emotions import face_tensor
from tests.bench.peers.pipelines import OURS, PIPELINES, SHIPPED, Lap, Ours, Theirs


class Clock:
    """Each reading is one second later."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


# --- frames


@pytest.mark.parametrize(
    ("width", "height"), [(640, 480), (1280, 720), (720, 404), (480, 270), (480, 640), (1, 1), (3000, 10)]
)
def test_cover_gives_frames_of_one_size(width, height):
    image = np.full((height, width, 3), 9, np.uint8)
    assert (frames.cover(image) == np.full((480, 640, 3), 9)).all()


def test_cover_leaves_a_frame_of_the_right_size_alone():
    image = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
    assert np.array_equal(frames.cover(image), image)


def test_cover_cuts_both_sides_alike():
    image = np.zeros((480, 840, 3), np.uint8)
    image[:, :100] = image[:, -100:] = 255
    assert frames.cover(image).max() == 0


@pytest.mark.data
def test_a_source_without_a_face_is_an_error(shared_peers, tmp_path):
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((480, 640, 3), 128, np.uint8))
    with pytest.raises(SourceError, match="no frame with exactly one face"):
        frames.load(str(tmp_path), shared_peers, 5)


# --- pipelines


class Detecting:
    def __init__(self, *boxes):
        self.boxes = np.array(boxes, np.float32).reshape(-1, 4)

    def find(self, bgr):
        return self.boxes, np.ones(len(self.boxes))


class Remembering:
    def __init__(self):
        self.seen = []

    def look(self, bgr, box):
        self.seen.append((bgr, tuple(box)))


@pytest.mark.parametrize("boxes", [[], [(0, 0, 5, 5)], [(0, 0, 5, 5), (5, 5, 9, 9)]])
def test_theirs_looks_at_every_face_of_every_frame(boxes):
    images = np.zeros((2, 10, 10, 3), np.uint8)
    emotion = Remembering()
    pipeline = Theirs(Detecting(*boxes), emotion, images, Clock())
    laps = [pipeline.run(index) for index in range(3)]
    assert len(emotion.seen) == 3 * len(boxes)
    # The clock is read at the start, between the stages and at the end.
    assert laps == [Lap(2.0, {"face": 1.0, "emotion": 1.0}, len(boxes))] * 3


def test_theirs_goes_round_the_frames():
    images = np.arange(3, dtype=np.uint8).reshape(3, 1, 1, 1) * np.ones((1, 4, 4, 3), np.uint8)
    emotion = Remembering()
    pipeline = Theirs(Detecting((0, 0, 2, 2)), emotion, images)
    for index in (0, 1, 2, 3, 7):
        pipeline.run(index)
    assert [int(image[0, 0, 0]) for image, _ in emotion.seen] == [0, 1, 2, 0, 1]


def test_ours_times_each_stage_where_it_happens():
    from edge.pipeline.factory import open_models

    images = np.zeros((1, 120, 160, 3), np.uint8)
    images[0, 32:80, 48:96] = (255, 255, 0)  # a bare and happy face of the tiny models
    pipeline = Ours(open_models(Path(__file__).parent.parent / "tiny"), images, 15.0, Clock())
    laps = [pipeline.run(index) for index in range(2)]
    for lap in laps:
        assert lap.faces == 1
        assert {stage: lap.stages[stage] for stage in ("fit", "face", "decode")} == dict.fromkeys(
            ("fit", "face", "decode"), 1.0
        )
        # Both classifiers are looked at once.
        assert (lap.stages["mask"], lap.stages["emotion"]) == (1.0, 1.0)
        assert sum(lap.stages.values()) == lap.whole


@pytest.mark.parametrize(
    "ltrb", [(10, 10, 40, 40), (-30, -30, 10, 10), (90, 70, 200, 200), (5, 5, 5, 5), (99, 79, 100, 80)]
)
def test_a_face_at_the_edge_is_cut_there(ltrb):
    image = np.full((80, 100, 3), 255, np.uint8)
    tensor = face_tensor(image, np.array(ltrb, np.float32), (10, 10))
    assert tensor.shape == (1, 64, 64, 1)
    assert (tensor == 1.0).all()
    assert (face_tensor(image * 0, np.array(ltrb, np.float32), (10, 10)) == -1.0).all()


# --- the race; children are processes, so what they run stands at the top of this module


class Counting:
    """Says which index it was asked for; the frames tell where its notes go."""

    def __init__(self, options, images):
        self.faces = int(images[0, 0, 0, 0])

    def run(self, index):
        return Lap(float(index), {"face": float(index)}, self.faces)


class FailingAt20(Counting):
    def run(self, index):
        if index >= 20:
            raise ValueError("camera\non fire")
        return super().run(index)


class DyingAt20(Counting):
    def run(self, index):
        if index >= 20:
            os._exit(9)
        return super().run(index)


class Unopened:
    def __init__(self, options, images):
        raise PeerError("no such model")


@pytest.fixture
def stored(tmp_path):
    path = tmp_path / "frames.npy"
    np.save(path, np.full((2, 4, 4, 3), 7, np.uint8))
    return path


class Three:
    threads = 1


def test_the_race_gives_each_pipeline_every_frame_once(stored):
    laps, memory, errors = command.race({"a": Counting, "b": Counting}, Three(), stored, 25, 10)
    assert errors == {}
    for name in "ab":
        assert [lap.whole for lap in laps[name]] == [float(n) for n in range(25)]
        assert {lap.faces for lap in laps[name]} == {7}
        assert memory[name] > 0


def test_a_pipeline_that_fails_is_left_out_and_the_others_go_on(stored):
    openers = {"fails": FailingAt20, "works": Counting, "dies": DyingAt20, "never": Unopened}
    laps, memory, errors = command.race(openers, Three(), stored, 30, 10)
    assert errors == {
        "fails": "fails: ValueError: camera on fire",
        "dies": "dies: its process died",
        "never": "no such model",
    }
    assert [len(laps[name]) for name in openers] == [20, 30, 20, 0]
    assert list(memory) == ["works"]


def test_work_done_apart_that_fails_is_an_error():
    with pytest.raises(PeerError, match="failed in its child process"):
        apart(os._exit, 3)


# --- rows


def rows():
    mine = [Lap(0.002, {"face": 0.001}, 1)] * 10
    peer = [Lap(0.005, {"face": 0.004}, 1)] * 10
    slow = [Lap(0.050, {"face": 0.004}, 0)] * 10
    return [
        table.row(OURS, mine, Cost(200_000_000, 3_000_000), 90_000_000),
        table.row("quick", peer, Cost(100, 10), 1),
        table.row("slow", slow, Cost(None, 10), 1),
        table.row("broken", [], Cost(5, 10), None, "broken: on fire"),
        table.row(SHIPPED, [Lap(0.001, {"face": 0.001}, 1)], Cost(1, 1), 1),
    ]


def test_the_report_compares_with_ours_and_never_by_the_shipped_schedule():
    report = table.report(rows())
    assert [row["ratio"] for row in report["rows"]] == [1.0, 2.5, 25.0, None, 0.5]
    assert (report["fastest_peer"], report["times_faster_than_it"]) == ("quick", 2.5)
    assert [row["compared"] for row in report["rows"]] == [True, True, True, True, False]
    json.dumps(report)


def test_a_report_without_ours_has_no_ratios():
    report = table.report(rows()[1:])
    assert [row["ratio"] for row in report["rows"]] == [None] * 4
    assert report["fastest_peer"] is None


def test_a_report_of_nothing():
    about = {"machine": "m", "threads": 1, "frames": 0, "width": 640, "height": 480, "source": "s"}
    assert table.report([])["rows"] == []
    assert "| pipeline |" in table.text(about | table.report([]))


def test_the_text_says_what_a_person_asks():
    about = {"machine": "m", "threads": 1, "frames": 10, "width": 640, "height": 480, "source": "s"}
    text = table.text(about | table.report(rows()))
    assert "| ours | 2.00 | 2.00 | 1.00 | 1.00 | 200 M | 3.00 MB | 90 MB |" in text
    assert "| slow | 50.00 | 50.00 | 25.00 | 0.00 | - | 0.00 MB | 0 MB |" in text
    assert f"| {SHIPPED} (not compared) |" in text
    assert "The fastest peer, quick, takes 2.5 times ours." in text
    assert "broken: no figures: broken: on fire" in text


def test_every_pipeline_has_its_cost():
    assert list(COSTS) == list(PIPELINES)


@pytest.mark.data
def test_costs_are_those_that_others_publish(shared_peers):
    """UltraFace's page gives 0.2106 GFLOPs for RFB-320: two a multiply-add. OpenCV's own count would say 0.76 G."""
    from tests.bench.peers.costs import of_net

    net = cv2.dnn.readNetFromONNX(str(shared_peers / "ultraface_version-RFB-320.onnx"))
    counted = of_net(net, (1, 3, 240, 320))
    assert counted == pytest.approx(0.2106e9 / 2, rel=0.06)
    assert of_net(net, (1, 3, 240, 320)) == counted


@pytest.mark.data
@pytest.mark.slow
def test_the_command_on_real_frames(shared_data, shared_peers, tiny_models, capfd):
    names = [OURS, "YuNet 320x240 + fer TFLite", SHIPPED]
    arguments = ["--data", str(shared_data), "--peers", str(shared_peers), "--models", str(tiny_models), "--json"]
    assert (
        command.main([*arguments, "--look", "4", "--frames", "6", "--block", "3", "--threads", "1", "--only", *names])
        == 0
    )
    result = json.loads(capfd.readouterr().out)
    assert [row["name"] for row in result["rows"]] == names
    peer = result["rows"][1]
    assert (peer["faces_per_frame"], peer["runs"]) == (1.0, 6)
    assert peer["multiply_adds"] > 60e6
    assert peer["rss_mb"] > 20


def test_the_command_says_in_one_line_what_is_missing(tmp_path, capsys):
    code = command.main(["--peers", str(tmp_path), "--source", str(tmp_path / "none.mp4")])
    lines = capsys.readouterr().err.splitlines()
    assert (code, len(lines)) == (3, 1)
    assert "none.mp4" in lines[0]


@pytest.fixture
def tiny_models():
    return Path(__file__).parent.parent / "tiny"
