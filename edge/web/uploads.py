"""POST /api/image: one picture at a time is decoded and looked at; nothing is kept."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
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


@dataclass(eq=False)
class Entry:
    """A picture that is there.

    Attributes:
        peer: the address that sent it.
        name, data: of the picture.
        job: looks at it.
    """

    peer: str
    name: str
    data: bytes
    job: Future[dict[str, Any]] = field(init=False)


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
        self._inside: list[Entry] = []

    async def image(self, request: web.Request) -> web.Response:
        """The faces of a picture, as `edge-emotion image --json` prints them, from left to right."""
        peer = request.remote or ""
        self._crowding(peer)
        entry = Entry(peer, *await self._reception.receive(request))
        self._make_room(peer)  # others may have come meanwhile
        entry.job = job = self._pool.submit(self._look, entry)
        self._inside.append(entry)
        work = asyncio.wrap_future(job)
        work.add_done_callback(lambda work: self._done(entry, work))
        try:
            # Shielded: a picture that is being looked at counts until it is done, even if nobody waits any more.
            return web.json_response(await asyncio.shield(work))
        except asyncio.CancelledError:
            if job.cancelled():
                raise Refused(503, BUSY) from None
            raise

    def close(self) -> None:
        """Release the models, in the thread that uses them."""
        if self._pipeline is not None:
            self._pool.submit(self._pipeline.close)

    def _crowding(self, peer: str) -> str | None:
        """The address that has to give up a picture for one of this address, as it has two more; None: there is room.

        Raises:
            Refused: there is neither.
        """
        counts = Counter(each.peer for each in self._inside if not each.job.done())
        if counts.total() < WAITING:
            return None
        crowding, most = counts.most_common(1)[0]
        if most < counts[peer] + 2:
            raise Refused(503, BUSY)
        return crowding

    def _make_room(self, peer: str) -> None:
        while (crowding := self._crowding(peer)) is not None:
            for each in reversed(self._inside):
                if each.peer == crowding and each.job.cancel():  # not one that is being looked at
                    each.data = b""  # the pool keeps the entry until its turn
                    break

    def _done(self, entry: Entry, work: asyncio.Future[Any]) -> None:
        self._inside.remove(entry)
        if not work.cancelled():
            work.exception()  # nobody may be waiting for it

    def _look(self, entry: Entry) -> dict[str, Any]:
        if self._pipeline is None:
            self._pipeline = self._open()
        pixels = picture.decode(entry.data, entry.name, MAX_MEGAPIXELS, KINDS)
        tracks = sorted(self._pipeline.detect(pixels), key=lambda track: track.face.box.left)
        return records.picture_record(entry.name, pixels, tracks)
