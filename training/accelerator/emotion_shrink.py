"""A quicker emotion network out of the served one, on one core: python -m training.accelerator.emotion_shrink bare ...

Channels are taken out (see emotion_prune), then the network that is left learns, for as long as there is time, to give
what its teacher gives of the same picture: its answer (Hinton et al., 2015), and what its stages hand on (Romero et
al., 2015), which keeps its size. The teacher knows the training pictures by heart, and shows more of what it does with
others: half of the pictures are blended with another one (Beyer et al., 2022), and `--faces` adds some without labels.
There is a checkpoint every `--every` seconds; `--resume` continues from it. To land the result (emotion_land), add
`inner` to [network] in a copy of the model's recipe.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from edge.vision.letterbox import resize, to_grey
from training.accelerator import emotion_alone, emotion_land, mask_pack
from training.accelerator import emotion_nets as nets
from training.accelerator.emotion_augment import moved
from training.accelerator.emotion_learner import Learner, cross_entropy, settle
from training.accelerator.emotion_nets import last
from training.accelerator.emotion_prune import prune, slimmed

INNER = (16, 48, 48, 64, 64, 64)  # of 48, 96, 96, 96, 160 and 160: half of the multiply-adds
TAUGHT = 0.9  # weight of the teacher's answers in the targets of labelled pictures
BLENDED, MOST = 0.5, 0.5  # how many pictures are blended with another one, and its greatest share
FREE = 0.3  # of a batch: faces of `--faces`
STAGES = 1.0  # weight of what the stages hand on
REAL = 0.06  # of faces with real masks, which have no label, beside each batch of the masked model
STRENGTH, MILD, QUIET = 0.5, 0.35, 0.75  # of changes to the pictures, at first and after that part of the time
INSIDE = 48 / mask_pack.WIDE  # of such a picture: the model's square
FITTED = 2048  # pictures that channels are chosen by


class Shrink(emotion_alone.Alone):
    """One training.

    Args:
        arguments: of `arguments_of`.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        super().__init__(arguments)
        self.teacher = self.network(arguments.teacher)
        self.store.measured("teacher", self.teacher, 0.0)
        self.free = unlabelled(arguments.faces, self.masks) if arguments.faces else torch.zeros(0, 1, 48, 48)
        self.more_masks(wait=1e6)
        self.learner = Learner(self._first().requires_grad_(True), arguments.rate)
        self.store.say(f"{nets.multiply_adds(self.learner.network) / 1e6:.1f} M multiply-adds, {len(self.free)} faces")

    def _first(self) -> nets.Student:
        """The network to begin with: pruned, that of an earlier run, or any, which the checkpoint then replaces."""
        if self.arguments.goes_on:
            student = nets.student_of(emotion_land.read(self.arguments.goes_on)[0])
            return student.to(memory_format=torch.channels_last)
        if self.arguments.resume and (self.arguments.out / "checkpoint.pt").exists():
            return slimmed(self.teacher, self.arguments.inner)
        pictures = torch.cat([self.batch(STRENGTH)[0] for _ in range(-(-FITTED // self.arguments.batch))])
        return prune(self.teacher, self.arguments.inner, pictures, self.arguments.seed)

    @torch.no_grad()
    def batch(self, strength: float) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures (B, 1, 48, 48), targets (B, 7), and the teacher's part in the targets (B, 1)."""
        size = self.arguments.batch
        count = round(size * FREE) if len(self.free) else 0
        rows = self.batches.take(size - count, moved, strength)
        parts = [rows["masked" if self.masks else "bare"]]
        some = self.free[torch.randint(max(len(self.free), 1), (count,))]
        parts += moved([some], torch.zeros(count, 2), torch.full((count,), INSIDE), strength) if count else []
        real = self.batches.real(round(size * REAL), moved, strength) if self.masks else None
        parts += [] if real is None else [real]
        pictures = self.look(torch.cat(parts), strength, 0.15 if self.masks else 0.3)
        targets, taught = torch.zeros(len(pictures), 7), torch.ones(len(pictures), 1)
        labelled = rows["worn"] * rows["weights"] if self.masks else rows["weights"]  # where a mask is not drawn: 0
        targets[: size - count] = rows["targets"]
        taught[: size - count] -= (1 - TAUGHT) * labelled[:, None]
        which = torch.randperm(len(pictures))[: round(len(pictures) * BLENDED)]
        share = torch.rand(len(which), 1, 1, 1) * MOST
        pictures[which] = (1 - share) * pictures[which] + share * pictures[torch.randperm(len(pictures))[: len(which)]]
        taught[which] = 1
        return last(pictures), targets, taught

    def loss(self, part: float) -> Tensor:
        """Of one batch: the answers beside their targets, and the stages beside the teacher's."""
        pictures, targets, taught = self.batch(STRENGTH if part < QUIET else MILD)
        with torch.no_grad(), self.half():
            wanted, told = stages(self.teacher, pictures)
        targets = (1 - taught) * targets + taught * told.float().softmax(dim=1)
        with self.half():
            given, answers = stages(self.learner.network, pictures)
        apart = torch.stack([difference(*pair) for pair in zip(given, wanted, strict=True)]).mean()
        return cross_entropy(answers, targets, torch.ones(len(targets))) + STAGES * apart

    def finish(self) -> None:
        """Take the statistics anew and choose the prior."""
        settle(self.learner.mean.network, lambda: self.batch(MILD)[0], self.arguments.settle)
        self.measure()
        self.store.choose(self.name)


def unlabelled(folder: Path, masked: bool) -> Tensor:
    """Grey faces (N, 1, S, S), 0-1, of the training part of mask.npz (see mask_packing); bare ones or masked ones.

    Raises:
        DataError: the pack is missing or broken.
    """
    pack = mask_pack.load(folder / "mask.npz")
    others = [mask_pack.GROUPS.index(name) for name in ("emotion_wild", "fer2013")]  # those have labels, in their pack
    kind = mask_pack.WORN if masked else mask_pack.BARE
    rows = np.flatnonzero((pack.kinds == kind) & ~pack.val & ~np.isin(pack.groups, others))
    side = mask_pack.WIDE
    wide = [to_grey(resize(pack.image(row), side, side)) for row in rows.tolist()]
    stacked = np.stack(wide) if wide else np.zeros((0, side, side, 1), np.uint8)
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float() / 255


def stages(student: nn.Module, pictures: Tensor) -> tuple[list[Tensor], Tensor]:
    """What each stage of a nets.Student hands on, (B, C, H, W), and its logits (B, 7), of pictures (B, 1, 48, 48)."""
    x = functional.relu(last(student.stem(pictures)))
    handed: list[Tensor] = []
    for block in student.blocks:
        x = block(x)
        if handed and handed[-1].shape == x.shape:
            handed.pop()
        handed.append(x)
    return handed, student.head(student.dropout(x.mean(dim=(2, 3))))


def difference(given: Tensor, wanted: Tensor) -> Tensor:
    """The mean square of what is wrong, as a part of the mean square of what is wanted."""
    given, wanted = given.float(), wanted.float()
    return (given - wanted).square().mean() / wanted.square().mean().clamp_min(1e-9)


def arguments_of(words: list[str] | None = None) -> argparse.Namespace:
    """The command's arguments."""
    parser = emotion_alone.arguments_of(__doc__ or "", "weights.npz of the network to shrink", 0.04)
    parser.add_argument(
        "--inner", type=int, nargs="+", default=list(INNER), metavar="N", help=f"channels inside each block {INNER}"
    )
    parser.add_argument("--faces", type=Path, metavar="DIR", help="the folder of mask.npz: more faces, without labels")
    return parser.parse_args(words)


if __name__ == "__main__":
    Shrink(arguments_of()).run()
