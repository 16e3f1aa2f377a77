"""The figures as a folder for people: figures.md with tables, confusion matrices, reliability and curves as PNG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from edge.errors import MissingExtra
from training import markdown, plots
from training.backend import FIX
from training.evaluate import table
from training.evaluate.context import Answers, Figure
from training.metrics import BINS, calibration_error

AXES = {
    "threshold": ("score from which a face counts", "share, validation pictures"),
    "sizes": ("side of the face in pixels", "accuracy"),
    "confidence": ("confidence from which an emotion is shown", "share, PublicTest"),
    "risk": ("coverage: share of faces judged", "risk: share of these judged wrong, PublicTest"),
}


def write(figures: Mapping[str, Figure], folder: Path) -> None:
    """Write figures.json, figures.md and the pictures that it shows.

    Raises:
        MissingExtra: scikit-learn or matplotlib is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "figures.json").write_text(table.as_json(figures) + "\n", encoding="utf-8")
    lines = ["# Figures", "", "Taken by `edge-emotion-train evaluate`, int8 files through the device's own code.", ""]
    for name, figure in figures.items():
        lines += [f"## {name}", "", "```", *table.as_text({name: figure}).splitlines()[1:], "```", ""]
        for part in (_answers, _curves, _parts):
            lines += part(figure, folder)
    (folder / "figures.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _answers(figure: Figure, folder: Path) -> Iterator[str]:
    for name, given in figure.answers.items():
        counts = confusion(given)
        plots.confusion(folder / f"{name}-confusion.png", counts, given.classes, name)
        confidence, right, share = bins(given)
        error = calibration_error(given.probabilities, given.labels)
        plots.reliability(folder / f"{name}-reliability.png", confidence, right, share, f"{name}, ECE {error:.3f}")
        yield from (f"### {name}: each class", "", *_classes(given), "")
        yield from (f"### {name}: confusion, rows the truth", "", *_matrix(counts, given.classes), "")
        yield f"![confusion]({name}-confusion.png) ![reliability]({name}-reliability.png)"
        yield ""


def _curves(figure: Figure, folder: Path) -> Iterator[str]:
    for kind, (across, up) in AXES.items():
        curves = {name: curve for name, curve in figure.curves.items() if name.split("-")[0] == kind}
        if not curves:
            continue
        name = min(curves)
        plots.lines(folder / f"{name}.png", {k: (list(c), list(c.values())) for k, c in curves.items()}, across, up)
        yield from (f"![{kind}]({name}.png)", "")
        places = sorted({x for curve in curves.values() for x in curve})
        rows = [(f"{x:g}", *(f"{curve[x]:.4f}" if x in curve else "" for curve in curves.values())) for x in places]
        yield from markdown.table((across, *curves), rows)
        yield ""


def _parts(figure: Figure, folder: Path) -> Iterator[str]:
    for name, parts in figure.parts.items():
        plots.bars(folder / f"{name}.png", parts, "accuracy")
        yield f"![{name}]({name}.png)"
        yield ""


def confusion(given: Answers) -> np.ndarray:
    """Counts int (K, K): rows the truth, columns the answer.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    try:
        from sklearn.metrics import confusion_matrix
    except ImportError:
        raise MissingExtra(f"reports need scikit-learn; {FIX}") from None
    said = given.probabilities.argmax(axis=1)
    return np.asarray(confusion_matrix(given.labels, said, labels=range(len(given.classes))))


def bins(given: Answers) -> tuple[list[float], list[float], list[float]]:
    """Of each filled one of 15 bins: mean confidence, share that is right, share of the rows."""
    confidence = given.probabilities.max(axis=1)
    right = given.probabilities.argmax(axis=1) == given.labels
    number = np.minimum((confidence * BINS).astype(int), BINS - 1)
    filled = np.unique(number)
    rows = [(confidence[number == b].mean(), right[number == b].mean(), (number == b).mean()) for b in filled]
    return tuple([float(row[k]) for row in rows] for k in range(3))  # type: ignore[return-value]


def _classes(given: Answers) -> list[str]:
    from sklearn.metrics import precision_recall_fscore_support

    said = given.probabilities.argmax(axis=1)
    numbers = precision_recall_fscore_support(given.labels, said, labels=range(len(given.classes)), zero_division=0.0)
    rows = [
        (name, f"{precision:.3f}", f"{recall:.3f}", f"{f1:.3f}", count)
        for name, precision, recall, f1, count in zip(given.classes, *numbers, strict=True)
    ]
    return list(markdown.table(("class", "precision", "recall", "F1", "rows"), rows))


def _matrix(counts: np.ndarray, classes: tuple[str, ...]) -> list[str]:
    rows = [(name, *row) for name, row in zip(classes, counts.tolist(), strict=True)]
    return list(markdown.table(("", *classes), rows))
