"""Train one recipe with Keras: progress bar, a checkpoint every epoch, resume, averaged weights, history."""

from __future__ import annotations

import json
import logging
import math
import shutil
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from edge.errors import InvalidValue
from edge.files import alone_in
from training import checkpoint, history, resumed
from training import nodes as together
from training.averages import measurable
from training.nodes import ALONE, Nodes
from training.optimizers import optimizer
from training.recipe import Recipe

_log = logging.getLogger(__name__)


class Task(Protocol):
    """What fit needs to know of a recipe's task; see training/tasks/.

    Where it has a method `finish(model, batches)`, that is called with the best network at the end.
    """

    def build(self) -> keras.Model:
        """A fresh network that answers logits."""
        ...

    def batches(self) -> keras.utils.PyDataset:
        """The training data, augmented, shuffled anew every epoch.

        Where they have a method `update_from(model, epochs)`, it is called with the averaged network after every epoch
        that is measured, to choose what comes next; and when a run goes on. What depends on earlier networks is saved
        with the run where they have methods `state()`, a dictionary of arrays, empty for nothing, and `restore(state)`,
        which is then called instead.
        """
        ...

    def loss(self) -> Any:
        """A Keras loss over the network's outputs."""
        ...

    def measure(self, model: keras.Model) -> dict[str, float]:
        """Figures on the validation split; the greatest `score` is kept."""
        ...

    def export(self, model: keras.Model) -> keras.Model:
        """The network as it is served: probabilities instead of logits, Keras' own layers alone."""
        ...


def reseed(model: keras.Model, seed: int, epoch: int) -> None:
    """Set the draws of dropout to those of an epoch: a checkpoint does not hold them, and a resumed run needs them."""
    for number, layer in enumerate(model.layers):
        if generator := getattr(layer, "seed_generator", None):
            generator.state.assign(np.random.SeedSequence((seed, epoch, number)).generate_state(2, np.uint32))


class _Keep(keras.callbacks.Callback):
    """After every epoch: measure the averaged weights, keep them if they are the best, write a line of history.

    After a restart the search for the best begins anew: earlier weights know nothing of what has been shown since.
    """

    def __init__(
        self,
        task: Task,
        batches: keras.utils.PyDataset,
        folder: Path,
        every: int,
        recipe: Recipe,
        copy: keras.Model | None = None,
        lead: bool = True,
    ) -> None:
        super().__init__()
        self.task, self.batches, self.folder, self.every = task, batches, folder, every
        self.seed, self.epochs, self.restarts = recipe.seed, recipe.fit.epochs, recipe.fit.restarts
        self.copy, self.lead = copy, lead
        self.history = folder / history.FILE
        self.update_from = getattr(batches, "update_from", None)
        self.begun = False
        self.started = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        # A run that goes on: what it saw when it was broken off is seen again.
        resumed = epoch and not self.begun
        if self.update_from and resumed and not checkpoint.restore_batches(self.folder, self.batches):
            with measurable(self.model, self.batches, self.copy) as model:
                self.update_from(model, epoch)
        self.begun = True
        reseed(self.model, self.seed, epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        line: dict[str, float] = {"epoch": epoch + 1, "loss": float((logs or {}).get("loss", math.nan))}
        if not math.isfinite(line["loss"]):  # before the state is saved: weights that are no numbers never recover
            saved = f"; the run is saved up to epoch {epoch}, for --resume" if epoch else ""
            raise InvalidValue(
                f"{self.folder}: epoch {epoch + 1}: the loss is no longer a finite number; lower fit.learning_rate or "
                f"set fit.clip in the recipe{saved}"
            )
        if (epoch + 1) % self.every == 0 or epoch + 1 == self.epochs:
            with measurable(self.model, self.batches, self.copy) as model:
                line |= self.task.measure(model)
                if self.lead and line["score"] >= self._best(epoch):
                    checkpoint.save_weights(model, self.folder / "best.weights.h5")
                if self.update_from:
                    self.update_from(model, epoch + 1)
        line["seconds"] = round(time.monotonic() - self.started, 1)
        self.started = time.monotonic()
        if self.lead:
            with open(self.history, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            print("  " + "  ".join(f"{k} {v:.4g}" for k, v in line.items()), flush=True)

    def _best(self, epoch: int) -> float:
        """The best score since the last restart before the epoch that ends."""
        began = max((restart for restart in self.restarts if restart <= epoch), default=0)
        lines = history.read(self.folder)
        return max(
            (line["score"] for line in lines if "score" in line and began < line["epoch"] <= epoch), default=-math.inf
        )


def train(
    recipe: Recipe, task: Task, folder: Path, *, resume: bool = False, every: int = 1, nodes: Nodes = ALONE
) -> keras.Model:
    """Train and return the network with its best averaged weights.

    Writes into `folder`: history.jsonl, best.weights.h5, and a full state after every epoch under backup/, from which
    `resume` goes on; without `resume` an old run there is begun anew.

    Args:
        recipe: what to do.
        task: the data and the network.
        folder: of this run.
        resume: go on where the last run in that folder stopped.
        every: epochs between two measurements.
        nodes: the processes that train together, once they have joined; the lead alone writes into `folder`.

    Raises:
        InvalidValue: the recipe's batch cannot be divided among the nodes or is larger than the data; the state to
            resume from is not whole, of another network or optimizer, or of more epochs than the recipe's; the loss is
            no number.
        NodeError: `resume`, and the nodes have not done the same epochs.
        InUse: another training writes into `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with alone_in(folder, wait=False) if nodes.lead else nullcontext():
        return _trained(recipe, task, folder, resume, every, nodes)


def _trained(recipe: Recipe, task: Task, folder: Path, resume: bool, every: int, nodes: Nodes) -> keras.Model:
    if not resume and nodes.lead:
        (folder / history.FILE).unlink(missing_ok=True)
        shutil.rmtree(folder / history.STATE, ignore_errors=True)
    done = history.saved_epochs(folder) if resume else 0
    if done > recipe.fit.epochs:
        raise InvalidValue(
            f"{folder}: this run has {done} epochs already; give --epochs {done} or more, or train without --resume"
        )
    together.agree(nodes, done)
    if done and nodes.lead:
        _go_on(folder, done)
    keras.utils.set_random_seed(recipe.seed)
    model = task.build()
    batches = task.batches()
    if not len(batches):
        raise InvalidValue(
            f"--batch: {recipe.fit.batch} is more than the number of training pictures; give a smaller one"
        )
    for _ in range(done):
        batches.on_epoch_end()  # so that a run goes on with the draws that it would have come to
    copy = None
    if nodes.count > 1:
        with together.apart():
            copy = task.build()
    model.compile(optimizer(recipe.fit, len(batches)), task.loss(), jit_compile=False)
    keep = _Keep(task, batches, folder, every, recipe, copy, nodes.lead)
    model.fit(
        together.share(batches, nodes, recipe.fit.batch),
        epochs=recipe.fit.epochs,
        callbacks=[keep, checkpoint.Checkpoint(folder, batches, done, nodes.lead, resumed.learned(recipe))],
        verbose="auto" if nodes.lead else 0,
        shuffle=False,
    )
    with nullcontext() if copy is None else together.apart():
        return _best(copy or model, task, batches, folder)


def _go_on(folder: Path, done: int) -> None:
    """Make sure that the history of a run to resume is there; say what it lacks."""
    path = folder / history.FILE
    lost = history.go_on(folder, done) if path.exists() else list(range(1, done + 1))
    if len(lost) == done:
        what = "holds no line that can be read" if path.exists() else "not there"
        raise InvalidValue(f"{path}: {what}; copy the run's folder whole, or train without --resume")
    if lost:
        _log.warning("%s: epoch %s is not in it, nor will it be in the report", path, ", ".join(map(str, lost)))


def _best(model: keras.Model, task: Task, batches: keras.utils.PyDataset, folder: Path) -> keras.Model:
    best = folder / "best.weights.h5"
    if best.exists():
        with checkpoint.readable(best):
            model.load_weights(best)
    if finish := getattr(task, "finish", None):
        finish(model, batches)
    return model
