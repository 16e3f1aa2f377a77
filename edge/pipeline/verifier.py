"""The second look at a found face: is a mask worn, and is it a face at all? The mask model answers both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge.errors import ModelError
from edge.face import Face
from edge.frame import Box
from edge.labels import BACKGROUND, MASK_LABELS, MASKS, Mask
from edge.pipeline.detector import Classifier, FaceDetector
from edge.ports import Engine
from edge.vision.tracking import matches

WEIGHT = 0.2  # of the second look's log-odds beside the detector's; chosen on validation, see docs/figures.md
MOST_ODDS = 6.0  # log-odds that a second look can have, either way: beyond, eight bits tell nothing apart
FAINT = 4 / 256  # of P(bare) + P(worn), below which eight bits tell nothing of their ratio
LOOKS = 12  # in one picture of a live camera: the multiply-adds of one and a half detections


@dataclass(frozen=True)
class Look:
    """What the mask model says of a box.

    Attributes:
        worn: P(a mask is worn), 0-1, given that it is a face; 0 where hardly anything speaks for a face.
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
        return Look(worn / face if face >= FAINT else 0.0, face if self.tells_faces else 1.0)


class VerifiedDetector:
    """Finds faces, and drops those that the second look talks it out of: a cascade (Viola & Jones, 2001).

    The detector looks at the whole picture at once and must be quick; the second look has a network for each box. They
    err differently, so neither decides alone: their log-odds are added, a sure detector outweighs a doubtful second
    look, and a sure second look a doubtful detector. The sum, moved so that the bar of both lies at the detector's own
    threshold, is the score of the faces that are given. With a mask model that does not tell faces from other things
    the detector decides alone.

    Args:
        face: the detector. Its spec's threshold is the score from which a face counts.
        mask: gives the second look, if any. Its spec's threshold is the bar of both together.
        score: from which a face counts in place of the detector's threshold.

    Raises:
        ModelError: the detector has another head.
    """

    def __init__(self, face: Engine, mask: MaskModel | None, score: float | None = None) -> None:
        self.score = face.spec.threshold if score is None else score
        self.mask = mask if mask and mask.tells_faces else None
        self._gap, least = 0.0, self.score
        if self.mask:
            self._gap = _log_odds(self.mask.engine.spec.threshold) - _log_odds(face.spec.threshold)
            least = _probability(_log_odds(self.score) + self._gap - WEIGHT * MOST_ODDS)
        self.finder = FaceDetector(face, least)

    def find(self, image: np.ndarray) -> tuple[Face, ...]:
        """The faces of a picture uint8 (H, W, 3) RGB, best first.

        Raises:
            EngineError: a model could not be run.
        """
        return tuple(self.looks(image))

    def looks(
        self, image: np.ndarray, followed: Sequence[Face] = (), match_iou: float = 1.0, most: int | None = None
    ) -> dict[Face, Look | None]:
        """The faces of a picture, best first, each with what the second look saw in it, if it was taken.

        Args:
            image: uint8 (H, W, 3) RGB.
            followed: known faces.
            match_iou: 0-1, more than 0; what overlaps a known face by so much is not new.
            most: how many second looks may be taken: at what is new first, the surest of it before the others, then at
                the least sure of the followed. The detector decides of the rest. None: at everything.

        Raises:
            EngineError: a model could not be run.
        """
        found = self.finder.find(image)
        if not self.mask:
            return dict.fromkeys(found)
        known = set(matches(followed, found, match_iou).values()) if followed else set()
        order = [n for n in range(len(found)) if n not in known] + sorted(known, reverse=True)
        looks: dict[Face, Look | None] = {}
        for place, n in enumerate(order):
            look = self.mask.judge(image, found[n].box) if most is None or place < most else None
            if self.counts(found[n], look):
                looks[replace(found[n], score=self.standing(found[n], look))] = look
        return dict(sorted(looks.items(), key=lambda item: -item[0].score))

    def counts(self, face: Face, look: Look | None) -> bool:
        """Whether what the detector found is told of."""
        return self._odds(face, look) >= _log_odds(self.score) - 1e-9

    def standing(self, face: Face, look: Look | None) -> float:
        """The score, 0-1, of what the detector found and the second look saw, together."""
        return _probability(self._odds(face, look)) if self.mask else face.score

    def _odds(self, face: Face, look: Look | None) -> float:
        seen = _log_odds(look.face) if look and self.mask else 0.0
        return _log_odds(face.score) + WEIGHT * min(max(seen, -MOST_ODDS), MOST_ODDS) - self._gap


def _log_odds(probability: float) -> float:
    held = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(held / (1 - held))


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
