"""Verification of detections: is a mask worn, and is it a face at all? The mask model answers both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edge.face import Detection, MaskResult
from edge.pipeline.classifier import MaskModel
from edge.pipeline.detail import search
from edge.pipeline.detector import FaceDetector
from edge.ports import Engine
from edge.vision.crop import Crops
from edge.vision.tracking import match_greedy

WEIGHT = 0.6  # of verification's log-odds beside the detector's; chosen on validation, see docs/figures.md
# The size of a box says something, too: how many of its pixels the canvas shows, and how far it was enlarged.
LARGE = 40.0  # px
GAIN, MAX_DOUBLINGS = 0.4, 1.5  # log-odds of each doubling beyond LARGE: hardly any larger box is a false detection
BLUR = 0.7  # log-odds that each doubling by enlargement costs below LARGE: blurred hands look like faces
MAX_LOG_ODDS = 6.0  # of verification, either way: beyond, eight bits tell nothing apart
SUREST = MaskResult(0.0, 1.0)
# Of the detector: fainter boxes are not verified, as there are many small ones and hardly any is a face.
MIN_SCORE, MIN_LARGE = 0.25, 0.15
PART = 0.4  # of a box inside another: a faint detection with more of it is on the same face
MAX_VERIFICATIONS = 12  # in one frame of a live camera: the multiply-adds of one and a half detections


class VerifiedDetector:
    """Finds faces, and drops those that verification speaks against: a cascade (Viola & Jones, 2001).

    The detector sees the whole picture at once and must be quick; verification runs a network on each box. They err
    differently, so neither decides alone: their log-odds are added. A sure detector outweighs a doubtful verification,
    and a sure verification a doubtful detector. A large box gets a little more, for the detector seldom takes anything
    else for a large face, but is unsure of heads that fill the picture or leave it; a small one in a picture that was
    enlarged gets less. The sum, moved so that both thresholds lie at the detector's own, is the score that is reported.
    With a mask model that does not know the class "background" the detector decides alone.

    Args:
        face: the detector. Its spec's threshold is the detection threshold.
        mask: verifies, if there is one. Its spec's threshold is that of detector and verification together.
        score: a detection threshold, 0-1, in place of the detector's own.

    Raises:
        ModelError: the detector has another head.
    """

    def __init__(self, face: Engine, mask: MaskModel | None, score: float | None = None) -> None:
        self.score = face.spec.threshold if score is None else score
        self.mask = mask if mask and mask.tells_faces else None
        self._gap, least = 0.0, self.score
        self._needed = _log_odds(self.score) - 1e-9
        if self.mask:
            self._gap = _log_odds(self.mask.engine.spec.threshold) - _log_odds(face.spec.threshold)
            most = WEIGHT * MAX_LOG_ODDS + GAIN * MAX_DOUBLINGS
            least = _probability(_log_odds(self.score) + self._gap - most)
            least = max(least, min(MIN_LARGE, self.score))
        self.detector = FaceDetector(face, least)

    def detect(
        self,
        image: np.ndarray,
        followed: Sequence[Detection] = (),
        match_iou: float = 1.0,
        most: int | None = None,
        detail: str = "fast",
        crops: Crops | None = None,
    ) -> tuple[Detection, ...]:
        """The faces of a picture, best first, each with what verification saw in it, if it was run.

        Args:
            image: uint8 (H, W, 3) RGB.
            followed: known faces.
            match_iou: 0-1, more than 0; a detection that overlaps a known face by this much is not new.
            most: how many boxes may be verified: new ones that the detector is sure of first, the surest before the
                others, then the least sure of the followed, then what is new and faint. The detector alone decides
                about the rest. None: all.
            detail: "fast", "auto" or "full": how closely a large picture is searched, see edge.pipeline.detail.
            crops: the picture's, where other models look at the same faces.

        Raises:
            EngineError: a model could not be run.
            InvalidValue: an unknown detail.
        """
        crops = crops or Crops(image)
        found = search(self.detector, image, detail)
        if not self.mask:
            return found
        scale = self.detector.scale(image.shape[1], image.shape[0])
        found = tuple(face for face in found if self._worth_verifying(face, scale))
        known = set(match_greedy(followed, found, match_iou).values()) if followed else set()
        fresh = [n for n in range(len(found)) if n not in known]
        sure = [n for n in fresh if found[n].score >= self.score]
        order = sure + sorted(known, reverse=True) + fresh[len(sure) :]
        verified: list[tuple[Detection, bool]] = []
        for place, n in enumerate(order):
            mask = self.mask.classify(crops, found[n].box) if most is None or place < most else None
            odds = self._fused_log_odds(found[n], mask, scale)
            if odds >= self._needed:
                fused = replace(found[n], score=_probability(odds), mask=mask)
                verified.append((fused, found[n].score < self.score))
        return _without_parts(verified)

    def _worth_verifying(self, detection: Detection, scale: float) -> bool:
        """Whether the surest verification could lift a detection, and there are not too many like it."""
        shown = detection.box.width * min(scale, 1.0)
        faint = detection.score < min(MIN_SCORE if shown < LARGE else MIN_LARGE, self.score)
        return not faint and self.accepts(detection, SUREST, scale)

    def accepts(self, detection: Detection, mask: MaskResult | None, scale: float = 1.0) -> bool:
        """Whether a detection, with what verification saw in it, is reported; `scale`: canvas / picture."""
        return self._fused_log_odds(detection, mask, scale) >= self._needed

    def fused_score(self, detection: Detection, mask: MaskResult | None, scale: float = 1.0) -> float:
        """The score, 0-1, of detector and verification together; `scale`: canvas / picture."""
        return _probability(self._fused_log_odds(detection, mask, scale)) if self.mask else detection.score

    def _fused_log_odds(self, detection: Detection, mask: MaskResult | None, scale: float) -> float:
        if mask is None or not self.mask:
            return _log_odds(detection.score)  # the detector alone decides, by its own threshold
        seen = min(max(_log_odds(mask.face), -MAX_LOG_ODDS), MAX_LOG_ODDS)
        return _log_odds(detection.score) + WEIGHT * seen + _size(detection.box.width, scale) - self._gap


def _size(width: float, scale: float) -> float:
    """The log-odds that a box gets for its size; `width` in pixels of the picture, `scale`: canvas / picture."""
    width = max(width, 1.0)
    doublings = math.log2(max(width * min(scale, 1.0) / LARGE, 1.0))
    enlarged = math.log2(max(min(scale, LARGE / width), 1.0))
    return GAIN * min(doublings, MAX_DOUBLINGS) - BLUR * enlarged


def _without_parts(verified: Sequence[tuple[Detection, bool]]) -> tuple[Detection, ...]:
    """The detections, best first, without faint ones on the same face as another: verification sees a face there, too.

    Args:
        verified: each detection, and whether the detector alone would not have reported it.
    """
    kept: list[Detection] = [detection for detection, faint in verified if not faint]
    for one in sorted((detection for detection, faint in verified if faint), key=lambda detection: -detection.score):
        if all(max(one.box.inside(other.box), other.box.inside(one.box)) <= PART for other in kept):
            kept.append(one)
    return tuple(sorted(kept, key=lambda detection: -detection.score))


def _log_odds(probability: float) -> float:
    held = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(held / (1 - held))


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
