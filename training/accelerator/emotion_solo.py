"""One emotion model on a processor, for as long as there is time: python -m training.accelerator.emotion_solo bare ...

For when no accelerator is at hand. The shipped network goes on learning from FER2013 and emotion_wild together. What it
knows of FER2013 stays, as the answers of a network that was trained on FER2013 alone are a part of its targets; they
are taken once, of the faces as they are. There is a checkpoint every `--every` seconds; `--resume` continues from it.
"""

from __future__ import annotations

import argparse
import copy
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from edge.files import replacing
from training.accelerator import emotion_land, emotion_start
from training.accelerator import emotion_nets as nets
from training.accelerator.emotion import STUDENT
from training.accelerator.emotion_augment import Look, moved
from training.accelerator.emotion_data import Batches, Wardrobe, load, with_originals
from training.accelerator.emotion_learner import Learner, cross_entropy, settle
from training.accelerator.emotion_nets import last
from training.accelerator.emotion_store import Store

TAUGHT = (0.6, 0.15)  # weight of the teacher's answers in the targets, on FER2013 and on emotion_wild
CALM, NEUTRAL = 0.25, 6  # weight of neutral in the targets of real masked faces, which have no label
REAL = 0.06  # of these beside each batch of the masked model
QUIET = 0.75  # the part of the time after which changes are smaller


class Solo:
    """One training.

    Args:
        arguments: of `arguments_of`.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.began = time.monotonic()
        self.arguments, self.name = arguments, arguments.model
        arguments.out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(arguments.seed)
        torch.set_num_threads(arguments.threads)
        device = torch.device("cpu")
        sets, chosen, real = load(arguments.data, arguments.limit)
        if arguments.originals:
            sets, chosen = with_originals(sets, chosen, arguments.originals)
        masks = self.name == "masked"
        self.wardrobe = Wardrobe(sets, arguments.drawings, 1) if masks else None
        self.batches, self.look = Batches(sets, device, real), Look(device)
        self.store = Store(arguments.out, chosen, self.batches.prior(), device, self.began)
        self.shipped = self._network(arguments.start / f"emotion-{self.name}" / "weights.npz")
        with self.half():
            self.store.measured(self.name, self.shipped, 0.0)
        teacher = self._network(arguments.teacher)
        for faces, share in zip(self.batches.sets, TAUGHT, strict=True):
            faces["targets"] = (1 - share) * faces["targets"] + share * self._told(teacher, faces)
        self.real = torch.from_numpy(real)[:, None].float() / 255
        self.calm = self._calm() if masks else None
        self.learner = Learner(copy.deepcopy(self.shipped).requires_grad_(True), arguments.rate)
        if arguments.goes_on:
            nets.fill(self.learner.network, emotion_land.read(arguments.goes_on)[0])
            self.learner = Learner(self.learner.network, arguments.rate)  # its mean begins there, too
        self.quiet = 0.0 if arguments.mild else QUIET
        self.spent = 0.0  # seconds of earlier runs
        self.steps = 0

    @staticmethod
    def _network(path: Path) -> nets.Student:
        network = nets.Student(**STUDENT)
        nets.fill(network, emotion_start.read(path))
        return network.to(memory_format=torch.channels_last).eval().requires_grad_(False)

    def half(self) -> Any:
        """bfloat16, where the processor computes in it."""
        return torch.autocast("cpu", torch.bfloat16, enabled=self.arguments.half)

    @torch.no_grad()
    def _told(self, teacher: nets.Student, faces: dict[str, Any]) -> Tensor:
        """The teacher's answers to a set's faces as they are, probabilities (N, 7)."""
        parts = []
        for rows in torch.arange(len(faces["images"])).split(512):
            view = faces["images"][rows][:, None].float() / 255
            with self.half():
                parts.append(teacher(moved([view], faces["centres"][rows], faces["halves"][rows], 0.0)[0]).float())
        return torch.cat(parts).softmax(dim=1)

    @torch.no_grad()
    def _calm(self) -> Tensor:
        """Targets (N, 7) of faces with real masks: neutral, and what the shipped network says of them."""
        told = torch.cat([self.shipped(part).softmax(dim=1) for part in self.real.split(256)])
        told = (1 - CALM) * told
        told[:, NEUTRAL] += CALM
        return told

    def batch(self, strength: float) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures (B, 1, 48, 48), targets (B, 7) and weights (B,)."""
        rows = self.batches.take(self.arguments.batch, moved, strength)
        if self.calm is None:
            return last(self.look(rows["bare"], strength, 0.3)), rows["targets"], rows["weights"]
        count = round(self.arguments.batch * REAL) if len(self.real) else 0
        some = torch.randint(max(len(self.real), 1), (count,))
        real = moved([self.real[some]], torch.zeros(count, 2), torch.ones(count), 0.5)[0]
        pictures = self.look(torch.cat([rows["masked"], real]), strength, 0.15)
        weights = torch.cat([rows["weights"] * rows["worn"], torch.ones(count)])
        return last(pictures), torch.cat([rows["targets"], self.calm[some]]), weights

    def part(self) -> float:
        """How much of the time is over, 0-1; earlier runs count."""
        gone = self.spent + time.monotonic() - self.began
        return gone / (60 * self.arguments.minutes)

    def more_masks(self, wait: float = 0.0) -> None:
        """Take the drawings that are ready; for the first round wait."""
        while self.wardrobe is not None and (drawn := self.wardrobe.next(wait)) is not None:
            self.batches.add_masked(drawn)
            wait = 0.0

    def run(self) -> None:
        """Train until the time is over, then settle, blend and choose."""
        self.more_masks(wait=1e6)
        if self.arguments.resume:
            self.load()
        self.began = looked = time.monotonic()
        while (part := self.part()) < 1:
            with torch.no_grad():
                pictures, targets, weights = self.batch(0.6 if part < self.quiet else 0.35)
            with self.half():
                answers = self.learner.network(pictures)
            self.learner.step(cross_entropy(answers, targets, weights), part)
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

    def finish(self) -> None:
        """Take the statistics anew, keep a blend with the shipped network, and choose each one's prior."""

        def anew(network: torch.nn.Module) -> None:
            with torch.no_grad(), self.half():
                settle(network, lambda: self.batch(0.35)[0], self.arguments.settle)

        anew(self.learner.mean.network)
        self.measure()
        with self.half():
            self.store.blends(self.name, self.learner.mean.network, self.shipped, anew, self.arguments.shares)
        self.store.choose(self.name)

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


def arguments_of(words: list[str] | None = None) -> argparse.Namespace:
    """The command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=("bare", "masked"))
    parser.add_argument("--data", type=Path, required=True, metavar="PACK.npz", help="what emotion_pack wrote")
    parser.add_argument("--start", type=Path, required=True, metavar="DIR", help="the folder with the shipped models")
    parser.add_argument("--teacher", type=Path, required=True, metavar="FILE", help="weights.npz of FER2013 alone")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the weights go")
    parser.add_argument("--goes-on", type=Path, metavar="FILE", help="begin with the last weights of an earlier --out")
    parser.add_argument("--originals", type=Path, metavar="FILE", help="fer2013.npz: its pictures, not compressed ones")
    parser.add_argument("--mild", action="store_true", help="small changes to the pictures from the beginning")
    parser.add_argument("--minutes", type=float, default=60.0, help="for training (60)")
    parser.add_argument("--batch", type=int, default=256, help="faces a step (256)")
    parser.add_argument("--rate", type=float, default=0.05, help="highest learning rate (0.05)")
    parser.add_argument("--every", type=float, default=300.0, help="seconds between checkpoints (300)")
    parser.add_argument("--drawings", type=int, default=5, help="masks drawn on each face (5)")
    parser.add_argument(
        "--shares", type=float, nargs="+", default=[0.2, 0.35, 0.5, 0.7, 0.8, 0.9], help="of it in blends with --start"
    )
    parser.add_argument("--settle", type=int, default=40, help="batches that statistics are taken from (40)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--half", action="store_true", help="compute in bfloat16: processors with AMX")
    parser.add_argument("--limit", type=int, default=0, help="rows of each set (0: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    return parser.parse_args(words)


if __name__ == "__main__":
    Solo(arguments_of()).run()
