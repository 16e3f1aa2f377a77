"""Each pipeline lives in a child process of its own, so that its memory is its own; it works when it is asked to."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.detectors import PeerError
from tests.bench.peers.pipelines import Lap, Opener, Options

# Each block begins with frames that are not counted: the caches are another pipeline's by then.
WARM = 2
ANSWER_S = 300.0


def serve(connection: Connection, name: str, opener: Opener, options: Options, frames: str) -> None:
    """The child: opens a pipeline, then runs the blocks that it is asked for. Asked for None, it tells its memory."""
    import cv2

    try:
        quiet_output()
        cv2.setNumThreads(options.threads)
        images = np.load(frames)
        pipeline = opener(options, images)
        connection.send("ready")
        while (block := connection.recv()) is not None:
            start, count = block
            for index in range(start - WARM, start):
                pipeline.run(max(index, 0))
            connection.send([pipeline.run(start + n) for n in range(count)])
        connection.send(memory() - images.nbytes)
    except EOFError:
        pass
    except Exception as error:
        connection.send(error if isinstance(error, PeerError) else PeerError(f"{name}: {_line(error)}"))


def quiet_output() -> None:
    """Send what libraries print to standard error: standard output is the parent's table."""
    os.dup2(2, 1)


def memory() -> int:
    """Bytes of memory that this process has now."""
    from edge.commands.bench import rss

    return rss()


class Child:
    """The parent's side of a pipeline.

    Raises:
        PeerError: from each method: the pipeline could not be opened or run, or did not answer.
    """

    def __init__(self, name: str, opener: Opener, options: Options, frames: Path) -> None:
        # Spawned, not forked: the memory of a fork is also its parent's.
        context = multiprocessing.get_context("spawn")
        self.name = name
        self._connection, other = context.Pipe()
        self._process = context.Process(target=serve, args=(other, name, opener, options, str(frames)), daemon=True)
        self._process.start()
        other.close()

    def ready(self) -> None:
        """Wait until the pipeline is open."""
        self._answer()

    def block(self, start: int, count: int) -> Sequence[Lap]:
        """Run frames start .. start + count - 1."""
        self._connection.send((start, count))
        return self._answer()

    def finish(self) -> int:
        """Its memory in bytes, without the frames; the child ends."""
        self._connection.send(None)
        answer: int = self._answer()
        self.close()
        return answer

    def close(self) -> None:
        """End the child, whatever it does."""
        self._connection.close()
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _answer(self) -> Any:
        try:
            answer = self._connection.recv() if self._connection.poll(ANSWER_S) else None
        except (EOFError, OSError):
            answer = PeerError(f"{self.name}: its process died")
        if answer is None:
            answer = PeerError(f"{self.name}: no answer within {ANSWER_S:g} s")
        if isinstance(answer, Exception):
            raise answer
        return answer


def apart(function: Any, *arguments: Any) -> None:
    """Run a function in a child process, for its imports' sake.

    Raises:
        PeerError: it failed.
    """
    process = multiprocessing.get_context("spawn").Process(target=function, args=arguments)
    process.start()
    process.join(ANSWER_S)
    if process.is_alive():
        process.kill()
        process.join()
    if process.exitcode:
        raise PeerError(f"{function.__name__}: failed in its child process (exit {process.exitcode})")


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
