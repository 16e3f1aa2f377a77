"""edge-emotion-train train RECIPE: from the data to a network, its weights, a calibration set and a report."""

from __future__ import annotations

import argparse
import os
import shlex
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import InvalidValue, SettingsError
from edge.files import expect_writable
from edge.text import printable
from edge.values import whole_number
from training import history, launch
from training import nodes as together
from training import recipe as recipes
from training.backend import load_keras, precision, use_threads
from training.commands import INTERRUPTED, full_disk, next_steps, train_folder, train_nodes
from training.nodes import ALONE, Nodes
from training.prior import PLAIN

UNLESS_GIVEN = {"every": 1, "calibration": 500}  # of add_fit_arguments

EXAMPLES = (
    "edge-emotion-train train emotion-bare --data DATA",
    "edge-emotion-train train emotion-bare --data DATA --resume",
    "edge-emotion-train train mask --dataset faces",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("recipe", metavar="RECIPE", help="a .toml file, or the name of a bundled recipe")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, metavar="DIR", help="the folder with the data sets")
    source.add_argument(
        "--dataset", type=Path, metavar="FOLDER", help="for the task mask: any folder of faces with and without a mask"
    )
    train_folder.add_arguments(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the run (default: runs/NAME)")
    parser.add_argument("--resume", action="store_true", help="resume the last run in that folder")
    add_fit_arguments(parser)
    parser.add_argument(
        "--nodes",
        type=whole_number(1),
        default=1,
        metavar="N",
        help="train in N processes that share every batch, on this machine or on several (extra: jax)",
    )
    parser.add_argument(
        "--node", type=whole_number(0), metavar="K", help="on several machines: the number of this one, from 0"
    )
    parser.add_argument("--coordinator", metavar="HOST:PORT", help="on several machines: where node 0 can be reached")


def add_fit_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of every command that trains."""
    parser.add_argument("--epochs", type=whole_number(1), metavar="N", help="number of epochs, instead of the recipe's")
    parser.add_argument("--batch", type=whole_number(1), metavar="N", help="pictures per step, instead of the recipe's")
    parser.add_argument("--threads", type=whole_number(1), metavar="N", help="threads to compute on (default: all)")
    parser.add_argument(
        "--every", type=whole_number(1), default=1, metavar="N", help="epochs between measurements (default: 1)"
    )
    parser.add_argument(
        "--calibration", type=whole_number(1), default=500, metavar="N", help="crops to calibrate with (default: 500)"
    )
    parser.add_argument(
        "--bf16",
        action="store_true",
        help="compute in mixed bfloat16: faster with KERAS_BACKEND=torch on CPUs that support it",
    )


def changes(arguments: argparse.Namespace) -> dict[str, int]:
    """What the arguments change in a recipe's [fit] table."""
    return {key: value for key in ("epochs", "batch") if (value := getattr(arguments, key)) is not None}


def main(arguments: argparse.Namespace) -> int:
    """Run the command; on Ctrl-C it prints the command that resumes the run."""
    train_folder.check(arguments)
    if arguments.dataset:
        if arguments.nodes > 1 or arguments.node is not None or arguments.coordinator:
            raise InvalidValue("--nodes: not with --dataset; train a recipe with --data on several nodes")
        return train_folder.main(arguments)
    recipe = recipes.load(recipes.find(arguments.recipe), changes(arguments))
    folder = arguments.out or Path("runs") / recipe.name
    expect_writable(folder / history.FILE)
    if recipe.network.get("kind") == "distances":
        return train_distances(recipe, arguments, folder)
    nodes = train_nodes.nodes_of(arguments)
    train_nodes.check(nodes, recipe, arguments.data)
    worker = launch.WORKER in os.environ
    try:
        if nodes.count > 1 and not worker:
            train_nodes.start(_worker_words(arguments, folder), nodes, folder, resume_command(arguments, folder))
        else:
            with full_disk.told(folder, resume_command(arguments, folder)):
                work(recipe, arguments, folder, nodes)
    except KeyboardInterrupt:
        if not worker:  # the process that started the workers says it once
            print(f"\ninterrupted; resume with: {resume_command(arguments, folder)}")
        return INTERRUPTED
    if nodes.count > 1 and (not nodes.lead or worker):
        return 0
    print(f"{folder}: model.keras, weights.npz, calibration.npz, report.md, curves.png")
    into = next_steps.models_folder(recipe.task)
    weights = ["cp", folder / "weights.npz", f"{into}/{recipe.task}/"]
    print(f"{next_steps.lines(into, [convert_words(arguments, folder, into), weights])}  # for the float figures")
    return 0


def train_distances(recipe: recipes.Recipe, arguments: argparse.Namespace, folder: Path) -> int:
    """Train the classifier of landmark distances, which is no model for the device: it ends with its table.

    Raises:
        SettingsError: a flag that has no effect on it.
    """
    given = {
        "--nodes": arguments.nodes != 1,
        "--node": arguments.node is not None,
        "--coordinator": bool(arguments.coordinator),
        **{f"--{key}": getattr(arguments, key) != default for key, default in UNLESS_GIVEN.items()},
        "--bf16": arguments.bf16,
    }
    if lost := next((flag for flag, is_given in given.items() if is_given), None):
        raise SettingsError(f"{lost}: has no effect on the recipe {recipe.name}; leave it out")
    load_keras()
    if arguments.threads:
        use_threads(arguments.threads)
    from training.tasks import distances

    try:
        print(distances.run(recipe, arguments.data, folder, arguments.resume))
    except KeyboardInterrupt:
        print(f"\ninterrupted; resume with: {resume_command(arguments, folder)}")
        return INTERRUPTED
    print(f"{folder}: report.md, distances.json, confusion matrices")
    return 0


def work(recipe: recipes.Recipe, arguments: argparse.Namespace, folder: Path, nodes: Nodes) -> None:
    """Train in this process."""
    if nodes.count > 1:
        together.join(nodes, recipe.seed)
    load_keras()
    if arguments.threads:
        use_threads(arguments.threads)
    with precision(arguments.bf16), together.watched(nodes):
        run(recipe, arguments, folder, nodes)


def run(recipe: recipes.Recipe, arguments: argparse.Namespace, folder: Path, nodes: Nodes = ALONE) -> None:
    """Train; the lead writes everything that the next steps need into `folder`."""
    from training import fit
    from training.tasks import open_task

    task = open_task(recipe, arguments.data)
    if arguments.resume and nodes.lead and not history.saved_epochs(folder):
        print(f"{folder}: no run to resume; starting one")
    model = fit.train(recipe, task, folder, resume=arguments.resume, every=arguments.every, nodes=nodes)
    if not nodes.lead:
        return
    with together.apart() if nodes.count > 1 else nullcontext():
        write(recipe, task, model, arguments, folder)


def write(recipe: recipes.Recipe, task: Any, model: Any, arguments: argparse.Namespace, folder: Path) -> None:
    """Write a trained network's files and its report into the run's folder."""
    from training import report, weights

    served = task.export(model)
    served.save(folder / "model.keras")
    (folder / PLAIN).unlink(missing_ok=True)  # of the network before, where a run goes on after `prior`
    size = weights.save(served, folder / "weights.npz")
    if size > weights.LIMIT:
        print(f"{folder / 'weights.npz'}: {size / 1e6:.1f} MB, more than the {weights.LIMIT / 1e6:g} MB that ships")
    write_calibration(task.samples(arguments.calibration, recipe.seed), served, folder / "calibration.npz")
    report.write(
        recipe, served, folder, f"the sets of the task {recipe.task} in {printable(arguments.data.resolve().name)}"
    )


def write_calibration(images: np.ndarray, model: Any, path: Path) -> None:
    """Real crops uint8 (N, H, W, C), as the network sees them, under the key "images".

    Raises:
        InvalidValue: they are not of the network's input size.
    """
    expected = tuple(model.inputs[0].shape[1:])
    if images.dtype != np.uint8 or images.shape[1:] != expected or not len(images):
        raise InvalidValue(f"calibration: expected uint8 (N, {expected}), got {images.dtype} {images.shape}")
    np.savez_compressed(path, images=images)


def resume_command(arguments: argparse.Namespace, folder: Path) -> str:
    """The command that resumes this run."""
    return shlex.join(["edge-emotion-train", *_words(arguments, folder), "--resume"])


def _words(arguments: argparse.Namespace, folder: Path, spread: bool = True) -> list[str]:
    """The command's words, but for --resume and, without `spread`, for the nodes."""
    words = ["train", arguments.recipe, "--data", str(arguments.data), "--out", str(folder), *fit_words(arguments)]
    if spread and arguments.nodes != 1:
        words += ["--nodes", str(arguments.nodes)]
        words += ["--node", str(arguments.node)] if arguments.node is not None else []
        words += ["--coordinator", arguments.coordinator] if arguments.coordinator else []
    return words


def _worker_words(arguments: argparse.Namespace, folder: Path) -> list[str]:
    """The words for a process of several, but for its place among them."""
    return [*_words(arguments, folder, spread=False), *(["--resume"] if arguments.resume else [])]


def fit_words(arguments: argparse.Namespace) -> list[str]:
    """The arguments of `add_fit_arguments` as they were given."""
    words = []
    for key in ("epochs", "batch", "threads"):
        if (value := getattr(arguments, key)) is not None:
            words += [f"--{key}", str(value)]
    for key, default in UNLESS_GIVEN.items():
        if (value := getattr(arguments, key)) != default:
            words += [f"--{key}", str(value)]
    return [*words, *(["--bf16"] if arguments.bf16 else [])]


def convert_words(arguments: argparse.Namespace, folder: Path, into: Path) -> list[str | Path]:
    """The words of the edge-emotion-convert command that makes the device's model of a finished run."""
    made = (folder / "model.keras", "--calibrate", folder / "calibration.npz", "--recipe", arguments.recipe)
    return ["edge-emotion-convert", *made, "--evaluate", arguments.data, "--manifest", into]
