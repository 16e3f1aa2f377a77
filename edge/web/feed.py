"""The hub's news in the server's event loop: state as JSON and pictures as JPEG, each encoded once for all viewers."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import cv2

from edge.clock import rfc3339
from edge.errors import PictureError
from edge.frame import Frame
from edge.records import face_record
from edge.web.hub import Hub, Snapshot

QUALITY = 80
KEEP_ALIVE_S = 5.0  # a viewer hears at least this often that all is as before


class Update:
    """One snapshot for any number of viewers.

    Args:
        snapshot: what was known.
        told: the same as JSON can hold it.
        pool: where JPEGs are encoded.
        before: the update before this one; a JPEG of the same frame is taken from it.
    """

    def __init__(self, snapshot: Snapshot, told: dict[str, Any], pool: Executor, before: Update | None = None) -> None:
        self.snapshot, self.told, self._pool = snapshot, told, pool
        self._state: bytes | None = None
        same = before is not None and before.snapshot.frame is snapshot.frame
        self._jpeg: asyncio.Future[bytes] | None = before._jpeg if before and same else None

    @property
    def number(self) -> int:
        """The snapshot's."""
        return self.snapshot.number

    @property
    def state(self) -> bytes:
        """JSON without line breaks, UTF-8."""
        if self._state is None:
            self._state = json.dumps(self.told, ensure_ascii=False, separators=(",", ":")).encode()
        return self._state

    async def jpeg(self) -> bytes:
        """The frame as a JPEG.

        Raises:
            PictureError: there is no frame, or it cannot be encoded.
        """
        if self.snapshot.frame is None:
            raise PictureError("there is no picture")
        if self._jpeg is None:
            work = asyncio.get_running_loop().run_in_executor(self._pool, encode, self.snapshot.frame)
            self._jpeg = asyncio.ensure_future(work)
        return await asyncio.shield(self._jpeg)


class Feed:
    """The newest update, and a wait for the next; used in the server's event loop alone.

    Args:
        hub: where the loop shows.
        pool: where JPEGs are encoded.
        more: what else the state says, such as whether the page may show the picture.
    """

    def __init__(self, hub: Hub, pool: Executor, more: Callable[[Snapshot], dict[str, Any]]) -> None:
        self._hub, self._pool, self._more = hub, pool, more
        self._news = asyncio.Event()
        self._update: Update | None = None
        loop = asyncio.get_running_loop()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the server has just ended
                loop.call_soon_threadsafe(self._notify)

        hub.on_news(wake)

    def close(self) -> None:
        """No more news."""
        self._hub.on_news(None)

    def now(self) -> Update:
        """What is so at this moment, whether or not anybody has been watching."""
        self._update = self._make()
        return self._update

    async def after(self, number: int) -> Update:
        """The newest update once it is not `number`; the same again, anew, where nothing comes for some seconds."""
        if self._update is None or self._update.number == number:
            news = self._news
            try:
                await asyncio.wait_for(news.wait(), KEEP_ALIVE_S)
            except TimeoutError:
                self._update = self._make()
        return self._update or self.now()

    def _notify(self) -> None:
        self._update = self._make()
        self._news.set()
        self._news = asyncio.Event()

    def _make(self) -> Update:
        snapshot = self._hub.snapshot()
        told = state(snapshot, self._hub.reason(), self._hub.watched) | self._more(snapshot)
        return Update(snapshot, told, self._pool, self._update)


def state(snapshot: Snapshot, reason: str, watched: bool = True) -> dict[str, Any]:
    """What /api/status says.

    Args:
        snapshot: what was known.
        reason: why there is no camera.
        watched: whether somebody is.
    """
    frame, word = snapshot.frame, snapshot.state
    status = word if frame is None and word else "watching" if frame is not None else "starting"
    return {
        "number": snapshot.number,
        "time": rfc3339(snapshot.wall),
        "status": status,
        "reason": reason if frame is None else "",
        "health": word if frame is not None else "",
        "fps": round(snapshot.fps, 1),
        **faces(snapshot),
    }


def faces(snapshot: Snapshot) -> dict[str, Any]:
    """What /api/faces says: the size of the picture, and the faces in it, from left to right."""
    frame = snapshot.frame
    if frame is None:
        return {"width": None, "height": None, "faces": []}
    known = [track for track in snapshot.scene.visible if track.refreshed is not None]
    known.sort(key=lambda track: track.face.box.left)
    told = [{"track": track.id, **face_record(track, frame.width, frame.height)} for track in known]
    return {"width": frame.width, "height": frame.height, "faces": told}


def encode(frame: Frame) -> bytes:
    """A frame as a JPEG.

    Raises:
        PictureError: OpenCV cannot encode it.
    """
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not ok:
        raise PictureError("a frame cannot be encoded")
    return data.tobytes()
