"""The live view: one thread reads the camera and draws, as long as somebody watches; without viewers it is off."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import cv2
import numpy as np

from edge.clock import Clock
from edge.errors import EdgeError, SourceError
from edge.face import Scene
from edge.frame import Frame
from edge.pipeline.pipeline import EmotionPipeline
from edge.ports import Camera
from edge.vision.annotate import annotate

_log = logging.getLogger(__name__)

QUALITY = 80
# A thread that waits for its camera looks this often whether anybody is still there.
PATIENCE_S = 10.0


class LiveView:
    """Drawn frames of a source, for any number of viewers.

    Args:
        open_camera: opens the source; called when the first viewer comes.
        pipeline: used by this view's thread alone.
        clock: gives files their pace.
    """

    def __init__(self, open_camera: Callable[[], Camera], pipeline: EmotionPipeline, clock: Clock) -> None:
        self._open, self._pipeline, self._clock = open_camera, pipeline, clock
        self._turn = threading.Condition()
        self._viewers = 0
        self._thread: threading.Thread | None = None
        self._jpeg, self._number = b"", 0
        self._error: EdgeError | None = None

    def watch(self) -> Iterator[bytes]:
        """JPEG after JPEG, the newest each time.

        Raises:
            EdgeError: the source cannot be opened or was lost, or the models failed.
        """
        with self._turn:
            self._viewers += 1
            seen = self._number
            if self._thread is None:
                self._error = None
                self._thread = threading.Thread(target=self._run, name="live view", daemon=True)
                self._thread.start()
        try:
            while True:
                with self._turn:
                    self._turn.wait_for(lambda: self._number != seen or self._error is not None)  # noqa: B023
                    if self._error is not None:
                        raise self._error
                    seen, jpeg = self._number, self._jpeg
                yield jpeg
        finally:
            with self._turn:
                self._viewers -= 1
                self._turn.notify_all()

    def close(self, timeout_s: float = PATIENCE_S) -> bool:
        """Wait until the camera is off after the last viewer left; whether it is."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return thread is None or not thread.is_alive()

    def _run(self) -> None:
        error: EdgeError | None = None
        while error is None and not self._left():
            try:
                self._play()
            except EdgeError as caught:
                error = caught
            except Exception as caught:
                _log.exception("live view")
                error = SourceError(f"the live view stopped ({type(caught).__name__})")
        if error is not None:
            with self._turn:
                self._error, self._thread = error, None
                self._turn.notify_all()

    def _left(self) -> bool:
        """Whether nobody watches any more; then this thread is over, decided in one step with who may just come."""
        with self._turn:
            if self._viewers:
                return False
            self._thread = None
            return True

    def _play(self) -> None:
        """Show the source until nobody watches, or a file's end."""
        camera = self._open()
        try:
            scene, shown, begun = Scene(), 0, self._clock.monotonic()
            for frame in camera:
                if not self._viewers:
                    return
                if frame is None:
                    continue
                if not camera.live:
                    self._clock.sleep(max(0.0, begun + frame.time - self._clock.monotonic()))
                scene = self._pipeline(scene, frame)
                self._show(frame, scene)
                shown += 1
            if not shown:
                raise SourceError("the source gave no frame")
            if camera.live:
                raise SourceError("the camera ended")
        finally:
            camera.close()

    def _show(self, frame: Frame, scene: Scene) -> None:
        drawn: np.ndarray = annotate(frame.image, scene.tracks)
        ok, data = cv2.imencode(".jpg", drawn[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not ok:
            raise SourceError("a frame cannot be encoded")
        with self._turn:
            self._jpeg, self._number = data.tobytes(), self._number + 1
            self._turn.notify_all()
