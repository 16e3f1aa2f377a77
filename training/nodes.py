"""One training in several processes, on one machine or many: JAX computes, each process gives its share of every batch.

Keras' DataParallel over JAX treats a batch that lies on several processes as one: its loss, its gradients and the
statistics of batch normalization are those of the whole batch. So a recipe gives the same network as in one process, to
within rounding. Process 0 is the lead: it alone writes and prints.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.errors import EdgeError, InvalidValue, MissingExtra, SettingsError, one_line
from training.backend import load_keras

FIX = "install it: pip install 'edge-emotion[train,jax]'"
START_S = 120  # how long a process waits for the others to start
LOST_S = 30  # a process that has not been heard of for so long is lost


GONE = "another node is gone"  # begins the line of a process that has lost another one


class NodeError(EdgeError, ConnectionError):
    """A training in several processes that cannot go on, such as when one of them is gone."""


class NodeRefused(NodeError):
    """A process that ended before its first epoch with a message of its own: the same command would end the same."""


@dataclass(frozen=True)
class Nodes:
    """Where this process stands among those that train together.

    Attributes:
        count: how many there are.
        number: of this one, from 0.
        coordinator: HOST:PORT at which process 0 listens.
    """

    count: int = 1
    number: int = 0
    coordinator: str = ""

    def __post_init__(self) -> None:
        if self.count < 1 or not 0 <= self.number < self.count:
            raise InvalidValue(f"--node: expected 0 to {self.count - 1}, got {self.number}")
        host, _, port = self.coordinator.rpartition(":")
        if self.coordinator and not (host and port.isdecimal()):
            raise InvalidValue(f"--coordinator: expected HOST:PORT, got {self.coordinator!r}")

    @property
    def lead(self) -> bool:
        """Whether this process writes and prints."""
        return self.number == 0


ALONE = Nodes()


def need_jax() -> None:
    """Check that JAX may be Keras' backend.

    Raises:
        SettingsError: KERAS_BACKEND names another one.
    """
    backend = os.environ.get("KERAS_BACKEND", "jax")
    if backend != "jax":
        raise SettingsError(f"--nodes: needs JAX, but KERAS_BACKEND is {backend}; unset it")


def join(nodes: Nodes, seed: int) -> None:
    """Wait for the other processes, and let every network that is built from now on span them all.

    Raises:
        MissingExtra: JAX is not installed.
        NodeError: the others did not start.
    """
    need_jax()
    os.environ["KERAS_BACKEND"] = "jax"
    try:
        import jax
    except ImportError:
        raise MissingExtra(f"--nodes: JAX is not installed; {FIX}") from None
    keras = load_keras()
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(
            nodes.coordinator,
            nodes.count,
            nodes.number,
            initialization_timeout=START_S,
            heartbeat_timeout_seconds=LOST_S,
        )
    except RuntimeError as error:
        raise NodeError(
            f"node {nodes.number}: not all of {nodes.count} nodes met at {nodes.coordinator} within {START_S} s "
            f"({one_line(error, 120)}); start the same command with --node 0 to {nodes.count - 1}, one each"
        ) from None
    keras.utils.set_random_seed(seed)
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))


@contextmanager
def watched(nodes: Nodes) -> Iterator[None]:
    """Inside, an error of JAX's, which is what a lost process looks like, is one line.

    Raises:
        NodeError: instead of that error.
    """
    if nodes.count == 1:
        yield
        return
    import jax

    try:
        yield
    except (jax.errors.JaxRuntimeError, ValueError) as error:
        if isinstance(error, jax.errors.JaxRuntimeError) or "Gloo" in str(error):  # a ValueError of XLA's
            raise NodeError(f"{GONE}, or JAX failed ({one_line(error, 160)})") from None
        raise


@contextmanager
def apart() -> Iterator[None]:
    """Inside, networks are built and run in this process alone."""
    keras = load_keras()
    distribution = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(distribution)


def agree(nodes: Nodes, epochs: int) -> None:
    """Wait for the other processes, which must have trained as many epochs.

    Raises:
        NodeError: another number of epochs in another process's folder.
    """
    if nodes.count == 1:
        return
    from jax.experimental import multihost_utils

    everywhere = np.asarray(multihost_utils.process_allgather(np.array(epochs))).reshape(-1)
    if (everywhere != everywhere[0]).any():
        told = ", ".join(f"node {number}: {count}" for number, count in enumerate(everywhere.tolist()))
        raise NodeError(f"--resume: not the same run everywhere, epochs done: {told}; give every node node 0's folder")


def share(batches: Any, nodes: Nodes, batch: int) -> Any:
    """Of every batch, the part that this process computes on; the batches themselves in a single process.

    Args:
        batches: a PyDataset of tuples of arrays.
        nodes: which part.
        batch: pictures of a whole batch.

    Raises:
        InvalidValue: a batch cannot be divided evenly.
    """
    if nodes.count == 1:
        return batches
    import jax
    import keras

    if batch % jax.device_count():
        raise InvalidValue(f"--batch: expected a multiple of {jax.device_count()} devices on all nodes, got {batch}")

    class Share(keras.utils.PyDataset):
        def __len__(self) -> int:
            return len(batches)

        def __getitem__(self, index: int) -> tuple[Any, ...]:
            whole = batches[index]
            return tuple(keras.tree.map_structure(lambda array: _part(array, nodes), array) for array in whole)

        def on_epoch_end(self) -> None:
            batches.on_epoch_end()

    return Share(workers=1)


def _part(array: np.ndarray, nodes: Nodes) -> np.ndarray:
    size = len(array) // nodes.count
    return array[nodes.number * size : (nodes.number + 1) * size]
