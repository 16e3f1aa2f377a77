"""A wide network to teach the mask network, and what both are taught with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from training.accelerator.mask_crops import Crops
from training.accelerator.mask_net import Norm, Pooled
from training.accelerator.mask_pack import BARE, GROUPS, INCORRECT, WORN

CLASSES = 4
BY_HAND = ("masked_faces", "news_masks")  # groups that people labelled


class Block(nn.Module):
    """Two convolutions beside a shortcut (He et al., 2016)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first, self.second = Norm(inputs, outputs, stride), Norm(outputs, outputs)
        changed = stride > 1 or inputs != outputs
        self.shortcut: nn.Module = Norm(inputs, outputs, stride, kernel=1) if changed else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to (B, D, H / stride, W / stride)."""
        return functional.relu(self.second(functional.relu(self.first(x))) + self.shortcut(x))


class TeacherNet(Pooled):
    """A residual network: (B, 3, H, W), values 0-1, to logits (B, classes). Each stage begins with stride 2."""

    def __init__(
        self,
        stem: int = 40,
        stages: Sequence[Sequence[int]] = ((80, 2), (160, 2), (320, 2)),
        dropout: float = 0.3,
        classes: int = CLASSES,
    ) -> None:
        first, inputs = Norm(3, stem), stem
        blocks: list[nn.Module] = []
        for channels, count in stages:
            for block in range(count):
                blocks.append(Block(inputs, channels, 1 if block else 2))
                inputs = channels
        super().__init__(first, blocks, inputs, dropout, classes)


def trusted(crops: Crops, logits: np.ndarray, doubt: float) -> np.ndarray:
    """Bool (N,): all crops but those labelled by hand as bare or worn that a trained network is sure are the other.

    Args:
        crops: what the network answered on.
        logits: float (N, 4), its answers.
        doubt: from which log-odds against the label it is taken for a mistake.
    """
    by_hand = np.isin(crops.groups, [GROUPS.index(group) for group in BY_HAND])
    masked = np.logaddexp(logits[:, WORN], logits[:, INCORRECT]) - logits[:, BARE]
    against = np.select([crops.kinds == BARE, crops.kinds == WORN], [masked, -masked], -np.inf)
    return ~(by_hand & (against > doubt))


def only(crops: Crops, rows: np.ndarray) -> Crops:
    """The chosen crops."""
    return Crops(crops.images[rows], crops.kinds[rows], crops.groups[rows], crops.loose[rows], crops.weights[rows])


def mixed(images: torch.Tensor, labels: torch.Tensor, part: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The last `part` of a batch blended with the rest, labels (B, K) likewise (mixup: Zhang et al., 2018).

    Rows must be in random order. The first ones stay, for mask_warp.low_resolution changes those.
    """
    count = int(len(images) * min(part, 0.5))
    if not count:
        return images, labels
    own = 0.5 + 0.5 * torch.rand(count, device=images.device)

    def blended(rows: torch.Tensor) -> torch.Tensor:
        share = own.view(-1, *[1] * (rows.ndim - 1))
        return torch.cat([rows[:-count], rows[-count:] * share + rows[:count] * (1 - share)])

    return blended(images), blended(labels)


def soft(kinds: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Labels (B, CLASSES) of kinds (B,), each 1 but for what smoothing spreads over all."""
    return functional.one_hot(kinds, CLASSES).float() * (1 - smoothing) + smoothing / CLASSES


def difference(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of logits (B, K) with probabilities (B, K)."""
    return -(wanted * functional.log_softmax(logits.float(), dim=1)).sum(dim=1).mean()
