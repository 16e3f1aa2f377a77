"""Golden examples, replayed through the device's own code: models, crop and resize answer as when they were landed.

They are written by `python -m convert golden`, which is to be run when a model is landed or crop or resize changes on
purpose. The int8 answers are bit-identical under XNNPACK on x86-64 and ARM.
"""

from __future__ import annotations

import numpy as np
import pytest

from convert import golden
from edge import manifest
from edge.engines.litert import LiteRtEngine
from edge.engines.model import interpreter_module
from edge.vision.tensor import dequantize

AGAIN = "run: python -m convert golden"


@pytest.fixture(scope="module")
def folder(root):
    return root / "tests" / "golden"


def tasks() -> list[str]:
    if not (manifest.default_folder() / "manifest.json").exists():
        return []
    return list(manifest.load().specs)


def test_there_is_one_for_every_shipped_model(folder):
    have = {path.name for path in folder.glob("*.npz")}
    assert have == {*(f"{task}.npz" for task in tasks()), golden.VISION}, AGAIN


@pytest.mark.skipif("ai_edge_litert" not in interpreter_module().__name__, reason="tflite-runtime has no XNNPACK int8")
@pytest.mark.parametrize("task", tasks())
def test_a_model_answers_as_it_did(folder, task):
    listed = manifest.load()
    spec = listed[task]
    with np.load(folder / f"{task}.npz") as stored:
        assert str(stored["sha256"]) == spec.sha256, f"{task} is another model than the golden one; {AGAIN}"
        engine = LiteRtEngine(spec, listed.path(task))
        for row, seed in enumerate(stored["seeds"].tolist()):
            answers = engine.infer(golden.picture(seed, spec.width, spec.height, spec.channels))
            for k, got in enumerate(answers):
                scale, zero_point = float(stored[f"scale_{k}"]), int(stored[f"zero_{k}"])
                assert np.array_equal(got, dequantize(stored[f"output_{k}"][row], scale, zero_point)), (seed, k)


@pytest.fixture(scope="module")
def made():
    return golden.of_vision()


def test_crop_and_resize_answer_as_they_did(folder, made):
    with np.load(folder / golden.VISION) as stored:
        assert sorted(stored.files) == sorted(made), AGAIN
        wrong = [name for name in stored.files if not np.array_equal(stored[name], made[name])]
    assert wrong == [], "crop or resize changed: trained models no longer see what they learned"
