"""Plots as PNG files, through matplotlib without a display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import MissingExtra
from training.backend import FIX


def figure(width: float = 6.0, height: float = 4.0) -> Any:
    """An empty figure of that size in inches, which belongs to no global state.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra(f"plots need matplotlib; {FIX}") from None
    return Figure(figsize=(width, height), layout="constrained")


def save(drawn: Any, path: Path) -> None:
    """Write a figure, 110 dots an inch."""
    drawn.savefig(path, dpi=110)


def lines(path: Path, curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], across: str, up: str) -> None:
    """Named curves, each (xs, ys), in one pair of axes."""
    drawn = figure()
    axes = drawn.subplots()
    for name, (xs, ys) in curves.items():
        axes.plot(xs, ys, marker="o", markersize=3, label=name)
    axes.set(xlabel=across, ylabel=up)
    axes.grid(alpha=0.3)
    if len(curves) > 1:
        axes.legend()
    save(drawn, path)


def stacked(path: Path, rows: Mapping[str, tuple[Sequence[float], Sequence[float]]], across: str) -> None:
    """Named curves, each (xs, ys), one below the other over one shared axis."""
    drawn = figure(6.0, 2.0 * len(rows) + 0.5)
    column = drawn.subplots(len(rows), sharex=True, squeeze=False)[:, 0]
    for axes, (name, (xs, ys)) in zip(column, rows.items(), strict=True):
        axes.plot(xs, ys, marker="o", markersize=2.5)
        axes.set(ylabel=name)
        axes.grid(alpha=0.3)
    column[-1].set(xlabel=across)
    save(drawn, path)


def compared(
    path: Path, rows: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]], across: str
) -> None:
    """Pairs of axes below each other over one shared axis, several named curves, each (xs, ys), in each of them."""
    drawn = figure(6.0, 2.6 * len(rows) + 0.5)
    column = drawn.subplots(len(rows), sharex=True, squeeze=False)[:, 0]
    for axes, (name, curves) in zip(column, rows.items(), strict=True):
        for label, (xs, ys) in curves.items():
            axes.plot(xs, ys, marker="o", markersize=2.5, label=label)
        axes.set(ylabel=name)
        axes.grid(alpha=0.3)
        axes.legend()
    column[-1].set(xlabel=across)
    save(drawn, path)


def confusion(path: Path, counts: np.ndarray, labels: Sequence[str], title: str) -> None:
    """A confusion matrix (K, K) of counts, rows the truth, coloured by the share of the row."""
    drawn = figure(5.6, 5.0)
    axes = drawn.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    for row, column in np.ndindex(*counts.shape):
        shade = "white" if shares[row, column] > 0.5 else "black"
        axes.text(
            column,
            row,
            f"{shares[row, column]:.0%}\n{counts[row, column]}",
            ha="center",
            va="center",
            fontsize=7,
            color=shade,
        )
    axes.set_xticks(range(len(labels)), labels, rotation=40, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set(xlabel="answer", ylabel="truth", title=title)
    save(drawn, path)


def reliability(
    path: Path, confidence: Sequence[float], right: Sequence[float], share: Sequence[float], title: str
) -> None:
    """How often an answer is right against how sure it was, with each bin's share of the pictures below."""
    drawn = figure(5.0, 5.0)
    above, below = drawn.subplots(2, sharex=True, gridspec_kw={"height_ratios": [3, 1]})
    above.plot([0, 1], [0, 1], color="grey", linewidth=1)
    above.plot(confidence, right, marker="o")
    above.set(ylabel="share that is right", title=title, ylim=(0, 1))
    below.bar(confidence, share, width=0.05)
    below.set(xlabel="confidence", ylabel="share", xlim=(0, 1))
    save(drawn, path)


def bars(path: Path, values: Mapping[str, float], up: str) -> None:
    """One bar a name, values 0-1."""
    drawn = figure()
    axes = drawn.subplots()
    axes.bar(range(len(values)), list(values.values()))
    axes.set_xticks(range(len(values)), list(values), rotation=30, ha="right")
    axes.set(ylabel=up, ylim=(0, 1))
    axes.grid(alpha=0.3, axis="y")
    save(drawn, path)


def scatter(path: Path, xy: np.ndarray, labels: Sequence[str], title: str) -> None:
    """Points (N, 2), one colour a label."""
    drawn = figure(7.0, 6.0)
    axes = drawn.subplots()
    names = np.array(labels)
    for name in sorted(set(labels)):
        chosen = names == name
        axes.scatter(xy[chosen, 0], xy[chosen, 1], s=5, alpha=0.5, label=name or "no label")
    axes.legend(markerscale=3)
    axes.set(title=title)
    save(drawn, path)
