"""One process of a training, which may be told to die: python -m tests.training.node_worker (see test_nodes.py)."""

from __future__ import annotations

import argparse
import os
import signal
from pathlib import Path
from typing import Any

from training import nodes as together
from training import recipe as recipes
from training.nodes import ALONE, Nodes


class Doomed:
    """A task whose process is killed instead of measuring for the `at`-th time; never with 0."""

    def __init__(self, task: Any, at: int) -> None:
        self.task, self.left = task, at

    def __getattr__(self, name: str) -> Any:
        return getattr(self.task, name)

    def measure(self, model: Any) -> dict[str, float]:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.task.measure(model)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("recipe", "data", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--node", type=int, default=0)
    parser.add_argument("--coordinator", default="")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--die", type=int, default=0)
    given = parser.parse_args()
    recipe = recipes.load(given.recipe)
    nodes = Nodes(given.nodes, given.node, given.coordinator) if given.nodes > 1 else ALONE
    if nodes.count > 1:
        together.join(nodes, recipe.seed)
    from training import fit
    from training.tasks import open_task

    task = Doomed(open_task(recipe, given.data), given.die)
    with together.watched(nodes):
        fit.train(recipe, task, given.out, resume=given.resume, nodes=nodes)


if __name__ == "__main__":
    main()
