"""The daemon's loop: frames in, events out, and it does not die.

One turn: a frame (or a short wait for one), the work on it, then what is due by time, then the heartbeat. The heartbeat
comes after the work, from the same thread: a bounded attempt that failed earns it, a call that never returns does not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from edge.clock import Clock, rfc3339
from edge.daemon.control import Switch
from edge.daemon.health import Health
from edge.daemon.pacing import FrameLimiter, Playback
from edge.daemon.status import Status
from edge.daemon.systemd import Systemd
from edge.errors import EdgeError, EngineError, SourceError
from edge.face import Scene
from edge.frame import Frame
from edge.journals.events import Event, events, left, note
from edge.ports import Camera, Journal, Notice, Pipeline, Screen
from edge.settings import Settings
from edge.sinks.event_hook import Hook

_log = logging.getLogger(__name__)

POLL_S = 0.25  # the longest sleep: how late a stop, a pause or a flush may be
ENGINE_TRIES = 3  # so many failures in a row, and a restart is the better mend


class Loop:
    """Everything that the daemon is made of, put together by commands/run.py and by tests.

    Args:
        open_camera: opens the source; called again after it was lost or paused.
        pipeline, journal, screen, heartbeat, switch, health, hook, clock: the parts.
        settings: for the source, the samples and the notice.
        live: whether the source is a live camera; else events carry the source's own clock.
        frames: end after so many; 0: no end.
        wait: also wait for a source that is not there at the start.
        about: what the start event says besides the source.
    """

    def __init__(
        self,
        open_camera: Callable[[], Camera],
        pipeline: Pipeline,
        journal: Journal,
        screen: Screen,
        heartbeat: Systemd,
        switch: Switch,
        health: Health,
        hook: Hook,
        clock: Clock,
        settings: Settings,
        *,
        live: bool,
        frames: int = 0,
        wait: bool = False,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self._open_camera, self._pipeline, self._journal, self._screen = open_camera, pipeline, journal, screen
        self._heartbeat, self._switch, self._health, self._hook = heartbeat, switch, health, hook
        self._clock, self._settings, self._live, self._limit, self._wait = clock, settings, live, frames, wait
        self._about = dict(about or {})
        self._scene = Scene()
        self._size = (0, 0)
        self._frames = 0
        self._ended = False
        self._camera: Camera | None = None
        self._paused = False  # what the journal knows; the switch may already be ahead of it
        self._lost_at: float | None = None
        self._stuck_since: float | None = None
        self._back_off = settings.source.reopen_s
        self._failures = 0
        self._thinner = FrameLimiter()
        # A clip is worked through as fast as it goes, but not before somebody's eyes.
        self._playback = None if live or settings.screen.kind == "none" else Playback()
        self._status = Status(heartbeat, clock)

    def run(self) -> int:
        """Until the source ends, enough frames were seen, or the switch says stop; how many frames that were.

        Raises:
            SourceError: the source gave no frame at the start, and `wait` is off.
            EngineError: the models failed again and again.
        """
        self._emit(note("start", self._now(), **self._about))
        for event in self._health.started(self._now()):
            self._emit(event)
        self._heartbeat.ready("started")
        try:
            while not self._done:
                if self._switch.paused:
                    self._pause()
                else:
                    self._watch()
        except EdgeError as error:
            self._emit(note("health", self._now(), what="failed", detail=str(error)))
            raise
        finally:
            self._heartbeat.stopping()
            self._forget()
            self._emit(note("stop", self._now(), frames=self._frames))
        return self._frames

    @property
    def _done(self) -> bool:
        return self._ended or self._switch.stopped or 0 < self._limit <= self._frames

    @property
    def _state(self) -> str:
        """Why nothing is seen, as far as the journal knows; empty where something is."""
        if self._paused:
            return "paused"
        return "" if self._lost_at is None else "no camera; trying again"

    def _now(self) -> float:
        """Seconds on the source's clock."""
        return self._clock.monotonic() if self._live else self._scene.time

    def _emit(self, event: Event) -> None:
        self._journal.write(event)
        self._hook.pass_on({"time": rfc3339(self._clock.wall()), **event})

    def _watch(self) -> None:
        """Open the source and follow it until it ends or is lost, or a pause or stop is asked for."""
        try:
            if self._camera is not None and self._camera.stuck:
                raise SourceError("the camera's driver does not come back")
            self._camera = self._open_camera()
            try:
                for frame in self._camera:
                    if frame is not None and self._wait_for(frame):
                        self._take(frame)
                    if not self._turn():
                        return
                self._ended = True
            finally:
                self._camera.close()
        except SourceError as error:
            self._lost(error)

    def _wait_for(self, frame: Frame) -> bool:
        """Wait until a clip that is watched comes to the frame; False where something else is to be done before."""
        while self._playback and (rest := self._playback.early(frame.time, self._clock.monotonic())) > 0:
            self._clock.sleep(min(POLL_S, rest))
            if rest > POLL_S and not self._turn():
                return False
        return True

    def _turn(self) -> bool:
        """What is due by time, then the heartbeat; whether to go on with this camera."""
        self._journal.tick()
        self._hook.tick()
        self._screen.tick()
        for event in self._health.check(self._clock.monotonic(), self._now()):
            self._emit(event)
        if self._hung():
            self._heartbeat.give_up()
        else:
            self._heartbeat.beat()
        self._status.tell(self._state, self._frames, len(self._scene.tracks))
        return not (self._done or self._switch.paused)

    def _hung(self) -> bool:
        """Whether a closed camera's thread has been inside its driver for too long: only a restart mends that."""
        if self._camera is None or not self._camera.stuck:
            self._stuck_since = None
            return False
        now = self._clock.monotonic()
        if self._stuck_since is None:
            self._stuck_since = now
        return now - self._stuck_since >= self._settings.source.stuck_s

    def _take(self, frame: Frame) -> None:
        """The work on one frame; one that comes sooner than the pace allows is left out."""
        if self._live and not self._thinner.takes(frame.time, self._health.pace(self._settings.source.max_fps)):
            return
        self._frames += 1
        if self._lost_at is not None:
            self._emit(note("health", self._now(), what="camera-back", seconds=self._clock.monotonic() - self._lost_at))
            _log.warning("the camera is back")
        self._lost_at, self._back_off = None, self._settings.source.reopen_s
        began = self._clock.monotonic()
        for event in self._health.seen(frame):
            self._emit(event)
        self._observe(frame)
        self._screen.show(frame, self._scene, self._notice(self._health.words))
        for event in self._health.took(self._clock.monotonic() - began, self._now()):
            self._emit(event)

    def _observe(self, frame: Frame) -> None:
        try:
            after = self._pipeline(self._scene, frame)
        except EngineError as error:
            self._failures += 1
            if self._failures == 1:
                self._emit(note("health", frame.time, what="engine-failed", detail=str(error)))
                _log.warning("%s", error)
            if self._failures >= ENGINE_TRIES:
                raise
            return
        self._failures = 0
        self._size = (frame.width, frame.height)
        for event in events(self._scene, after, *self._size, self._settings.journal.sample_s):
            self._emit(event)
        self._scene = after

    def _lost(self, error: SourceError) -> None:
        """Say it once, then wait before the next try, longer each time."""
        if not (self._frames or self._wait):
            raise error
        if self._lost_at is None:
            self._lost_at = self._clock.monotonic()
            self._forget()
            self._emit(note("health", self._now(), what="camera-lost", detail=str(error)))
            _log.warning("%s; opened again until it is there", error)
        self._screen.show(None, self._scene, self._notice("no camera"))
        until = self._clock.monotonic() + self._back_off
        self._back_off = min(2 * self._back_off, self._settings.source.reopen_max_s)
        while self._turn() and (rest := until - self._clock.monotonic()) > 0:
            self._clock.sleep(min(POLL_S, rest))

    def _pause(self) -> None:
        """No camera until the switch says so."""
        self._forget()
        self._emit(note("health", self._now(), what="paused"))
        self._paused = True
        self._screen.show(None, self._scene, self._notice("paused"))
        while self._switch.paused and not self._switch.stopped:
            self._turn()
            self._clock.sleep(POLL_S)
        self._paused = False
        if not self._switch.stopped:
            self._emit(note("health", self._now(), what="resumed"))

    def _forget(self) -> None:
        """All tracks leave: what comes later is not known to be the same faces."""
        now = self._now()
        for track in self._scene.tracks:
            if track.refreshed is not None:
                self._emit(left(track, now, *self._size))
        self._scene = Scene(time=self._scene.time, serial=self._scene.serial)

    def _notice(self, state: str) -> Notice:
        return Notice(state, self._settings.screen.notice)
