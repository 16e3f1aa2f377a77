"""The Python API: a Recognizer detects faces in pictures and follows them through cameras and clips."""

from __future__ import annotations

import dataclasses
import logging
import os
import threading
import weakref
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import numpy as np

from edge import arguments
from edge import picture as pictures
from edge.cameras import is_live, open_camera
from edge.errors import EngineError, PictureIsVideo, SettingsError
from edge.face import Scene
from edge.frame import Frame
from edge.pipeline.detail import DETAILS
from edge.pipeline.factory import open_pipeline
from edge.pipeline.pipeline import EmotionPipeline
from edge.result import Result
from edge.settings import EngineSettings, ModelsSettings, Settings, SourceSettings, shown

_log = logging.getLogger(__name__)

Picture = str | os.PathLike[str] | np.ndarray
Source = int | str | os.PathLike[str]


class Recognizer:
    """Detects faces, masks and emotions. It loads the models once; close it, or use it in a `with` statement.

    Threads may share it: one call runs at a time. A child process that is forked has its own; where another thread was
    in a call at that moment, the child loads the models again with its first one. A loop over `track` stays with the
    process that began it.

    Args:
        models: a folder with a manifest.json; empty: the bundled models.
        threads: threads per model, 1-64.
        accelerator: "auto" uses an Edge TPU if there is one, "edgetpu" warns if there is none, "cpu" never uses it.
        detector: "model" finds faces with the models folder's own, "haar" with OpenCV's cascade, to compare the two.
        confidence: an emotion less probable than this is reported as unsure, 0-1; `track` keeps a name a little longer.
        max_megapixels: picture files with more pixels, in millions, are refused before they are decoded.
        detail: how closely `detect` searches a large picture. "fast" looks at it once, "auto" also at about four tiles
            of a picture much larger than the detector's canvas, "full" also at ever smaller ones. Not for `track`.

    Raises:
        ModelError: a model is missing, broken, or not the one that the manifest lists.
        SettingsError: an argument has the wrong type or is out of its range; NumPy's numbers are numbers, too.

    >>> import edge
    >>> with edge.Recognizer() as recognizer:
    ...     (face,) = recognizer.detect("photo.jpg")
    >>> print(face)
    Face(happy 96 %, no mask, box=(48, 32, 96, 80))
    >>> edge.Recognizer(confidence=50)
    Traceback (most recent call last):
        ...
    edge.errors.SettingsError: confidence: expected at least 0, at most 1, got 50.0
    """

    def __init__(
        self,
        models: str | os.PathLike[str] = ModelsSettings.dir,
        *,
        threads: int = EngineSettings.threads,
        accelerator: str = EngineSettings.accelerator,
        detector: str = ModelsSettings.detector,
        confidence: float = ModelsSettings.confidence,
        max_megapixels: float = SourceSettings.max_megapixels,
        detail: str = "auto",
    ) -> None:
        if not isinstance(detail, str) or detail not in DETAILS:
            raise SettingsError(f"detail: expected one of {', '.join(DETAILS)}, got {shown(detail)}")
        self._detail = detail
        folder = arguments.folder("models", models)
        self._settings = Settings(
            models=dataclasses.replace(
                arguments.section(ModelsSettings, confidence=confidence, detector=detector), dir=folder
            ),
            engine=arguments.section(EngineSettings, threads=threads, accelerator=accelerator),
            source=arguments.section(SourceSettings, max_megapixels=max_megapixels),
        )
        self._pipeline: EmotionPipeline | None = open_pipeline(self._settings, live=False)
        self._closed = False
        self._lock = threading.Lock()
        self._abandoned: EmotionPipeline | None = None
        _RECOGNIZERS.add(self)

    def detect(self, picture: Picture, *, bgr: bool = False) -> Result:
        """The faces of one picture, best first.

        A file that holds more than the picture that is read, such as an animation, is named in a warning of `logging`.

        Args:
            picture: the path of a picture file, or an array uint8 (H, W, 3), of which the result keeps a copy.
            bgr: the array's colours are in the order blue, green, red, as OpenCV reads them; files need no hint.

        Raises:
            PictureError: the file cannot be read.
            InvalidValue: not the path of a file, and not an array of that type and shape.
            EngineError: a model could not be run, or the recognizer is closed.

        >>> result = recognizer.detect("photo.jpg")
        >>> [face.emotion for face in result]
        ['happy']
        >>> import cv2
        >>> recognizer.detect(cv2.imread("photo.jpg"), bgr=True).faces == result.faces
        True
        >>> recognizer.detect(cv2.imread("photo.jpg", cv2.IMREAD_GRAYSCALE))
        Traceback (most recent call last):
            ...
        edge.errors.InvalidValue: picture: expected uint8 (H, W, 3), got uint8 (120, 160); repeat the grey values: \
np.stack([picture] * 3, axis=2)
        """
        if isinstance(picture, str | os.PathLike):
            path = arguments.picture_path(picture)
            try:
                loaded = pictures.load(path, self._settings.source.max_megapixels)
            except PictureIsVideo as error:
                raise PictureIsVideo(f"{error}; follow it with recognizer.track({str(path)!r})") from None
            if loaded.note:
                _log.warning("%s", loaded.note)
            pixels = loaded.pixels
        else:
            pixels = arguments.picture_pixels(picture, bgr)
        frame = Frame(pixels, 0.0, 0)
        with self._lock:
            return Result.of(frame, self._open().detect(frame.image, self._detail))

    def track(self, source: Source) -> Iterator[Result]:
        """Follow the faces of a camera or a clip: one result a frame, its faces with track numbers.

        A clip, a folder and the demo end by themselves, and every frame of them is processed; a live camera goes on
        until the loop is left, and frames that come while the program is busy are dropped. A face that the last
        detection did not find is not in the result; found again soon, it has its former number. The source is opened
        when the first result is asked for, and closed when the loop ends.

        Args:
            source: a number (0: /dev/video0), "picamera", "auto", "v4l2:0", "rtsp://...", "http://...", "demo", or
                the path of a clip, a picture or a folder of pictures.

        Raises:
            SourceError: the source cannot be opened, or a live camera stopped sending frames.
            InvalidValue: not a number, text or path.
            EngineError: a model could not be run, or the recognizer is closed.

        >>> for result in recognizer.track("clip.mp4"):
        ...     print(f"{result.time:.1f} s", [(face.track, face.emotion) for face in result])
        0.0 s [(1, 'happy')]
        0.1 s [(1, 'happy')]
        0.2 s [(1, 'happy')]
        """
        return self._track(dataclasses.replace(self._settings.source, source=arguments.source(source)))

    def _track(self, settings: SourceSettings) -> Iterator[Result]:
        with self._lock:
            opened = self._open()
        if is_live(settings.source):
            # The same models under a live camera's schedule.
            face, mask, bare, masked = opened.engines
            opened = EmotionPipeline(face, mask, bare, masked, opened.models, self._settings.track)
        camera = open_camera(settings)
        try:
            scene, size = Scene(), (0, 0)
            for frame in camera:
                if frame is None:
                    continue
                if size != (frame.width, frame.height):  # boxes of the former size say nothing about this picture
                    scene, size = Scene(time=scene.time, serial=scene.serial), (frame.width, frame.height)
                with self._lock:
                    self._open()
                    scene = opened(scene, frame)
                known = tuple(track for track in scene.visible if track.refreshed is not None)
                yield Result.of(frame, known, followed=True)
        finally:
            camera.close()

    def close(self) -> None:
        """Release the models. Closing twice is fine."""
        with self._lock:
            if self._pipeline:
                self._pipeline.close()
            self._pipeline, self._closed = None, True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        models = self._settings.models.dir or "bundled models"
        return f"<edge.Recognizer {'closed' if self._closed else models}>"

    def __getstate__(self) -> object:
        """What `copy` and `pickle` ask for.

        Raises:
            TypeError: always; models that are loaded belong to one process and have one owner.
        """
        raise TypeError("a Recognizer holds loaded models, and is neither copied nor pickled; make one in each process")

    def _open(self) -> EmotionPipeline:
        """The pipeline; called with the lock."""
        if self._closed:
            raise EngineError("the recognizer is closed; make a new one")
        if self._pipeline is None:
            self._pipeline = open_pipeline(self._settings, live=False)
        return self._pipeline

    def _forked(self) -> None:
        """In a child process: the thread that was in a call does not exist here, and would never let go of the lock."""
        if self._lock.locked():
            # Its models are as it left them in mid-run. They are not closed: that may wait for other threads.
            self._abandoned, self._pipeline = self._pipeline, None
        self._lock = threading.Lock()


_RECOGNIZERS: weakref.WeakSet[Recognizer] = weakref.WeakSet()


def _after_fork() -> None:
    for recognizer in list(_RECOGNIZERS):
        recognizer._forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
