"""One mask network from several of a training, with worn and incorrect moved against bare:

python -m training.accelerator.mask_blend FILE.npz --networks best,last --bare 0.6 --pack DIR --out FILE.npz

Training shows more masks than bare faces, so that a network is too ready to see one; hand-made labels of blurred masks
that say "bare" hide it in the balanced accuracy. Choose the values by the validation figures that this prints.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from training.accelerator import mask_crops, mask_pack
from training.accelerator.mask import answers
from training.accelerator.mask_crops import Crops
from training.accelerator.mask_net import MaskNet, set_weights
from training.accelerator.mask_pack import BARE, INCORRECT, WORN
from training.accelerator.mask_scores import scores
from training.accelerator.mask_story import read, write


def mean(networks: Sequence[Sequence[np.ndarray]]) -> list[np.ndarray]:
    """The mean of networks' weights, float32; they must come from one training, or it answers nothing useful."""
    return [np.stack(arrays).mean(axis=0).astype(np.float32) for arrays in zip(*networks, strict=True)]


def moved(arrays: Sequence[np.ndarray], bare: float, incorrect: float) -> list[np.ndarray]:
    """The same network with other biases in its last layer.

    Args:
        arrays: as mask_net.keras_weights gives them.
        bare: by how much the log-odds of bare against worn rise.
        incorrect: by how much those of incorrect against worn rise.
    """
    change = np.zeros(len(arrays[-1]), np.float32)
    change[[BARE, WORN, INCORRECT]] = bare / 2, -bare / 2, -bare / 2 + incorrect
    return [*arrays[:-1], arrays[-1] + change]


def measured(net: torch.nn.Module, held: Crops) -> dict[str, float]:
    """The mean of the framings' figures, without any offset of incorrect."""
    every = [scores(logits, held, 0.0) for logits in answers(net, held, torch.device("cpu"))]
    return {name: float(np.mean([one[name] for one in every])) for name in every[0]}


def main() -> None:
    """Read, blend, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("trained", type=Path, metavar="FILE.npz", help="what training.accelerator.mask wrote")
    parser.add_argument("--networks", default="best,last", help="names of those to average (default best,last)")
    parser.add_argument("--bare", type=float, default=0.0, help="log-odds that bare gains against worn (default 0)")
    parser.add_argument("--incorrect", type=float, default=0.0, help="those that incorrect gains (default 0)")
    parser.add_argument("--pack", type=Path, required=True, metavar="DIR", help="the folder of the packs")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="where to write")
    given = parser.parse_args()
    networks, story = zip(*(read(given.trained, name) for name in given.networks.split(",")), strict=True)
    arrays = moved(mean(networks), given.bare, given.incorrect)
    net = MaskNet(**story[0]["network"]).eval()
    set_weights(net, arrays)
    pack = mask_pack.load(given.pack / "mask.npz")
    figures = measured(net, mask_crops.stored(pack, np.flatnonzero(pack.val)))
    write(given.out, {"best": arrays}, {**story[0], "best": figures})
    print(f"{given.out}: " + json.dumps({name: round(value, 4) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
