"""edge-emotion-train train RECIPE: from the data to a network, its weights, a calibration set and a report."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import InvalidValue
from training import recipe as recipes
from training.backend import load_keras, precision, use_threads
from training.commands import INTERRUPTED, train_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("recipe", metavar="RECIPE", help="a .toml file, or the name of a bundled recipe")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, metavar="DIR", help="the folder with the data sets")
    source.add_argument(
        "--dataset", type=Path, metavar="FOLDER", help="of the task mask: any folder of faces with and without a mask"
    )
    train_folder.add_arguments(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the run (default: runs/NAME)")
    parser.add_argument("--resume", action="store_true", help="resume the last run in that folder")
    parser.add_argument("--epochs", type=positive, metavar="N", help="number of epochs, instead of the recipe's")
    parser.add_argument("--batch", type=positive, metavar="N", help="pictures per step, instead of the recipe's")
    parser.add_argument("--threads", type=positive, metavar="N", help="threads to compute on (default: all)")
    parser.add_argument(
        "--every", type=positive, default=1, metavar="N", help="epochs between measurements (default: 1)"
    )
    parser.add_argument(
        "--calibration", type=positive, default=500, metavar="N", help="crops to calibrate with (default: 500)"
    )
    parser.add_argument(
        "--bf16", action="store_true", help="mixed bfloat16: faster with KERAS_BACKEND=torch on CPUs that have it"
    )


def positive(text: str) -> int:
    """A whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {number}")
    return number


def main(arguments: argparse.Namespace) -> int:
    """Run the command; on Ctrl-C it prints the command that resumes the run."""
    if arguments.dataset:
        return train_folder.main(arguments)
    changes = {key: value for key in ("epochs", "batch") if (value := getattr(arguments, key)) is not None}
    path = recipes.find(arguments.recipe)
    recipe = recipes.load(path, changes)
    folder = arguments.out or Path("runs") / recipe.name
    try:
        load_keras()
        if arguments.threads:
            use_threads(arguments.threads)
        with precision(arguments.bf16):
            run(recipe, arguments, folder)
    except KeyboardInterrupt:
        print(f"\ninterrupted; resume with: {resume_command(arguments, folder)}")
        return INTERRUPTED
    print(f"{folder}: model.keras, weights.npz, calibration.npz, report.md, curves.png")
    print(f"next: {convert_command(arguments, folder)}")
    print(f"then: {shlex.join(['cp', str(folder / 'weights.npz'), f'models/{recipe.task}/'])}  (for the float figures)")
    return 0


def run(recipe: recipes.Recipe, arguments: argparse.Namespace, folder: Path) -> None:
    """Train and write everything that the next steps need into `folder`."""
    from training import fit, report, weights
    from training.tasks import open_task

    task = open_task(recipe, arguments.data)
    if arguments.resume and not (folder / "history.jsonl").exists():
        print(f"{folder}: no run to resume; starting one")
    model = fit.train(recipe, task, folder, resume=arguments.resume, every=arguments.every)
    served = task.export(model)
    served.save(folder / "model.keras")
    size = weights.save(served, folder / "weights.npz")
    if size > weights.LIMIT:
        print(f"{folder / 'weights.npz'}: {size / 1e6:.1f} MB, more than the {weights.LIMIT / 1e6:g} MB that ships")
    write_calibration(task.samples(arguments.calibration, recipe.seed), served, folder / "calibration.npz")
    report.write(recipe, served, folder)


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
    words = ["edge-emotion-train", "train", arguments.recipe, "--data", str(arguments.data), "--out", str(folder)]
    for key in ("epochs", "batch", "threads"):
        if (value := getattr(arguments, key)) is not None:
            words += [f"--{key}", str(value)]
    if arguments.every != 1:
        words += ["--every", str(arguments.every)]
    return shlex.join([*words, *(["--bf16"] if arguments.bf16 else []), "--resume"])


def convert_command(arguments: argparse.Namespace, folder: Path) -> str:
    """The edge-emotion-convert command that makes the device's model of a finished run."""
    words = ["edge-emotion-convert", folder / "model.keras", "--calibrate", folder / "calibration.npz"]
    words += ["--recipe", arguments.recipe, "--evaluate", arguments.data, "--manifest", "models"]
    return shlex.join(str(word) for word in words)
