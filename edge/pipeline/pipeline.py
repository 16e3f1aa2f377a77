"""The Observer: engines and pure functions put together. What was known and a frame in, what is known now out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edge import manifest
from edge.cameras import is_live
from edge.engines import FIRST_S, open_engines
from edge.errors import ModelError
from edge.face import Face, Scene, Track
from edge.frame import Frame
from edge.labels import EMOTIONS
from edge.pipeline.detector import Classifier
from edge.pipeline.verifier import LOOKS, Look, MaskModel, VerifiedDetector
from edge.ports import Engine
from edge.settings import EngineSettings, ModelsSettings, Settings, TrackSettings
from edge.vision import routing, smoothing, tracking

# However many frames a slow source skips, faces are looked for again after this many seconds.
LOOK_AGAIN_S = 0.25
Looks = Mapping[Face, Look | None]
TASKS = ("face", "mask", "emotion-bare", "emotion-masked")


class Observer:
    """Finds faces, follows them, and says of each whether a mask is worn and which emotion it shows.

    Holds no state but the models: scenes come in and go out, so the same frames give the same scenes.

    Args:
        face: detector, head "anchors".
        mask: classifier with the labels of `edge.labels.MASKS` or `MASK_LABELS`, in any order; with the latter it also
            has a say in what is a face.
        bare, masked: emotion models with the labels of `edge.labels.EMOTIONS`, in any order.
        models: from where an answer counts.
        track: how faces are followed and how often they are looked at.

    Attributes:
        fallbacks: what runs on the CPU though an accelerator was asked for, and why; a line each.

    Raises:
        ModelError: an engine has another head or other labels.
    """

    fallbacks: tuple[str, ...] = ()

    def __init__(
        self,
        face: Engine,
        mask: Engine,
        bare: Engine,
        masked: Engine,
        models: ModelsSettings | None = None,
        track: TrackSettings | None = None,
    ) -> None:
        self.models = models or ModelsSettings()
        self.track = track or TrackSettings()
        self.mask = MaskModel(mask)
        self.checked = VerifiedDetector(face, self.mask, self.models.face_score or None)
        self.finder = self.checked.finder
        self.emotions = {False: Classifier(bare), True: Classifier(masked)}
        self._orders = {worn: _order(c.engine, EMOTIONS) for worn, c in self.emotions.items()}

    @classmethod
    def from_settings(cls, settings: Settings, live: bool | None = None, trial_s: float = FIRST_S) -> Observer:
        """An Observer with the models that the settings name.

        Args:
            settings: sections models, engine and track, and the source.
            live: False for a source that waits (files, folders, `demo`): each frame is then looked at whole, as nothing
                is gained by skipping. Default: what the settings' source is.
            trial_s: seconds that trying out an accelerator may take.

        Raises:
            ModelError: a model is missing, broken, or not what the manifest says.
        """
        listed = manifest.load(Path(settings.models.dir) if settings.models.dir else None)
        threads, accelerator = settings.engine.threads, settings.engine.accelerator
        fallbacks: list[str] = []
        face, mask, bare, masked = open_engines(listed, TASKS, threads, accelerator, trial_s, fallbacks.append)
        live = is_live(settings.source.source) if live is None else live
        track = settings.track if live else replace(settings.track, detect_every=1, refresh_hz=0.0)
        observer = cls(face, mask, bare, masked, settings.models, track)
        observer.fallbacks = tuple(fallbacks)
        return observer

    @classmethod
    def open(cls, models: str | Path = "", threads: int = 1) -> Observer:
        """An Observer that looks at each frame whole, on the models of a folder (default: the shipped ones).

        Raises:
            ModelError: a model is missing, broken, or not what the manifest says.
        """
        engine = EngineSettings(threads=threads)
        return cls.from_settings(Settings(models=ModelsSettings(dir=str(models)), engine=engine), live=False)

    def observe(self, before: Scene, frame: Frame) -> Scene:
        """What is known after `frame`, given what was known before it. Depends on nothing else.

        Raises:
            EngineError: a model could not be run; `before` still holds.
        """
        after, looks = self._look(before, frame)
        live = [n for n, known in enumerate(after.tracks) if known.seen >= after.looked_at]
        chosen = set(due(after, live, frame.time - before.time, self.track.refresh_hz))
        tracks = tuple(
            self._refresh(known, frame, looks) if n in chosen else known for n, known in enumerate(after.tracks)
        )
        return replace(after, tracks=tracks)

    def picture(self, image: np.ndarray) -> tuple[Track, ...]:
        """The faces of one picture, uint8 (H, W, 3) RGB, each looked at, in the order of their scores.

        Raises:
            InvalidValue: the array is not a picture.
            EngineError: a model could not be run.
        """
        frame = Frame(image, 0.0, 0)
        looks = self.checked.looks(image)
        tracks = tracking.follow(Scene(), tuple(looks), 0.0, self.track.match_iou, self.track.expire_s).tracks
        return tuple(self._refresh(known, frame, looks) for known in tracks)

    def close(self) -> None:
        """Let go of the models."""
        for engine in (self.finder.engine, self.mask.engine, *(c.engine for c in self.emotions.values())):
            engine.close()

    def _look(self, before: Scene, frame: Frame) -> tuple[Scene, Looks]:
        """Detection where it is due, else the tracks as they were; and what was seen in the faces on the way."""
        rules = self.track
        if not look_due(before, frame, rules.detect_every):
            return tracking.expire(before, frame.time, rules.expire_s), {}
        followed = [known.face for known in before.tracks]
        looks = self.checked.looks(frame.image, followed, rules.match_iou, LOOKS if rules.refresh_hz else None)
        after = tracking.follow(
            before, tuple(looks), frame.time, rules.match_iou, rules.expire_s, rules.confirm, rules.confirm_score
        )
        return replace(after, looked=frame.index, looked_at=frame.time), looks

    def _refresh(self, known: Track, frame: Frame, looks: Looks) -> Track:
        """The track after a close look: mask, route and emotion, smoothed. What `looks` has of this frame is used."""
        models, box, tau = self.models, known.face.box, self.track.smooth_s
        fresh = known.refreshed is None
        seconds = 0.0 if known.refreshed is None else frame.time - known.refreshed
        now = (looks.get(known.face) or self.mask.judge(frame.image, box)).worn
        mask = min(max(smoothing.blend(None if fresh else known.mask, now, seconds, tau), 0.0), 1.0)
        worn = routing.choose(None if fresh else known.worn, mask, models.route_on, models.route_off)
        seen = replace(known, mask=mask, worn=worn, refreshed=frame.time)
        if min(box.width, box.height) < models.min_face_px:
            return replace(seen, emotion=None, raw=None, reason="too-small")
        raw = self.emotions[worn].look(frame.image, box)[self._orders[worn]]
        # The two models are two instruments: after a change of route smoothing starts anew.
        emotion = smoothing.blend(known.emotion if worn == known.worn else None, raw, seconds, tau)
        return replace(seen, emotion=emotion, raw=raw, reason="unsure" if emotion.max() < models.confidence else None)


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
