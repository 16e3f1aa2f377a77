"""Teach a quicker mask network with the served one, on a CPU in two hours or a GPU in minutes:

python -m training.accelerator.mask_shrink --data PACK --out OUT --minutes 110

After every look OUT/state.pt has what the same command goes on from when it was interrupted.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from edge import manifest
from edge.engines import open_engine
from edge.files import replacing
from training.accelerator.mask import SMOOTHING, Source, arguments_of, figures, material
from training.accelerator.mask_net import MaskNet, keras_weights
from training.accelerator.mask_schedule import Average, Clock, descend, optimizer, rate_at
from training.accelerator.mask_story import Kept
from training.accelerator.mask_teacher import difference, mixed, soft
from training.data.fer2013 import DataError

NETWORK: dict[str, Any] = {"stem": 24, "stages": [[48, 2], [96, 3], [128, 1]], "dropout": 0.1, "plain": True}
RATE, DECAY = 3e-3, 0.03
OWN = 0.35  # of the target: the label; the rest is the teacher's answer
MIXED = 0.5  # of each batch, the most


class Served:
    """The served network's answers to pictures, by its own int8 file."""

    def __init__(self, models: Path | None) -> None:
        self._engine = open_engine(manifest.load(models), "mask", 1, "cpu")

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Probabilities (B, 4) of pictures (B, 3, 48, 48), values 0-1."""
        pixels = (images * 255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
        told = [self._engine.infer(one)[0].reshape(-1) for one in pixels]
        return torch.from_numpy(np.stack(told)).to(images.device)


class Pupil:
    """The network that is taught, what teaches it, and how far it has come.

    Args:
        network: the arguments of MaskNet; minutes: of learning, all sessions together.
        device: where it learns.
    """

    def __init__(self, network: dict[str, Any], minutes: float, device: torch.device) -> None:
        self.net: nn.Module = MaskNet(**network).to(device, memory_format=torch.channels_last)
        self.learner, self.average = optimizer(self.net, RATE, DECAY), Average(self.net)
        self.seconds, self.length, self.step, self.device = 0.0, minutes * 60, 0, device

    def learn(self, images: torch.Tensor, wanted: torch.Tensor) -> float:
        """One step towards probabilities (B, 4); returns the loss."""
        for group in self.learner.param_groups:
            group["lr"] = RATE * rate_at(min(1.0, self.seconds / self.length), self.step)
        with torch.autocast(self.device.type, torch.bfloat16):
            logits = self.net(images.contiguous(memory_format=torch.channels_last))
        loss = difference(logits.float(), wanted)
        descend(loss, self.net, self.learner, self.average)
        self.step += 1
        return float(loss.detach())

    def save(self, path: Path) -> None:
        """Write everything, whole or not at all."""
        parts = {"net": self.net, "learner": self.learner, "average": self.average.net}
        state = {name: part.state_dict() for name, part in parts.items()}
        state |= {"seconds": self.seconds, "step": self.step, "averaged": self.average.steps}
        with replacing(path) as scratch:
            torch.save(state, scratch)

    def resume(self, path: Path) -> None:
        """Go on from what `save` wrote."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.learner.load_state_dict(state["learner"])
        self.average.net.load_state_dict(state["average"])
        self.seconds, self.step, self.average.steps = state["seconds"], state["step"], state["averaged"]


def shrink(
    data: Path, out: Path, models: Path | None, minutes: float, batch: int, every: float, workers: int, few: int,
    network: dict[str, Any] = NETWORK,
) -> dict[str, float]:  # fmt: skip
    """Teach until the time is up; returns the figures of the best network.

    Args:
        data: the pack's folder; out: gets mask.npz and state.pt, anew after every look.
        models: the folder of the served models, None for the bundled ones.
        minutes: of learning; batch: pictures a step; every: seconds between looks.
        workers, few: see training.accelerator.mask.
        network: the arguments of MaskNet.

    Raises:
        DataError: the pack is missing or broken, or `out` is its folder.
    """
    if out.resolve() == data.resolve():
        raise DataError(f"{out}: mask.npz in it is the pack; write into another folder")
    torch.manual_seed(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    known, held = material(data, 2, few, workers)
    source, teacher = Source(known, device), Served(models)
    pupil, kept = Pupil(network, minutes, device), Kept(out / "mask.npz", "mask", network, lambda told: told["score"])
    if (out / "state.pt").exists():
        pupil.resume(out / "state.pt")
        kept.resume()
        torch.manual_seed(pupil.step)
    print(f"mask: {len(known.kinds)} crops, {len(held.kinds)} for validation, from step {pupil.step}", flush=True)
    while pupil.seconds < pupil.length:
        clock = Clock(min(every, pupil.length - pupil.seconds) / 60)
        begun, loss = pupil.seconds, 0.0
        while clock.left:
            images, kinds = source.batch(batch)
            images, labels = mixed(images, soft(kinds, SMOOTHING), MIXED)
            loss = pupil.learn(images, OWN * labels + (1 - OWN) * teacher(images))
            pupil.seconds = begun + clock.seconds
        told = figures(pupil.average.settle(lambda: source.batch(batch)[0]), held, device)
        shift = np.array([0, 0, 0, told.get("offset", 0.0)])
        progress = {"step": pupil.step, "seconds": pupil.seconds, "loss": loss}
        kept.look(told | progress, keras_weights(pupil.average.net, shift))
        pupil.save(out / "state.pt")
    return kept.best


def main() -> None:
    """Read the arguments and teach."""
    parser = arguments_of((__doc__ or "").split("\n\n", 1)[0], 110.0, 384, 240.0, 2, 2500, "of learning")
    parser.add_argument("--models", type=Path, metavar="DIR", help="the teacher's folder (default: the bundled models)")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    best = shrink(
        given.data, given.out, given.models, given.minutes, given.batch, given.every, given.workers, given.few
    )
    print("mask: best " + json.dumps({name: round(value, 4) for name, value in best.items()}), flush=True)


if __name__ == "__main__":
    main()
