"""OpenCV's Haar cascade as a detector: on its own, in the pipeline, through every door, and where it is absent."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import edge
import edge.demo
from edge import picture
from edge.__main__ import main
from edge.engines import haar
from edge.engines.haar import HaarEngine
from edge.errors import EngineError, InvalidValue, ModelError, SettingsError
from edge.frame import Box
from edge.pipeline.detector import FaceDetector
from edge.pipeline.factory import open_pipeline
from edge.settings import EngineSettings, ModelsSettings, Settings
from edge.sha256 import sha256_of

PORTRAIT = Path(edge.demo.__file__).with_name("portrait.jpg")
BLACK = np.zeros((haar.HEIGHT, haar.WIDTH, 1), np.uint8)


@pytest.fixture
def no_cascade(monkeypatch, tmp_path):
    """A machine whose OpenCV comes without its data."""
    monkeypatch.setattr(haar, "_folders", lambda: iter([tmp_path / "cv2/data", tmp_path / "opencv4"]))


def found(engine: HaarEngine, image: np.ndarray) -> list[Box]:
    return [face.box for face in FaceDetector(engine).detect(image)]


def test_a_face_is_found_where_the_face_model_finds_it():
    image = picture.read(PORTRAIT)
    (box,) = found(HaarEngine(), image)
    with edge.Recognizer() as recognizer:
        (face,) = recognizer.detect(image)
    assert box.iou(face.box) > 0.5


@pytest.mark.parametrize("factor", [1, 2])
def test_boxes_are_in_pixels_of_the_picture(factor):
    image = picture.read(PORTRAIT)
    large = np.repeat(np.repeat(image, factor, axis=0), factor, axis=1)
    wide = np.concatenate([np.zeros_like(large), large], axis=1)
    (box,) = found(HaarEngine(), wide)
    assert box.left > large.shape[1]
    assert box.right < 2 * large.shape[1]


def test_nothing_is_found_in_nothing():
    boxes, scores = HaarEngine().infer(BLACK)
    assert (boxes.shape, scores.shape) == ((0, 4), (0,))
    assert boxes.dtype == scores.dtype == np.float32


def test_a_heavier_last_stage_is_a_higher_score():
    scores = haar.score(np.array([-50.0, haar.MIDDLE, 50.0, 5000.0]))
    assert scores[1] == pytest.approx(0.5)
    assert (np.diff(scores) >= 0).all()
    assert scores.min() >= 0
    assert scores.max() <= 1


def test_it_refuses_what_any_engine_refuses():
    engine = HaarEngine()
    with pytest.raises(InvalidValue, match=r"haar: expected uint8 \(480, 640, 1\), got uint8 \(480, 640, 3\)"):
        engine.infer(np.zeros((480, 640, 3), np.uint8))
    engine.close()
    with pytest.raises(EngineError, match="haar: the engine is closed"):
        engine.infer(BLACK)


def test_the_pipeline_verifies_what_it_finds_and_needs_no_face_model():
    settings = Settings(models=ModelsSettings(detector="haar"), engine=EngineSettings(threads=1))
    pipeline = open_pipeline(settings, live=False)
    try:
        assert next(iter(pipeline.engines)).spec.name == "haar"
        (track,) = pipeline.detect(picture.read(PORTRAIT))
        assert track.face.mask is not None, "the mask model has looked at it"
        assert track.emotion is not None
        assert pipeline.detect(np.full((480, 640, 3), 90, np.uint8)) == ()
    finally:
        pipeline.close()


def test_every_door_leads_to_it(tmp_path, capsys, monkeypatch):
    asked = []
    infer = HaarEngine.infer
    monkeypatch.setattr(HaarEngine, "infer", lambda self, image: (asked.append(1), infer(self, image))[1])

    def used() -> int:
        count = len(asked)
        asked.clear()
        return count

    with edge.Recognizer(detector="haar") as recognizer:
        assert len(recognizer.detect(PORTRAIT)) == 1
    assert used() == 1
    assert main(["image", str(PORTRAIT), "--json", "--detector", "haar"]) == 0
    assert len(json.loads(capsys.readouterr().out)["faces"]) == 1
    assert used() == 1
    (tmp_path / "my.toml").write_text('[models]\ndetector = "haar"\n')
    frames = ["--source", str(PORTRAIT), "--frames", "1", "--journal", str(tmp_path / "j.jsonl")]
    assert main(["run", "--config", str(tmp_path / "my.toml"), *frames]) == 0
    assert used() == 1
    events = [json.loads(line) for line in (tmp_path / "j.jsonl").read_text().splitlines()]
    assert events[0]["models"]["face"] == sha256_of(haar.find())[:12]
    capsys.readouterr()
    assert main(["bench", "--source", str(PORTRAIT), "--rounds", "1", "--json", "--detector", "haar"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["detector"] == "haar"
    assert result["model_bytes"]["face"] == haar.find().stat().st_size
    assert {name: row["runs"] for name, row in result["detectors"].items()} == {"model": 1, "haar": 1}


def test_without_the_file_there_is_one_line_with_the_fix_and_the_face_model_still_works(no_cascade, capsys):
    assert main(["image", str(PORTRAIT), "--detector", "haar"]) == 4
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "detector haar: no haarcascade_frontalface_default.xml in " in err
    assert 'or set [models] detector = "model"' in err
    assert main(["image", str(PORTRAIT)]) == 0
    capsys.readouterr()
    assert main(["bench", "--source", str(PORTRAIT), "--rounds", "1"]) == 0
    out = capsys.readouterr().out
    assert "face detectors, a frame each: model" in out
    assert "haar" not in out


def test_an_opencv_without_cascades_is_named(monkeypatch):
    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(ModelError, match=r"OpenCV .* has no cascades; install OpenCV 4"):
        HaarEngine()


@pytest.mark.parametrize("content", [b"", b"<opencv_storage/>", b"not xml"])
def test_a_broken_file_is_named(tmp_path, content):
    (tmp_path / haar.FILE).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{haar.FILE}: (not a cascade|cannot read the cascade)"):
        HaarEngine(tmp_path / haar.FILE)
    with pytest.raises(ModelError, match=r"absent\.xml: cannot read the cascade"):
        HaarEngine(tmp_path / "absent.xml")


def test_another_detector_is_a_settings_error():
    with pytest.raises(SettingsError, match="detector: expected one of model, haar, got dog"):
        edge.Recognizer(detector="dog")
