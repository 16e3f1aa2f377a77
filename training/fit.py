"""Train one recipe with Keras: progress bar, a checkpoint every epoch, resume, averaged weights, history."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from training import checkpoint, history
from training import nodes as together
from training.nodes import ALONE, Nodes
from training.recipe import Recipe, Schedule


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


class WarmCosine(keras.optimizers.schedules.LearningRateSchedule):
    """A linear warm-up to `rate`, then a cosine to zero (Loshchilov & Hutter, 2017); from each of `restarts` anew."""

    def __init__(self, rate: float, warmup: int, total: int, restarts: Sequence[int] = ()) -> None:
        self.rate, self.warmup, self.total, self.restarts = rate, max(1, warmup), max(2, total), tuple(restarts)

    def __call__(self, step: Any) -> Any:
        """The learning rate at a step."""
        ops = keras.ops
        step = ops.cast(step, "float32")
        factor = ops.zeros_like(step)
        for begin, end in pairwise((0, *self.restarts, self.total)):
            rising = (step - begin + 1) / self.warmup
            part = ops.clip((step - begin - self.warmup) / max(1, end - begin - self.warmup), 0.0, 1.0)
            factor = ops.where(step >= begin, ops.minimum(rising, 0.5 * (1 + ops.cos(math.pi * part))), factor)
        return self.rate * factor

    def get_config(self) -> dict[str, Any]:
        """What rebuilds it."""
        return {"rate": self.rate, "warmup": self.warmup, "total": self.total, "restarts": self.restarts}


def schedule(fit: Schedule, steps: int) -> WarmCosine:
    """The learning rate of a recipe for epochs of `steps` batches."""
    restarts = [epoch * steps for epoch in fit.restarts if epoch < fit.epochs]
    return WarmCosine(fit.learning_rate, int(fit.warmup * steps), fit.epochs * steps, restarts)


def optimizer(fit: Schedule, steps: int) -> keras.optimizers.Optimizer:
    """The recipe's optimizer for epochs of `steps` batches."""
    common: dict[str, Any] = {
        "learning_rate": schedule(fit, steps),
        "weight_decay": fit.weight_decay or None,
        "use_ema": fit.ema > 0,
        "ema_momentum": fit.ema or 0.99,
        "global_clipnorm": fit.clip or None,
    }
    if fit.optimizer == "adam":
        return keras.optimizers.Adam(**{**common, "weight_decay": None})
    if fit.optimizer == "adamw":
        made = keras.optimizers.AdamW(**common)
    else:
        made = keras.optimizers.SGD(momentum=0.9, nesterov=True, **common)
    made.exclude_from_weight_decay(var_names=["beta", "gamma", "bias"])
    return made


@contextmanager
def averaged(model: keras.Model, batches: keras.utils.PyDataset | None = None) -> Iterator[None]:
    """Inside, the model has its averaged weights and, with `batches`, statistics that fit them; then the raw ones."""
    averages = getattr(model.optimizer, "_model_variables_moving_average", None)
    if not averages:
        yield
        return
    variables = model.variables
    raw = [np.array(keras.ops.convert_to_numpy(v)) for v in variables]
    for variable, average in zip(model.trainable_variables, averages, strict=True):
        variable.assign(average.value)
    if batches is not None:
        recalibrate_batchnorm(model, batches)
    try:
        yield
    finally:
        for variable, value in zip(variables, raw, strict=True):
            variable.assign(value)


def recalibrate_batchnorm(model: keras.Model, batches: keras.utils.PyDataset, count: int = 25) -> None:
    """Take the batch statistics anew, as plain means over some batches (Wu & Johnson, 2021).

    Running statistics lag behind the raw weights and are not those of averaged ones: in the middle of a training that
    mismatch cost 5 points of accuracy on PublicTest, and half of the detector's precision.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    with no_gradients():
        for seen in range(min(count, len(batches))):
            for norm in norms:
                norm.momentum = seen / (seen + 1)
            model(batches[seen][0], training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def reseed(model: keras.Model, seed: int, epoch: int) -> None:
    """Set the draws of dropout to those of an epoch: a checkpoint does not hold them, and a resumed run needs them."""
    for number, layer in enumerate(model.layers):
        if generator := getattr(layer, "seed_generator", None):
            generator.state.assign(np.random.SeedSequence((seed, epoch, number)).generate_state(2, np.uint32))


def no_gradients() -> AbstractContextManager[None]:
    """On torch: nothing is kept for a backward pass."""
    if keras.backend.backend() != "torch":
        return nullcontext()
    import torch

    return torch.no_grad()


@contextmanager
def measurable(
    model: keras.Model, batches: keras.utils.PyDataset, copy: keras.Model | None = None
) -> Iterator[keras.Model]:
    """Inside, a network of this process with averaged weights: the model itself, or a copy if it spans processes."""
    if copy is None:
        with averaged(model, batches):
            yield model
        return
    averages = getattr(model.optimizer, "_model_variables_moving_average", None)
    own = [variable.path for variable in model.trainable_variables]
    means = dict(zip(own, averages, strict=True)) if averages else {}
    values = [np.array(keras.ops.convert_to_numpy(means.get(v.path, v).value)) for v in model.variables]
    with together.apart():
        for variable, value in zip(copy.variables, values, strict=True):
            variable.assign(value)
        if means:
            recalibrate_batchnorm(copy, batches)
        yield copy


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
        InvalidValue: the recipe's batch cannot be divided among the nodes, or the state to resume from is not whole.
        NodeError: `resume`, and the nodes have not done the same epochs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not resume and nodes.lead:
        (folder / history.FILE).unlink(missing_ok=True)
        shutil.rmtree(folder / history.STATE, ignore_errors=True)
    done = history.saved_epochs(folder) if resume else 0
    together.agree(nodes, done)
    keras.utils.set_random_seed(recipe.seed)
    model = task.build()
    batches = task.batches()
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
        callbacks=[keep, checkpoint.Checkpoint(folder, batches, done, nodes.lead)],
        verbose="auto" if nodes.lead else 0,
        shuffle=False,
    )
    with nullcontext() if copy is None else together.apart():
        return _best(copy or model, task, batches, folder)


def _best(model: keras.Model, task: Task, batches: keras.utils.PyDataset, folder: Path) -> keras.Model:
    if (folder / "best.weights.h5").exists():
        model.load_weights(folder / "best.weights.h5")
    if finish := getattr(task, "finish", None):
        finish(model, batches)
    return model
