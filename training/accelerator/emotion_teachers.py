"""Several networks that teach together; how much each one counts is chosen on validation, for each set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from training.temperature import probabilities

SETS = ("fer", "wild")
STEPS = 4  # a teacher's share is a multiple of one in so many


def shares(count: int, steps: int = STEPS) -> Iterator[tuple[float, ...]]:
    """All ways to share one among so many, in steps."""
    if count == 1:
        yield (1.0,)
        return
    for first in range(steps + 1):
        for rest in shares(count - 1, steps):
            yield (first / steps, *(part * (1 - first / steps) for part in rest))


def best_shares(logits: list[np.ndarray], labels: np.ndarray) -> tuple[float, ...]:
    """The shares of the answers' mean that gives the labels the highest likelihood.

    Args:
        logits: of each teacher, (N, 7).
        labels: (N,).
    """
    told = [probabilities(each)[np.arange(len(labels)), labels] for each in logits]

    def loss(parts: tuple[float, ...]) -> float:
        mean = sum(part * each for part, each in zip(parts, told, strict=True))
        return float(-np.log(np.maximum(mean, 1e-6)).mean())

    return min(shares(len(told)), key=loss)


class Teachers:
    """Networks and their shares.

    Args:
        networks: logits (B, 7) of pictures (B, 1, 48, 48), by name.
        found: their logits on the validation rows of each of SETS, by name.
        chosen: `fer_labels` and `wild_labels`.
    """

    def __init__(
        self,
        networks: Mapping[str, nn.Module],
        found: Mapping[str, Mapping[str, np.ndarray]],
        chosen: Mapping[str, np.ndarray],
    ) -> None:
        self.shares = {
            of: dict(zip(networks, best_shares([found[n][of] for n in networks], chosen[f"{of}_labels"]), strict=True))
            for of in SETS
        }
        self.networks = {
            name: net.eval() for name, net in networks.items() if any(self.shares[of][name] > 0 for of in SETS)
        }

    @torch.no_grad()
    def __call__(self, pictures: Tensor, wild: Tensor) -> Tensor:
        """Probabilities (B, 7) of pictures (B, 1, 48, 48); wild (B,): 1 for rows of emotion_wild, 0 for FER2013's."""
        total = torch.zeros(len(pictures), 7, device=pictures.device)
        for name, network in self.networks.items():
            fer, other = (self.shares[of][name] for of in SETS)
            share = fer + (other - fer) * wild
            total += network(pictures).float().softmax(dim=1) * share[:, None]
        return total

    def line(self) -> str:
        """The shares in one line."""
        return "; ".join(f"{of}: " + ", ".join(f"{n} {p:.2f}" for n, p in self.shares[of].items()) for of in SETS)
