"""GET /api/history and /api/history/day: what the journal says of weeks and of one day.

A journal may have hundreds of megabytes, so it is read by another process (edge.web.figures), line by line and at
a low priority, and the answer is kept for as long as the journal and the day stay the same.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from datetime import date
from pathlib import Path

from aiohttp import web

from edge.errors import JournalError
from edge.journals.parts import parts
from edge.web.guard import Refused

LIMIT_S = 300.0
DAYS, MOST_DAYS = 30, 366
KEPT = 8  # answers
FRESH_S = 60.0  # an answer is at most this old, while the journal grows
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class History:
    """Answers from a journal.

    Args:
        journal: its current file; None: there is none.
    """

    def __init__(self, journal: Path | None) -> None:
        self._journal = journal
        self._kept: dict[tuple[str, ...], tuple[float, list[tuple[str, int]], bytes]] = {}
        self._one_at_a_time = asyncio.Lock()
        self._reader: asyncio.subprocess.Process | None = None

    async def overview(self, request: web.Request) -> web.Response:
        """GET /api/history?days=N: visits by day and by hour of the week, shares of emotions, dwell times."""
        days = request.query.get("days", str(DAYS))
        if not (days.isascii() and days.isdigit() and 1 <= int(days[:9]) <= MOST_DAYS):
            raise Refused(400, f"days: expected a whole number from 1 to {MOST_DAYS}")
        return await self._answer("overview", str(int(days)))

    async def day(self, request: web.Request) -> web.Response:
        """GET /api/history/day?day=YYYY-MM-DD: who was in sight when, and with which emotion."""
        day = request.query.get("day", "")
        if not DAY.fullmatch(day) or not day.isascii():
            raise Refused(400, "day: expected a day as YYYY-MM-DD")
        return await self._answer("day", day)

    def close(self) -> None:
        """End a reader that is still at work."""
        if self._reader is not None and self._reader.returncode is None:
            self._reader.kill()

    async def _answer(self, *what: str) -> web.Response:
        if self._journal is None:
            raise Refused(404, "there is no journal; set [journal] file, or start with --journal FILE")
        loop = asyncio.get_running_loop()
        async with self._one_at_a_time:
            state = await loop.run_in_executor(None, _state, self._journal)
            if not state:
                raise Refused(404, f"{self._journal.name}: no such journal yet; the first event creates it")
            key = (*what, date.today().isoformat())  # at midnight, the days that are asked for are others
            made, of, body = self._kept.get(key, (0.0, [], b""))
            if not body or (of != state and loop.time() - made > FRESH_S):
                body = await self._read(self._journal, *what)
                self._kept.pop(key, None)
                self._kept[key] = (loop.time(), state, body)
                while len(self._kept) > KEPT:
                    self._kept.pop(next(iter(self._kept)))
        return web.Response(body=body, content_type="application/json")

    async def _read(self, journal: Path, *what: str) -> bytes:
        """What the other process says.

        Raises:
            Refused: the day does not exist. JournalError: the journal cannot be read, or not in time.
        """
        command = [sys.executable, "-m", "edge.web.figures", str(journal), *what]
        pipe = asyncio.subprocess.PIPE
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._reader = reader = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=environment
        )
        try:
            async with asyncio.timeout(LIMIT_S):
                out, error = await reader.communicate()
        except TimeoutError:
            raise JournalError(f"the journal could not be read within {LIMIT_S:.0f} s; ask for fewer days") from None
        finally:
            if reader.returncode is None:
                reader.kill()
        if reader.returncode == 2:
            raise Refused(400, error.decode(errors="replace").strip().splitlines()[-1])
        if reader.returncode != 0:
            lines = error.decode(errors="replace").strip().splitlines()
            raise JournalError(lines[-1] if lines else "the journal could not be read")
        return out


def _state(journal: Path) -> list[tuple[str, int]]:
    """The journal's files and their sizes."""
    try:
        return [(str(part.path), part.size) for part in (parts(journal) if journal.parent.exists() else [])]
    except OSError as error:
        raise JournalError(f"{journal.name}: cannot read the journal ({error.strerror})") from None
