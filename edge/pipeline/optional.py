"""The optional models: landmarks and gender. Off by default; each runs when a face's emotion is updated."""

from __future__ import annotations

import numpy as np

from edge.errors import ModelError
from edge.extras import POINTS, Extras
from edge.frame import Box
from edge.labels import GENDERS
from edge.pipeline.classifier import Classifier, expect_head
from edge.ports import Engine
from edge.vision.crop import Crops
from edge.vision.smoothing import blend

GENDER_S = 5.0  # time constant: nobody's face changes in this from moment to moment


class OptionalModels:
    """What runs beside mask and emotion.

    Args:
        landmarks: a model of head "points", or None.
        gender: a classifier with the labels of `edge.labels.GENDERS`, in any order, or None.

    Raises:
        ModelError: an engine has another head or other labels.
    """

    def __init__(self, landmarks: Engine | None = None, gender: Engine | None = None) -> None:
        if landmarks is not None:
            expect_head(landmarks, "points")
        self.landmarks = landmarks
        self.gender = Classifier(gender) if gender is not None else None
        if gender is not None and sorted(gender.spec.labels) != sorted(GENDERS):
            told = ", ".join(gender.spec.labels) or "none"
            raise ModelError(f"model {gender.spec.name}: expected the labels {', '.join(GENDERS)}, got {told}")
        self._order = [gender.spec.labels.index(label) for label in GENDERS] if gender is not None else []

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Those that are on."""
        gender = self.gender.engine if self.gender is not None else None
        return tuple(engine for engine in (self.landmarks, gender) if engine is not None)

    def __call__(self, crops: Crops, box: Box, before: Extras, seconds: float, tau: float) -> Extras:
        """What the models see now, smoothed.

        Args:
            crops: of a picture uint8 (H, W, 3) RGB.
            box: the face, in its pixels.
            before: what was known so far.
            seconds: since then.
            tau: time constant of the landmarks' smoothing, seconds.

        Raises:
            EngineError: a model could not be run.
        """
        points = gender = None
        sure = before.sure
        if self.landmarks is not None:
            points = blend(before.points, self._points(crops, box), seconds, tau)
        if self.gender is not None:
            answer = self.gender.probabilities(crops, box)[self._order]
            gender = blend(before.gender, answer, seconds, GENDER_S if tau else 0.0)
            sure = self.gender.engine.spec.threshold
        return Extras(points, gender, sure)

    def _points(self, crops: Crops, box: Box) -> np.ndarray:
        """The landmarks as parts of the box."""
        assert self.landmarks is not None
        spec = self.landmarks.spec
        square = box.square(spec.margin, spec.shift)
        (answer,) = self.landmarks.infer(crops(square, spec.width, spec.height, spec.channels))
        # Crops rounds the square to whole pixels: so do the points.
        left, top = round(square.left), round(square.top)
        size = (max(round(square.right) - left, 1), max(round(square.bottom) - top, 1))
        placed = answer.reshape(POINTS, 2) * np.array(size) + (left, top)
        return np.asarray((placed - (box.left, box.top)) / (max(box.width, 1.0), max(box.height, 1.0)), np.float32)
