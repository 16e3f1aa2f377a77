"""Receiving the bodies of pictures: several at a time, within bounds for each client address and for memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
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
PIECE = 65_536  # bytes read at a time
# Bytes of unfinished pictures. Of one address, the oldest picture may have all it needs, so that one always gets on;
# the others together have BESIDE, and are read no further until there is room. All addresses together have HELD.
BESIDE = 4_000_000
HELD = 2 * MAX_BYTES + BESIDE + AT_ONCE * PIECE  # each may read one piece more at the same time
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
        room: set when there may be room for more of it.
        waits: whether it is we who do not read on.
    """

    peer: str
    limit: asyncio.Timeout
    deadline: float
    at: float
    held: int = 0
    room: asyncio.Event = field(default_factory=asyncio.Event)
    waits: bool = False


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
                408,
                f"the picture did not arrive in time; expected more of it every {STILL_S:.0f} s, all in "
                f"{RECEIVE_S:.0f} s",
            ) from None
        finally:
            self._drop(arrival)

    def _make_room(self, peer: str, now: float) -> None:
        own = [each for each in self._arrivals if each.peer == peer and not each.limit.expired()]
        if len(own) < AT_ONCE:
            return
        # One that waits for us has not stalled.
        oldest = min((each for each in own if not each.waits), key=lambda each: each.at, default=None)
        if oldest is None or now - oldest.at < REPLACED_S:
            raise Refused(503, BUSY)
        oldest.deadline = now
        oldest.limit.reschedule(now)
        self._drop(oldest)

    def _drop(self, arrival: Arrival) -> None:
        if arrival in self._arrivals:  # it has not been given up before
            self._arrivals.remove(arrival)
        self._tell_of_room()

    def _tell_of_room(self) -> None:
        for each in self._arrivals:
            each.room.set()

    def _may_read(self, arrival: Arrival) -> bool:
        younger = [each for each in self._arrivals if each.peer == arrival.peer][1:]
        return arrival not in younger or sum(each.held for each in younger) + PIECE <= BESIDE

    async def _wait_for_room(self, arrival: Arrival) -> None:
        """Wait, without reading, while the address's other pictures leave no room; that takes none of its own time."""
        if self._may_read(arrival):
            return
        loop = asyncio.get_running_loop()
        begun, arrival.waits = loop.time(), True
        arrival.limit.reschedule(None)
        while not self._may_read(arrival):
            arrival.room.clear()
            await arrival.room.wait()
        arrival.at, arrival.waits = loop.time(), False
        arrival.deadline += arrival.at - begun
        arrival.limit.reschedule(min(arrival.deadline, arrival.at + STILL_S))

    def _count(self, arrival: Arrival, size: int) -> None:
        """Note that something came; give it more time."""
        arrival.held += size
        arrival.at = asyncio.get_running_loop().time()
        arrival.limit.reschedule(min(arrival.deadline, arrival.at + STILL_S))
        if arrival.held > MAX_BYTES:
            raise _too_large()
        if sum(each.held for each in self._arrivals) > HELD:
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
                self._tell_of_room()
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
        await self._wait_for_room(arrival)
        while chunk := await read(PIECE):
            data += chunk
            self._count(arrival, len(chunk))
            await self._wait_for_room(arrival)
        return bytes(data)


def _expected() -> Refused:
    return Refused(400, "expected a picture: a multipart form with a field named image, or a body of type image/...")


def _too_large() -> Refused:
    return Refused(413, f"the picture is too large; expected at most {MAX_BYTES // 1_000_000} MB")
