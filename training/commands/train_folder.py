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

from edge.errors import SettingsError
from edge.labels import MASKS
from edge.terminal import Progress
from training import csv_table, history, markdown, plots
from training import recipe as recipes
from training.backend import load_keras, precision, use_threads
from training.commands import INTERRUPTED
from training.counted import counted
from training.data import mask_folder
from training.data.mask_folder import PARTS, Faces
from training.data.mask_split import FILE, Kept
from training.metrics import wilson
from training.recipe import Recipe, Schedule

BACKBONES = ("ours", "mobilenetv2")
FITS = {
    "ours": Schedule(20, 32, 1e-3, 1.0, "adamw", 0.02, 0.98),
    "mobilenetv2": Schedule(20, 32, 3e-4, 1.0, "adamw", 0.02, 0.98),
}
NAMED = 20
ONE_CLASS = {
    "val": "epochs are compared by one class only",
    "test": "the figures say nothing about that class, and 100 % may mean that every answer is the same",
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
        "--crops", action="store_true", help="with --dataset: the pictures are face crops, do not look for faces"
    )


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
        fit=replace(FITS[arguments.backbone], **changes),
    )
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
    print(f"{folder}: report.md, plot.png, model.keras, weights.npz, calibration.npz, test.npz, mistakes.csv")
    print(f"next: {convert_command(folder)}")
    return 0


def run(recipe: Recipe, arguments: argparse.Namespace, folder: Path) -> None:
    """Train and write everything."""
    from training import fit, report, weights
    from training.commands.train import write_calibration
    from training.tasks.mask_folder import FolderMask, size_of, wide_size

    size = size_of(arguments.backbone, recipe)
    earlier = Kept.load(folder / FILE) if arguments.resume and (folder / history.FILE).exists() else None
    if arguments.resume and not earlier:
        print(f"{folder}: no run to resume; starting one")
    faces = read(recipe, arguments, size, wide_size(size), earlier)
    print("\n".join(data_lines(faces)))
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
    report.write(recipe, served, folder)
    said = task.logits(model, rows).argmax(axis=1).astype(bool)
    plot(folder)
    text = "\n".join([*data_lines(faces), f"- starts from: {task.start}", "", *verdict(faces, rows, said)])
    words = (folder / "report.md").read_text(encoding="utf-8").partition("\n")
    about = f"Trained on the folder {arguments.dataset.resolve().name} with `--backbone {arguments.backbone}`."
    (folder / "report.md").write_text(
        f"{words[0]}\n\n{about}\n\n{text}\n\n![loss and accuracy](plot.png)\n\n## The training\n{words[2]}",
        encoding="utf-8",
    )
    csv_table.write(folder / "skipped.csv", ("picture", "reason"), faces.skipped)
    wrong = [n for n, row in enumerate(rows) if said[n] != faces.worn[row]]
    mistakes = [
        (faces.names[rows[n]], faces.classes[int(faces.worn[rows[n]])], faces.classes[int(said[n])]) for n in wrong
    ]
    csv_table.write(folder / "mistakes.csv", ("picture", "truth", "answer"), mistakes)
    print(text)


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


def data_lines(faces: Faces) -> list[str]:
    """What the folder holds, for a person."""
    lines = []
    for part in PARTS:
        worn = faces.worn[faces.of(part)]
        lines.append(
            f"- {part}: {counted(len(worn), 'picture')}, "
            f"{int(worn.sum())} {faces.classes[1]}, {int((~worn).sum())} {faces.classes[0]}"
        )
        if len(set(worn.tolist())) == 1:
            lines.append(f"- {part}: no picture of {faces.classes[int(not worn[0])]}, so {ONE_CLASS[part]}")
    lines.append(f"- split: {faces.about}")
    if faces.whole:
        lines.append(f"- no face found in {counted(len(faces.whole), 'picture')}, used whole: {_some(faces.whole)}")
    lines.append(f"- skipped: {len(faces.skipped) or 'nothing'}" + (", named in skipped.csv" if faces.skipped else ""))
    lines += [f"  - {name}: {reason}" for name, reason in faces.skipped[:NAMED]]
    return lines


def verdict(faces: Faces, rows: np.ndarray, said: np.ndarray) -> list[str]:
    """The classification report on the test part: precision, recall and F1 of each class."""
    worn = faces.worn[rows]
    table = []
    for kind in (False, True):
        right = int((said[worn == kind] == kind).sum())
        told, there = int((said == kind).sum()), int((worn == kind).sum())
        precision_, recall = right / max(told, 1), right / max(there, 1)
        f1 = 2 * precision_ * recall / max(precision_ + recall, 1e-9)
        table.append((faces.classes[int(kind)], f"{precision_:.3f}", f"{recall:.3f}", f"{f1:.3f}", there))
    right = int((said == worn).sum())
    low, high = wilson(right, len(rows))
    return [
        f"On the {counted(len(rows), 'test picture')}, which no training and no choice has seen, "
        f"{counted(right, 'answer')} {'is' if right == 1 else 'are'} right: "
        f"{100 * right / max(len(rows), 1):.1f} % (95 % interval {100 * low:.1f} to {100 * high:.1f} %).",
        "",
        markdown.text(("class", "precision", "recall", "F1", "pictures"), table),
        "",
        "Precision: how many of those that it calls so are so. Recall: how many of those that are so it finds.",
        f"{counted(len(rows) - right, 'mistake')}, named in mistakes.csv.",
    ]


def plot(folder: Path) -> None:
    """plot.png: loss and accuracy over the epochs, training and validation."""
    past = history.read(folder)
    measured = [line for line in past if "val_loss" in line]
    epochs, known = [line["epoch"] for line in past], [line["epoch"] for line in measured]
    plots.compared(
        folder / "plot.png",
        {
            "loss": {
                "training (changed pictures)": (epochs, [line["loss"] for line in past]),
                "validation": (known, [line["val_loss"] for line in measured]),
            },
            "accuracy": {
                "training": (known, [line["accuracy"] for line in measured]),
                "validation": (known, [line["val_accuracy"] for line in measured]),
            },
        },
        "epoch",
    )


def resume_command(arguments: argparse.Namespace, folder: Path) -> str:
    """The command that resumes this run."""
    words = ["edge-emotion-train", "train", arguments.recipe, "--dataset", str(arguments.dataset), "--out", str(folder)]
    for key in ("epochs", "batch", "threads", "backbone_weights"):
        if (value := getattr(arguments, key)) is not None:
            words += [f"--{key.replace('_', '-')}", str(value)]
    words += ["--backbone", arguments.backbone] if arguments.backbone != BACKBONES[0] else []
    words += [f"--{key}" for key in ("crops", "bf16") if getattr(arguments, key)]
    return shlex.join([*words, "--resume"])


def convert_command(folder: Path) -> str:
    """The command that makes the device's model of a finished run."""
    words = ["edge-emotion-convert", folder / "model.keras", "--calibrate", folder / "calibration.npz"]
    words += ["--evaluate", folder / "test.npz", "--task", "mask", "--manifest", "my-models"]
    return shlex.join(str(word) for word in words)


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
