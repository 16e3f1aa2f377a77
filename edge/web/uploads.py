"""POST /api/image: one picture at a time is decoded and looked at; nothing is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from aiohttp import web

from edge import picture, records
from edge.pipeline.pipeline import EmotionPipeline
from edge.web.guard import Refused
from edge.web.reception import BUSY, Reception

# Decoded, 40 megapixels take 120 MB: what a Pi can spare, and more than phones send by default.
MAX_MEGAPIXELS = 40.0
KINDS = ("JPEG", "PNG", "WebP")  # what browsers show
WAITING = 4  # pictures that are there and wait, or are looked at, each of up to edge.web.reception.MAX_BYTES


class Uploads:
    """Looks at pictures.

    Args:
        open_pipeline: opens the models, when the first picture comes.
        pool: of one thread, which alone uses them.
    """

    def __init__(self, open_pipeline: Callable[[], EmotionPipeline], pool: Executor) -> None:
        self._open, self._pool = open_pipeline, pool
        self._pipeline: EmotionPipeline | None = None
        self._reception = Reception()
        self._inside = 0

    async def image(self, request: web.Request) -> web.Response:
        """The faces of a picture, as `edge-emotion image --json` prints them, from left to right."""
        self._expect_room()
        name, data = await self._reception.receive(request)
        self._expect_room()  # others may have come meanwhile
        self._inside += 1
        loop = asyncio.get_running_loop()
        work = asyncio.ensure_future(loop.run_in_executor(self._pool, self._look, name, data))
        work.add_done_callback(self._done)
        # Shielded: a picture that is being looked at counts until it is done, even if nobody waits any more.
        return web.json_response(await asyncio.shield(work))

    def close(self) -> None:
        """Release the models, in the thread that uses them."""
        if self._pipeline is not None:
            self._pool.submit(self._pipeline.close)

    def _expect_room(self) -> None:
        if self._inside >= WAITING:
            raise Refused(503, BUSY)

    def _done(self, work: asyncio.Future[Any]) -> None:
        self._inside -= 1
        if not work.cancelled():
            work.exception()  # nobody may be waiting for it

    def _look(self, name: str, data: bytes) -> dict[str, Any]:
        if self._pipeline is None:
            self._pipeline = self._open()
        pixels = picture.decode(data, name, MAX_MEGAPIXELS, KINDS)
        tracks = sorted(self._pipeline.detect(pixels), key=lambda track: track.face.box.left)
        return records.picture_record(name, pixels, tracks)
