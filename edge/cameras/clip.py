"""A clip: a video file, decoded frame by frame on its own clock."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from edge.cameras.interlaced import DEINTERLACE, Conversion, Interlaced
from edge.cameras.mp4 import counts_frames, is_mirrored, shown_part
from edge.cameras.opencv import UNCERTAIN, codec_of
from edge.cameras.size_watch import SizeWatch, follows
from edge.cameras.timestamps import Timestamps, plausible_fps
from edge.cameras.unopened import CONVERT, SOUND_ALONE, is_open_playlist, is_sound, reason
from edge.errors import SourceError
from edge.files import utf8_path
from edge.frame import Frame
from edge.picture import MAX_MEGAPIXELS
from edge.settings import SourceSettings

_log = logging.getLogger(__name__)

MOST_FRAMES = 1e9  # that a header declares and that are believed
PLACE = getattr(cv2, "CAP_PROP_PTS", 0)  # a frame's time stamp, counted in frames; OpenCV 4.10 has none
PIXEL = (cv2.CAP_PROP_SAR_NUM, cv2.CAP_PROP_SAR_DEN)
SQUARE, LONGEST = 0.01, 4.0  # off by less, a pixel counts as square; more is a damaged header
RESIZE = "convert it: ffmpeg -i IN -vf scale={0}:force_original_aspect_ratio=decrease,pad={0}:-1:-1 OUT.mp4"


class ClipCamera:
    """Every frame of a video file, `time` by its container's time stamps, from 0.

    Frames whose pixels are not square, as on DVDs, are stretched to the width that they are shown in. A damaged file is
    played as far as it goes, with a warning. Where the frames change their size, they come in the new one; with an
    OpenCV that cannot do that, the clip ends there, with a warning.

    Args:
        path: the file, in any format that OpenCV's FFmpeg decodes.
        fps: frames per second where neither time stamps nor the file's header say.
        max_megapixels: clips with larger frames are refused before one is decoded.

    Attributes:
        length: how many frames the file declares, or None.

    Raises:
        SourceError: the file cannot be read or decoded; while iterating: it has no frame, or an interlaced one that
            this OpenCV cannot decode.
    """

    live = False
    stuck = False

    def __init__(self, path: Path, fps: float = 30.0, max_megapixels: float = MAX_MEGAPIXELS) -> None:
        self._path, self._max_megapixels = path, max_megapixels
        try:
            with open(path, "rb") as file:
                if not file.read(1):
                    raise SourceError(f"{path}: the file is empty")
            if is_open_playlist(path):
                raise SourceError(
                    f"{path}: a playlist that is still being written; name a clip that it lists, or add the line "
                    f"#EXT-X-ENDLIST to it"
                )
            with utf8_path(path) as text:
                self._capture = cv2.VideoCapture(text, cv2.CAP_FFMPEG)
        except SourceError:
            raise
        except OSError as error:
            raise SourceError(f"{path}: cannot read the clip ({error.strerror or error})") from None
        if not self._capture.isOpened():
            raise SourceError(f"{path}: {reason(path)}")
        sides = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        width, height = self._declared = (int(self._capture.get(sides[0])), int(self._capture.get(sides[1])))
        self._upright = self._capture.get(cv2.CAP_PROP_ORIENTATION_META) % 180 != 90  # else it lies on its side
        self._mirrored = is_mirrored(path)
        self._stretch = self._pixel()
        width, height = self._shown(width, height)
        if width * height > max_megapixels * 1e6:
            self._capture.release()
            raise SourceError(f"{path}: {self._too_large(width, height)}")
        declared = self._capture.get(cv2.CAP_PROP_FPS)
        if not plausible_fps(declared, 0.0) and is_sound(path):
            self._capture.release()
            raise SourceError(f"{path}: {SOUND_ALONE} and a cover picture")
        self.fps = plausible_fps(declared, fps)
        frames = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.length = int(frames) if 0 < frames < MOST_FRAMES else None
        self._conversion = Conversion(self._capture)
        self._watch: SizeWatch | None = None
        self._size = self._declared
        self._begun = self._ended = self._any = False
        self._place = self._first = 0.0  # of the last frame and of the first in the container, counted from 1

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        times = Timestamps(self.fps)
        try:
            while (stamp := self.advance()) is not None and (image := self.decoded()) is not None:
                yield Frame(image, times.next(stamp), index)
                index += 1
        except SourceError as error:
            if index == 0:
                raise
            _log.warning("%s", error)
            self._ended = True
        if index == 0:
            raise self.no_frame()
        if not self._ended and broke_off(index, due := self.frames_due()):
            _log.warning("%s: the clip breaks off after %d of %d frames", self._path, index, due)

    def advance(self) -> float | None:
        """Go to the next frame; its time stamp in seconds as the container has it, or None at the end."""
        if not self._begun:
            self._begun, self._watch = True, self._sizes()
        if self._ended or not self._capture.grab():
            return None
        self._place = self._capture.get(PLACE) + 1 if PLACE else 0.0
        self._first = self._first or self._place
        size = self._watch and self._watch.next()
        if size and size != self._size and not self._resized(size):
            self._ended = True
            return None
        return self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000

    def decoded(self) -> np.ndarray | None:
        """The frame that `advance` went to, uint8 (H, W, 3) RGB; None if it is damaged. Skipping it is cheaper.

        Raises:
            SourceError: it is interlaced, and this OpenCV cannot decode that.
        """
        try:
            image = self._conversion.retrieve()
        except Interlaced:
            how = "ends where it becomes" if self._any else "is"
            raise SourceError(
                f"{self._path}: the clip {how} interlaced, which OpenCV {cv2.__version__} cannot decode; {DEINTERLACE}"
            ) from None
        if image is None:
            return None
        self._any = True
        if self._size != self._declared or self._stretch != 1:
            image = cv2.resize(image, self._shown(*self._size), interpolation=cv2.INTER_LINEAR)
        if self._mirrored:  # OpenCV has turned it by where the matrix takes its rows
            image = cv2.flip(image, 0 if self._upright else 1)
        rgb: np.ndarray = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        return rgb

    def seek(self, seconds: float) -> None:
        """Go to about there; the next `advance` says where that is, which may be earlier or later.

        From then on a change of the frames' size is not noticed: ask `changes_size` before.
        """
        self._begun = True
        self._capture.set(cv2.CAP_PROP_POS_MSEC, max(0.0, seconds) * 1000)

    def changes_size(self) -> bool:
        """Whether its frames have more than one size. The whole file is read, but nothing decoded."""
        watch = self._sizes()
        try:
            return watch.changes()
        finally:
            watch.close()

    def _shown(self, width: int, height: int) -> tuple[int, int]:
        """The size in which frames of this size are shown."""
        return max(1, round(width * self._stretch)), height

    def _pixel(self) -> float:
        """The width of a pixel as it is shown, by its height; 1 where the file does not say, or says nonsense."""
        across, down = (self._capture.get(side) for side in PIXEL)
        ratio = across / down if across > 0 and down > 0 else 1.0
        if not self._upright:
            ratio = 1 / ratio  # OpenCV turns the frame, but not what is said of its pixels
        return ratio if abs(ratio - 1) > SQUARE and 1 / LONGEST <= ratio <= LONGEST else 1.0

    def _sizes(self) -> SizeWatch:
        return SizeWatch(self._path, codec_of(self._capture), self._declared)

    def _resized(self, size: tuple[int, int]) -> bool:
        """Go on in another size; False: that is not possible, and was said."""
        width, height = self._shown(*size)
        before = "{}x{}".format(*self._size)
        if width * height > self._max_megapixels * 1e6:
            _log.warning("%s: the clip ends where its frames change to %s", self._path, self._too_large(width, height))
            return False
        if not follows():
            _log.warning(
                "%s: the clip ends where its frames change from %s to %dx%d, which OpenCV %s cannot decode; %s",
                self._path, before, width, height, cv2.__version__,
                RESIZE.format("{}:{}".format(*self._size)),
            )  # fmt: skip
            return False
        _log.info("%s: the frames change from %s to %dx%d", self._path, before, width, height)
        self._size = size
        return True

    def _too_large(self, width: int, height: int) -> str:
        return (
            f"{width}x{height} pixels; expected at most {self._max_megapixels:g} megapixels; raise max_megapixels to "
            f"read it"
        )

    def frames_due(self) -> float:
        """How many frames the clip should have given, where `advance` found its end earlier than declared.

        0 where the end is where it should be, or the header does not say. The number may be an estimate: some
        containers declare how long the clip is, not how many frames it has, nor that they come at a steady rate.
        """
        declared = float(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        declared *= shown_part(self._path) if 0 < declared < MOST_FRAMES else 0.0
        late = self._first - 1 if counts_frames(self._path) else 0.0  # others declare a length, with what is before it
        return declared if broke_off(self._place - late, declared) else 0.0

    @property
    def seekable(self) -> bool:
        """Whether the header has what seeking is reckoned with: a plausible frame rate and a length."""
        declared = self._capture.get(cv2.CAP_PROP_FPS)
        return self.length is not None and plausible_fps(declared, 0.0) > 0

    def no_frame(self) -> SourceError:
        """What to raise where the first `advance` or `decoded` gave nothing."""
        codec = UNCERTAIN.get(codec_of(self._capture))
        fix = f" ({codec}); {CONVERT}" if codec else ""
        return SourceError(f"{self._path}: no frame of this clip can be decoded{fix}")

    def close(self) -> None:
        """Close the file."""
        self._capture.release()
        if self._watch:
            self._watch.close()


def broke_off(decoded: float, declared: float) -> bool:
    """Whether a clip gave clearly fewer frames than its header declares; some containers only estimate the number."""
    return math.isfinite(declared) and decoded < declared - max(2.0, 0.02 * declared)


def open_clip(settings: SourceSettings) -> ClipCamera:
    """The clip of the settings.

    Raises:
        SourceError: it cannot be read or decoded.
    """
    return ClipCamera(Path(settings.source), settings.fps, settings.max_megapixels)
