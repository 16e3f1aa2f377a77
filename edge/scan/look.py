"""What a worker does: look at the files of a job. It only reads, and what it answers depends on the job alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge import __version__, picture
from edge.errors import EdgeError, ModelError, ScanError, one_line
from edge.pipeline.factory import open_pipeline
from edge.pipeline.pipeline import EmotionPipeline
from edge.scan import request as requests
from edge.scan.clip import Span, look_at_clip
from edge.scan.inputs import Source
from edge.scan.plan import Job
from edge.scan.request import Request
from edge.scan.rows import Row, face_rows
from edge.text import printable


@dataclass(frozen=True)
class Seen:
    """What a job says of one file, beside its rows.

    Attributes:
        frames: how many pictures were looked at: 1 for a picture, the sampled frames of a clip.
        width, height: of the first of them, in pixels.
        error: why it, or the rest of it, could not be read; begins with the file's name.
        missing: there is no such file on the worker's machine.
        span: what is known of a clip.
    """

    frames: int = 0
    width: int = 0
    height: int = 0
    error: str = ""
    missing: bool = False
    span: Span | None = None


@dataclass(frozen=True)
class Outcome:
    """What a job gives.

    Attributes:
        rows: a row of edge.scan.rows.part_columns for each face, in the order of files and times.
        seen: an entry for each of the job's files.
    """

    rows: Sequence[Row]
    seen: Sequence[Seen]


_of_this = threading.local()  # a pipeline is for one thread at a time


def perform(job: Job, request: Request) -> Outcome:
    """Look at the files of a job. A file that cannot be read is no error, but said in its entry.

    Raises:
        ModelError: this machine's models are not those of the request.
        ScanError: this machine has another version of edge-emotion.
    """
    pipeline = _pipeline(request)
    if job.is_clip:
        return _clip(pipeline, job, request)
    rows: list[Row] = []
    seen = [_picture(pipeline, source, request, number, rows) for number, source in enumerate(job.sources)]
    return Outcome(rows, seen)


def failed(job: Job, reason: str) -> Outcome:
    """The outcome of a job that could not be done: all of its files failed for that reason."""
    return Outcome((), tuple(Seen(error=f"{printable(source.name)}: {reason}") for source in job.sources))


def _pipeline(request: Request) -> EmotionPipeline:
    known: tuple[Request, EmotionPipeline] | None = getattr(_of_this, "known", None)
    if known and known[0] == request:
        return known[1]
    if request.version != __version__:
        raise ScanError(
            f"edge-emotion {__version__} is installed here, not {request.version}; install that version on all workers"
        )
    for (task, wanted), (_, have) in zip(request.hashes, requests.hashes(request.models), strict=False):
        if wanted != have:
            raise ModelError(
                f"the {task} model here has sha256 {have[:12]}..., not {wanted[:12]}...; put the same models on all "
                "workers"
            )
    opened = open_pipeline(request.settings(), live=False)
    _of_this.known = (request, opened)
    return opened


def _picture(pipeline: EmotionPipeline, source: Source, request: Request, number: int, rows: list[Row]) -> Seen:
    try:
        loaded = picture.load(Path(source.path), request.max_megapixels)
        height, width = loaded.pixels.shape[:2]
        found = pipeline.detect(loaded.pixels, request.detail)
        rows += face_rows(number, None, width, height, found, request.labels)
        return Seen(1, width, height, loaded.note and _told(source, loaded.note))
    except Exception as error:  # a damaged file raises anything; it is a line in the table, never the end
        return _gave_up(source, error)


def _clip(pipeline: EmotionPipeline, job: Job, request: Request) -> Outcome:
    rows: list[Row] = []
    size: list[tuple[int, int]] = []
    times: list[float] = []

    def look(time: float, image: np.ndarray) -> None:
        height, width = image.shape[:2]
        rows.extend(face_rows(0, time, width, height, pipeline.detect(image, request.detail), request.labels))
        size.append((width, height))
        times.append(time)

    try:
        span = look_at_clip(job, request, look)
    except Exception as error:
        seen = _gave_up(job.source, error)
        # What it was before it broke off counts; the ranges behind this one are looked at all the same.
        span = Span(max(1, job.spans), job.start, frames=len(times), last=max(times, default=0.0), ended=not job.spans)
        width, height = size[0] if size else (0, 0)
        return Outcome(rows, (Seen(len(times), width, height, seen.error, seen.missing, span),))
    if not span.regular:
        return Outcome((), (Seen(span=span),))
    width, height = size[0] if size else (0, 0)
    return Outcome(rows, (Seen(span.frames, width, height, span=span),))


def _gave_up(source: Source, error: Exception) -> Seen:
    """The entry of a file that cannot be read; messages name it as the tables do."""
    reason = one_line(error)
    if not isinstance(error, EdgeError):
        reason = f"unexpected {type(error).__name__}: {reason}"
    return Seen(error=_told(source, reason), missing=not os.path.exists(source.path))


def _told(source: Source, message: str) -> str:
    """A message about a file, which may begin with its path, under the name that the tables call it."""
    for path in (printable(source.path), source.path):
        message = message.removeprefix(f"{path}: ")
    return f"{source.name}: {message}"
