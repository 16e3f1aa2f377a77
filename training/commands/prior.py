"""edge-emotion-train prior RUN: choose a balanced prior on validation rows and put it into the network's bias.

It prints the best rows of the table of what each choice costs and gains by set; `prior.md` in the folder of the run has
all of them. It can be run again: it begins from the network as it was trained.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import SettingsError
from edge.values import number
from training import prior, temperature
from training import recipe as recipes
from training.backend import load_keras
from training.metrics import calibration_error

SHOWN = 8
LEAST = 1e-9  # probability
MOVES = ("tau", "neutral", "rare", "recall")

EXAMPLES = ("edge-emotion-train prior runs/emotion-bare --recipe emotion-bare --data DATA",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a finished training run")
    parser.add_argument("--recipe", required=True, metavar="NAME|FILE", help="the recipe that it was trained with")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the folder with the data sets")
    parser.add_argument(
        "--tau",
        type=number(),
        metavar="T",
        help="how far to correct for unequal class frequencies (0: not at all), instead of the best in the table",
    )
    parser.add_argument(
        "--neutral", type=number(), metavar="N", help="what to add to the logit of neutral, instead of the best value"
    )
    parser.add_argument(
        "--rare",
        type=number(0),
        metavar="R",
        help="how far to correct for the rarest emotions alone (0: not at all), instead of the best value",
    )
    parser.add_argument(
        "--recall",
        type=number(0),
        metavar="W",
        help="weight of the mean recall beside accuracy, instead of the best value",
    )
    parser.add_argument(
        "--calibrate",
        action="store_true",
        help="also scale probabilities to match how often answers are right on PublicTest; their order does not change",
    )


def main(arguments: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        SettingsError: the recipe is of another task, or the run is not finished.
    """
    recipe = recipes.load(recipes.find(arguments.recipe))
    if recipe.task not in prior.AIMS:
        raise SettingsError(f"{arguments.recipe}: expected a recipe of {' or '.join(prior.AIMS)}, got {recipe.task}")
    path = arguments.run / "model.keras"
    if not path.is_file():
        raise SettingsError(f"{path}: no trained network; train it first: edge-emotion-train train {arguments.recipe}")
    keras = load_keras()
    from training import weights
    from training.tasks import open_task

    plain = arguments.run / prior.PLAIN
    if not plain.exists():
        shutil.copyfile(path, plain)
    model, task = keras.models.load_model(plain), open_task(recipe, arguments.data)
    logits, labels = answers(model, task)
    taught = task.prior()
    rows = prior.table(logits, labels, taught, prior.AIMS[recipe.task])
    before = next(row for row in rows if row.tau == row.neutral == row.rare == row.recall == 0)
    asked = {name: value for name in MOVES if (value := getattr(arguments, name)) is not None}
    choice = replace(rows[0], **asked)
    moved = prior.bias(taught, choice.tau, choice.neutral, choice.rare) + prior.weighted(labels["fer"], choice.recall)
    after = prior.figures(logits, labels, moved)
    sure = temperature.fitted(logits["fer"] + moved, labels["fer"]) if arguments.calibrate else 1.0
    move(model, moved, sure)
    model.save(path)
    weights.save(model, arguments.run / "weights.npz")
    lines = [row.line() for row in rows]
    told = [
        f"before  {before.line()}",
        f"after   {choice.moves()}  {shown(after)}",
    ]
    if arguments.calibrate:
        told.append(f"temperature {sure:.2f}: {calibration(logits, labels, moved, sure)}")
    (arguments.run / "prior.md").write_text("\n".join(["```", *told, "", *lines, "```", ""]), encoding="utf-8")
    print("\n".join([*lines[:SHOWN], *told]))
    return 0


def answers(model: Any, task: Any) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Logits and labels of validation rows by set: "fer" and, where the recipe has it, "wild"."""
    sets = {"fer": task.validation()}
    if task.options.wild:
        sets["wild"] = task.wild_validation()
    logits, labels = {}, {}
    for name, (images, truth) in sets.items():
        told = np.asarray(model.predict(images[..., None].astype(np.float32) / 255, batch_size=256, verbose=0))
        logits[name], labels[name] = np.log(np.maximum(told, LEAST)), truth.astype(np.int64)
    return logits, labels


def move(model: Any, moved: np.ndarray, sure: float) -> None:
    """Add to the bias of the layer that makes the logits, and divide the logits by a temperature."""
    layer = model.get_layer("logits")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel / np.float32(sure), (bias + moved.astype(np.float32)) / np.float32(sure)])


def calibration(logits: dict[str, np.ndarray], labels: dict[str, np.ndarray], moved: np.ndarray, sure: float) -> str:
    """The calibration error of each set without a temperature and with one, in one line."""

    def error(name: str, divided: float) -> float:
        return calibration_error(temperature.probabilities((logits[name] + moved) / divided), labels[name])

    return ", ".join(
        f"calibration error on {name} {error(name, 1.0):.3f} to {error(name, sure):.3f}" for name in logits
    )


def shown(values: dict[str, float]) -> str:
    """Figures in one line."""
    return "  ".join(f"{name} {value:.3f}" for name, value in values.items())
