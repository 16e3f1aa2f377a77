"""POST /api/image: one picture at a time is decoded and looked at; nothing is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import aiohttp
from aiohttp import web

from edge import picture, records
from edge.pipeline.pipeline import EmotionPipeline
from edge.web.guard import Refused

MAX_BYTES = 16_000_000
# Decoded, 40 megapixels take 120 MB: what a Pi can spare, and more than phones send by default.
MAX_MEGAPIXELS = 40.0
KINDS = ("JPEG", "PNG", "WebP")  # what browsers show
RECEIVE_S = 30.0
WAITING = 4  # pictures that are received or wait at the same time, each of up to MAX_BYTES
FIELDS = 4  # of a form
NAME_CHARACTERS = 200


class Uploads:
    """Looks at pictures.

    Args:
        open_pipeline: opens the models, when the first picture comes.
        pool: of one thread, which alone uses them.
    """

    def __init__(self, open_pipeline: Callable[[], EmotionPipeline], pool: Executor) -> None:
        self._open, self._pool = open_pipeline, pool
        self._pipeline: EmotionPipeline | None = None
        self._inside = 0

    async def image(self, request: web.Request) -> web.Response:
        """The faces of a picture, as `edge-emotion image --json` prints them, from left to right."""
        if (request.content_length or 0) > MAX_BYTES + 10_000:
            raise _too_large()
        if self._inside >= WAITING:
            raise Refused(503, "busy with other pictures; try again in a moment")
        self._inside += 1
        try:
            async with asyncio.timeout(RECEIVE_S):
                name, data = await _received(request)
        except BaseException as error:
            self._inside -= 1
            if isinstance(error, TimeoutError):
                raise Refused(408, f"the picture did not arrive within {RECEIVE_S:.0f} s") from None
            raise
        loop = asyncio.get_running_loop()
        work = asyncio.ensure_future(loop.run_in_executor(self._pool, self._look, name, data))
        work.add_done_callback(self._done)
        # Shielded: a picture that is being looked at counts until it is done, even if nobody waits any more.
        return web.json_response(await asyncio.shield(work))

    def close(self) -> None:
        """Release the models, in the thread that uses them."""
        if self._pipeline is not None:
            self._pool.submit(self._pipeline.close)

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


async def _received(request: web.Request) -> tuple[str, bytes]:
    """The name and content of the picture: the body itself, or the field "image" of a form.

    Raises:
        Refused: there is none, or it is too large.
    """
    if request.content_type.startswith("image/") or request.content_type == "application/octet-stream":
        return "image", await _whole(request.content.read)
    if request.content_type != "multipart/form-data":
        raise _expected()
    try:
        form = await request.multipart()
        for _ in range(FIELDS):
            part = await form.next()
            if part is None:
                break
            if not isinstance(part, aiohttp.BodyPartReader):
                raise ValueError("a form within the form")
            if part.name == "image":
                name = (part.filename or "image")[:NAME_CHARACTERS]
                return name, await _whole(part.read_chunk)
            await _whole(part.read_chunk)
    except (ValueError, AssertionError, AttributeError, LookupError, web.RequestPayloadError) as error:
        raise Refused(400, f"malformed form ({str(error).splitlines()[0][:100] if str(error) else 'empty'})") from None
    raise _expected()


async def _whole(read: Callable[[int], Any]) -> bytes:
    data = bytearray()
    while chunk := await read(65536):
        data += chunk
        if len(data) > MAX_BYTES:
            raise _too_large()
    return bytes(data)


def _expected() -> Refused:
    return Refused(400, "expected a picture: a multipart form with a field named image, or a body of type image/...")


def _too_large() -> Refused:
    return Refused(413, f"the picture is too large; expected at most {MAX_BYTES // 1_000_000} MB")
