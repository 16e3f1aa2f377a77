"""edge-emotion-train train mask --dataset FOLDER: with or without a mask, learned from any folder of two classes.

Writes into the run's folder what every training writes, and beside it plot.png (loss and accuracy), test.npz (the
pictures that were never trained on, for the conversion), mistakes.csv and skipped.csv.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edge.cli.terminal import Progress
from edge.errors import SettingsError
from edge.files import expect_writable
from edge.labels import MASKS
from edge.text import printable
from training import history
from training import recipe as recipes
from training.backend import load_keras, precision, use_threads
from training.commands import INTERRUPTED, full_disk, next_steps, train_folder_report
from training.data import mask_folder
from training.data.mask_folder import Faces
from training.data.mask_split import FILE, Kept
from training.recipe import Recipe, Schedule

BACKBONES = ("ours", "mobilenetv2")
FITS = {
    "ours": Schedule(20, 32, 1e-3, 1.0, "adamw", 0.02, 0.98),
    "mobilenetv2": Schedule(20, 32, 3e-4, 1.0, "adamw", 0.02, 0.98),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments that only a folder needs."""
    parser.add_argument(
        "--backbone", choices=BACKBONES, default=BACKBONES[0], help="with --dataset: the network (default: ours)"
    )
    parser.add_argument(
        "--backbone-weights", type=Path, metavar="FILE.h5", help="with --backbone mobilenetv2: ImageNet's weights"
    )
    parser.add_argument(
        "--crops", action="store_true", help="with --dataset: the pictures are face crops; do not look for faces"
    )


def check(arguments: argparse.Namespace) -> None:
    """Refuse flags that would have no effect: only a --dataset has them, and some only MobileNetV2.

    Raises:
        SettingsError: the message names the flag and what it needs.
    """
    given = {
        "--backbone": arguments.backbone != BACKBONES[0],
        "--backbone-weights": arguments.backbone_weights is not None,
        "--crops": arguments.crops,
    }
    if not arguments.dataset and (lost := next((flag for flag, is_given in given.items() if is_given), None)):
        raise SettingsError(
            f"{lost}: only with --dataset FOLDER; without it, the recipe names the network and its data"
        )
    if arguments.backbone_weights and arguments.backbone != "mobilenetv2":
        raise SettingsError("--backbone-weights: only with --backbone mobilenetv2; add it, or leave the weights out")


def main(arguments: argparse.Namespace) -> int:
    """Run the command; on Ctrl-C it prints the command that resumes the run.

    Raises:
        SettingsError: a recipe of another task.
        DataError: the folder has not both classes.
    """
    recipe = recipes.load(recipes.find(arguments.recipe))
    if recipe.task != "mask":
        raise SettingsError(f"--dataset: expected a recipe of the task mask, as in: train mask; got {recipe.task}")
    changes = {key: value for key in ("epochs", "batch") if (value := getattr(arguments, key)) is not None}
    recipe = replace(
        recipe,
        name=f"mask-{arguments.dataset.resolve().name}",
        about=f"the folder {printable(arguments.dataset.resolve().name)}",
        fit=replace(FITS[arguments.backbone], **changes),
        # A run that is resumed tells if it changes.
        data={**recipe.data, "crops": arguments.crops},
    )
    folder = arguments.out or Path("runs") / recipe.name
    expect_writable(folder / history.FILE)
    try:
        load_keras()
        if arguments.threads:
            use_threads(arguments.threads)
        with precision(arguments.bf16), full_disk.told(folder, resume_command(arguments, folder)):
            run(recipe, arguments, folder)
    except KeyboardInterrupt:
        print(f"\ninterrupted; resume with: {resume_command(arguments, folder)}")
        return INTERRUPTED
    print(f"{folder}: report.md, plot.png, model.keras, weights.npz, calibration.npz, test.npz, mistakes.csv")
    print(next_steps.lines(next_steps.MINE, [convert_words(folder)]))
    return 0


def run(recipe: Recipe, arguments: argparse.Namespace, folder: Path) -> None:
    """Train and write everything."""
    from training import fit, report, weights
    from training.commands.train import write_calibration
    from training.networks import mobilenet
    from training.tasks.mask_folder import FolderMask, size_of, wide_size

    if arguments.backbone_weights:
        mobilenet.check(arguments.backbone_weights)  # before the pictures are read, which takes longer
    size = size_of(arguments.backbone, recipe)
    earlier = Kept.load(folder / FILE) if arguments.resume and history.saved_epochs(folder) else None
    if arguments.resume and not earlier:
        print(f"{folder}: no run to resume; starting one")
    faces = read(recipe, arguments, size, wide_size(size), earlier)
    print("\n".join(train_folder_report.data_lines(faces)))
    task = FolderMask(recipe, faces, arguments.backbone, arguments.backbone_weights)
    folder.mkdir(parents=True, exist_ok=True)
    Kept.save(folder / FILE, faces.names, faces.parts.tolist(), faces.contents)
    model = fit.train(recipe, task, folder, resume=arguments.resume, every=arguments.every)
    served = task.export(model)
    served.save(folder / "model.keras")
    weights.save(served, folder / "weights.npz")
    write_calibration(task.samples(arguments.calibration, recipe.seed), served, folder / "calibration.npz")
    rows = faces.of("test")
    np.savez_compressed(
        folder / "test.npz",
        images=task.middle(faces.images[rows]),
        labels=faces.worn[rows].astype(np.int64),
        classes=np.array(MASKS),
    )
    report.write(recipe, served, folder, recipe.about)
    said = task.logits(model, rows).argmax(axis=1).astype(bool)
    about = f"Trained on {recipe.about} with `--backbone {arguments.backbone}`."
    print(train_folder_report.write(folder, about, faces, task.start, said))


def read(recipe: Recipe, arguments: argparse.Namespace, size: int, wide: int, earlier: Kept | None = None) -> Faces:
    """The faces of the folder, found by the device's own detector: crops of `wide` pixels around squares of `size`."""
    progress = Progress(sys.stderr, "pictures read", len(mask_folder.listing(arguments.dataset)[0]))
    margin, shift = recipe.model.get("margin", 1.0), recipe.model.get("shift", 0.0)
    find = None if arguments.crops else finder()
    try:
        return mask_folder.load(
            arguments.dataset, find, wide, wide / size, margin, shift, recipe.seed, progress.update, earlier
        )
    finally:
        progress.clear()


def finder() -> mask_folder.Find:
    """The largest face of a picture."""
    from edge import manifest
    from training.evaluate.context import EvaluationContext

    detector = EvaluationContext(manifest.load(None), Path()).finder()

    def find(image: np.ndarray) -> Any:
        boxes = [face.box for face in detector.detect(image)]
        return max(boxes, key=lambda box: box.width * box.height, default=None)

    return find


def resume_command(arguments: argparse.Namespace, folder: Path) -> str:
    """The command that resumes this run."""
    from training.commands.train import fit_words

    words = ["edge-emotion-train", "train", arguments.recipe, "--dataset", str(arguments.dataset), "--out", str(folder)]
    words += fit_words(arguments)
    words += ["--backbone", arguments.backbone] if arguments.backbone != BACKBONES[0] else []
    words += ["--backbone-weights", str(arguments.backbone_weights)] if arguments.backbone_weights else []
    words += ["--crops"] if arguments.crops else []
    return shlex.join([*words, "--resume"])


def convert_words(folder: Path) -> list[str | Path]:
    """The words of the command that makes the device's model of a finished run."""
    made = (folder / "model.keras", "--calibrate", folder / "calibration.npz", "--evaluate", folder / "test.npz")
    return ["edge-emotion-convert", *made, "--task", "mask", "--manifest", next_steps.MINE]
