"""`edge-emotion bench`: benchmark each stage on this machine, on frames that are already in memory."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from edge import cameras, config
from edge.commands.bench_share import shared
from edge.commands.bench_text import table
from edge.errors import ModelError, SourceError
from edge.face import Scene
from edge.frame import Box, Frame
from edge.machine import machine
from edge.pipeline.detector import FaceDetector
from edge.pipeline.factory import open_detector, open_pipeline
from edge.pipeline.pipeline import EmotionPipeline
from edge.ports import Engine
from edge.settings import Settings, SourceSettings
from edge.values import given, whole_number

Timer = Callable[[], float]
DETECTORS = ("model", "haar")  # beside each other, on the first frames
COMPARED = 20  # frames
STAGES = ("face", "decode", "mask", "emotion", "whole", "shipped")

EXAMPLES = (
    "edge-emotion bench",
    "edge-emotion bench --source clip.mp4 --threads 4",
    "edge-emotion bench --share",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("--source", type=given, default="demo", help="source of the frames, as for run (default: demo)")
    parser.add_argument("--frames", type=whole_number(1), default=100, metavar="N", help="load N frames (default: 100)")
    parser.add_argument(
        "--rounds", type=whole_number(1), default=3, metavar="N", help="process all frames N times (default: 3)"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print one JSON object")
    how.add_argument("--share", action="store_true", help="print a block of Markdown to paste into an issue")
    config.add_flags(parser, "models", "engine")


def main(arguments: argparse.Namespace) -> int:
    """Measure and print.

    Raises:
        EdgeError: wrong settings, models or source.
    """
    settings = config.from_arguments(arguments)
    # Every face is processed from its first frame on: the work is what is measured.
    track = replace(settings.track, min_hits=1)
    settings = replace(settings, source=replace(settings.source, source=arguments.source), track=track)
    pipeline = open_pipeline(settings, live=False)
    warm_up(pipeline)
    started = {"startup_s": round(since_start(), 3), "rss_mb": round(rss() / 1e6, 1)}
    frames = load(settings.source, arguments.frames)
    shipped = open_pipeline(settings, live=True)
    times = measure(pipeline, shipped, frames, arguments.rounds)
    detectors = compare(settings, frames[:COMPARED])
    result = report(settings, pipeline, frames, times) | {"detectors": detectors} | started
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        print(shared(pipeline, table(result)) if arguments.share else table(result))
    return 0


def warm_up(pipeline: EmotionPipeline) -> None:
    """Run every model once, as on the first frame with a face."""
    frame = Frame(np.zeros((480, 640, 3), np.uint8), 0.0, 0)
    pipeline(Scene(), frame)
    for classifier in (pipeline.mask, *pipeline.emotions.values()):
        classifier.probabilities(frame.image, Box(0, 0, 100, 100))


def load(settings: SourceSettings, count: int) -> list[Frame]:
    """The first frames of the source, at most `count`.

    Raises:
        SourceError: it cannot be opened or gives no frame.
    """
    camera = cameras.open_camera(settings)
    try:
        frames = list(islice(cameras.frames(camera), count))
    finally:
        camera.close()
    if not frames:
        raise SourceError(f"{cameras.redacted(settings.source)}: no frame")
    return frames


def measure(
    pipeline: EmotionPipeline,
    shipped: EmotionPipeline,
    frames: Sequence[Frame],
    rounds: int,
    timer: Timer = time.perf_counter,
) -> dict[str, list[float]]:
    """Seconds of each run of each stage, after one warm-up round."""
    stages(pipeline, frames, timer)
    times: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for _ in range(rounds):
        for stage, seconds in stages(pipeline, frames, timer).items():
            times[stage] += seconds
        times["whole"] += whole(pipeline, frames, timer)
        times["shipped"] += whole(shipped, frames, timer)
    return times


def stages(pipeline: EmotionPipeline, frames: Sequence[Frame], timer: Timer) -> dict[str, list[float]]:
    """Seconds of each stage by itself: per frame for face and decode, per face for mask and emotion."""
    times: dict[str, list[float]] = {stage: [] for stage in STAGES[:4]}
    for frame in frames:
        start = timer()
        detector = pipeline.detector.detector
        canvas, fit = detector.preprocess(frame.image)
        outputs = detector.infer(canvas, fit)
        inferred = timer()
        faces = detector.postprocess(outputs, fit)
        times["face"].append(inferred - start)
        times["decode"].append(timer() - inferred)
        for face in faces:
            start = timer()
            look = pipeline.mask.classify(frame.image, face.box)
            looked = timer()
            times["mask"].append(looked - start)
            if not pipeline.detector.accepts(face, look, fit.box.scale):
                continue
            pipeline.emotions[look.worn >= 0.5].probabilities(frame.image, face.box)
            times["emotion"].append(timer() - looked)
    return times


def compare(settings: Settings, frames: Sequence[Frame], timer: Timer = time.perf_counter) -> dict[str, Any]:
    """Milliseconds that each face detector takes for a whole frame, without verification; null where it is absent."""
    answer: dict[str, Any] = {}
    for name in DETECTORS:
        try:
            engine = open_detector(settings, name)
        except ModelError:
            answer[name] = None
            continue
        detector, seconds = FaceDetector(engine), []
        detector.detect(frames[0].image)
        for frame in frames:
            start = timer()
            detector.detect(frame.image)
            seconds.append(timer() - start)
        engine.close()
        answer[name] = summary(seconds)
    return answer


def whole(pipeline: EmotionPipeline, frames: Sequence[Frame], timer: Timer) -> list[float]:
    """Seconds of each frame, from the frame in memory to the scene."""
    scene, times = Scene(), []
    for frame in frames:
        start = timer()
        scene = pipeline(scene, frame)
        times.append(timer() - start)
    return times


def report(
    settings: Settings, pipeline: EmotionPipeline, frames: Sequence[Frame], times: Mapping[str, Sequence[float]]
) -> dict[str, Any]:
    """The command's JSON object, except for what was measured at the start."""
    return {
        "machine": machine(),
        "source": cameras.redacted(settings.source.source),
        "frames": len(frames),
        "width": frames[0].width,
        "height": frames[0].height,
        "faces_per_frame": round(len(times["emotion"]) / max(1, len(times["face"])), 2),
        "threads": settings.engine.threads,
        "accelerator": settings.engine.accelerator,
        "schedule": {"detect_every": settings.track.detect_every, "refresh_hz": settings.track.refresh_hz},
        "stages": {stage: summary(times[stage]) for stage in STAGES},
        "detector": settings.models.detector,
        "model_bytes": {engine.spec.task: size(settings, engine) for engine in pipeline.engines},
    }


def summary(seconds: Sequence[float]) -> dict[str, float | int | None]:
    """Median and 95th percentile in milliseconds, and the number of runs; null where there was none."""
    if not seconds:
        return {"median_ms": None, "p95_ms": None, "runs": 0}
    median, p95 = np.percentile(np.asarray(seconds) * 1000, [50, 95])
    return {"median_ms": round(float(median), 3), "p95_ms": round(float(p95), 3), "runs": len(seconds)}


def size(settings: Settings, engine: Engine) -> int:
    """Bytes of a model's file."""
    from edge.manifest import default_folder

    folder = Path(settings.models.dir) if settings.models.dir else default_folder()
    path: Path = getattr(engine, "path", folder / engine.spec.file)  # the cascade's is not in the folder
    return path.stat().st_size


def rss() -> int:
    """Resident memory of this process in bytes (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def since_start() -> float:
    """Seconds since this process was started, imports included (Linux; to a hundredth)."""
    # After the name in brackets, which may hold spaces, the start time is the 20th field.
    started = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started
