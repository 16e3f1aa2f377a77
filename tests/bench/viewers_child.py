"""The viewers of tests.bench.viewers: `python -m tests.bench.viewers_child PORT SECONDS` prints what they got."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time

HEAD = b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
BOUNDARY = b"X-Number: "


class Viewer:
    """A page: the picture and the state.

    Attributes:
        pictures: how many came since `count` was called.
        first_s: seconds until the first one.
    """

    def __init__(self, port: int, reads: bool) -> None:
        self._port, self._reads = port, reads
        self.pictures, self.first_s = 0, None

    async def watch(self) -> None:
        """Until it is cancelled; who does not read stops after the first picture."""
        began = time.monotonic()
        picture, state = [await asyncio.open_connection("127.0.0.1", self._port) for _ in range(2)]
        try:
            for (_, writer), path in ((picture, b"/api/live"), (state, b"/api/events")):
                writer.write(HEAD % path)
            while True:
                await picture[0].readuntil(BOUNDARY)
                self.first_s = self.first_s or time.monotonic() - began
                self.pictures += 1
                if not self._reads:
                    await asyncio.sleep(3600)
                await state[0].readuntil(b"data: ")
        finally:
            for _, writer in (picture, state):
                writer.transport.abort()


async def dawdle(port: int) -> None:
    """A connection whose header never ends, made again whenever the server ends it."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            while True:
                writer.write(b"G")
                await writer.drain()
                await asyncio.sleep(1)
        except OSError:
            await asyncio.sleep(1)


async def run(arguments: argparse.Namespace) -> dict[str, object]:
    """Everything that was asked for; what the viewers who read got per second of the last two thirds."""
    begin = time.monotonic()
    slow = [asyncio.create_task(dawdle(arguments.port)) for _ in range(arguments.slow)]
    await asyncio.sleep(arguments.seconds / 6 if slow else 0)
    viewers = [Viewer(arguments.port, n >= arguments.stopped) for n in range(arguments.viewers)]
    watching = [asyncio.create_task(viewer.watch()) for viewer in viewers]
    await asyncio.sleep(begin + arguments.seconds / 3 - time.monotonic())
    counted = time.monotonic()
    for viewer in viewers:
        viewer.pictures = 0
    await asyncio.sleep(begin + arguments.seconds - counted)
    took = time.monotonic() - counted
    for task in (*watching, *slow):
        task.cancel()
    await asyncio.gather(*watching, *slow, return_exceptions=True)
    return {
        "viewers": [round(viewer.pictures / took, 2) for viewer in viewers[arguments.stopped :]],
        "first_s": viewers[-1].first_s,
    }


def main() -> int:
    """Print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("seconds", type=float)
    for name in ("viewers", "stopped", "slow"):
        parser.add_argument(f"--{name}", type=int, default=0)
    print(json.dumps(asyncio.run(run(parser.parse_args()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
