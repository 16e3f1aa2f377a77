"""The Python API: a Recognizer detects faces in pictures and follows them through cameras and clips."""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from edge import picture as pictures
from edge.cameras import is_live, open_camera
from edge.errors import EngineError, InvalidValue, PictureIsVideo, SettingsError
from edge.face import Scene
from edge.frame import Frame
from edge.pipeline.detail import DETAILS
from edge.pipeline.factory import open_pipeline
from edge.pipeline.pipeline import EmotionPipeline
from edge.result import Result
from edge.settings import EngineSettings, ModelsSettings, Settings, SourceSettings, check

Picture = str | os.PathLike[str] | np.ndarray
Source = int | str | os.PathLike[str]


class Recognizer:
    """Detects faces, masks and emotions. It loads the models once; close it, or use it in a `with` statement.

    Threads may share it: one call runs at a time.

    Args:
        models: a folder with a manifest.json; empty: the bundled models.
        threads: threads per model, 1-64.
        accelerator: "auto" uses an Edge TPU if there is one, "edgetpu" warns if there is none, "cpu" never uses it.
        detector: "model" finds faces with the models folder's own, "haar" with OpenCV's cascade, to compare the two.
        confidence: an emotion less probable than this is reported as unsure, 0-1.
        max_megapixels: picture files with more pixels, in millions, are refused before they are decoded.
        detail: how closely `detect` searches a large picture. "fast" looks at it once, "auto" also at about four tiles
            of a picture much larger than the detector's canvas, "full" also at ever smaller ones. Not for `track`.

    Raises:
        ModelError: a model is missing, broken, or not the one that the manifest lists.
        SettingsError: an argument has the wrong type or is out of its range.

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
        if detail not in DETAILS:
            raise SettingsError(f"detail: expected one of {', '.join(DETAILS)}, got {detail!r}")
        self._detail = detail
        self._settings = Settings(
            models=_section(ModelsSettings, dir=os.fspath(models), confidence=confidence, detector=detector),
            engine=_section(EngineSettings, threads=threads, accelerator=accelerator),
            source=_section(SourceSettings, max_megapixels=max_megapixels),
        )
        self._pipeline: EmotionPipeline | None = open_pipeline(self._settings, live=False)
        self._lock = threading.Lock()

    def detect(self, picture: Picture, *, bgr: bool = False) -> Result:
        """The faces of one picture, best first.

        Args:
            picture: the path of a picture file, or an array uint8 (H, W, 3).
            bgr: the array's colours are in the order blue, green, red, as OpenCV reads them; files need no hint.

        Raises:
            PictureError: the file cannot be read.
            InvalidValue: not a path, and not an array of that type and shape.
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
            try:
                pixels = pictures.read(Path(picture), self._settings.source.max_megapixels)
            except PictureIsVideo as error:
                raise PictureIsVideo(f"{error}; follow it with recognizer.track({os.fspath(picture)!r})") from None
        else:
            pixels = _checked(picture, bgr)
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
        return self._track(dataclasses.replace(self._settings.source, source=_source(source)))

    def _track(self, settings: SourceSettings) -> Iterator[Result]:
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
            self._pipeline = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        models = self._settings.models.dir or "bundled models"
        return f"<edge.Recognizer {'closed' if self._pipeline is None else models}>"

    def _open(self) -> EmotionPipeline:
        if self._pipeline is None:
            raise EngineError("the recognizer is closed; make a new one")
        return self._pipeline


def _section(kind: type[Any], **values: Any) -> Any:
    """A section of the settings, each value checked under its own name."""
    entries = {entry.name: entry for entry in dataclasses.fields(kind)}
    return kind(**{name: check(name, value, entries[name]) for name, value in values.items()})


def _checked(picture: np.ndarray, bgr: bool) -> np.ndarray:
    """A picture's array as uint8 (H, W, 3) RGB."""
    if not isinstance(picture, np.ndarray):
        kind = type(picture)
        name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
        raise InvalidValue(f"picture: expected a path or an array uint8 (H, W, 3), got {name}{_advice_for(picture)}")
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        told = f"{picture.dtype} {picture.shape}"
        raise InvalidValue(f"picture: expected uint8 (H, W, 3), got {told}{_advice(picture)}")
    return np.ascontiguousarray(picture[:, :, ::-1]) if bgr else picture


def _advice(array: np.ndarray) -> str:
    """How to turn such an array into a picture, as the end of an error message."""
    if not array.size:
        return "; it has no pixels"
    if array.dtype.kind == "f":
        scaled = "(picture * 255)" if float(np.nanmax(array)) <= 1.0 else "picture"
        return f"; convert it: {scaled}.astype(np.uint8)"
    if array.dtype != np.uint8:
        return "; convert it to 8 bits"
    if array.ndim == 2:
        return "; repeat the grey values: np.stack([picture] * 3, axis=2)"
    if array.ndim == 3 and array.shape[2] == 1:
        return "; repeat the grey values: np.repeat(picture, 3, axis=2)"
    if array.ndim == 3 and array.shape[2] == 4:
        return "; drop the alpha channel: picture[:, :, :3]"
    if array.ndim == 3 and array.shape[0] == 3:
        return "; move the channels to the end: picture.transpose(1, 2, 0)"
    return "; pass one picture at a time" if array.ndim == 4 else ""


def _advice_for(thing: object) -> str:
    if hasattr(thing, "__array_interface__"):  # a Pillow image
        return "; convert it: np.asarray(image.convert('RGB'))"
    if thing is None:
        return "; OpenCV's imread gives None for a file that it cannot read: pass the path"
    return ""


def _source(source: Source) -> str:
    if isinstance(source, bool) or not isinstance(source, int | str | os.PathLike):
        raise InvalidValue(f"source: expected a number, a text or a path, got {type(source).__name__}")
    if isinstance(source, int):
        if source < 0:
            raise InvalidValue(f"source: expected a camera's number, 0 or more, got {source}")
        return f"v4l2:{source}"
    if isinstance(source, str):
        return source
    path = os.fspath(source)
    return os.path.join(".", path) if is_live(path) or path == "demo" else path
