"""Receiving the bodies of pictures: several at a time, within bounds for each client address and for memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from edge.web.guard import Refused

MAX_BYTES = 16_000_000
RECEIVE_S = 30.0  # for a whole picture
STILL_S = 5.0  # between two pieces of one
# A client that needs room for another picture gives up one of its own of which nothing came for so long.
REPLACED_S = 1.0
AT_ONCE = 4  # pictures from one address
HELD, HELD_EACH = 2 * MAX_BYTES, MAX_BYTES + 65_536  # bytes of unfinished pictures: of all, of those of one address
FIELDS = 4  # of a form
NAME_CHARACTERS = 200
BUSY = "busy with other pictures; try again in a moment"


@dataclass(eq=False)
class Arrival:
    """A picture that is on its way.

    Attributes:
        peer: the address that sends it.
        limit: ends it.
        deadline: the event loop's time by which all of it must be there.
        at: when something of it came last.
        held: bytes so far.
    """

    peer: str
    limit: asyncio.Timeout
    deadline: float
    at: float
    held: int = 0


class Reception:
    """What is on its way. A client that sends nothing, or little, keeps nobody else's pictures out."""

    def __init__(self) -> None:
        self._arrivals: list[Arrival] = []

    async def receive(self, request: web.Request) -> tuple[str, bytes]:
        """The name and content of the picture: the body itself, or the field "image" of a form.

        Raises:
            Refused: there is none, it is too large, it does not come, or too much is on its way already.
        """
        if (request.content_length or 0) > MAX_BYTES + 10_000:
            raise _too_large()
        now, peer = asyncio.get_running_loop().time(), request.remote or ""
        self._make_room(peer, now)
        limit = asyncio.timeout_at(now + min(STILL_S, RECEIVE_S))
        arrival = Arrival(peer, limit, now + RECEIVE_S, now)
        self._arrivals.append(arrival)
        try:
            async with limit:
                return await self._received(request, arrival)
        except TimeoutError:
            raise Refused(
                408, f"the picture did not arrive; expected more of it every {STILL_S:.0f} s, all in {RECEIVE_S:.0f} s"
            ) from None
        finally:
            if arrival in self._arrivals:  # it has not been given up
                self._arrivals.remove(arrival)

    def _make_room(self, peer: str, now: float) -> None:
        own = [each for each in self._arrivals if each.peer == peer and not each.limit.expired()]
        if len(own) < AT_ONCE:
            return
        oldest = min(own, key=lambda each: each.at)
        if now - oldest.at < REPLACED_S:
            raise Refused(503, BUSY)
        oldest.deadline = now
        oldest.limit.reschedule(now)
        self._arrivals.remove(oldest)

    def _count(self, arrival: Arrival, size: int) -> None:
        """Note that something came; give it more time."""
        arrival.held += size
        arrival.at = asyncio.get_running_loop().time()
        arrival.limit.reschedule(min(arrival.deadline, arrival.at + STILL_S))
        if arrival.held > MAX_BYTES:
            raise _too_large()
        if sum(each.held for each in self._arrivals) > HELD:
            raise Refused(503, BUSY)
        if sum(each.held for each in self._arrivals if each.peer == arrival.peer) > HELD_EACH:
            raise Refused(503, BUSY)

    async def _received(self, request: web.Request, arrival: Arrival) -> tuple[str, bytes]:
        if request.content_type.startswith("image/") or request.content_type == "application/octet-stream":
            return "image", await self._whole(request.content.read, arrival)
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
                arrival.held = 0  # what other fields held is gone
                if part.name == "image":
                    name = (part.filename or "image")[:NAME_CHARACTERS]
                    return name, await self._whole(part.read_chunk, arrival)
                await self._whole(part.read_chunk, arrival)
        except (ValueError, AssertionError, AttributeError, LookupError, web.RequestPayloadError) as error:
            reason = str(error).splitlines()[0][:100] if str(error) else "empty"
            raise Refused(400, f"malformed form ({reason})") from None
        raise _expected()

    async def _whole(self, read: Callable[[int], Any], arrival: Arrival) -> bytes:
        data = bytearray()
        while chunk := await read(65536):
            data += chunk
            self._count(arrival, len(chunk))
        return bytes(data)


def _expected() -> Refused:
    return Refused(400, "expected a picture: a multipart form with a field named image, or a body of type image/...")


def _too_large() -> Refused:
    return Refused(413, f"the picture is too large; expected at most {MAX_BYTES // 1_000_000} MB")
