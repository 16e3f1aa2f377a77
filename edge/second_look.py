"""The second look at a found face: is a mask worn, and is it a face at all? The mask model answers both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.errors import ModelError
from edge.face import Face
from edge.finder import Classifier, FaceFinder
from edge.frame import Box
from edge.labels import BACKGROUND, MASK_LABELS, MASKS, Mask
from edge.ports import Engine
from edge.vision.track import matches

WEIGHT = 0.2  # of the second look's log-odds beside the detector's; chosen on validation, see docs/figures.md
LEAST = 1e-3  # of P(bare) + P(worn), below which eight bits say nothing of their ratio
FOLLOWED = 4  # faces that are followed already, and yet looked at again in one picture
CERTAIN = 0.9975  # eight bits know no surer answer than this, nor a less sure one than the rest


@dataclass(frozen=True)
class Look:
    """What the mask model says of a box.

    Attributes:
        worn: P(a mask is worn), 0-1, given that it is a face.
        face: P(it is a face), 0-1; 1 of a model without the third class.
    """

    worn: float
    face: float = 1.0


class MaskModel(Classifier):
    """A classifier with the labels of `edge.labels.MASKS`, or of `MASK_LABELS`, in any order.

    Raises:
        ModelError: the engine has another head or other labels.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        spec = engine.spec
        if sorted(spec.labels) not in (sorted(MASKS), sorted(MASK_LABELS)):
            raise ModelError(
                f"model {spec.name}: expected the labels {', '.join(MASKS)}, and {BACKGROUND} or not, "
                f"got {', '.join(spec.labels) or 'none'}"
            )
        self.tells_faces = BACKGROUND in spec.labels
        self._bare, self._worn = (spec.labels.index(mask.label) for mask in Mask)

    def judge(self, image: np.ndarray, box: Box) -> Look:
        """What is in a box of a picture uint8 (H, W, 3) RGB.

        Raises:
            EngineError: the model could not be run.
        """
        return self.said(self.look(image, box))

    def said(self, answer: np.ndarray) -> Look:
        """What P(label), float32 (K,) in the order of the spec's labels, says of a box."""
        bare, worn = float(answer[self._bare]), float(answer[self._worn])
        face = min(bare + worn, 1.0)
        return Look(worn / face if face > LEAST else 0.5, face if self.tells_faces else 1.0)


class CheckedFinder:
    """Finds faces, and drops those that the second look takes for none: a cascade (Viola & Jones, 2001).

    The detector looks at the whole picture at once and must be quick; the second look has a network for each box. They
    err differently, so neither decides alone: their log-odds are added, a sure detector outweighs a doubtful second
    look, and a sure second look a doubtful detector. With a mask model that does not tell faces from other things the
    detector decides alone.

    Args:
        face: the detector. Its spec's threshold is the score from which it may be believed alone.
        mask: gives the second look, if any. Its spec's threshold is what both must reach together.
        score: in place of the detector's threshold; what both must reach moves by as many log-odds. None: as it is.

    Raises:
        ModelError: the detector has another head.
    """

    def __init__(self, face: Engine, mask: MaskModel | None, score: float | None = None) -> None:
        self.score = face.spec.threshold if score is None else score
        self.mask = mask if mask and mask.tells_faces else None
        self._gap, least = 0.0, self.score
        if self.mask:
            self._gap = _log_odds(self.mask.engine.spec.threshold) - _log_odds(face.spec.threshold)
            least = _probability(_log_odds(self.score) + self._gap - WEIGHT * _log_odds(CERTAIN))
        self.finder = FaceFinder(face, least)

    def find(self, image: np.ndarray) -> tuple[Face, ...]:
        """The faces of a picture uint8 (H, W, 3) RGB, best first.

        Raises:
            EngineError: a model could not be run.
        """
        return tuple(self.looks(image))

    def looks(
        self, image: np.ndarray, followed: Sequence[Face] = (), match_iou: float = 1.0
    ) -> dict[Face, Look | None]:
        """The faces of a picture, best first, each with what the second look saw in it, if it was taken.

        Args:
            image: uint8 (H, W, 3) RGB.
            followed: known faces. Of those found that overlap one of them by `match_iou`, only the FOLLOWED least sure
                are looked at again: a crowd that stays costs no more than a few people.
            match_iou: 0-1, more than 0.

        Raises:
            EngineError: a model could not be run.
        """
        found = self.finder.find(image)
        if not self.mask:
            return dict.fromkeys(found)
        known = matches(followed, found, match_iou).values() if followed else ()
        spared = set(sorted(known, key=lambda n: found[n].score)[FOLLOWED:])
        seen = {face: None if n in spared else self.mask.judge(image, face.box) for n, face in enumerate(found)}
        return {face: look for face, look in seen.items() if look is None or self.standing(face, look) >= self.score}

    def standing(self, face: Face, look: Look | None) -> float:
        """The highest `score` at which this face would still count, 0-1."""
        if look is None or not self.mask:
            return face.score
        held = min(max(look.face, 1 - CERTAIN), CERTAIN)
        return _probability(_log_odds(face.score) + WEIGHT * _log_odds(held) - self._gap)


def _log_odds(probability: float) -> float:
    held = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(held / (1 - held))


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
