"""What a training on a folder of two classes found: its data, the classification report, plot.png, mistakes.csv."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from training import csv_table, history, markdown, plots
from training.counted import counted
from training.data.mask_folder import PARTS, Faces
from training.metrics import wilson

NAMED = 20
ONE_CLASS = {
    "val": "epochs are compared by one class only",
    "test": "the figures say nothing about that class, and 100 % may mean that every answer is the same",
}

BEFORE = {"val": "train", "test": "train or val"}
LEAK = {"val": "the choice of the best epoch is biased", "test": "the figures are too optimistic"}


def write(folder: Path, about: str, faces: Faces, start: str, said: np.ndarray) -> str:
    """Put the test part's figures in front of report.md's table of epochs; write plot.png, skipped.csv, mistakes.csv.

    Args:
        folder: of the run, with the report.md of training.report.
        about: one sentence, what was trained on what.
        faces: the data.
        start: which weights the network started from.
        said: bool, the answers on the test part: with a mask?

    Returns:
        What the command prints.
    """
    rows = faces.of("test")
    plot(folder)
    text = "\n".join([*data_lines(faces), f"- starts from: {start}", "", *verdict(faces, rows, said)])
    title, _, rest = (folder / "report.md").read_text(encoding="utf-8").partition("\n")
    (folder / "report.md").write_text(
        f"{title}\n\n{about}\n\n{text}\n\n![loss and accuracy](plot.png)\n\n## The training\n{rest}", encoding="utf-8"
    )
    csv_table.write(folder / "skipped.csv", ("picture", "reason"), faces.skipped)
    wrong = [n for n, row in enumerate(rows) if said[n] != faces.worn[row]]
    mistakes = [
        (faces.names[rows[n]], faces.classes[int(faces.worn[rows[n]])], faces.classes[int(said[n])]) for n in wrong
    ]
    csv_table.write(folder / "mistakes.csv", ("picture", "truth", "answer"), mistakes)
    return text


def data_lines(faces: Faces) -> list[str]:
    """What the folder holds, for a person."""
    lines = []
    for part in PARTS:
        worn = faces.worn[faces.of(part)]
        lines.append(
            f"- {part}: {counted(len(worn), 'picture')}, "
            f"{int(worn.sum())} {faces.classes[1]}, {int((~worn).sum())} {faces.classes[0]}"
        )
        if again := repeated(faces, part):
            lines.append(
                f"- {part}: {again} of them {'is' if again == 1 else 'are'} in {BEFORE[part]} too: {LEAK[part]}"
            )
        if len(set(worn.tolist())) == 1:
            lines.append(f"- {part}: no picture of {faces.classes[int(not worn[0])]}, so {ONE_CLASS[part]}")
    lines.append(f"- split: {faces.about}")
    if faces.whole:
        lines.append(f"- no face found in {counted(len(faces.whole), 'picture')}, used whole: {_some(faces.whole)}")
    lines.append(f"- skipped: {len(faces.skipped) or 'nothing'}" + (", named in skipped.csv" if faces.skipped else ""))
    lines += [f"  - {name}: {reason}" for name, reason in faces.skipped[:NAMED]]
    return lines


def repeated(faces: Faces, part: str) -> int:
    """How many pictures of a part are also in one before it, pixel by pixel: a folder's own split may do that."""
    before = np.isin(faces.parts, PARTS[: PARTS.index(part)])
    known = {hashlib.sha256(faces.images[row]).digest() for row in np.flatnonzero(before)}
    return sum(hashlib.sha256(faces.images[row]).digest() in known for row in faces.of(part)) if known else 0


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
    again = repeated(faces, "test")
    which = ", which this run neither trained on nor used to choose an epoch"
    if again:
        which = f" ({again} of which this run also trained on or used to choose an epoch)"
    return [
        f"On the {counted(len(rows), 'test picture')}{which}, "
        f"{counted(right, 'answer')} {'is' if right == 1 else 'are'} right: "
        f"{100 * right / max(len(rows), 1):.1f} % (95 % interval {100 * low:.1f} to {100 * high:.1f} %).",
        "",
        markdown.text(("class", "precision", "recall", "F1", "pictures"), table),
        "",
        "Precision: how many of those that it calls so are so. Recall: how many of those that are so it finds.",
        f"{counted(len(rows) - right, 'mistake')}, named in mistakes.csv." if right < len(rows) else "No mistakes.",
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


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
