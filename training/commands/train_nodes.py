"""train --nodes: where this process stands among several, and the processes that this machine starts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.errors import InvalidValue
from training import launch
from training import nodes as together
from training.data.fer2013 import DataError
from training.nodes import NodeError, NodeRefused, Nodes
from training.recipe import Recipe


def nodes_of(arguments: argparse.Namespace) -> Nodes:
    """Where this process stands among several.

    Raises:
        InvalidValue: --node without --coordinator, the other way round, or a value that is not allowed.
    """
    if (arguments.node is None) != (arguments.coordinator is None):
        raise InvalidValue("--node and --coordinator: on several machines both are needed; on this one neither")
    if arguments.node is not None and arguments.nodes == 1:
        raise InvalidValue("--nodes: expected the number of all nodes beside --node, at least 2")
    return Nodes(arguments.nodes, arguments.node or 0, arguments.coordinator or "")


def check(nodes: Nodes, recipe: Recipe, data: Path) -> None:
    """Find out before any process is started what would end all of them at once.

    Raises:
        SettingsError: Keras is told to use another backend than JAX.
        InvalidValue: the recipe's batch cannot be divided among the nodes.
        DataError: there is no such data folder.
    """
    if nodes.count == 1:
        return
    together.need_jax()
    if recipe.fit.batch % nodes.count:
        raise InvalidValue(f"--batch: expected a multiple of {nodes.count} nodes, got {recipe.fit.batch}")
    if not data.is_dir():
        raise DataError(f"{data}: no such folder; give the one with the data sets with --data")


def start(words: Sequence[str], nodes: Nodes, folder: Path, resume: str) -> None:
    """Start this machine's processes: one, or all of them if there is only this machine.

    Args:
        words: of the command, without those about nodes.
        nodes: all of them, and which is this machine's.
        folder: of the run.
        resume: the command that resumes the run.

    Raises:
        NodeError: one of them died; the message ends with the command that resumes the run, if that can help.
    """
    spread = bool(nodes.coordinator)
    address = nodes.coordinator or launch.free_address()
    every = [sys.executable, "-m", "training", *words, "--nodes", str(nodes.count), "--coordinator", address]
    numbers = [nodes.number] if spread else range(nodes.count)
    try:
        launch.run([launch.Worker(n, [*every, "--node", str(n)]) for n in numbers], nodes.count, folder)
    except NodeRefused:
        raise
    except NodeError as error:
        how = "resume on every node, here with" if spread else "resume with"
        raise NodeError(f"{error}; {how}: {resume}") from None
