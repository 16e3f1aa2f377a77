"""The daemon's loop: frames in, events out, whatever happens to cameras, engines and screens.

One turn: a frame (or a short wait for one), the work on it, what is due by time, then the heartbeat. The heartbeat
comes after the work, from the same thread: a bounded attempt that failed earns it, a call that never returns does not.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edge.clock import Clock, rfc3339
from edge.daemon.control import Control
from edge.daemon.health import Health
from edge.daemon.pacing import FrameLimiter, Playback
from edge.daemon.status import StatusLine
from edge.daemon.supervisor import POLL_S, ReconnectingCamera
from edge.daemon.systemd import Systemd
from edge.errors import EdgeError, EngineError
from edge.face import Scene
from edge.frame import Frame
from edge.journals.events import Event, events, left, note
from edge.ports import FrameObserver, FrameReport, Notice, Pipeline, Screen, Sink
from edge.settings import Settings

_log = logging.getLogger(__name__)

ENGINE_TRIES = 3  # after so many failures in a row a restart helps more than another try
NO_CAMERA, PAUSED = "no camera", "paused"


@dataclass(frozen=True)
class Parts:
    """Everything that the loop is made of; commands/run.py and tests put it together.

    Attributes:
        camera, pipeline, screen, sinks, systemd, control, health, clock: the parts.
        settings: for the pace, the samples and the line for visitors.
        frames: end after this many; 0: no limit.
        about: what the start event says.
        paced: play clips in real time even without a screen, as somebody watches elsewhere.
    """

    camera: ReconnectingCamera
    pipeline: Pipeline
    screen: Screen
    sinks: tuple[Sink, ...]
    systemd: Systemd
    control: Control
    health: Health
    clock: Clock
    settings: Settings
    frames: int = 0
    about: Mapping[str, Any] = field(default_factory=dict)
    paced: bool = False


class Loop:
    """Follows the camera until the source ends, enough frames were seen, or the control says stop."""

    def __init__(self, parts: Parts) -> None:
        self._parts, self._settings, self._clock = parts, parts.settings, parts.clock
        self._scene = Scene()
        self._size = (0, 0)
        self._frames = 0
        self._ended = False
        self._state = ""  # NO_CAMERA or PAUSED, as far as journal and screen know
        self._lost_at: float | None = None
        self._failures = 0
        self._limiter = FrameLimiter()
        # A clip is processed as fast as possible, unless somebody watches it.
        unseen = self._settings.screen.kind == "none" and not parts.paced
        self._playback = None if parts.camera.live or unseen else Playback()
        self._status = StatusLine(parts.systemd, parts.clock)
        self._observers = tuple(sink for sink in parts.sinks if isinstance(sink, FrameObserver))

    def run(self) -> int:
        """Run to the end; returns how many frames were processed.

        Raises:
            SourceError: the source never gave a frame, and the camera is not one that waits.
            EngineError: the models failed again and again.
        """
        self._emit(note("start", self._now(), **self._parts.about))
        self._emit_all(self._parts.health.started(self._now()))
        self._parts.systemd.ready("started")
        try:
            while not self._done:
                if self._parts.control.paused:
                    self._pause()
                else:
                    self._watch()
        except EdgeError as error:
            self._emit(note("health", self._now(), what="failed", detail=str(error)))
            raise
        finally:
            self._parts.systemd.stopping()
            self._forget()
            self._emit(note("stop", self._now(), frames=self._frames))
        return self._frames

    @property
    def _done(self) -> bool:
        return self._ended or self._parts.control.stopped or 0 < self._parts.frames <= self._frames

    def _watch(self) -> None:
        """Follow the camera until its source ends, or until a stop or (of a live one) a pause is asked for."""
        with contextlib.closing(iter(self._parts.camera)) as frames:
            for frame in frames:
                if frame is not None:
                    self._take_in_time(frame)
                elif self._parts.camera.lost:
                    self._lost()
                if not self._goes_on():
                    return
        self._ended = True

    def _take(self, frame: Frame) -> None:
        """A frame's journey: pipeline, events to the sinks, screen. A frame sooner than the pace allows is skipped."""
        health = self._parts.health
        rate = health.limit(self._settings.source.max_fps)
        if self._parts.camera.live and not self._limiter.takes(frame.time, rate):
            return
        self._frames += 1
        self._found()
        if self._size not in ((0, 0), (frame.width, frame.height)):
            self._forget()  # boxes of the former size say nothing about this picture
        began = self._clock.monotonic()
        self._emit_all(health.seen(frame))
        after = self._process(frame)
        processed = self._clock.monotonic()
        if after is not None:
            self._size = (frame.width, frame.height)
            self._emit_all(events(self._scene, after, *self._size, self._settings.journal.sample_s))
            self._scene = after
        emitted = self._clock.monotonic()
        self._parts.screen.show(frame, self._scene, self._notice(health.words))
        ended = self._clock.monotonic()
        if after is not None:
            stages = {"pipeline": processed - began, "events": emitted - processed, "screen": ended - emitted}
            for observer in self._observers:
                observer.observe(FrameReport(after, stages, frame))
        self._emit_all(health.took(ended - began, self._now()))

    def _process(self, frame: Frame) -> Scene | None:
        """What is known after the frame, or None where a model failed; the next frame may succeed."""
        try:
            after = self._parts.pipeline(self._scene, frame)
        except EngineError as error:
            self._failures += 1
            if self._failures == 1:
                self._emit(note("health", frame.time, what="engine-failed", detail=str(error)))
                _log.warning("%s", error)
            if self._failures >= ENGINE_TRIES:
                raise
            return None
        self._failures = 0
        return after

    def _turn(self) -> bool:
        """What is due by time, then the heartbeat; whether to go on with this camera."""
        for sink in self._parts.sinks:
            sink.tick()
        self._parts.screen.tick()
        self._emit_all(self._parts.health.check(self._clock.monotonic(), self._now()))
        if self._parts.camera.hung():
            self._parts.systemd.give_up()
        else:
            self._parts.systemd.beat()
        state = "no camera; trying again" if self._state == NO_CAMERA else self._state
        self._status.update(state, self._frames, len(self._scene.tracks))
        return not (self._done or self._parts.control.paused)

    def _goes_on(self) -> bool:
        """Take a turn; whether to go on with this camera, of a clip once a pause is over: it stays open meanwhile."""
        if self._turn():
            return True
        if self._parts.camera.live or self._done:
            return False
        self._pause()
        return not self._done

    def _take_in_time(self, frame: Frame) -> None:
        """Take a frame once a clip that somebody watches comes to it, unless a stop comes first."""
        while self._playback and (rest := self._playback.early(frame.time, self._clock.monotonic())) > 0:
            self._clock.sleep(min(POLL_S, rest))
            if rest > POLL_S and not self._goes_on():
                return
        self._take(frame)

    def _lost(self) -> None:
        """The camera is gone: reported once, however often it is tried again."""
        if self._lost_at is None:
            self._lost_at = self._clock.monotonic()
            self._forget()
            self._emit(note("health", self._now(), what="camera-lost", detail=self._parts.camera.lost))
        if self._state != NO_CAMERA:
            self._without_picture(NO_CAMERA)

    def _found(self) -> None:
        """There is a frame."""
        if self._lost_at is not None:
            self._emit(note("health", self._now(), what="camera-back", seconds=self._clock.monotonic() - self._lost_at))
        self._lost_at, self._state = None, ""

    def _pause(self) -> None:
        """No camera until the control says otherwise."""
        control = self._parts.control
        self._forget()
        self._emit(note("health", self._now(), what="paused"))
        self._without_picture(PAUSED)
        while control.paused and not control.stopped:
            self._turn()
            self._clock.sleep(POLL_S)
        self._state = ""
        if not control.stopped:
            self._emit(note("health", self._now(), what="resumed"))

    def _without_picture(self, state: str) -> None:
        self._state = state
        self._parts.screen.show(None, self._scene, self._notice(state))

    def _forget(self) -> None:
        """All tracks leave: what comes later is not known to be the same faces."""
        now = self._now()
        self._emit_all(left(track, now, *self._size) for track in self._scene.tracks if track.refreshed is not None)
        self._scene = Scene(time=self._scene.time, serial=self._scene.serial)

    def _now(self) -> float:
        """Seconds on the source's clock."""
        return self._clock.monotonic() if self._parts.camera.live else self._scene.time

    def _emit_all(self, found: Iterable[Event]) -> None:
        for event in found:
            self._emit(event)

    def _emit(self, event: Event) -> None:
        stamped = {"time": rfc3339(self._clock.wall()), **event}
        for sink in self._parts.sinks:
            sink.write(stamped)

    def _notice(self, state: str) -> Notice:
        return Notice(state, self._settings.screen.notice)
