"""The learning rate and the optimizer of a recipe."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import keras

from training.recipe import Schedule


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
