from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge import manifest
from edge.engines.litert import LiteRtEngine
from edge.engines.transposed import transposed
from edge.picture import reader
from edge.pipeline.detector import FaceDetector
from tests.edge.engines.test_operators import CONV_2D, tflite


@pytest.fixture(scope="module")
def content(root):
    return manifest.load(None).path("face").read_bytes()


@pytest.mark.parametrize("damaged", [b"", b"TFL3", tflite(), tflite((CONV_2D, "")), bytes(64)])
def test_what_is_no_network_has_no_transposed_one(damaged):
    assert transposed(damaged) is None


def test_a_network_that_is_cut_off_anywhere_has_no_transposed_one_or_a_whole_one(content):
    for end in range(0, len(content), len(content) // 97):
        answer = transposed(content[:end])
        assert answer is None or len(answer) == end


def test_only_kernels_change_and_twice_is_the_network_itself(content):
    turned = transposed(content)
    assert turned != content
    assert len(turned) == len(content)
    assert transposed(turned) == content


@pytest.mark.parametrize("task", ["mask", "emotion-bare", "emotion-masked", "landmarks"])
def test_a_network_with_a_dense_layer_is_not_transposed(task):
    listed = manifest.load(None)
    assert transposed(listed.path(task).read_bytes()) is None


def test_only_a_detector_on_the_cpu_can_be_had_transposed(tiny_manifest):
    spec = tiny_manifest["mask"]
    assert LiteRtEngine(spec, tiny_manifest.path("mask")).transposed() is None


def test_it_is_made_once_and_closed_with_its_engine(tiny_manifest):
    engine = LiteRtEngine(tiny_manifest["face"], tiny_manifest.path("face"))
    turned = engine.transposed()
    assert turned is not None
    assert engine.transposed() is turned
    engine.close()
    with pytest.raises(Exception, match="closed"):
        turned.infer(np.zeros((120, 160, 3), np.uint8))


def test_it_sees_in_a_picture_with_swapped_axes_what_the_network_sees_in_the_picture(root):
    listed = manifest.load(None)
    engine = LiteRtEngine(listed["face"], listed.path("face"))
    portrait = reader.read(root / "edge/demo/portrait.jpg")
    picture = np.full((240, 320, 3), 100, np.uint8)
    picture[64:160, 64:160] = cv2.resize(portrait, (96, 96), interpolation=cv2.INTER_AREA)
    swapped = np.full_like(picture, 100)
    swapped[:, :240] = picture[:, :240].swapaxes(0, 1)[:240]
    detector = FaceDetector(engine)
    expected = detector.detect(picture)
    turned = engine.transposed().infer(swapped)
    [face] = detector.postprocess(turned, detector.preprocess(np.zeros((320, 240, 3), np.uint8))[1])
    assert face.box.ltrb == pytest.approx(expected[0].box.ltrb, abs=1.0)
    assert face.score == pytest.approx(expected[0].score, abs=0.05)
