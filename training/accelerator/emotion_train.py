"""The two steps of the emotion training, by the clock: teachers first, then both students beside each other."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.accelerator import emotion_measure as measure
from training.accelerator.emotion_augment import Look, moved
from training.accelerator.emotion_data import Batches, Wardrobe
from training.accelerator.emotion_nets import arrays, last

CALM = 0.65  # the part of a step after which changes are smaller
STRONG, MILD = (1.0, 0.5), (0.75, 0.4)  # sizes of the changes before and after, for teachers and for students


@dataclass(frozen=True)
class Plan:
    """Sizes and times.

    Attributes:
        start, end: of the whole run, seconds of time.monotonic().
        teachers: part of the time that the teachers get.
        batch: rows a step of the students; of the teachers two thirds.
        every: seconds between measurements.
        rate: of the students; the teachers' is half of it.
        taught: weight of the teachers' answers in the students' targets.
        begin: part of the students' time after which the masked one begins, as a copy of the bare one.
    """

    start: float
    end: float
    teachers: float = 0.4
    batch: int = 640
    every: float = 25.0
    rate: float = 0.2
    taught: float = 0.7
    begin: float = 0.22

    def part(self, first: float, last: float) -> float:
        """How much of the time between two parts of the run has gone by, 0-1."""
        gone = (time.monotonic() - self.start) / (self.end - self.start)
        return min(max((gone - first) / (last - first), 0.0), 1.0)


class Average:
    """A running mean of a network's weights and statistics."""

    def __init__(self, network: nn.Module, keep: float = 0.999) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.keep, self.steps = keep, 0
        self._mean = [t for t in self._floats(self.network)]
        self._live = [t for t in self._floats(network)]

    @staticmethod
    def _floats(network: nn.Module) -> Iterable[Tensor]:
        return (t for t in network.state_dict(keep_vars=False).values() if t.is_floating_point())

    @torch.no_grad()
    def update(self) -> None:
        """Take the present weights in; the first ones count more."""
        self.steps += 1
        keep = min(self.keep, (1 + self.steps) / (20 + self.steps))
        torch._foreach_lerp_(self._mean, self._live, 1 - keep)


class Learner:
    """A network, its optimizer and its running mean."""

    def __init__(self, network: nn.Module, rate: float, decay: float = 5e-4) -> None:
        self.network, self.rate = network, rate
        matrices = [p for p in network.parameters() if p.ndim > 1]
        vectors = [p for p in network.parameters() if p.ndim <= 1]
        groups = [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]
        self.optimizer = torch.optim.SGD(groups, lr=rate, momentum=0.9, nesterov=True)
        self.mean = Average(network)
        self.loss = torch.zeros((), device=next(network.parameters()).device)

    def step(self, loss: Tensor, part: float) -> None:
        """One step at a rate that falls as a cosine over the part 0-1 of the time, after a short rise."""
        rate = self.rate * min(part / 0.03, 1.0) * (0.5 + 0.5 * math.cos(math.pi * part)) + 1e-5
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        self.mean.update()
        self.loss.lerp_(loss.detach().float(), 0.02)


def cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Against soft targets (B, 7), the mean over rows by weight (B,)."""
    each = -(targets * functional.log_softmax(logits.float(), dim=1)).sum(dim=1)
    return (each * weights).sum() / weights.sum().clamp_min(1e-6)


class Run:
    """Everything that both steps share."""

    def __init__(
        self,
        plan: Plan,
        batches: Batches,
        wardrobe: Wardrobe,
        chosen: dict[str, np.ndarray],
        device: torch.device,
        out: Path,
    ) -> None:
        self.plan, self.batches, self.wardrobe, self.chosen = plan, batches, wardrobe, chosen
        self.device, self.out = device, out
        self.look = Look(device)
        self.log_file = open(out / "emotion.log", "a", encoding="utf-8")  # noqa: SIM115
        self.best: dict[str, float] = {}
        self.kept: dict[str, dict[str, np.ndarray]] = {"bare": {}, "masked": {}}
        self.prior = batches.prior()

    def say(self, text: str) -> None:
        """Print a line with the time, and keep it."""
        line = f"[{time.monotonic() - self.plan.start:6.1f} s] {text}"
        print(line, flush=True)
        self.log_file.write(line + "\n")
        self.log_file.flush()

    def half(self) -> Any:
        """bfloat16 for what follows, on a GPU."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")

    def more_masks(self, wait: float = 0.0) -> None:
        """Take the drawings that are ready; for the first of them wait so many seconds."""
        while True:
            try:
                drawn = self.wardrobe.next(wait)
            except Exception as error:  # whatever a process met: the other rounds will do
                self.say(f"a round of masks is lost: {error!r}")
                continue
            if drawn is None:
                return
            self.batches.add_masked(drawn)
            wait = 0.0

    def batch(self, size: int, strength: float) -> dict[str, Any]:
        """Rows with moves and looks."""
        with torch.no_grad():
            rows = self.batches.take(size, moved, strength)
            rows["bare"] = last(self.look(rows["bare"], strength, 0.35))
            if rows["masked"] is not None:
                rows["masked"] = last(self.look(rows["masked"], strength, 0.15))
        return rows

    def teach(self, teachers: dict[str, tuple[nn.Module, float]]) -> dict[str, nn.Module]:
        """Train teachers, each on its own share of masked faces, and return their running means."""
        learners = {name: (Learner(net, self.plan.rate / 2), share) for name, (net, share) in teachers.items()}
        size, steps, measured = self.plan.batch * 2 // 3, 0, time.monotonic()
        began = measured
        while (part := self.plan.part(0.0, self.plan.teachers)) < 1:
            rows = self.batch(size, STRONG[part >= CALM])
            for learner, share in learners.values():
                images = rows["bare"]
                if rows["masked"] is not None:
                    worn = (torch.rand(size, device=self.device) < share) & (rows["worn"] > 0)
                    images = torch.where(worn[:, None, None, None], rows["masked"], images)
                with self.half():
                    answers = learner.network(images)
                learner.step(cross_entropy(answers, rows["targets"], rows["weights"]), part)
            steps += 1
            if time.monotonic() - measured > self.plan.every:
                speed = steps * size / (time.monotonic() - began)
                self.more_masks()
                self.say(f"teachers {part:.0%}: {steps} steps, {speed:.0f} faces/s, {self.wardrobe.ready} drawings")
                for name, (learner, _) in learners.items():
                    self.measured(name, learner, keep=False)
                measured = time.monotonic()
        for name, (learner, _) in learners.items():
            self.settle(learner.mean.network, lambda rows: rows["bare"], 20)
            self.measured(name, learner, keep=False)
        return {name: learner.mean.network for name, (learner, _) in learners.items()}

    def measured(self, name: str, learner: Learner, keep: bool) -> None:
        """Say how the running mean does; keep a student's weights, and its best ones."""
        loss = float(learner.loss)
        for kind in ("masked",) if name == "masked" else ("bare",) if name == "bare" else ("bare", "masked"):
            found = measure.logits(learner.mean.network, self.chosen, kind, self.device)
            values = measure.figures(found, self.chosen)
            worth = measure.score(values, kind)
            self.say(f"  {name:8} on {kind:6}: loss {loss:.3f} score {worth:.4f}  {measure.line(values)}")
            if keep:
                self.keep(name, learner.mean.network, found, worth)

    def keep(self, name: str, network: nn.Module, found: dict[str, np.ndarray], worth: float) -> None:
        """Write a student's last and best weights."""
        kept = self.kept[name]
        stored = {f"weights/{key}": value for key, value in arrays(network).items()}
        stored |= {f"answers/{key}": value for key, value in found.items()}
        kept |= {f"last/{key}": value for key, value in stored.items()}
        if worth >= self.best.get(name, -1.0):
            self.best[name] = worth
            kept |= {f"best/{key}": value for key, value in stored.items()}
        kept["prior"] = self.prior
        scratch = self.out / f"emotion-{name}.new"
        with open(scratch, "wb") as file:
            np.savez(file, **kept)  # type: ignore[arg-type]
        scratch.replace(self.out / f"emotion-{name}.npz")

    @torch.no_grad()
    def settle(self, network: nn.Module, view: Callable[[dict[str, Any]], Tensor], count: int) -> None:
        """Take the normalization's statistics anew, over `count` batches of mildly changed faces."""
        norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
        before = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None
            norm.train()
        for _ in range(count if self.device.type == "cuda" else 2):
            network(view(self.batch(self.plan.batch, 0.4)))
        for norm, momentum in zip(norms, before, strict=True):
            norm.momentum = momentum
        network.eval()

    @torch.no_grad()
    def told(self, teachers: dict[str, nn.Module], rows: dict[str, Any], both: bool) -> tuple[Tensor, Tensor | None]:
        """The teachers' answers to the bare view, and to the masked one, (B, 7)."""
        with self.half():
            bare = torch.stack([net(rows["bare"]).float().softmax(dim=1) for net in teachers.values()]).mean(dim=0)
            seen = teachers["plain"](rows["masked"]).float().softmax(dim=1) if both else None
        return bare, seen

    def learn(self, student: nn.Module, teachers: dict[str, nn.Module]) -> dict[str, Learner]:
        """Train the bare student, and from the part `begin` on the masked one, which starts as its copy."""
        plan, size = self.plan, self.plan.batch
        learners = {"bare": Learner(student, plan.rate)}
        start = plan.teachers + (1 - plan.teachers) * plan.begin
        steps, began, measured = 0, time.monotonic(), time.monotonic()
        while (part := plan.part(plan.teachers, 1.0)) < 1:
            later = plan.part(start, 1.0)
            if later > 0 and "masked" not in learners and self.batches.masked[0]:
                copied = copy.deepcopy(learners["bare"].mean.network).requires_grad_(True).train()
                learners["masked"] = Learner(copied, plan.rate * 0.6)
                self.say(f"the masked student begins, with {self.wardrobe.ready} drawings of each face")
            both = "masked" in learners
            rows = self.batch(size, MILD[part >= CALM])
            bare, seen = self.told(teachers, rows, both)
            targets = (1 - plan.taught) * rows["targets"] + plan.taught * bare
            with self.half():
                answers = learners["bare"].network(rows["bare"])
            learners["bare"].step(cross_entropy(answers, targets, rows["weights"]), part)
            if both and seen is not None:
                targets = 0.3 * rows["targets"] + 0.25 * bare + 0.45 * seen
                with self.half():
                    answers = learners["masked"].network(rows["masked"])
                learners["masked"].step(cross_entropy(answers, targets, rows["weights"] * rows["worn"]), later)
            steps += 1
            if time.monotonic() - measured > plan.every:
                speed = steps * size / (time.monotonic() - began)
                self.more_masks()
                self.say(f"students {part:.0%}: {steps} steps, {speed:.0f} faces/s, {self.wardrobe.ready} drawings")
                for name, learner in learners.items():
                    self.measured(name, learner, keep=True)
                measured = time.monotonic()
        return learners

    def finish(self, learners: dict[str, Learner]) -> None:
        """Settle each student, choose the prior's strength and write the file."""
        for name, learner in learners.items():
            network = learner.mean.network
            self.settle(network, (lambda rows: rows["masked"]) if name == "masked" else (lambda rows: rows["bare"]), 50)
            found = measure.logits(network, self.chosen, name, self.device)
            values = measure.figures(found, self.chosen)
            worth = measure.score(values, name)
            self.say(f"{name} settled: score {worth:.4f} (best so far {self.best.get(name, -1):.4f})")
            bias, table = measure.choose(found, self.chosen, self.prior, name)
            for row in table:
                self.say(row)
            self.say(f"{name} chosen: {measure.line(measure.figures(found, self.chosen, bias))}")
            self.kept[name]["bias"] = bias
            self.keep(name, network, found, worth)
