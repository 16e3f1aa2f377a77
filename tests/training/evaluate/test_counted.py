"""What counts an engine's runs does not take away what the engine can do."""

from __future__ import annotations

import numpy as np

from edge import manifest
from edge.testing import FakeEngine
from training.evaluate.context import CountedEngine

SPEC = manifest.load()["face"]
IMAGE = np.zeros((SPEC.height, SPEC.width, 3), np.uint8)


def engine():
    return FakeEngine(SPEC, lambda image: (image.astype(np.float32),))


class Turning(FakeEngine):
    """One that can be had for upright pictures; `turned` is what is then given."""

    turned: FakeEngine | None = None

    def transposed(self):
        return self.turned


def test_a_detector_still_searches_upright_pictures_upright_and_both_are_counted() -> None:
    runs: list[int] = []
    inner = Turning(SPEC, lambda image: (image,))
    around = CountedEngine(inner, lambda: runs.append(1))
    assert around.transposed() is None
    inner.turned = engine()
    around.infer(IMAGE)
    around.transposed().infer(IMAGE)
    assert (len(runs), len(inner.images), len(inner.turned.images)) == (2, 1, 1)


def test_other_engines_are_not_had_for_upright_pictures() -> None:
    assert CountedEngine(engine(), lambda: None).transposed() is None
