"""The emotion training, by the clock: a teacher beside the bare student, then both students taught by several networks.

Both students begin with the shipped weights, which are a teacher, too: so what they know of FER2013 stays.
"""

from __future__ import annotations

import copy
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from training.accelerator import emotion_measure as measure
from training.accelerator.emotion_augment import Look, moved
from training.accelerator.emotion_data import Batches, Wardrobe
from training.accelerator.emotion_learner import Learner, cross_entropy, settle
from training.accelerator.emotion_nets import last
from training.accelerator.emotion_store import Store
from training.accelerator.emotion_teachers import Teachers

NEUTRAL = 6
CALM = 0.75  # the part of a step after which changes are smaller


@dataclass(frozen=True)
class Plan:
    """Sizes and times.

    Attributes:
        start, end: of the whole run, seconds of time.monotonic().
        first: part of the time until the second step begins.
        batch: rows a step.
        every: seconds between measurements.
        rates: of the bare student in the first and in the second step, of the masked one, and of the teacher.
        taught: weight of the teachers' answers in the bare student's targets, on FER2013 and on emotion_wild; in the
            first step the shipped network alone is the teacher, and knows emotion_wild badly.
        calm: weight of neutral in the targets of real masked faces, which have no label but are calm for the most part.
        real: rows of these beside each batch, as a part of it.
    """

    start: float
    end: float
    first: float = 0.42
    batch: int = 640
    every: float = 25.0
    rates: tuple[float, float, float, float] = (0.08, 0.06, 0.08, 0.2)
    taught: tuple[tuple[float, float], tuple[float, float]] = ((0.6, 0.15), (0.7, 0.6))
    calm: float = 0.5
    real: float = 0.05

    def part(self, first: float, last: float) -> float:
        """How much of the time between two parts of the run has gone by, 0-1."""
        gone = (time.monotonic() - self.start) / (self.end - self.start)
        return min(max((gone - first) / max(last - first, 1e-6), 0.0), 1.0)


class Run:
    """Everything that both steps share.

    Args:
        plan: see Plan.
        batches: the faces on the device.
        wardrobe: where masks are drawn meanwhile.
        store: what is written.
        shipped: the students as they are shipped, `bare` and `masked`, on the device.
    """

    def __init__(
        self, plan: Plan, batches: Batches, wardrobe: Wardrobe, store: Store, shipped: Mapping[str, nn.Module]
    ) -> None:
        self.plan, self.batches, self.wardrobe, self.store = plan, batches, wardrobe, store
        self.shipped = {name: copy.deepcopy(net).eval().requires_grad_(False) for name, net in shipped.items()}
        self.device: torch.device = batches.device
        self.look = Look(self.device)
        self.learners: dict[str, Learner] = {}
        self.measured, self.began, self.steps = time.monotonic(), time.monotonic(), 0
        self.begun: dict[str, float] = {}  # the part of the run in which each student's present step began

    def half(self) -> Any:
        """bfloat16 for what follows, on a GPU."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")

    def more_masks(self) -> None:
        """Take the drawings that are ready."""
        while True:
            try:
                drawn = self.wardrobe.next()
            except Exception as error:  # whatever a process met: the other rounds will do
                self.store.say(f"a round of masks is lost: {error!r}")
                continue
            if drawn is None:
                return
            self.batches.add_masked(drawn)

    @torch.no_grad()
    def batch(self, strength: float) -> dict[str, Any]:
        """Rows with moves and looks."""
        rows = self.batches.take(self.plan.batch, moved, strength)
        rows["bare"] = last(self.look(rows["bare"], strength, 0.3))
        if rows["masked"] is not None:
            rows["masked"] = last(self.look(rows["masked"], strength, 0.15))
        return rows

    def targets(self, rows: dict[str, Any], told: Tensor, step: int) -> Tensor:
        """Labels mixed with the teachers' answers, (B, 7)."""
        fer, wild = self.plan.taught[step]
        share = (fer + (wild - fer) * rows["wild"])[:, None]
        return (1 - share) * rows["targets"] + share * told

    def run(self, teacher: nn.Module) -> None:
        """Both steps, and what is done with the students at the end; `teacher` has not been trained."""
        start = copy.deepcopy(self.shipped["bare"]).requires_grad_(True)
        self.learners = {"bare": Learner(start, self.plan.rates[0]), "teacher": Learner(teacher, self.plan.rates[3])}
        self._insist(self.first)
        chosen = self._insist(self.between)
        self.learners.pop("teacher", None)
        bare, masked = chosen or [self.teachers(kind, {"shipped": self.shipped[kind]}) for kind in ("bare", "masked")]
        self.learners["bare"] = self.learners["bare"].again(self.plan.rates[1])
        self.steps, self.began = 0, time.monotonic()
        self._insist(lambda: self.second(bare, masked))
        self.finish()

    def _insist(self, work: Callable[[], Any], tries: int = 5) -> Any:
        """What `work` gives; it is tried again where it fails, as for memory that another program holds for a while."""
        for _ in range(tries):
            try:
                return work()
            except Exception:
                self.store.say(traceback.format_exc())
                if self.device.type == "cuda":
                    torch.cuda.empty_cache()
        return None

    def first(self) -> None:
        """Train the bare student and, from nothing, a teacher that sees bare and masked faces."""
        plan = self.plan
        begun = self.begun.setdefault("first", plan.part(0.0, 1.0))
        while (part := plan.part(begun, plan.first)) < 1:
            rows = self.batch(0.65 if part < CALM else 0.45)
            with torch.no_grad(), self.half():
                told = self.shipped["bare"](rows["bare"]).float().softmax(dim=1)
            targets = self.targets(rows, told, 0)
            self._step("bare", rows["bare"], targets, rows["weights"], part)
            if "teacher" in self.learners:
                images = rows["bare"]
                if rows["masked"] is not None:
                    worn = (torch.rand_like(rows["worn"]) < 0.45) & (rows["worn"] > 0)
                    images = torch.where(worn[:, None, None, None], rows["masked"], images)
                self._step("teacher", images, targets, rows["weights"], part)
            self._look_up(part)

    def _step(self, name: str, images: Tensor, targets: Tensor, weights: Tensor, part: float) -> None:
        try:
            with self.half():
                answers = self.learners[name].network(images)
            self.learners[name].step(cross_entropy(answers, targets, weights), part)
        except Exception as error:  # out of memory beside another program, say: the students go on without it
            if name != "teacher":
                raise
            self.store.say(f"the teacher is lost: {error!r}")
            del self.learners[name]

    def _look_up(self, part: float) -> None:
        """Now and then: take drawings, measure, and keep what is best."""
        self.steps += 1
        if time.monotonic() - self.measured < self.plan.every:
            return
        speed = self.steps * self.plan.batch / (time.monotonic() - self.began)
        self.more_masks()
        self.store.say(f"{part:.0%}: {self.steps} steps, {speed:.0f} faces/s, {self.wardrobe.ready} drawings")
        for name, learner in self.learners.items():
            self.store.measured(name, learner.mean.network, float(learner.loss))
        self.measured = time.monotonic()

    def between(self) -> list[Teachers]:
        """Keep the first step's student; the teachers of bare views and of masked ones."""
        for name, learner in self.learners.items():
            settle(learner.mean.network, lambda: self.batch(0.35)["bare"], self.count(30))
            self.store.measured(name, learner.mean.network, float(learner.loss))
        self.store.keep("bare", "first", self.learners["bare"].mean.network)
        bare = {"shipped": self.shipped["bare"], "first": self.learners["bare"].mean.network}
        masked = {"shipped": self.shipped["masked"]}
        if "teacher" in self.learners:
            bare["teacher"] = masked["teacher"] = self.learners["teacher"].mean.network
        return [self.teachers("bare", bare), self.teachers("masked", masked)]

    def teachers(self, kind: str, networks: Mapping[str, nn.Module]) -> Teachers:
        """Networks that teach together, each as far as validation says."""
        found = {name: measure.logits(net, self.store.chosen, kind, self.device) for name, net in networks.items()}
        made = Teachers(networks, found, self.store.chosen)
        self.store.say(f"teachers of {kind} views: {made.line()}")
        return made

    def count(self, steps: int) -> int:
        """So many batches on a GPU, a few where it is only tried out."""
        return steps if self.device.type == "cuda" else 2

    def second(self, bare: Teachers, masked: Teachers) -> None:
        """Train both students: the bare one goes on from its mean, the masked one from the shipped weights."""
        plan = self.plan
        begun = self.begun.setdefault("bare", plan.part(0.0, 1.0))
        self.more_masks()
        while (part := plan.part(begun, 1.0)) < 1:
            if "masked" not in self.learners and self.batches.masked[0]:
                copied = copy.deepcopy(self.shipped["masked"]).requires_grad_(True)
                self.learners["masked"] = Learner(copied, plan.rates[2])
                self.begun["masked"] = plan.part(0.0, 1.0)
                self.store.say(f"the masked student begins, with {self.wardrobe.ready} drawings of each face")
            rows = self.batch(0.6 if part < CALM else 0.35)
            with self.half():
                told = bare(rows["bare"], rows["wild"])
            self._step("bare", rows["bare"], self.targets(rows, told, 1), rows["weights"], part)
            if "masked" in self.learners:
                self._masked(rows, told, masked, plan.part(self.begun["masked"], 1.0))
            self._look_up(part)

    def _masked(self, rows: dict[str, Any], told: Tensor, masked: Teachers, part: float) -> None:
        """A step of the masked student; `told`: what is seen on the same faces without a mask."""
        images, weights, wild = rows["masked"], rows["weights"] * rows["worn"], rows["wild"]
        real = self.batches.real(round(self.plan.batch * self.plan.real), moved, 0.5)
        if real is not None:
            images = last(torch.cat([images, self.look(real, 0.4, 0.1)]))
            weights = torch.cat([weights, torch.ones(len(real), device=self.device)])
            wild = torch.cat([wild, torch.ones(len(real), device=self.device)])
        with self.half():
            seen = masked(images, wild)
        count = len(rows["targets"])
        targets = 0.35 * rows["targets"] + 0.3 * told + 0.35 * seen[:count]
        if real is not None:
            calm = torch.zeros_like(seen[count:])
            calm[:, NEUTRAL] = self.plan.calm
            targets = torch.cat([targets, calm + (1 - self.plan.calm) * seen[count:]])
        self._step("masked", images, targets, weights, part)

    def finish(self) -> None:
        """Settle each student, blend it with the shipped one, and choose the prior's strength for each."""
        for name in ("bare", "masked"):
            if name in self.learners:
                self._insist(partial(self._settled, name), tries=1)
                self.store.choose(name)

    def _settled(self, name: str) -> None:
        network = self.learners[name].mean.network

        def anew(some: nn.Module) -> None:
            settle(some, lambda: self.batch(0.35)[name], self.count(35))

        anew(network)
        self.store.measured(name, network, float(self.learners[name].loss))
        self.store.blends(name, network, self.shipped[name], anew)
