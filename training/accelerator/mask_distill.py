"""Go on training the mask network, taught by a wide one that is trained first:

python -m training.accelerator.mask_distill --data PACK --start FILE.npz --out DIR --minutes 3

DIR/mask.npz gets several networks to choose from, each with its validation figures: `best` and `last`, their `mean`,
and blends with the network that the training began from. DIR/teacher.npz gets the teacher. Give it a GPU of its own:
beside two other trainings three minutes were too short, for the first steps of both networks alone took 45 s.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from training.accelerator.mask import NETWORK, SMOOTHING, Source, answers, arguments_of, figures, material
from training.accelerator.mask_crops import Crops
from training.accelerator.mask_net import MaskNet, keras_weights, set_weights
from training.accelerator.mask_schedule import Average, Clock, by_the_clock, optimizer, quickest_format
from training.accelerator.mask_story import read, write
from training.accelerator.mask_teacher import TeacherNet, difference, mixed, only, soft, trusted

TEACHER: dict[str, Any] = {"stem": 40, "stages": [[80, 2], [160, 2], [320, 2]], "dropout": 0.3}
MIXED = 0.5  # of each batch, the most
OWN = 0.3  # of the student's target: the label; the rest is the teacher's answer
DOUBT = 2.0  # log-odds
BLENDS = (0.25, 0.5, 0.75)  # parts of the new network
Target = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Lessons:
    """Trains networks on one source and keeps what it sees of them on the validation slice."""

    def __init__(self, known: Crops, held: Crops, device: torch.device, batch: int, every: float) -> None:
        self.source, self.held, self.device = Source(known, device), held, device
        self.batch, self.every = batch, every
        self.story: list[dict[str, Any]] = []

    def halved(self, wanted: bool = True) -> torch.autocast:
        """Sixteen bits for the convolutions inside, on a GPU."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=wanted and self.device.type == "cuda")

    def look(self, name: str, average: Average, **more: float) -> dict[str, Any]:
        """Settle averaged weights and return their figures."""
        settled = average.settle(lambda: self.source.batch(self.batch)[0])
        told: dict[str, Any] = {"network": name, **figures(settled, self.held, self.device), **more}
        self.story.append(told)
        shown = {key: round(value, 4) if isinstance(value, float) else value for key, value in told.items()}
        print("mask: " + json.dumps(shown), flush=True)
        return told

    def fit(
        self, name: str, net: nn.Module, clock: Clock, rate: float, decay: float, target: Target
    ) -> tuple[nn.Module, dict[str, Any], nn.Module]:
        """Train until the clock's end.

        Args:
            name: of the network, in the story.
            net: changed in place; clock: its time; rate, decay: the greatest learning rate, and the weights' decay.
            target: from pictures and labels (B, 4) to the probabilities to learn.

        Returns:
            The best averaged network, its figures, and the last averaged network.
        """
        learner, average = optimizer(net, rate, decay), Average(net)
        best, kept = {"score": -1.0}, average.net

        def loss() -> torch.Tensor:
            images, kinds = self.source.batch(self.batch)
            images, labels = mixed(images, soft(kinds, SMOOTHING), MIXED)
            wanted = target(images, labels)
            with self.halved(isinstance(net, TeacherNet)):  # depthwise convolutions are slow in bfloat16
                logits = net(images)
            return difference(logits, wanted)

        def look(progress: dict[str, float]) -> None:
            nonlocal best, kept
            told = self.look(name, average, **progress)
            if told["score"] >= best["score"]:
                best, kept = told, copy.deepcopy(average.net)

        by_the_clock(clock, (net, learner, average), loss, look, self.every, rate)
        return kept, best, average.net


def blended(one: nn.Module, other: nn.Module, part: float) -> nn.Module:
    """A network with weights between those of two: `part` of the other's. Batch statistics have to be taken anew."""
    net = copy.deepcopy(one)
    with torch.no_grad():
        torch._foreach_lerp_(list(net.parameters()), list(other.parameters()), part)
    return net


def distill(
    data: Path, start: Path, out: Path, clock: Clock, share: float, batch: int, every: float, workers: int, few: int,
    teacher_network: dict[str, Any] = TEACHER,
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """Train a teacher, then the network of `start` under it; returns the networks' figures.

    Args:
        data: the pack's folder; start: what training.accelerator.mask wrote; out: gets mask.npz and teacher.npz.
        clock: until when; share: of the time, for the teacher.
        batch, every, workers, few: see training.accelerator.mask.
        teacher_network: the arguments of TeacherNet.
    """
    torch.manual_seed(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    arrays, before = read(start, "best")
    network = before.get("network", NETWORK)
    first = MaskNet(**network)
    set_weights(first, arrays)
    first = first.to(device).eval()
    known, held = material(data, 2, few, workers)
    sure = trusted(known, answers(first, known, device)[0], DOUBT)
    lessons = Lessons(only(known, sure), held, device, batch, every)
    print(f"mask: {sure.sum()} crops, {(~sure).sum()} doubtful ones left out, {clock.seconds:.0f} s", flush=True)
    reserve = min(12.0, 0.15 * clock.left)  # for what comes after the training
    time_left = clock.left - reserve

    teacher: nn.Module = TeacherNet(**teacher_network).to(device, memory_format=torch.channels_last)
    teacher, best, _ = lessons.fit(
        "teacher", teacher, Clock(time_left * share / 60), 2e-3, 0.05, lambda images, labels: labels
    )
    write(out / "teacher.npz", {"teacher": [array.astype(np.float16) for array in keras_weights(teacher)]}, best)

    def taught(images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        with torch.no_grad(), lessons.halved():
            return OWN * labels + (1 - OWN) * teacher(images).float().softmax(dim=1)

    net = copy.deepcopy(first)
    net = net.to(memory_format=quickest_format(net, lessons.source.batch(batch)[0]))
    kept, best, last = lessons.fit("best", net, Clock((clock.left - reserve) / 60), 1e-3, 0.03, taught)
    candidates = {"best": kept, "last": last, "mean": blended(kept, last, 0.5)}
    candidates |= {f"blend{part * 100:.0f}": blended(first, last, part) for part in (0.0, *BLENDS)}
    told: dict[str, dict[str, Any]] = {}
    stored: dict[str, list[np.ndarray]] = {}
    for name, candidate in candidates.items():
        if len(told) > 1 and clock.left < 1:
            break
        average = Average(candidate)
        told[name] = lessons.look(name, average)
        stored[name] = keras_weights(average.net, np.array([0, 0, 0, told[name].get("offset", 0.0)]))
        if len(told) > 1:
            summary = {"network": network, "best": told["best"], "each": told, "story": lessons.story}
            write(out / "mask.npz", stored, summary)
    return told


def main() -> None:
    """Read the arguments and train."""
    parser = arguments_of((__doc__ or "").split("\n\n", 1)[0], 3.0, 1024, 12.0, 8, 4000)
    parser.add_argument("--start", type=Path, required=True, metavar="FILE.npz", help="what .mask wrote")
    parser.add_argument("--deadline", type=float, help="the end as seconds since 1970, instead of --minutes")
    parser.add_argument("--share", type=float, default=0.45, help="of the time, for the teacher (default 0.45)")
    given = parser.parse_args()
    minutes = given.minutes if given.deadline is None else (given.deadline - time.time()) / 60
    given.out.mkdir(parents=True, exist_ok=True)
    distill(
        given.data, given.start, given.out, Clock(minutes), given.share, given.batch, given.every, given.workers,
        given.few,
    )  # fmt: skip


if __name__ == "__main__":
    main()
