"""The report of a training run: report.md and curves.png, made from its history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from training import history, markdown, plots
from training.recipe import Recipe, Schedule


def rate(fit: Schedule, epoch: float) -> float:
    """The learning rate after so many epochs; see training.optimizers.schedule, which counts in steps."""
    from training.optimizers import schedule

    steps = 1000
    return float(schedule(fit, steps)(epoch * steps))


def write(recipe: Recipe, model: Any, folder: Path, data: str) -> None:
    """Write report.md and curves.png into a run's folder.

    Args:
        recipe: that was followed.
        model: what came out, for its number of parameters.
        folder: with history.jsonl.
        data: what this run was trained on; the recipe's `about` tells of the bundled model's training.
    """
    past = history.read(folder)
    measured = [line for line in past if "score" in line]
    epochs = [line["epoch"] for line in past]
    plots.stacked(
        folder / "curves.png",
        {
            "loss": (epochs, [line["loss"] for line in past]),
            "score": ([line["epoch"] for line in measured], [line["score"] for line in measured]),
            "rate": (epochs, [rate(recipe.fit, epoch) for epoch in epochs]),
        },
        "epoch",
    )
    lost = round(past[-1]["epoch"]) - len(past)
    best = max(measured, key=lambda line: line["score"])
    seconds = sum(line["seconds"] for line in past)
    rows = {
        "task": recipe.task,
        "seed": recipe.seed,
        "data": data,
        "parameters": f"{model.count_params():,}",
        "epochs": f"{past[-1]['epoch']:g} of {recipe.fit.epochs}" + (f", {lost} of them not known" if lost else ""),
        "time": f"{seconds / 60:.1f} minutes",
        "best score": f"{best['score']:.4f} after epoch {best['epoch']:g}, on the validation split, float",
    }
    (folder / "report.md").write_text(
        f"# {recipe.name}\n\n{markdown.text(('', ''), list(rows.items()))}\n"
        + "\n![loss, score and rate](curves.png)\n\n"
        + _table(past),
        encoding="utf-8",
    )


def _table(past: list[dict[str, float]]) -> str:
    """Every epoch, one row, in Markdown."""
    keys = list(dict.fromkeys(key for line in past for key in line))
    rows = [[f"{line[key]:.4g}" if key in line else "" for key in keys] for line in past]
    return markdown.text(keys, rows) + "\n"
