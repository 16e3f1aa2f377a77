"""edge-emotion-train compare RECIPE...: emotion networks trained on FER2013 and put into one table.

Writes each run, report.md with the table, curves and confusion matrices, and compare.json. With --resume, finished runs
are only measured, and one that was broken off goes on.
"""

from __future__ import annotations

import argparse
import logging
import shlex
from pathlib import Path

from edge import manifest
from edge.errors import InvalidValue
from edge.files import expect_writable
from training import history, resumed
from training import recipe as recipes
from training.backend import load_keras, use_threads
from training.commands import INTERRUPTED, train
from training.data import fer2013
from training.nodes import ALONE
from training.recipe import Recipe

_log = logging.getLogger(__name__)

TASK = "emotion-bare"
EXAMPLES = ("edge-emotion-train compare mlp cnn4 emotion-bare-fer2013 --data DATA --epochs 15",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("recipes", nargs="+", metavar="RECIPE", help=f"recipes of {TASK}, by file or bundled name")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="the folder with fer2013.npz or fer2013.csv"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/compare"),
        metavar="DIR",
        help="folder to write into (default: %(default)s)",
    )
    parser.add_argument(
        "--models", type=Path, metavar="DIR", help=f"also measure this folder's {TASK} (default: the bundled one)"
    )
    parser.add_argument("--resume", action="store_true", help="keep finished runs and resume the others")
    train.add_fit_arguments(parser)


def main(arguments: argparse.Namespace) -> int:
    """Run the command; on Ctrl-C it prints the command that resumes it."""
    chosen = [load(name, arguments) for name in arguments.recipes]
    if twice := [recipe.name for n, recipe in enumerate(chosen) if recipe.name in [r.name for r in chosen[:n]]]:
        raise InvalidValue(f"recipe {twice[0]}: given twice; each run has the folder of its name")
    expect_writable(arguments.out / "report.md")
    try:
        print(compare(chosen, arguments))
    except KeyboardInterrupt:
        print(f"\ninterrupted; resume with: {resume_command(arguments)}")
        return INTERRUPTED
    print(f"\nwrote {arguments.out / 'report.md'}, with curves and confusion matrices")
    return 0


def load(name: str, arguments: argparse.Namespace) -> Recipe:
    """A recipe with the command's changes.

    Raises:
        SettingsError: there is no such recipe, or it is broken.
        InvalidValue: it is of another task, or not a network over pictures.
    """
    recipe = recipes.load(recipes.find(name), train.changes(arguments))
    if recipe.task != TASK:
        raise InvalidValue(f"recipe {recipe.name}: expected the task {TASK}, got {recipe.task}")
    if recipe.network.get("kind") == "distances":
        raise InvalidValue(f"recipe {recipe.name}: has a table of its own; use: edge-emotion-train train {name}")
    return recipe


def compare(chosen: list[Recipe], arguments: argparse.Namespace) -> str:
    """Train what is not trained yet, measure everything, write the report; returns its table."""
    keras = load_keras()
    if arguments.threads:
        use_threads(arguments.threads)
    given = {**vars(arguments), "threads": None}  # a backend takes their number once
    from training import compare as table
    from training import weights

    data = fer2013.of_folder(arguments.data)
    rows, runs = [], [arguments.out / recipe.name for recipe in chosen]
    for recipe, run in zip(chosen, runs, strict=True):
        if not (arguments.resume and finished(run, recipe)):
            check(recipe, arguments.data)
    keras.backend.clear_session()
    for name, recipe, run in zip(arguments.recipes, chosen, runs, strict=True):
        if arguments.resume and finished(run, recipe):
            if told := resumed.differences(
                resumed.read(run / history.STATE / history.STATE_METADATA), resumed.learned(recipe)
            ):
                _log.warning("%s: finished before, and kept: %s; delete that folder to train it anew", run, told)
        else:
            print(f"{recipe.name}: {recipe.fit.epochs} epochs", flush=True)
            train.work(recipe, argparse.Namespace(**{**given, "recipe": name}), run, ALONE)
        model = keras.models.load_model(run / "model.keras", compile=False)
        rows.append(table.trained(table.measure(recipe.name, model, data, run), run, recipe.reference))
    models = manifest.load(arguments.models)
    if TASK in models.specs:
        path = (models.folder / models[TASK].file).with_name("weights.npz")
        if path.is_file():
            rows.append(table.measure("shipped", weights.load(path), data, arguments.out / "shipped"))
    return table.write(rows, runs, arguments.out)


def check(recipe: Recipe, data: Path) -> None:
    """Find out before the first epoch of the first recipe what would end the last one.

    Raises:
        SettingsError: a key that its network or its [data] does not have.
        DataError: a data set that it needs is missing.
    """
    from training.tasks import open_task

    task = open_task(recipe, data)
    task.build()
    if task.options.wild:
        task.beside()


def finished(run: Path, recipe: Recipe) -> bool:
    """Whether a run in that folder has been trained to its end."""
    done = history.saved_epochs(run) >= recipe.fit.epochs and bool(history.read(run))
    return done and (run / "model.keras").is_file()


def resume_command(arguments: argparse.Namespace) -> str:
    """The command that resumes the comparison."""
    words = ["edge-emotion-train", "compare", *arguments.recipes, "--data", str(arguments.data)]
    words += ["--out", str(arguments.out), *train.fit_words(arguments)]
    words += ["--models", str(arguments.models)] if arguments.models else []
    return shlex.join([*words, "--resume"])
