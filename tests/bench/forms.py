"""How fast each form of each shipped network is on this processor (edge.engines.forms).

python -m tests.bench.forms prints microseconds for a picture, in turns, the least of many; an engine chooses likewise.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from edge import manifest
from edge.engines import forms
from edge.engines.model import LiteRtModel
from edge.errors import EdgeError
from edge.manifest import Manifest
from edge.vision.preprocessing import Preprocessing


def variants(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The name and the content of the plain form, then of one with each step more."""
    yield "plain", content
    for step in forms.STEPS:
        changed = forms.best(content, lambda form: True, [step])
        if changed is not content:
            content = changed
            yield f"+ {step.__name__}", content


def times(listed: Manifest, task: str, threads: int, rounds: int) -> list[tuple[str, float]]:
    """The name of each form of a task's network, and its seconds for a picture."""
    spec = listed[task]
    shape = (spec.height, spec.width, spec.channels)
    picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    wanted = Preprocessing.of(spec)
    found = {
        name: LiteRtModel(content, wanted, threads=threads, shape=shape)
        for name, content in variants(listed.path(task).read_bytes())
    }
    least = dict.fromkeys(found, float("inf"))
    for _ in range(rounds):
        for name, model in found.items():
            least[name] = min(least[name], model.seconds(picture))
    return list(least.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.forms", description=__doc__)
    parser.add_argument("--models", type=Path, default=None, help="folder of models (default: the bundled ones)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="of the interpreter (default: 1 2)")
    parser.add_argument("--rounds", type=int, default=300, help="so many turns (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        listed = manifest.load(options.models)
        for task in listed.specs:
            for threads in options.threads:
                found = times(listed, task, threads, options.rounds)
                shown = ", ".join(f"{name} {1e6 * seconds:.0f}" for name, seconds in found)
                print(f"{task}, {threads} thread{'s' * (threads > 1)}: {shown} us")
    except EdgeError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
