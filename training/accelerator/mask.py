"""Train the mask network by the clock: python -m training.accelerator.mask --data PACK --out DIR --minutes 8."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from training.accelerator import mask_crops, mask_pack, mask_warp
from training.accelerator.mask_crops import COLOURED, DRAWINGS, Crops
from training.accelerator.mask_net import MaskNet, keras_weights
from training.accelerator.mask_schedule import Average, Clock, by_the_clock, optimizer, quickest_format
from training.accelerator.mask_scores import scores
from training.accelerator.mask_story import Kept

SIZE = 48
NETWORK: dict[str, Any] = {"stem": 24, "stages": [[48, 2], [128, 3], [256, 3]], "dropout": 0.2}
TIGHT_SCALES, LOOSE_SCALES = (0.84, 1.2), (0.74, 1.1)
SMOOTHING = 0.03
FRAMINGS = (1.0, 0.9)  # sides of the square, of what the box says, that validation looks at


class Source:
    """Crops on the device, drawn at random and changed anew each time."""

    def __init__(self, crops: Crops, device: torch.device) -> None:
        self.images = torch.from_numpy(crops.images).permute(0, 3, 1, 2).contiguous().to(device)
        self.kinds = torch.from_numpy(crops.kinds).to(device)
        self.loose = torch.from_numpy(crops.loose).to(device)
        self.until = torch.from_numpy(np.cumsum(mask_crops.chances(crops))).to(device)
        self.device = device

    def batch(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Pictures float (count, 3, SIZE, SIZE) of 0-1, and kinds (count,)."""
        drawn = torch.rand(count, dtype=torch.float64, device=self.device)
        rows = torch.searchsorted(self.until, drawn).clamp(max=len(self.until) - 1)
        return augmented(self.images[rows].float() / 255, self.loose[rows]), self.kinds[rows]


def augmented(images: torch.Tensor, loose: torch.Tensor) -> torch.Tensor:
    """Wide crops (B, 3, WIDE, WIDE) to the model's input, framed and changed at random."""
    count, device, uniform = len(images), images.device, mask_warp.uniform
    scale = torch.where(loose, uniform(count, *LOOSE_SCALES, device), uniform(count, *TIGHT_SCALES, device))
    part = SIZE / images.shape[-1]
    matrix = mask_warp.matrices(
        scale * part,
        uniform(count, -0.12, 0.12, device),
        uniform(count, -1, 1, device) ** 3 * 0.6,
        (torch.rand(count, 2, device=device) - 0.5) * 0.22 * part * 2,
        torch.rand(count, device=device) < 0.5,
    )
    images = mask_warp.sample(images, matrix, SIZE)
    images = mask_warp.low_resolution(images, 0.27, 15)
    images = mask_warp.light(images, 0.35)
    images = mask_warp.colours(images, 0.16, grey=0.18)
    images = mask_warp.noise(images, 0.25)
    images = mask_warp.compressed(images, 0.3)
    images = mask_warp.erased(images, 0.15)
    return images.clamp(0, 1)


@torch.no_grad()
def answers(net: torch.nn.Module, crops: Crops, device: torch.device) -> np.ndarray:
    """Logits float64 (framings, N, 4) of crops framed as their boxes say, and a little closer."""
    told = []
    for framing in FRAMINGS:
        logits = []
        for start in range(0, len(crops.images), 1024):
            images = torch.from_numpy(crops.images[start : start + 1024]).to(device).permute(0, 3, 1, 2).float() / 255
            still = torch.zeros(len(images), device=device)
            scale = still + framing * SIZE / images.shape[-1]
            matrix = mask_warp.matrices(scale, still, still, torch.zeros(len(images), 2, device=device), still > 0)
            logits.append(net(mask_warp.sample(images, matrix, SIZE)).double().cpu().numpy())
        told.append(np.concatenate(logits))
    return np.stack(told)


def figures(net: torch.nn.Module, crops: Crops, device: torch.device) -> dict[str, float]:
    """The mean of the framings' figures, with one offset for both."""
    both = answers(net, crops, device)
    first = scores(np.concatenate(both), Crops.joined([crops] * len(both)))
    every = [scores(logits, crops, first.get("offset")) for logits in both]
    return {name: float(np.mean([one[name] for one in every])) for name in every[0]}


def material(data: Path, rounds: int, few: int, workers: int) -> tuple[Crops, Crops]:
    """What is learned from, and the validation slice: the pack's crops and drawn ones.

    Args:
        data: the pack's folder; rounds: how often each of DRAWINGS is drawn on a face.
        few: on how many faces at most, 0 for all; workers: processes that draw.
    """
    pack = mask_pack.load(data / "mask.npz")
    rows = [mask_crops.drawable(pack, val) for val in (False, True)]
    rows = [np.random.default_rng(0).permutation(some)[: few or None] for some in rows]
    made = mask_crops.drawn(pack, rows[0], DRAWINGS * rounds, 1, workers)
    known = Crops.joined([mask_crops.stored(pack, np.flatnonzero(~pack.val)), made])
    coloured = mask_crops.drawn(pack, rows[1], COLOURED, 2, workers)
    return known, Crops.joined([mask_crops.stored(pack, np.flatnonzero(pack.val)), coloured])


def train(data: Path, out: Path, minutes: float, batch: int, every: float, workers: int, few: int) -> dict[str, float]:
    """Train until the time is up; returns the figures of the best network.

    Args:
        data: the pack's folder; out: where mask.npz is written, anew whenever there is a better network.
        minutes: from now to the end; every: seconds between validations.
        batch: pictures a step; workers: processes that draw; few: on how many faces masks are drawn at most, 0 for all.
    """
    clock = Clock(minutes)
    torch.manual_seed(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    known, held = material(data, 2 if minutes > 2 else 1, few, workers)
    source = Source(known, device)
    print(f"mask: {len(known.kinds)} crops, {len(held.kinds)} for validation, {clock.seconds:.0f} s", flush=True)
    net = MaskNet(**NETWORK).to(device)
    net = net.to(memory_format=quickest_format(net, source.batch(batch)[0]))
    learner, average = optimizer(net, 3e-3, 0.03), Average(net)
    kept = Kept(out / "mask.npz", "mask", NETWORK, lambda told: told["score"])

    def loss() -> torch.Tensor:
        images, kinds = source.batch(batch)
        return functional.cross_entropy(net(images), kinds, label_smoothing=SMOOTHING)

    def look(progress: dict[str, float]) -> None:
        told = figures(average.settle(lambda: source.batch(batch)[0]), held, device)
        shift = np.array([0, 0, 0, told.get("offset", 0.0)])
        kept.look(told | progress, keras_weights(average.net, shift))

    clock.start_over()
    by_the_clock(clock, (net, learner, average), loss, look, every)
    return kept.best


def arguments_of(
    about: str, minutes: float, batch: int, every: float, workers: int, few: int, span: str = "from now to the end"
) -> argparse.ArgumentParser:
    """The arguments that the trainings of mask networks share.

    Args:
        about: what --help says.
        minutes, batch, every, workers, few: what they are if they are not given.
        span: which minutes are meant.
    """
    parser = argparse.ArgumentParser(description=about)
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="DIR", help="the folder of the packs")
    add("--out", type=Path, required=True, metavar="DIR", help="where mask.npz is written")
    add("--minutes", type=float, default=minutes, help=f"{span} (default {minutes:g})")
    add("--batch", type=int, default=batch, help=f"pictures a step (default {batch})")
    add("--every", type=float, default=every, help=f"seconds between validations (default {every:g})")
    add("--workers", type=int, default=workers, help=f"processes that draw masks at the start (default {workers})")
    add("--few", type=int, default=few, help=f"draw on so many faces (default {few})")
    return parser


def main() -> None:
    """Read the arguments and train."""
    given = arguments_of(__doc__ or "", 8.0, 1024, 25.0, 8, 6500).parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    best = train(given.data, given.out, given.minutes, given.batch, given.every, given.workers, given.few)
    print("mask: best " + json.dumps({name: round(value, 4) for name, value in best.items()}), flush=True)


if __name__ == "__main__":
    main()
