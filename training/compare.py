"""Emotion networks beside each other on FER2013: one table, their curves, and what each takes for what."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge.labels import EMOTIONS
from training import history, markdown, plots
from training.data.fer2013 import PRIVATE, PUBLIC, USAGES, Fer2013
from training.evaluate.context import Answers
from training.evaluate.report import confusion
from training.multiply_adds import multiply_adds

HEAD = ("network", "parameters", "multiply-adds", "PublicTest", "PrivateTest", "epochs", "time per epoch", "reported")


@dataclass(frozen=True)
class Row:
    """One network.

    Attributes:
        name: of its recipe, or of a bundled model.
        parameters, multiply_adds: of the network as it is served, for one picture.
        public, private: accuracy on all rows of PublicTest and PrivateTest, 0-1.
        epochs: that it was trained; 0 where it was not trained here.
        seconds: median time of an epoch, with its measurement.
        reported: what others report for such a network.
    """

    name: str
    parameters: int
    multiply_adds: int
    public: float
    private: float
    epochs: int = 0
    seconds: float = 0.0
    reported: str = ""

    def cells(self) -> tuple[str, ...]:
        """As people read it."""
        share = (f"{100 * value:.1f} %" for value in (self.public, self.private))
        trained = (str(self.epochs), f"{self.seconds:.0f} s") if self.epochs else ("", "")
        return (self.name, f"{self.parameters:,}", f"{self.multiply_adds:,}", *share, *trained, self.reported)


def measure(name: str, model: Any, data: Fer2013, folder: Path) -> Row:
    """A network's row; draws its two confusion matrices into the folder.

    Args:
        name: of the row.
        model: from float32 (B, 48, 48, 1), 0-1, to probabilities (B, 7).
        data: FER2013.
        folder: for confusion-PublicTest.png and confusion-PrivateTest.png.
    """
    folder.mkdir(parents=True, exist_ok=True)
    accuracy = []
    for usage in (PUBLIC, PRIVATE):
        rows = data.rows(usage)
        pixels = data.images[rows][..., None].astype(np.float32) / 255
        given = Answers(data.labels[rows].astype(np.int64), model.predict(pixels, batch_size=256, verbose=0), EMOTIONS)
        title = f"{name}, {USAGES[usage]}: {given.accuracy:.1%}"
        plots.confusion(folder / f"confusion-{USAGES[usage]}.png", confusion(given), EMOTIONS, title)
        accuracy.append(given.accuracy)
    public, private = accuracy
    return Row(name, model.count_params(), multiply_adds(model), public, private)


def trained(row: Row, run: Path, reported: str) -> Row:
    """The row with what the run's history tells."""
    past = history.read(run)
    return replace(
        row, epochs=len(past), seconds=statistics.median(line["seconds"] for line in past), reported=reported
    )


def write(rows: Sequence[Row], runs: Sequence[Path], folder: Path) -> str:
    """Write compare.json, report.md and curves.png of rows and of the runs among them; returns the table."""
    pasts = {run.name: history.read(run) for run in runs}
    for key, axis in (("loss", "loss in training"), ("score", "accuracy on PublicTest, without rows of PrivateTest")):
        curves = {
            name: ([line["epoch"] for line in past if key in line], [line[key] for line in past if key in line])
            for name, past in pasts.items()
        }
        plots.lines(folder / f"curves-{key}.png", curves, "epoch", axis)
    (folder / "compare.json").write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")
    table = markdown.text(HEAD, [row.cells() for row in rows])
    lines = ["# Emotion networks on FER2013", "", table, "", *_words(), ""]
    lines += ["![loss](curves-loss.png) ![accuracy](curves-score.png)", ""]
    for row in rows:
        pictures = " ".join(f"![{usage}]({row.name}/confusion-{usage}.png)" for usage in USAGES[1:])
        lines += [f"## {row.name}", "", pictures, ""]
    (folder / "report.md").write_text("\n".join(lines), encoding="utf-8")
    return table


def _words() -> list[str]:
    return [
        "Accuracy is that of the float networks on every row of the two test sets, one pass. All were trained on the",
        "Training rows without those that are identical to a test row, and the best epoch was chosen on PublicTest:",
        "PrivateTest is the figure to compare by. `reported` is what the authors of such a network reported for it,",
        "on a split that they do not tell. Always answering `happy` is right in about 25 % of the rows.",
    ]
