"""The emotion pipeline: what was known and a frame in, what is known now out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from edge.errors import ModelError
from edge.extras import NOTHING
from edge.face import Scene, Track
from edge.frame import Frame
from edge.labels import EMOTIONS, extra_labels
from edge.pipeline.classifier import Classifier, MaskModel
from edge.pipeline.optional import OptionalModels
from edge.pipeline.schedule import detection_due, refresh_due
from edge.pipeline.verifier import MAX_VERIFICATIONS, VerifiedDetector
from edge.ports import Engine
from edge.settings import ModelsSettings, TrackSettings
from edge.vision import cuts, naming, routing, smoothing, tracking
from edge.vision.crop import Crops


class EmotionPipeline:
    """Finds faces, follows them, and says of each whether a mask is worn and which emotion it shows.

    Holds no state but the models: a scene goes in with a frame and another comes out, so the same frames give the same
    scenes. `edge.pipeline.factory.open_pipeline` makes one from settings.

    Args:
        face: detector, head "anchors".
        mask: classifier with the labels of `edge.labels.MASKS` or `MASK_LABELS`, in any order; with the latter it also
            verifies detections.
        bare, masked: emotion models with the labels of `edge.labels.EMOTIONS` and maybe further ones, in any order.
        models: thresholds.
        track: how faces are followed and how often they are refreshed.
        fallbacks: what runs on the CPU though an accelerator was asked for, and why; a line each.
        optional: landmarks and gender, where they are on.

    Attributes:
        detector: the verified detector.
        mask: the mask model.
        emotions: the emotion model by whether a mask is worn.
        labels: what the tracks' emotions are: the seven, then what else one of the two models tells apart.

    Raises:
        ModelError: an engine has another head or other labels.
    """

    def __init__(
        self,
        face: Engine,
        mask: Engine,
        bare: Engine,
        masked: Engine,
        models: ModelsSettings | None = None,
        track: TrackSettings | None = None,
        fallbacks: Sequence[str] = (),
        optional: OptionalModels | None = None,
    ) -> None:
        self.models = models or ModelsSettings()
        self.track = track or TrackSettings()
        self.fallbacks = tuple(fallbacks)
        self.optional = optional
        self.mask = MaskModel(mask)
        self.detector = VerifiedDetector(face, self.mask, self.models.face_score or None)
        self.emotions = {False: Classifier(bare), True: Classifier(masked)}
        self.labels = (*EMOTIONS, *extra_labels((*bare.spec.labels, *masked.spec.labels)))
        self._orders = {worn: _order(c.engine, self.labels) for worn, c in self.emotions.items()}
        self._lacking = [worn for worn, order in self._orders.items() if -1 in order]

    @property
    def engines(self) -> tuple[Engine, ...]:
        """The engines, in the order face, mask, bare, masked, and the optional ones that are on."""
        optional = self.optional.engines if self.optional else ()
        emotions = (classifier.engine for classifier in self.emotions.values())
        return (self.detector.detector.engine, self.mask.engine, *emotions, *optional)

    def __call__(self, before: Scene, frame: Frame) -> Scene:
        """What is known after `frame`, given what was known before it. Depends on nothing else.

        Raises:
            EngineError: a model could not be run; `before` still holds.
        """
        thumbnail = cuts.thumbnail(frame.image)
        if before.thumbnail is not None and cuts.is_cut(before.thumbnail, thumbnail):
            # Nobody of before is known to be here: tracks end, and this frame is searched.
            before = Scene(time=before.time, serial=before.serial)
        crops = Crops(frame.image)
        after = self._detect(before, frame, crops)
        seen = [n for n, known in enumerate(after.tracks) if known.seen >= after.looked_at]
        due = set(refresh_due(after, seen, frame.time - before.time, self.track.refresh_hz))
        known = enumerate(after.tracks)
        tracks = tuple(self._refresh(track, frame.time, crops) if n in due else track for n, track in known)
        return replace(after, tracks=tracks, thumbnail=thumbnail if cuts.tells(thumbnail) else after.thumbnail)

    def detect(self, image: np.ndarray, detail: str = "fast") -> tuple[Track, ...]:
        """The faces of one picture, uint8 (H, W, 3) RGB, with mask and emotion, in the order of their scores.

        Args:
            image: the picture.
            detail: "fast", "auto" or "full": how closely a large picture is searched, see edge.pipeline.detail.

        Raises:
            InvalidValue: the array is not a picture, or an unknown detail.
            EngineError: a model could not be run.
        """
        frame = Frame(image, 0.0, 0)
        crops = Crops(frame.image)
        found = self.detector.detect(image, detail=detail, crops=crops)
        tracks = tracking.update(Scene(), found, 0.0, self.track.match_iou, self.track.expire_s).tracks
        return tuple(self._refresh(known, frame.time, crops) for known in tracks)

    def close(self) -> None:
        """Release the models."""
        for engine in self.engines:
            engine.close()

    def _detect(self, before: Scene, frame: Frame, crops: Crops) -> Scene:
        """The tracks after detection where that is due, else as they were."""
        rules = self.track
        if not detection_due(before, frame, rules.detect_every):
            return tracking.expire(before, frame.time, rules.expire_s)
        followed = [known.face for known in before.tracks]
        most = MAX_VERIFICATIONS if rules.refresh_hz else None
        found = self.detector.detect(frame.image, followed, rules.match_iou, most, crops=crops)
        after = tracking.update(
            before, found, frame.time, rules.match_iou, rules.expire_s, rules.min_hits, rules.sure_score
        )
        return replace(after, looked=frame.index, looked_at=frame.time)

    def _refresh(self, known: Track, time: float, crops: Crops) -> Track:
        """The track with mask, route and emotion of this frame, smoothed."""
        models, box, tau = self.models, known.face.box, self.track.smooth_s
        fresh = known.refreshed is None
        seconds = 0.0 if known.refreshed is None else time - known.refreshed
        # A detection of this frame that was verified has its mask already.
        verified = known.face.mask if known.seen == time else None
        now = verified or self.mask.classify(crops, box)
        mask = _smoothed(None if fresh else known.mask, now.worn, seconds, tau)
        incorrect = min(_smoothed(None if fresh else known.incorrect, now.incorrect, seconds, tau), mask)
        on, off = models.route_on, models.route_off
        state = routing.mask_state(None if fresh else known.mask_state, mask, incorrect, on, off)
        covered = mask if models.incorrect_route == "masked" else mask - incorrect
        worn = routing.choose(None if fresh else known.worn, covered, on, off)
        new: dict[str, Any] = dict(mask=mask, incorrect=incorrect, mask_state=state, worn=worn, refreshed=time)
        small = None if fresh else known.reason == "too-small"
        if naming.too_small(small, min(box.width, box.height), models.min_face_px):
            return replace(known, **new, extras=NOTHING, emotion=None, raw=None, reason="too-small", named=None)
        answer = self.emotions[worn].probabilities(crops, box)
        raw = (answer if worn not in self._lacking else np.append(answer, np.float32(0.0)))[self._orders[worn]]
        # The two models are two instruments: after a change of route smoothing starts anew.
        emotion = smoothing.blend(known.emotion if worn == known.worn else None, raw, seconds, tau)
        first = known.emotion is None
        named = naming.choose_emotion(known.named, first, emotion, models.confidence, self.track.hold)
        reason = "unsure" if named is None else None
        new |= {"emotion": emotion, "raw": raw, "reason": reason, "named": named, "labels": self.labels}
        if self.optional is not None:
            new["extras"] = self.optional(crops, box, known.extras, seconds, tau)
        return replace(known, **new)


def _smoothed(before: float | None, now: float, seconds: float, tau: float) -> float:
    return min(max(smoothing.blend(before, now, seconds, tau), 0.0), 1.0)


def _order(engine: Engine, labels: tuple[str, ...]) -> Any:
    """Where each of these labels stands in the model's answer, an index array; -1 for what only the other model knows.

    Raises:
        ModelError: it lacks one of the seven emotions.
    """
    spec = engine.spec
    if not {*EMOTIONS} <= {*spec.labels}:
        raise ModelError(
            f"model {spec.name}: expected the labels {', '.join(EMOTIONS)}, got {', '.join(spec.labels) or 'none'}"
        )
    return np.array([spec.labels.index(label) if label in spec.labels else -1 for label in labels])
