"""The mean of several snapshots of one training: python -m training.accelerator.emotion_soup TRAINED.npz last=0.4 ...

Networks of one training lie in one valley, and the mean of their weights often answers better than each of them
(Wortsman et al., 2022, "Model soups"). The mean gets normalization statistics of its own, from the training pictures.
No accelerator is needed: a few minutes on one core.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from edge.errors import SettingsError
from training.accelerator import emotion_land
from training.accelerator import emotion_nets as nets
from training.accelerator.emotion_augment import Look, moved
from training.accelerator.emotion_data import Batches, load, with_originals
from training.accelerator.emotion_learner import settle
from training.accelerator.emotion_store import Store

STRENGTH = 0.35  # of the changes to the pictures that statistics are taken from
NAME = "soup"


def share_of(text: str) -> tuple[str, float]:
    """The snapshot and its share of NAME=SHARE."""
    name, _, share = text.partition("=")
    try:
        return name, float(share)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: expected NAME=SHARE, as last=0.4") from None


def mixed(path: Path, shares: dict[str, float]) -> dict[str, np.ndarray]:
    """The mean of snapshots' weights, by the names of emotion_nets.arrays.

    Args:
        path: emotion-bare.npz or emotion-masked.npz.
        shares: by snapshot; they add up to 1.

    Raises:
        ModelError: a snapshot is not in the file.
        SettingsError: the shares do not add up to 1.

    Example:
        >>> weights = mixed(Path("OUT/emotion-bare.npz"), {"last": 0.5, "best": 0.5})  # doctest: +SKIP
    """
    if abs(sum(shares.values()) - 1) > 1e-6:
        raise SettingsError(f"shares: they add up to {sum(shares.values()):g}; give shares that add up to 1")
    read = {name: emotion_land.read(path, name)[0] for name in shares}
    first = next(iter(read.values()))
    return {key: np.sum([shares[name] * weights[key] for name, weights in read.items()], axis=0) for key in first}


def main() -> None:
    """Mix, settle, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "trained", type=Path, metavar="TRAINED.npz", help="emotion-bare.npz of training.accelerator.emotion"
    )
    parser.add_argument("shares", nargs="+", type=share_of, metavar="NAME=SHARE", help="snapshots and their shares")
    parser.add_argument("--data", type=Path, required=True, metavar="PACK.npz", help="what emotion_pack wrote")
    parser.add_argument("--originals", type=Path, metavar="FILE", help="fer2013.npz: its pictures, not compressed ones")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where emotion-bare.npz goes")
    parser.add_argument("--settle", type=int, default=60, help="batches that statistics are taken from (60)")
    parser.add_argument("--batch", type=int, default=256, help="faces of a batch (256)")
    parser.add_argument("--limit", type=int, default=0, help="rows of each set (0: all)")
    given = parser.parse_args()
    weights = mixed(given.trained, dict(given.shares))
    torch.manual_seed(1)
    device = torch.device("cpu")
    sets, chosen, real = load(given.data, given.limit)
    if given.originals:
        sets, chosen = with_originals(sets, chosen, given.originals)
    batches, look = Batches(sets, device, real), Look(device)
    network = nets.student_of(weights)

    @torch.no_grad()
    def pictures() -> torch.Tensor:
        return nets.last(look(batches.take(given.batch, moved, STRENGTH)["bare"], STRENGTH, 0.3))

    settle(network.eval(), pictures, given.settle)
    given.out.mkdir(parents=True, exist_ok=True)
    store = Store(given.out, chosen, batches.prior(), device, time.monotonic())
    store.keep("bare", NAME, network)
    store.choose("bare")


if __name__ == "__main__":
    main()
