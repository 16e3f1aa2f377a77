"""Time our whole loop and the pipelines that a user would pick instead, in one run on the same frames.

The pipelines take turns, a block of frames each, so that whatever else the machine does hits all of them alike. Frames
are in memory before, ours as RGB, theirs as BGR; nothing is drawn. Ours runs every stage on every frame, the mask stage
that the others lack included; its shipped schedule is a row of its own and is not compared.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge.errors import EdgeError
from tests.bench.detectors import PeerError, need
from tests.bench.peers.child import Child, apart
from tests.bench.peers.emotions import XCEPTION, convert_xception
from tests.bench.peers.pipelines import PIPELINES, SSD_LITE, Lap, Opener, Options

# In every frame of this clip each of the detectors finds its one face: all pipelines do the same work.
CLIP = "clips/mask_one_woman_laptop.mp4"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    options = parser().parse_args(arguments)
    try:
        result = bench(options)
    except EdgeError as error:
        print(f"bench: {error}", file=sys.stderr)
        return error.exit_code
    from tests.bench.peers.table import text

    print(json.dumps(result) if options.json else text(result))
    return 1 if any(row["error"] for row in result["rows"]) else 0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    about, _, rest = (__doc__ or "").partition("\n\n")
    answer = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=about, epilog=rest)
    answer.add_argument("--data", type=Path, help=f"folder of the data sets, for its {CLIP}")
    answer.add_argument("--peers", type=Path, required=True, help="folder of other people's models")
    answer.add_argument("--models", default="", help="folder of our models (default: the shipped ones)")
    answer.add_argument("--source", help="frames to measure on, as for run (default: the clip; without --data: demo)")
    answer.add_argument(
        "--look", type=int, default=300, help="so many of the source's are taken (default: %(default)s)"
    )
    answer.add_argument("--frames", type=int, default=300, help="so many a pipeline (default: %(default)s)")
    answer.add_argument("--block", type=int, default=10, help="so many at a turn (default: %(default)s)")
    answer.add_argument("--threads", type=int, default=2, help="of every pipeline (default: %(default)s)")
    answer.add_argument("--only", nargs="+", metavar="NAME", choices=[*PIPELINES], help="these pipelines alone")
    answer.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    return answer


def bench(options: argparse.Namespace) -> dict[str, Any]:
    """The whole run.

    Raises:
        EdgeError: no frames, or a file that every run needs is missing.
    """
    from edge.machine import machine
    from tests.bench.peers import costs, frames, table

    source = options.source or (str(options.data / CLIP) if options.data else "demo")
    cv2.setNumThreads(options.threads)
    images, fps = frames.load(source, options.peers, options.look)
    with tempfile.TemporaryDirectory() as scratch:
        xception, stored = Path(scratch) / "xception.tflite", Path(scratch) / "frames.npy"
        np.save(stored, images)
        chosen = {name: PIPELINES[name] for name in options.only or PIPELINES}
        if SSD_LITE in chosen:
            apart(convert_xception, need(options.peers, XCEPTION), str(xception))
        given = Options(options.peers, options.models, str(xception), options.threads, fps)
        # Before the race: a file that is missing is missed at once.
        prices = {name: costs.COSTS[name](given) for name in chosen}
        laps, memory, errors = race(chosen, given, stored, options.frames, options.block)
    rows = [table.row(n, laps[n], prices[n], memory.get(n), errors.get(n, "")) for n in chosen]
    about = {
        "machine": machine(),
        "threads": options.threads,
        "source": Path(source).name,
        "frames": options.frames,
        "width": images.shape[2],
        "height": images.shape[1],
    }
    return about | table.report(rows)


def race(
    openers: Mapping[str, Opener], options: Options, frames: Path, count: int, block: int
) -> tuple[dict[str, list[Lap]], Mapping[str, int], Mapping[str, str]]:
    """Laps, bytes of memory and errors by name: block after block, each round begun by another pipeline."""
    laps: dict[str, list[Lap]] = {name: [] for name in openers}
    memory: dict[str, int] = {}
    errors: dict[str, str] = {}
    children: list[Child] = []
    try:
        # One after the other, so that nobody starts while another is timed.
        for name, opener in openers.items():
            children.append(Child(name, opener, options, frames))
            _attempt(errors, children[-1], children[-1].ready)
        for turn, start in enumerate(range(0, count, block)):
            shift = turn % len(children)
            for child in children[shift:] + children[:shift]:
                if child.name not in errors:
                    size = min(block, count - start)
                    laps[child.name] += _attempt(errors, child, child.block, start, size) or ()
        for child in children:
            if child.name not in errors:
                used = _attempt(errors, child, child.finish)
                if used is not None:
                    memory[child.name] = used
    finally:
        for child in children:
            child.close()
    return laps, memory, errors


def _attempt(errors: dict[str, str], child: Child, function: Callable[..., Any], *arguments: int) -> Any:
    """The function's answer; a pipeline that fails is left out of the race, and why is kept."""
    try:
        return function(*arguments)
    except PeerError as error:
        errors[child.name] = str(error)
        return None


if __name__ == "__main__":
    sys.exit(main())
