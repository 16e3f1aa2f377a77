"""What both short trainings share: a rate by the clock, averaged weights and fresh statistics."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn


class Clock:
    """Minutes from when it was made to a deadline."""

    def __init__(self, minutes: float, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._start, self._seconds = now, now(), minutes * 60

    def start_over(self) -> None:
        """Count the rate's progress from here; the deadline stays."""
        now = self._now()
        self._seconds -= now - self._start
        self._start = now

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self._now() - self._start

    @property
    def left(self) -> float:
        """Seconds to the deadline, at least 0."""
        return max(0.0, self._seconds - self.seconds)

    @property
    def part(self) -> float:
        """How much of the time has passed, 0-1."""
        return min(1.0, self.seconds / max(self._seconds, 1e-6))


def rate_at(part: float, step: int, warmup: int = 300) -> float:
    """Factor of the learning rate: a linear warm-up by steps, a cosine to zero by the clock."""
    return min(1.0, (step + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * part))


class Average:
    """An exponential moving average of a network's weights (Polyak & Juditsky, 1992)."""

    def __init__(self, net: nn.Module, keep: float = 0.999) -> None:
        self.net, self.keep, self.steps = copy.deepcopy(net), keep, 0

    @torch.no_grad()
    def update(self, net: nn.Module) -> None:
        """Take one step's weights in."""
        self.steps += 1
        part = 1 - min(self.keep, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(list(self.net.parameters()), list(net.parameters()), part)

    @torch.no_grad()
    def settle(self, batch: Callable[[], torch.Tensor], count: int = 30) -> nn.Module:
        """The averaged network with batch statistics taken anew, ready to answer (Wu & Johnson, 2021)."""
        norms = [layer for layer in self.net.modules() if isinstance(layer, nn.BatchNorm2d)]
        self.net.train()
        for layer in self.net.modules():
            if isinstance(layer, nn.Dropout):
                layer.eval()
        for layer in norms:
            layer.reset_running_stats()
            layer.momentum = None  # a plain mean over the batches
        for _ in range(count):
            self.net(batch())
        return self.net.eval()


def optimizer(net: nn.Module, rate: float, decay: float) -> torch.optim.Optimizer:
    """AdamW without decay of biases and normalization."""
    kernels = [p for p in net.parameters() if p.ndim > 1]
    vectors = [p for p in net.parameters() if p.ndim <= 1]
    groups: list[dict[str, Any]] = [{"params": kernels, "weight_decay": decay}, {"params": vectors, "weight_decay": 0}]
    return torch.optim.AdamW(groups, lr=rate)


def descend(loss: torch.Tensor, net: nn.Module, learner: torch.optim.Optimizer, average: Average) -> None:
    """One step of a network against its loss, the gradient's norm at most 5; its average takes the step in."""
    learner.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    learner.step()
    average.update(net)


def quickest_format(net: nn.Module, images: torch.Tensor, tries: int = 5) -> torch.memory_format:
    """The order of channels in memory that the accelerator trains faster with: cards and versions differ."""
    if images.device.type != "cuda":
        return torch.contiguous_format
    taken = {}
    for order in (torch.contiguous_format, torch.channels_last):
        trial = copy.deepcopy(net).to(memory_format=order)
        shown = images.contiguous(memory_format=order)
        for run in range(2 * tries):
            if run == tries:  # the first ones look for kernels
                torch.cuda.synchronize()
                start = time.monotonic()
            trial(shown).sum().backward()
        torch.cuda.synchronize()
        taken[order] = time.monotonic() - start
    return min(taken, key=lambda order: taken[order])


def by_the_clock(
    clock: Clock,
    trained: tuple[nn.Module, torch.optim.Optimizer, Average],
    loss: Callable[[], torch.Tensor],
    look: Callable[[dict[str, float]], None],
    every: float,
    rate: float = 3e-3,
) -> None:
    """Train until the time is up.

    Args:
        clock: started.
        trained: the network, its optimizer and the average of its weights.
        loss: of a new batch.
        look: called every so many seconds and at the end, with the number of steps, the seconds and the loss.
        every: seconds.
        rate: the highest learning rate.
    """
    net, learner, average = trained
    step, looked, last = 0, 0.0, False
    while not last:
        part = clock.part
        last = part >= 1
        for group in learner.param_groups:
            group["lr"] = rate * rate_at(part, step)
        value = loss()
        descend(value, net, learner, average)
        step += 1
        if last or clock.seconds - looked >= every:
            looked = clock.seconds
            look({"step": step, "seconds": looked, "loss": float(value.detach())})
