"""What a run of the emotion training says and keeps: emotion.log, and each student's weights and answers."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from torch import nn

from edge.files import replacing
from training.accelerator import emotion_measure as measure
from training.accelerator.emotion_nets import arrays, fill
from training.accelerator.emotion_start import blend

SHARES = (0.4, 0.6, 0.8)  # of the trained student in a blend with the shipped one


class Store:
    """Weights by snapshot: `last`, `best` by validation, `first` (bare: after the first step), `blend` or `blend-0.4`.

    Each is a set of entries of emotion-bare.npz or emotion-masked.npz: `best/weights/00.kernel` (kernels float16, the
    rest float32), `best/answers/fer` (logits on validation), `best/bias` once it is chosen; and `prior` and the labels
    of the validation rows, `labels/fer`, for all of them.

    Args:
        out: the folder that is written to.
        chosen: validation pictures and labels, of emotion_data.load.
        prior: how often each emotion is taught, (7,).
        device: where networks compute.
        start: of the run, seconds of time.monotonic().
    """

    def __init__(
        self, out: Path, chosen: dict[str, np.ndarray], prior: np.ndarray, device: object, start: float
    ) -> None:
        self.out, self.chosen, self.prior, self.device, self.start = out, chosen, prior, device, start
        self.log_file = open(out / "emotion.log", "a", encoding="utf-8")  # noqa: SIM115
        self.best: dict[str, float] = {}
        self.kept: dict[str, dict[str, np.ndarray]] = {"bare": {}, "masked": {}}

    def say(self, text: str) -> None:
        """Print a line with the time, and keep it."""
        line = f"[{time.monotonic() - self.start:6.1f} s] {text}"
        print(line, flush=True)
        self.log_file.write(line + "\n")
        self.log_file.flush()

    def measured(self, name: str, network: nn.Module, loss: float) -> None:
        """Say how a network does; keep a student's weights, and its best ones."""
        for kind in (name,) if name in self.kept else ("bare", "masked"):
            found = measure.logits(network, self.chosen, kind, self.device)
            values = measure.figures(found, self.chosen)
            worth = measure.score(values, kind)
            self.say(f"  {name:8} on {kind:6}: loss {loss:.3f} score {worth:.4f}  {measure.line(values)}")
            if name in self.kept and np.isfinite(found["fer"]).all():
                self._put(name, "last", network, found)
                if worth >= self.best.get(name, -1.0):
                    self.best[name] = worth
                    self._put(name, "best", network, found)
                self._write(name)

    def keep(self, name: str, which: str, network: nn.Module) -> None:
        """Keep a student's weights under a name of their own."""
        self._put(name, which, network, measure.logits(network, self.chosen, name, self.device))
        self._write(name)

    def _put(self, name: str, which: str, network: nn.Module, found: Mapping[str, np.ndarray]) -> None:
        for key, values in arrays(network).items():
            self.kept[name][f"{which}/weights/{key}"] = values.astype(np.float16) if values.ndim > 1 else values
        for key, logits in found.items():
            self.kept[name][f"{which}/answers/{key}"] = logits.astype(np.float16)

    def _write(self, name: str) -> None:
        labels = {f"labels/{of}": self.chosen[f"{of}_labels"] for of in ("fer", "wild")}
        with replacing(self.out / f"emotion-{name}.npz") as scratch, open(scratch, "wb") as file:
            np.savez(file, prior=self.prior, **labels, **self.kept[name])  # type: ignore[arg-type]

    def blends(
        self,
        name: str,
        network: nn.Module,
        shipped: nn.Module,
        settled: Callable[[nn.Module], None],
        shares: Sequence[float] = (),
    ) -> None:
        """Keep the best blend of a student and the shipped one, each with statistics of its own.

        Args:
            name: of the student.
            network, shipped: the two.
            settled: takes a blend's statistics.
            shares: of the student; all of these blends are kept. Without them only the best of SHARES, as `blend`.
        """
        best = -1.0
        for share in shares or SHARES:
            mixed = copy.deepcopy(network)
            fill(mixed, blend(arrays(shipped), arrays(network), share))
            settled(mixed)
            found = measure.logits(mixed, self.chosen, name, self.device)
            bias, _ = measure.choose(found, self.chosen, self.prior, name)
            values = measure.figures(found, self.chosen, bias)
            worth = measure.score(values, name)
            self.say(f"{name} blend {share:.1f}: score {worth:.4f}  {measure.line(values)}")
            if shares:
                self._put(name, f"blend-{share:g}", mixed, found)
            elif worth > best:
                best = worth
                self._put(name, "blend", mixed, found)
        self._write(name)

    def choose(self, name: str) -> None:
        """Choose each snapshot's bias, and say what it gives."""
        kept = self.kept[name]
        for which in measure.snapshots(kept):
            found = {
                key.rpartition("/")[2]: values.astype(np.float32)
                for key, values in kept.items()
                if key.startswith(f"{which}/answers/")
            }
            if not found:
                continue
            bias, table = measure.choose(found, self.chosen, self.prior, name)
            kept[f"{which}/bias"] = bias
            before, after = (measure.figures(found, self.chosen, by) for by in (0.0, bias))
            self.say(f"{name} {which}: score {measure.score(before, name):.4f}  {measure.line(before)}")
            self.say(f"{name} {which} chosen: score {measure.score(after, name):.4f}  {measure.line(after)}")
            self.say("\n".join(sorted(table, key=lambda row: row.split("score ")[1], reverse=True)[:6]))
        self._write(name)
