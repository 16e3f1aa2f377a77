"""One network in training: its optimizer, the running mean of its weights, and its normalization's statistics."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional


class Average:
    """A running mean of a network's weights and statistics."""

    def __init__(self, network: nn.Module, keep: float = 0.999) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.keep, self.steps = keep, 0
        self._mean = [t for t in self._floats(self.network)]
        self._live = [t for t in self._floats(network)]

    @staticmethod
    def _floats(network: nn.Module) -> Iterable[Tensor]:
        return (t for t in network.state_dict(keep_vars=False).values() if t.is_floating_point())

    @torch.no_grad()
    def update(self) -> None:
        """Take the present weights in; the first ones count more."""
        self.steps += 1
        keep = min(self.keep, (1 + self.steps) / (20 + self.steps))
        torch._foreach_lerp_(self._mean, self._live, 1 - keep)


class Learner:
    """A network, its optimizer and its running mean."""

    def __init__(self, network: nn.Module, rate: float, decay: float = 5e-4) -> None:
        self.network, self.rate = network.train(), rate
        matrices = [p for p in network.parameters() if p.ndim > 1]
        vectors = [p for p in network.parameters() if p.ndim <= 1]
        groups = [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]
        self.optimizer = torch.optim.SGD(groups, lr=rate, momentum=0.9, nesterov=True)
        self.mean = Average(network)
        self.loss = torch.zeros((), device=next(network.parameters()).device)

    def again(self, rate: float) -> Learner:
        """A new learner that begins with the mean of this one's weights."""
        return Learner(copy.deepcopy(self.mean.network).requires_grad_(True), rate)

    def step(self, loss: Tensor, part: float) -> None:
        """One step at a rate that falls as a cosine over the part 0-1 of the time, after a short rise."""
        rate = self.rate * min(part / 0.03, 1.0) * (0.5 + 0.5 * math.cos(math.pi * part)) + 1e-5
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        self.mean.update()
        self.loss.lerp_(loss.detach().float(), 0.02)


def cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Against soft targets (B, 7), the mean over rows by weight (B,)."""
    each = -(targets * functional.log_softmax(logits.float(), dim=1)).sum(dim=1)
    return (each * weights).sum() / weights.sum().clamp_min(1e-6)


@torch.no_grad()
def settle(network: nn.Module, pictures: Callable[[], Tensor], count: int) -> None:
    """Take the normalization's statistics anew, over `count` batches of pictures (B, 1, 48, 48)."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    before = [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # plain means
        norm.train()
    for _ in range(count):
        network(pictures())
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum
    network.eval()
