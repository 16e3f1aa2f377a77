"""One emotion model on a processor, for as long as there is time: python -m training.accelerator.emotion_solo bare ...

For when no accelerator is at hand. The shipped network goes on learning from FER2013 and emotion_wild together. What it
knows of FER2013 stays, as the answers of a network that was trained on FER2013 alone are a part of its targets; they
are taken once, of the faces as they are. There is a checkpoint every `--every` seconds; `--resume` continues from it.
"""

from __future__ import annotations

import argparse
import copy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.accelerator import emotion_alone, emotion_land
from training.accelerator import emotion_nets as nets
from training.accelerator.emotion_augment import moved
from training.accelerator.emotion_learner import Learner, cross_entropy, settle
from training.accelerator.emotion_nets import last

TAUGHT = (0.6, 0.15)  # weight of the teacher's answers in the targets, on FER2013 and on emotion_wild
CALM, NEUTRAL = 0.25, 6  # weight of neutral in the targets of real masked faces, which have no label
REAL = 0.06  # of these beside each batch of the masked model
QUIET = 0.75  # the part of the time after which changes are smaller


class Solo(emotion_alone.Alone):
    """One training.

    Args:
        arguments: of `arguments_of`.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        super().__init__(arguments)
        self.shipped = self.network(arguments.start / f"emotion-{self.name}" / "weights.npz")
        with self.half():
            self.store.measured(self.name, self.shipped, 0.0)
        teacher = self.network(arguments.teacher)
        for faces, share in zip(self.batches.sets, TAUGHT, strict=True):
            faces["targets"] = (1 - share) * faces["targets"] + share * self._told(teacher, faces)
        self.real_faces = torch.from_numpy(self.real)[:, None].float() / 255
        self.calm = self._calm() if self.masks else None
        self.learner = Learner(copy.deepcopy(self.shipped).requires_grad_(True), arguments.rate)
        if arguments.goes_on:
            nets.fill(self.learner.network, emotion_land.read(arguments.goes_on)[0])
            self.learner = Learner(self.learner.network, arguments.rate)  # its mean begins there, too
        self.quiet = 0.0 if arguments.mild else QUIET

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
        told = torch.cat([self.shipped(part).softmax(dim=1) for part in self.real_faces.split(256)])
        told = (1 - CALM) * told
        told[:, NEUTRAL] += CALM
        return told

    @torch.no_grad()
    def batch(self, strength: float) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures (B, 1, 48, 48), targets (B, 7) and weights (B,)."""
        rows = self.batches.take(self.arguments.batch, moved, strength)
        if self.calm is None:
            return last(self.look(rows["bare"], strength, 0.3)), rows["targets"], rows["weights"]
        count = round(self.arguments.batch * REAL) if len(self.real_faces) else 0
        some = torch.randint(max(len(self.real_faces), 1), (count,))
        real = moved([self.real_faces[some]], torch.zeros(count, 2), torch.ones(count), 0.5)[0]
        pictures = self.look(torch.cat([rows["masked"], real]), strength, 0.15)
        weights = torch.cat([rows["weights"] * rows["worn"], torch.ones(count)])
        return last(pictures), torch.cat([rows["targets"], self.calm[some]]), weights

    def loss(self, part: float) -> Tensor:
        """Of one batch beside its targets."""
        pictures, targets, weights = self.batch(0.6 if part < self.quiet else 0.35)
        with self.half():
            answers = self.learner.network(pictures)
        return cross_entropy(answers, targets, weights)

    def finish(self) -> None:
        """Take the statistics anew, keep a blend with the shipped network, and choose each one's prior."""

        def anew(network: torch.nn.Module) -> None:
            with self.half():
                settle(network, lambda: self.batch(0.35)[0], self.arguments.settle)

        anew(self.learner.mean.network)
        self.measure()
        with self.half():
            self.store.blends(self.name, self.learner.mean.network, self.shipped, anew, self.arguments.shares)
        self.store.choose(self.name)


def arguments_of(words: list[str] | None = None) -> argparse.Namespace:
    """The command's arguments."""
    parser = emotion_alone.arguments_of(__doc__ or "", "weights.npz of FER2013 alone", 0.05)
    parser.add_argument("--start", type=Path, required=True, metavar="DIR", help="the folder with the shipped models")
    parser.add_argument("--mild", action="store_true", help="small changes to the pictures from the beginning")
    parser.add_argument(
        "--shares", type=float, nargs="+", default=[0.2, 0.35, 0.5, 0.7, 0.8, 0.9], help="of it in blends with --start"
    )
    return parser.parse_args(words)


if __name__ == "__main__":
    Solo(arguments_of()).run()
