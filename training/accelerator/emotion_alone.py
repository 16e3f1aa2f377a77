"""What trainings of one emotion model on a processor share: their data, their clock and their checkpoint."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from edge.files import replacing
from training.accelerator import emotion_nets as nets
from training.accelerator import emotion_start
from training.accelerator.emotion_augment import Look
from training.accelerator.emotion_data import Batches, Wardrobe, load, with_originals
from training.accelerator.emotion_learner import Learner
from training.accelerator.emotion_store import Store


class Alone:
    """One training, by the clock; after each look there is a checkpoint that it can go on from.

    Args:
        arguments: of `arguments_of` and what the training adds to them.
    """

    learner: Learner

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.began = time.monotonic()
        self.arguments, self.name = arguments, arguments.model
        arguments.out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(arguments.seed)
        torch.set_num_threads(arguments.threads)
        device = torch.device("cpu")
        sets, chosen, self.real = load(arguments.data, arguments.limit)
        if arguments.originals:
            sets, chosen = with_originals(sets, chosen, arguments.originals)
        self.masks = self.name == "masked"
        self.wardrobe = Wardrobe(sets, arguments.drawings, 1) if self.masks else None
        self.batches, self.look = Batches(sets, device, self.real), Look(device)
        self.store = Store(arguments.out, chosen, self.batches.prior(), device, self.began)
        self.spent, self.steps = 0.0, 0  # seconds of earlier runs, and steps of all

    def loss(self, part: float) -> Tensor:
        """Of one batch, when that part of the time is over."""
        raise NotImplementedError

    def finish(self) -> None:
        """What is done when the time is over."""
        raise NotImplementedError

    @staticmethod
    def network(path: Path) -> nets.Student:
        """The network of a weights.npz, in evaluation."""
        student = nets.student_of(emotion_start.read(path))
        return student.to(memory_format=torch.channels_last).eval().requires_grad_(False)

    def half(self) -> Any:
        """bfloat16, where the processor computes in it."""
        return torch.autocast("cpu", torch.bfloat16, enabled=self.arguments.half)

    def part(self) -> float:
        """How much of the time is over, 0-1; earlier runs count."""
        return (self.spent + time.monotonic() - self.began) / (60 * self.arguments.minutes)

    def more_masks(self, wait: float = 0.0) -> None:
        """Take the drawings that are ready; for the first round wait."""
        while self.wardrobe is not None and (drawn := self.wardrobe.next(wait)) is not None:
            self.batches.add_masked(drawn)
            wait = 0.0

    def run(self) -> None:
        """Train until the time is over."""
        if self.wardrobe is not None and not self.wardrobe.ready:
            self.more_masks(wait=1e6)
        if self.arguments.resume:
            self.load()
        self.began = looked = time.monotonic()
        while (part := self.part()) < 1:
            self.learner.step(self.loss(part), part)
            self.steps += 1
            if time.monotonic() - looked > self.arguments.every:
                self.more_masks()
                self.store.say(f"{part:.0%}: {self.steps} steps of {self.arguments.batch}")
                self.measure()
                self.save()
                looked = time.monotonic()
        if self.wardrobe is not None:
            self.wardrobe.close()
        self.finish()

    def measure(self) -> None:
        """Say how the running mean does, and keep its weights."""
        with self.half():
            self.store.measured(self.name, self.learner.mean.network, float(self.learner.loss))

    def save(self) -> None:
        """Write the checkpoint."""
        state = {
            "network": self.learner.network.state_dict(),
            "mean": self.learner.mean.network.state_dict(),
            "optimizer": self.learner.optimizer.state_dict(),
            "averaged": self.learner.mean.steps,
            "steps": self.steps,
            "spent": self.spent + time.monotonic() - self.began,
        }
        with replacing(self.arguments.out / "checkpoint.pt") as scratch:
            torch.save(state, scratch)

    def load(self) -> None:
        """Continue from the checkpoint; without one, begin."""
        path = self.arguments.out / "checkpoint.pt"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True)
        self.learner.network.load_state_dict(state["network"])
        self.learner.mean.network.load_state_dict(state["mean"])
        self.learner.optimizer.load_state_dict(state["optimizer"])
        self.learner.mean.steps, self.steps = state["averaged"], state["steps"]
        self.spent = state["spent"]
        self.store.say(f"goes on after {self.steps} steps")


def arguments_of(about: str, teacher: str, rate: float) -> argparse.ArgumentParser:
    """The arguments that such trainings share.

    Args:
        about: what --help says; teacher: what --teacher is.
        rate: the highest learning rate, if none is given.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("model", choices=("bare", "masked"))
    parser.add_argument("--data", type=Path, required=True, metavar="PACK.npz", help="what emotion_pack wrote")
    parser.add_argument("--teacher", type=Path, required=True, metavar="FILE", help=teacher)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the weights go")
    parser.add_argument("--goes-on", type=Path, metavar="FILE", help="begin with the last weights of an earlier --out")
    parser.add_argument("--originals", type=Path, metavar="FILE", help="fer2013.npz: its pictures, not compressed ones")
    parser.add_argument("--minutes", type=float, default=60.0, help="for training (60)")
    parser.add_argument("--batch", type=int, default=256, help="faces a step (256)")
    parser.add_argument("--rate", type=float, default=rate, help=f"highest learning rate ({rate:g})")
    parser.add_argument("--every", type=float, default=300.0, help="seconds between checkpoints (300)")
    parser.add_argument("--drawings", type=int, default=5, help="masks drawn on each face (5)")
    parser.add_argument("--settle", type=int, default=40, help="batches that statistics are taken from (40)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--half", action="store_true", help="compute in bfloat16: processors with AMX or AVX512_BF16")
    parser.add_argument("--limit", type=int, default=0, help="rows of each set (0: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    return parser
