"""The detector's training on an accelerator: python -m training.accelerator.face --data PACK --out DIR --minutes 8.5.

It ends by the clock: the learning rate follows a cosine over the minutes, whatever the machine's speed. With --start it
continues from weights that such a training wrote. It compiles while processes decode the pictures.
"""

from __future__ import annotations

import argparse
import copy
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training.accelerator import face_light, face_settings, face_store, face_weights
from training.accelerator.face_loss import Grid, assign, loss
from training.accelerator.face_measure import measure
from training.accelerator.face_net import FaceNet, points
from training.accelerator.face_scenes import SETS, Planner, Scenes
from training.accelerator.face_settings import Settings

WIDTH, HEIGHT = 320, 240
PLANNED = 4  # batches
CALM = 0.8  # part of the time after which the scenes calm down
PLAIN, PLAIN_CALM = 0.3, 0.6  # part of the canvases whose light stays as it was taken


class Training:
    """One training: data, network, average of its weights, clock."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.start = time.monotonic()
        recipe = face_settings.recipe()
        self.settings = Settings.of(recipe, continued=arguments.start is not None)
        self.batch = arguments.batch or self.settings.batch
        self.out: Path = arguments.out
        self.out.mkdir(parents=True, exist_ok=True)
        self.log_file = open(self.out / "face.log", "w", encoding="utf-8")  # noqa: SIM115
        # Before the accelerator is touched: its driver does not survive a fork.
        loadings = [
            face_store.Loading(arguments.data, role, arguments.workers, arguments.one_in if role == 0 else 1)
            for role in (1, 0)
        ]
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(recipe["seed"])
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.benchmark = self.device.type == "cuda"
        self.seconds = arguments.minutes * 60 - (self.settings.reserve if arguments.minutes > 1.5 else 3)
        self.most_steps = arguments.steps
        self.network = FaceNet(**recipe["network"])
        if arguments.start:
            face_weights.load(self.network, arguments.start)
        self.network = self.network.to(self.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).eval()
        self.grid = Grid(*points(WIDTH, HEIGHT, self.device))
        self.val, self.store = (loading.store(self.device) for loading in loadings)
        self.planner = Planner(self.store, WIDTH, HEIGHT)
        self.plans: list[Scenes] = []
        self.say(f"{len(self.store)} pictures, {self.store.texels.nbytes / 1e9:.2f} GB, {len(self.val)} to validate")
        self.compiled = arguments.compile and self.device.type == "cuda"
        self.forward: Callable[[Tensor], Tensor] = self.network
        self.sample: Callable[..., Any] = face_store.sample
        self.polish: Callable[..., Any] = polish
        self.assign: Callable[..., Any] = assign
        if self.compiled:
            self.forward, self.sample, self.polish, self.assign = (
                torch.compile(f, dynamic=False) for f in (self.network, face_store.sample, polish, assign)
            )
        self.network.train()
        if self.compiled:
            self.gradients(calm=False)  # of black pictures
            self.say("compiled")
        for loading, store in zip(loadings, (self.val, self.store), strict=True):
            loading.finish(store)
        self.say("decoded")
        self.best = -1.0
        if arguments.start:
            self.judge("start", settled=True)

    def say(self, line: str) -> None:
        """To the log and the screen, with the seconds since the start."""
        text = f"{time.monotonic() - self.start:7.1f} s  {line}"
        print(text, flush=True)
        print(text, file=self.log_file, flush=True)

    def groups(self) -> list[dict[str, Any]]:
        """Kernels, which decay, and the rest."""
        kernels = [p for p in self.network.parameters() if p.ndim > 1]
        return [
            {"params": kernels, "weight_decay": self.settings.decay},
            {"params": [p for p in self.network.parameters() if p.ndim <= 1], "weight_decay": 0.0},
        ]

    def scenes(self, calm: bool) -> tuple[Tensor, Scenes]:
        """A batch of canvases float32 (B, 3, H, W) and its plan."""
        if not self.plans:  # several at once: planning is hundreds of small operations, however many the scenes
            self.plans = self.planner.plan(self.batch * PLANNED, calm).split(self.batch)
        plan = self.plans.pop()
        into = (plan.into, plan.offset, plan.size, plan.grid, plan.clamped, plan.fill)
        with torch.no_grad():
            made, picture = self.attempt("sample", face_store.sample, self.store.texels, *into, WIDTH, HEIGHT)
            plain = torch.rand(len(made), device=self.device) < (PLAIN_CALM if calm else PLAIN)
            made = self.attempt("polish", polish, made, picture, plan.boxes, plan.real, plan.fill, plain)
        return made.contiguous(memory_format=torch.channels_last), plan

    def attempt(self, name: str, plain: Callable[..., Any], *values: Any) -> Any:
        """Call the compiled function, or for good the plain one when that fails."""
        try:
            return getattr(self, name)(*values)
        except Exception as error:
            if getattr(self, name) is plain:
                raise
            self.say(f"{name}: compiling failed, going on without: {str(error)[:200]!r}")
            setattr(self, name, plain)
            return plain(*values)

    def gradients(self, calm: bool) -> tuple[Tensor, ...]:
        """Gradients of a new batch; the loss and its parts."""
        canvases, plan = self.scenes(calm)
        self.network.zero_grad(set_to_none=True)
        try:
            return self.learn(canvases, plan)
        except Exception as error:
            if self.forward is self.network:
                raise
            self.say(f"network: compiling failed, going on without: {str(error)[:200]!r}")
            self.forward = self.network
            self.network.zero_grad(set_to_none=True)
            return self.learn(canvases, plan)

    def step(self, optimizer: torch.optim.Optimizer, calm: bool) -> tuple[Tensor, ...]:
        """One step; the loss and its parts."""
        parts = self.gradients(calm)
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        optimizer.found_inf = (~torch.isfinite(norm)).float()  # such a step is left out
        optimizer.step()
        return (*(part.detach() for part in parts), norm)

    def learn(self, canvases: Tensor, plan: Scenes) -> tuple[Tensor, ...]:
        """Gradients of a batch; the loss and its parts."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            answers = self.forward(canvases)
        faces = (plan.boxes, plan.real, plan.tight, plan.ignored)
        parts = loss(answers.float(), *faces, self.grid, lambda *v: self.attempt("assign", assign, *v))
        parts[0].backward()
        return parts

    @torch.no_grad()
    def follow(self, steps: int) -> None:
        """Move the averaged weights; their horizon is a twenty-fifth of the steps so far."""
        keep = min(1 - 1 / (0.04 * steps + 5), 0.9998)
        mine, theirs = list(self.average.parameters()), list(self.network.parameters())
        torch._foreach_lerp_(mine, theirs, 1 - keep)

    @torch.no_grad()
    def settle(self, batches: int) -> None:
        """Take the averaged network's batch statistics anew, from scenes as they are trained on."""
        norms = [m for m in self.average.modules() if isinstance(m, nn.BatchNorm2d)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None
        self.average.train()
        for _ in range(batches):
            canvases, _ = self.scenes(True)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
                self.average(canvases)
        self.average.eval()

    def judge(self, label: str, settled: bool = False) -> None:
        """Settle, measure, save what is better, and weigh the pictures that it sees faces in."""
        # A search for the fastest convolution would take longer than the few batches here.
        torch.backends.cudnn.benchmark = False
        if not settled:
            self.settle(16 if self.device.type == "cuda" else 2)
        face_weights.save(self.average.state_dict(), self.out / "face-last.npz")
        values = measure(self.average, self.val, self.grid, WIDTH, HEIGHT)
        total = 0.55 * values["wild"] + 0.25 * values["faces"]
        total += 0.2 * (values.get("news_masks", 0) + values.get("street_masks", 0)) / 2
        better = total > self.best
        if better:
            self.best = total
            face_weights.save(self.average.state_dict(), self.out / "face-best.npz")
        self.mine()
        torch.backends.cudnn.benchmark = self.device.type == "cuda"
        figures = ", ".join(f"{name} {value:.4f}" for name, value in values.items())
        self.say(f"{label}: {figures}, total {total:.4f}{' (best)' if better else ''}")

    @torch.no_grad()
    def mine(self) -> None:
        """Show more often the pictures without a face in which the averaged network sees one."""
        rows = torch.nonzero((self.store.faces == 0) & (self.store.set == SETS.index("no_faces")))[:, 0]
        for part in rows.split(128):
            logits = self.average(face_store.whole(self.store, part, WIDTH, HEIGHT)[0])[..., 0]
            self.planner.hardness[part] = 0.25 + logits.amax(1).sigmoid()
        self.planner.refresh()

    def run(self) -> None:
        """Until the clock says so."""
        optimizer = torch.optim.AdamW(self.groups(), lr=1e-6, betas=(0.9, 0.99), fused=True)
        began = seen = time.monotonic()
        measured, steps = began, 0
        while True:
            now = time.monotonic()
            part = (now - began) / max(self.start + self.seconds - began, 1)
            if part >= 1 or (self.most_steps and steps >= self.most_steps):
                break
            rate = self.settings.rate * min(1.0, (steps + 1) / self.settings.warmup)
            rate *= 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * part))
            for group in optimizer.param_groups:
                group["lr"] = rate
            parts = self.step(optimizer, part > CALM)
            steps += 1
            self.follow(steps)
            if steps % 8 == 0 and self.device.type == "cuda":
                torch.cuda.synchronize()  # the clock must not run behind the queue
            if steps in (1, 2, 10, 50) or steps % 200 == 0:
                values = " ".join(f"{float(v):.3f}" for v in parts)
                speed = self.batch * (200 if steps % 200 == 0 and steps > 200 else 0) / (time.monotonic() - seen)
                self.say(
                    f"step {steps}: loss, score, box, points, norm {values}; rate {rate:.2e}; {speed:.0f} pictures/s"
                )
            if steps % 200 == 0:
                seen = time.monotonic()
            if time.monotonic() - measured > self.settings.every and part < 0.97:
                try:
                    self.judge(f"step {steps}")
                except RuntimeError as error:  # as out of memory: the training is worth more than the figures
                    self.say(f"step {steps}: measuring failed: {str(error)[:200]!r}")
                measured = time.monotonic()
        self.judge(f"end, step {steps}")
        if self.device.type == "cuda":
            self.say(f"peak memory {torch.cuda.max_memory_allocated() / 1e9:.1f} GB")


def polish(made: Tensor, picture: Tensor, boxes: Tensor, real: Tensor, fill: Tensor, plain: Tensor) -> Tensor:
    """Canvases float32 (B, 3, H, W), 0-1, as a camera would have taken them; `plain`, bool (B,), in their own light."""
    made = face_light.occlude(made, boxes, real, 0.22)
    made = torch.where(plain.view(-1, 1, 1, 1), made, face_light.light(made))
    quarter = len(made) // 4
    made = torch.cat([face_light.compress(made[:quarter]), made[quarter:]])
    return face_light.finish(made, picture, fill)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the packed pictures: training.accelerator.pack")
    parser.add_argument("--out", type=Path, required=True, help="folder of face-best.npz, face-last.npz, face.log")
    parser.add_argument("--minutes", type=float, default=8.5, help="from the start of the program to its end")
    parser.add_argument("--batch", type=int, default=0, help="canvases a step, instead of the recipe's")
    parser.add_argument("--steps", type=int, default=0, help="stop after so many (default: by the clock alone)")
    parser.add_argument("--start", type=Path, help="continue from these weights: face-best.npz or face-last.npz")
    parser.add_argument("--workers", type=int, default=8, help="processes that decode the pictures")
    parser.add_argument("--one-in", type=int, default=1, help="take one picture in so many, for a trial")
    parser.add_argument("--no-compile", dest="compile", action="store_false", help="run layer by layer")
    Training(parser.parse_args()).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
