"""Take channels out of a trained emotion network: those between the two convolutions of its blocks.

Between the blocks nothing changes size, so each block can be made to give what it gave before. The channel whose loss
changes that least goes first, then the next one, and each time the second convolution is fitted anew to what remains:
by least squares, as in "Channel pruning" (He, Zhang and Sun, 2017), in the order of Optimal Brain Surgeon (Hassibi and
Stork, 1993). No labels are needed, and a few minutes on one core.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from edge.errors import ModelError
from training.accelerator import emotion_nets as nets

KERNEL = 9  # values of a 3x3 kernel for a channel
PLACES = 12  # of each picture that a block is fitted at
RIDGE = 1e-3  # of the mean square of an input, added so that equal channels do no harm
PART = 256  # pictures at once


def prune(student: nets.Student, inner: Sequence[int], pictures: Tensor, seed: int = 0) -> nets.Student:
    """A copy of a network with fewer channels inside of its blocks, fitted to answer as it does.

    Args:
        student: in evaluation; it stays as it is.
        inner: channels that each block keeps between its convolutions.
        pictures: (B, 1, 48, 48), 0-1, as it meets them; a thousand or more.
        seed: of the places in them.

    Raises:
        ModelError: `inner` has not one number for each block, or asks for more channels than a block has.

    Example:
        >>> quick = prune(student, [16, 48, 48, 64, 64, 64], pictures)  # doctest: +SKIP
    """
    pruned = slimmed(student, inner)
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        full = functional.relu(nets.last(student.stem(pictures)))
        thin = full
        for old, new, count in zip(student.blocks, pruned.blocks, inner, strict=True):
            given = old.second(functional.relu(old.first(full))) + old.shortcut(full)
            between = functional.relu(old.first(thin))
            _fit(old, new, between, given - old.shortcut(thin), count, random)  # what was lost before is made good, too
            full, thin = functional.relu(given), new(thin)
    return pruned


def slimmed(student: nets.Student, inner: Sequence[int]) -> nets.Student:
    """A copy with so many channels inside of each block, whose convolutions are yet to be filled.

    Raises:
        ModelError: as `prune`.
    """
    measures = nets.measures(nets.arrays(student))
    most = measures["inner"]
    if len(inner) != len(most) or not all(0 < count <= there for count, there in zip(inner, most, strict=True)):
        raise ModelError(f"inner: expected {len(most)} numbers of at most {most}, got {list(inner)}")
    slim = nets.Student(**{**measures, "inner": inner}, dropout=student.dropout.p)
    state = slim.state_dict()
    known = {name: values for name, values in student.state_dict().items() if values.shape == state[name].shape}
    slim.load_state_dict({**state, **known})
    return slim.to(memory_format=torch.channels_last).train(student.training)


def _fit(
    old: nets.Residual, new: nets.Residual, between: Tensor, wanted: Tensor, count: int, random: torch.Generator
) -> None:
    """Set a block's two convolutions: the channels that are kept, and the kernel that makes `wanted` of them."""
    channels, outputs = between.shape[1], wanted.shape[1]
    inputs, targets = _examples(between, wanted, random)
    middle, mean = inputs.mean(dim=0), targets.mean(dim=0)
    inputs, targets = inputs - middle, targets - mean
    kept, kernel = eliminate(inputs.T @ inputs / len(inputs), inputs.T @ targets / len(inputs), count)
    offset = mean - torch.einsum("kt,kto->o", middle.view(channels, KERNEL)[kept], kernel)
    new.first.conv.weight.copy_(old.first.conv.weight[kept])
    for name in ("weight", "bias", "running_mean", "running_var"):
        getattr(new.first.norm, name).copy_(getattr(old.first.norm, name)[kept])
    norm = copy.deepcopy(old.second.norm)  # keeps its gain; the kernel is divided by it
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    norm.bias.copy_(offset.float() + norm.running_mean * gain)
    fitted = kernel.view(count, 3, 3, outputs).permute(3, 0, 1, 2).float()
    new.second.conv.weight.copy_(fitted / gain[:, None, None, None])
    new.second.norm = norm


def _examples(between: Tensor, wanted: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """What the second convolution sees at some places (N, C * 9), and what it is to give there (N, D), float64."""
    inputs, targets = [], []
    height, width = wanted.shape[2:]
    for seen, asked in zip(between.split(PART), wanted.split(PART), strict=True):
        rows = torch.randint(height, (len(seen), PLACES), generator=random)
        columns = torch.randint(width, (len(seen), PLACES), generator=random)
        which = torch.arange(len(seen))[:, None]
        framed = functional.pad(seen, (1, 1, 1, 1))
        windows = [framed[which, :, rows + y, columns + x] for y in range(3) for x in range(3)]  # (B, PLACES, C) each
        inputs.append(torch.stack(windows, dim=-1).flatten(2).flatten(0, 1))
        targets.append(asked[which, :, rows, columns].flatten(0, 1))
    return torch.cat(inputs).double(), torch.cat(targets).double()


def eliminate(square: Tensor, cross: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The channels to keep, and the kernel that explains most with them.

    Args:
        square: (C * 9, C * 9), inputs by inputs, the mean over examples.
        cross: (C * 9, D), inputs by targets.
        count: of channels to keep.

    Returns:
        Their numbers, ascending (count,), and kernels (count, 9, D).
    """
    channels = len(square) // KERNEL
    inverse = torch.linalg.inv(square + RIDGE * square.diagonal().mean() * torch.eye(len(square), dtype=square.dtype))
    kernel = inverse @ cross
    live = list(range(channels))
    while len(live) > count:
        blocks = inverse.view(channels, KERNEL, channels, KERNEL)[live, :, live]
        parts = kernel.view(channels, KERNEL, -1)[live]
        costs = (parts * torch.linalg.solve(blocks, parts)).sum(dim=(1, 2))  # by how much the error would grow
        gone = live.pop(int(costs.argmin()))
        own = slice(KERNEL * gone, KERNEL * (gone + 1))
        away = torch.linalg.solve(inverse[own, own], torch.cat([kernel[own], inverse[own]], dim=1))
        column = inverse[:, own].clone()
        kernel = kernel - column @ away[:, : kernel.shape[1]]
        inverse = inverse - column @ away[:, kernel.shape[1] :]
        inverse[own] = inverse[:, own] = kernel[own] = 0
    return torch.tensor(live), kernel.view(channels, KERNEL, -1)[live]
