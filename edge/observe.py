"""The Observer: engines and pure functions put together. What was known and a frame in, what is known now out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge import manifest
from edge.engines import open_engine
from edge.errors import InvalidValue, ModelError
from edge.face import Scene, Track
from edge.finder import Classifier, FaceFinder
from edge.frame import Frame
from edge.labels import EMOTIONS, MASKS, Mask
from edge.ports import Engine
from edge.vision import route, smooth, track

# However many frames a slow source skips, faces are looked for again after this many seconds.
LOOK_AGAIN_S = 0.25


@dataclass(frozen=True)
class Rules:
    """How an Observer decides. See the settings of the same names in systemd/config.toml.

    Attributes:
        face_score: score from which a face counts, or None for the model's own threshold.
        route_on, route_off: P(worn) at which a face goes to the masked model, and back.
        confidence: an emotion whose smoothed probability is below is "unsure".
        min_face_px: a face whose shorter side is below is "too-small".
        detect_every: faces are looked for in every n-th frame.
        refresh_hz: how many times a second a track is looked at closely, shared by all tracks; 0: each in every frame.
        smooth_s: time constant of smoothing, seconds.
        expire_s: seconds unseen after which a track ends.
        match_iou: overlap from which a face is the track's.
    """

    face_score: float | None = None
    route_on: float = 0.6
    route_off: float = 0.4
    confidence: float = 0.35
    min_face_px: float = 24.0
    detect_every: int = 1
    refresh_hz: float = 0.0
    smooth_s: float = 0.5
    expire_s: float = 1.0
    match_iou: float = 0.3

    def __post_init__(self) -> None:
        if not 0.0 <= self.route_off <= self.route_on <= 1.0:
            raise InvalidValue(f"route: expected 0 <= off <= on <= 1, got off {self.route_off}, on {self.route_on}")
        if self.detect_every < 1:
            raise InvalidValue(f"detect_every: expected at least 1, got {self.detect_every}")


class Observer:
    """Finds faces, follows them, and says of each whether a mask is worn and which emotion it shows.

    Holds no state but the models: scenes come in and go out, so the same frames give the same scenes.

    Args:
        face: detector, head "anchors".
        mask: classifier with the labels of `edge.labels.MASKS`, in any order.
        bare, masked: emotion models with the labels of `edge.labels.EMOTIONS`, in any order.
        rules: how it decides.

    Raises:
        ModelError: an engine has another head or other labels.
    """

    def __init__(self, face: Engine, mask: Engine, bare: Engine, masked: Engine, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.finder = FaceFinder(face, self.rules.face_score)
        self.mask = Classifier(mask)
        self.emotions = {False: Classifier(bare), True: Classifier(masked)}
        self._worn = _order(mask, MASKS)[Mask.WORN]
        self._orders = {worn: _order(c.engine, EMOTIONS) for worn, c in self.emotions.items()}

    @classmethod
    def open(
        cls, models: str | Path | None = None, threads: int = 1, accelerator: str = "cpu", rules: Rules | None = None
    ) -> Observer:
        """An Observer on the models of a folder (default: the shipped ones).

        Args:
            models: a folder with a manifest.json.
            threads: threads of each model.
            accelerator: "cpu", "edgetpu", or "auto" for the Edge TPU where one is plugged in.
            rules: how it decides.

        Raises:
            ModelError: a model is missing, broken, or not what the manifest says.
        """
        listed = manifest.load(Path(models) if models else None)
        face, mask, bare, masked = (
            open_engine(listed, task, threads, accelerator)
            for task in ("face", "mask", "emotion-bare", "emotion-masked")
        )
        return cls(face, mask, bare, masked, rules)

    def observe(self, before: Scene, frame: Frame) -> Scene:
        """What is known after `frame`, given what was known before it. Depends on nothing else.

        Raises:
            EngineError: a model could not be run; `before` still holds.
        """
        after = self._look(before, frame)
        live = [n for n, known in enumerate(after.tracks) if known.seen >= after.looked_at]
        chosen = set(due(after, live, frame.time - before.time, self.rules.refresh_hz))
        tracks = tuple(self._refresh(known, frame) if n in chosen else known for n, known in enumerate(after.tracks))
        return replace(after, tracks=tracks)

    def picture(self, image: np.ndarray) -> tuple[Track, ...]:
        """The faces of one picture, uint8 (H, W, 3) RGB, each looked at, in the order of their scores.

        Raises:
            InvalidValue: the array is not a picture.
            EngineError: a model could not be run.
        """
        frame = Frame(image, 0.0, 0)
        tracks = track.follow(Scene(), self.finder.find(image), 0.0, self.rules.match_iou, self.rules.expire_s).tracks
        return tuple(self._refresh(known, frame) for known in tracks)

    def close(self) -> None:
        """Let go of the models."""
        for engine in (self.finder.engine, self.mask.engine, *(c.engine for c in self.emotions.values())):
            engine.close()

    def _look(self, before: Scene, frame: Frame) -> Scene:
        """Detection where it is due, else the tracks as they were."""
        rules = self.rules
        if not look_due(before, frame, rules.detect_every):
            return track.expire(before, frame.time, rules.expire_s)
        after = track.follow(before, self.finder.find(frame.image), frame.time, rules.match_iou, rules.expire_s)
        return replace(after, looked=frame.index, looked_at=frame.time)

    def _refresh(self, known: Track, frame: Frame) -> Track:
        """The track after a close look: mask, route and emotion, smoothed."""
        rules = self.rules
        fresh = known.refreshed is None
        seconds = 0.0 if known.refreshed is None else frame.time - known.refreshed
        now = float(self.mask.look(frame.image, known.face.box)[self._worn])
        mask = smooth.blend(None if fresh else known.mask, now, seconds, rules.smooth_s)
        worn = route.choose(None if fresh else known.worn, mask, rules.route_on, rules.route_off)
        seen = replace(known, mask=min(max(mask, 0.0), 1.0), worn=worn, refreshed=frame.time)
        if min(known.face.box.width, known.face.box.height) < rules.min_face_px:
            return replace(seen, emotion=None, raw=None, reason="too-small")
        raw = self.emotions[worn].look(frame.image, known.face.box)[self._orders[worn]]
        # The two models are two instruments: after a change of route smoothing starts anew.
        before = known.emotion if worn == known.worn else None
        emotion = smooth.blend(before, raw, seconds, rules.smooth_s)
        return replace(seen, emotion=emotion, raw=raw, reason="unsure" if emotion.max() < rules.confidence else None)


def look_due(before: Scene, frame: Frame, detect_every: int) -> bool:
    """Whether faces are looked for in `frame`: every n-th, the first of a source, and after LOOK_AGAIN_S at the latest.

    Frames are counted by their index, so what a live camera drops counts as passed.
    """
    if before.looked is None or frame.index <= before.looked:
        return True
    late = frame.time - before.looked_at >= LOOK_AGAIN_S
    return late or frame.index - before.looked >= detect_every


def due(scene: Scene, live: list[int], seconds: float, refresh_hz: float) -> list[int]:
    """Which of the tracks are looked at closely in this frame: the oldest first, as many as the rate allows.

    Args:
        scene: the tracks.
        live: positions of the tracks that were found in the last detection.
        seconds: time since the frame before.
        refresh_hz: looks a second, shared by all tracks; 0: all of them in every frame.

    Returns:
        Positions in `scene.tracks`, those never looked at first, then by the time of the last look.
    """
    waiting = sorted(live, key=lambda n: (_last_look(scene.tracks[n]), n))
    if refresh_hz <= 0:
        return waiting
    last = max((_last_look(known) for known in scene.tracks), default=-math.inf)
    # What the rate has earned since the last look, but no burst after a quiet time.
    cap = max(1, math.ceil(seconds * refresh_hz - 1e-6))
    earned = cap if last == -math.inf else math.floor((scene.time - last) * refresh_hz + 1e-6)
    return waiting[: max(0, min(earned, cap))]


def _last_look(known: Track) -> float:
    return -math.inf if known.refreshed is None else known.refreshed


def _order(engine: Engine, labels: tuple[str, ...]) -> Any:
    """Where each of our labels stands in the model's answer, an index array."""
    spec = engine.spec
    if sorted(spec.labels) != sorted(labels):
        raise ModelError(
            f"model {spec.name}: expected the labels {', '.join(labels)}, got {', '.join(spec.labels) or 'none'}"
        )
    return np.array([spec.labels.index(label) for label in labels])
