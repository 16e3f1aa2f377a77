"""A clip, or one range of it, frame by frame: which frames are looked at, and where scenes are cut.

A range is found by seeking. What it gives must be what reading the clip from its beginning gives, so a range is only
believed if its time stamps grow without a jump, from a frame before the range on; else the clip is read whole.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from edge.cameras.animation import AnimationCamera
from edge.cameras.clip import ClipCamera
from edge.cameras.timestamps import MAX_GAP_S, Timestamps
from edge.scan.inputs import ANIMATION
from edge.scan.plan import WHOLE, Job
from edge.scan.request import Request
from edge.vision import cuts

MARGINS_S = (1.0, 10.0, 60.0)  # how long before a range to seek to; the next where that leads into the range

Moment = tuple[float, Callable[[], np.ndarray | None]]
Look = Callable[[float, np.ndarray], None]


class Irregular(Exception):
    """The clip's time stamps do not allow to cut it."""


@dataclass(frozen=True)
class Span:
    """What is known of a clip after one job on it.

    Attributes:
        spans: how many ranges it has.
        start: the time stamp of its first frame, seconds.
        declared: how many frames it should have, if it ends in this range, earlier than its header declares; else 0.
        decoded: how many frames the range has.
        frames: how many of them were looked at.
        last: the time of the last of them, seconds.
        cuts: the times of the sampled frames that begin a new scene; one may lie behind the range.
        ended: the clip ends in this range.
        regular: whether the clip can be cut into ranges; if not, only the job that reads it whole counts.
    """

    spans: int = 1
    start: float = 0.0
    declared: float = 0.0
    decoded: int = 0
    frames: int = 0
    last: float = 0.0
    cuts: tuple[float, ...] = ()
    ended: bool = True
    regular: bool = True


class _Scenes:
    """Tells the first frame of a new scene from the frame before it, as the pipeline does."""

    def __init__(self) -> None:
        self._size: tuple[int, ...] = ()
        self._thumbnail: np.ndarray | None = None

    @property
    def comparable(self) -> bool:
        """Whether a frame with anything in it was there."""
        return self._thumbnail is not None

    def add(self, image: np.ndarray) -> tuple[bool, bool]:
        """Whether it begins a new scene, and whether there was enough in it to tell."""
        small = cuts.thumbnail(image)
        resized = self._size not in ((), image.shape)
        cut = resized or (self._thumbnail is not None and cuts.is_cut(self._thumbnail, small))
        tells = cuts.tells(small)
        if tells:
            self._thumbnail = small
        elif resized:
            self._thumbnail = None
        self._size = image.shape
        return cut, tells or resized


def look_at_clip(job: Job, request: Request, look: Look) -> Span:
    """Call `look` with time and picture of each sampled frame of a clip's range, and say what is known of the clip.

    Raises:
        SourceError: the clip cannot be opened, or has no frame.
    """
    source = job.source
    if source.kind == ANIMATION:
        animation = AnimationCamera(Path(source.path), request.max_megapixels)
        try:
            return dataclasses.replace(_sampled(_shown(animation), request, look), declared=float(animation.due))
        finally:
            animation.close()
    camera = ClipCamera(Path(source.path), max_megapixels=request.max_megapixels)
    try:
        return _clip(camera, job, request, look)
    finally:
        camera.close()


def _clip(camera: ClipCamera, job: Job, request: Request, look: Look) -> Span:
    span, spans = job.span, job.spans
    if span == 0:
        seconds = (camera.length or 0) / camera.fps
        spans = request.sampling.spans_in(seconds) if camera.seekable else 1
    if span == WHOLE or spans == 1:
        done = _sampled(_from_the_beginning(camera), request, look)
        if not done.decoded:
            raise camera.no_frame()
        return Span(1, 0.0, camera.frames_due(), done.decoded, done.frames, done.last, done.cuts)
    try:
        if span == 0 and camera.changes_size():
            raise Irregular  # frames behind a seek would come in the wrong size
        start, moments = _from(camera, span, job.start, request)
        done = _sampled(moments, request, look, span, last=span == spans - 1)
    except Irregular:
        return Span(spans, regular=False, ended=False)
    due = camera.frames_due() if done.ended else 0.0
    return Span(spans, start, due, done.decoded, done.frames, done.last, done.cuts, done.ended)


def _shown(animation: AnimationCamera) -> Iterator[Moment]:
    for frame in animation.frames():
        yield frame.time, partial(getattr, frame, "image")


def _from_the_beginning(camera: ClipCamera) -> Iterator[Moment]:
    times = Timestamps(camera.fps)
    while (stamp := camera.advance()) is not None:
        yield times.next(stamp), camera.decoded


def _from(camera: ClipCamera, span: int, start: float, request: Request) -> tuple[float, Iterator[Moment]]:
    """The stamp of the clip's first frame, and its frames from one before the range on.

    Raises:
        Irregular: no way leads there; also while iterating.
    """
    if span == 0:
        stamp = camera.advance()
        if stamp is None or not math.isfinite(stamp):
            raise Irregular
        return stamp, _growing(camera, stamp, stamp)
    for margin in MARGINS_S:
        camera.seek(start + request.sampling.begin_of(span) - margin)
        stamp = camera.advance()
        if stamp is not None and stamp >= start and request.sampling.span_of(stamp - start) < span:
            return start, _growing(camera, stamp, start)
    raise Irregular


def _growing(camera: ClipCamera, stamp: float | None, start: float) -> Iterator[Moment]:
    before: float | None = None
    while stamp is not None:
        time = stamp - start
        if before is not None and not 0.0 < time - before <= MAX_GAP_S:
            raise Irregular
        yield time, camera.decoded
        before, stamp = time, camera.advance()


def _sampled(moments: Iterator[Moment], request: Request, look: Look, span: int = WHOLE, last: bool = False) -> Span:
    """Look at the first frame of each slot of a range; WHOLE: of all frames that come.

    It reads past the end of the range, at most for as long as a track may last, until a frame shows whether there is a
    cut between this range and the next.
    """
    sampling, scenes = request.sampling, _Scenes()
    decoded, frames, latest, slot = 0, 0, 0.0, -1
    found: list[float] = []
    ended = True
    for time, decode in moments:
        place = WHOLE if span == WHOLE else sampling.span_of(time)
        if place < span:
            continue
        behind = place > span and not last
        if behind:
            ended = False
            if not scenes.comparable or time > latest + request.hold_s:
                break
        now = sampling.slot_of(time) if sampling.every_s else slot + 1
        if now != slot:
            slot = now
            image = decode()
            if image is None:
                break
            cut, sure = scenes.add(image)
            if cut:
                found.append(time)
            if behind and sure:
                break
            if not behind:
                look(time, image)
                frames += 1
        if not behind:
            decoded, latest = decoded + 1, time
    return Span(decoded=decoded, frames=frames, last=latest, cuts=tuple(found), ended=ended)
