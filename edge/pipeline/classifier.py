"""Classifiers of the face in a box: any model of head "probabilities", and the mask model."""

from __future__ import annotations

import numpy as np

from edge.errors import EngineError, ModelError
from edge.face import MaskResult
from edge.frame import Box
from edge.labels import BACKGROUND, INCORRECT, MASKS, Mask
from edge.ports import Engine
from edge.vision.crop import Crops

Picture = np.ndarray | Crops  # one picture; Crops where several models look at the same faces of it
MIN_FACE = 4 / 256  # P(bare) + P(worn) below this says nothing about their ratio in eight bits


class Classifier:
    """Gives the probability of each class of a model of head "probabilities".

    Raises:
        ModelError: the engine has another head.
    """

    def __init__(self, engine: Engine) -> None:
        expect_head(engine, "probabilities")
        self.engine = engine

    def probabilities(self, image: Picture, box: Box) -> np.ndarray:
        """P(class), float32 (K,) that sums to 1, in the order of the spec's labels.

        Args:
            image: uint8 (H, W, 3) RGB, or the crops of one.
            box: the face, in pixels of the picture.

        Raises:
            EngineError: the model could not be run.
        """
        return self.postprocess(self.engine.infer(self.preprocess(image, box)))

    def preprocess(self, image: Picture, box: Box) -> np.ndarray:
        """The model's input uint8 (height, width, C): the square that its spec cuts around the box."""
        spec = self.engine.spec
        crops = image if isinstance(image, Crops) else Crops(image)
        return crops(box.square(spec.margin, spec.shift), spec.width, spec.height, spec.channels)

    def postprocess(self, outputs: tuple[np.ndarray, ...]) -> np.ndarray:
        """The model's answer as float32 (K,) that sums to 1: in eight bits a softmax misses 1 by a little."""
        values = np.maximum(outputs[0].reshape(-1), 0.0)
        total = values.sum()
        if not total > 0:
            raise EngineError(f"{self.engine.spec.name}: expected probabilities, got only zeros; convert it again")
        answer: np.ndarray = (values / total).astype(np.float32)
        return answer


class MaskModel(Classifier):
    """A classifier with the labels of `edge.labels.MASKS`, and `background` and `incorrect` or not, in any order.

    Raises:
        ModelError: the engine has another head or other labels.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        spec = engine.spec
        if {*spec.labels} - {BACKGROUND, INCORRECT} != {*MASKS} or len({*spec.labels}) != len(spec.labels):
            raise ModelError(
                f"model {spec.name}: expected the labels {', '.join(MASKS)}, with or without {BACKGROUND} and "
                f"{INCORRECT}, got {', '.join(spec.labels) or 'none'}"
            )
        self.tells_faces = BACKGROUND in spec.labels
        self._bare, self._worn = (spec.labels.index(mask.label) for mask in Mask)
        self._incorrect = spec.labels.index(INCORRECT) if INCORRECT in spec.labels else None

    def classify(self, image: Picture, box: Box) -> MaskResult:
        """What is in a box of a picture uint8 (H, W, 3) RGB.

        Raises:
            EngineError: the model could not be run.
        """
        return self.parse(self.probabilities(image, box))

    def parse(self, answer: np.ndarray) -> MaskResult:
        """What P(label), float32 (K,) in the order of the spec's labels, says of a box."""
        bare, worn = float(answer[self._bare]), float(answer[self._worn])
        incorrect = 0.0 if self._incorrect is None else float(answer[self._incorrect])
        face = min(bare + worn + incorrect, 1.0)
        if face < MIN_FACE:
            return MaskResult(0.0, face if self.tells_faces else 1.0)
        some = min((worn + incorrect) / face, 1.0)
        return MaskResult(some, face if self.tells_faces else 1.0, min(incorrect / face, some))


def expect_head(engine: Engine, head: str) -> None:
    """Check the head of an engine's model.

    Raises:
        ModelError: it is another one.
    """
    if engine.spec.head != head:
        raise ModelError(f"model {engine.spec.name}: expected head {head!r}, got {engine.spec.head!r}")
